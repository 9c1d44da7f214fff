"""Telling others: what happened to findings, and what is new, in the words of SIEMs; at least once, with stable ids."""
