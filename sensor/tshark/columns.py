"""What tshark can and cannot say of a session: in one place for the engine and for whoever compares it."""

UNKNOWN_TO_TSHARK = (
    "plaintext_before",
    "dh_bits",
    "accepted_issuers",
    "established",
    "confirmed",
    "bytes_lost",
    "conflicting",
)
"""Columns that are always None here: tshark does not tell, or not in a form that could be compared."""
