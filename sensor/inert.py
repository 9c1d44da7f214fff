"""Text of others, so that it cannot move a terminal or begin a line."""

from __future__ import annotations


def inert(text: str) -> str:
    r"""Write each character that does not print as `\u{1b}`."""
    return "".join(char if char.isprintable() else f"\\u{{{ord(char):x}}}" for char in text)
