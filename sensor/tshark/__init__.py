"""A second engine, to check the first by: tshark reads the packets, pyshark runs it.

It is one dissector for each question that the native core answers on its own, and far slower; what tshark does not tell
is None in its sessions (see docs/using.md), never a guess.
"""
