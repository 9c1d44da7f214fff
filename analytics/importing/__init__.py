"""Certificates that others found: read out of their files, marked with their source."""
