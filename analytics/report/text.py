"""Text that came from the network, made safe to show; and the small words of every output: counts, sizes, times.

Anyone can put anything into a certificate: terminal escapes, line breaks, marks that turn the reading direction, a
megabyte of nothing. `inert` is the one door such text passes on its way to a terminal, a page or a spreadsheet.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

LIMIT = 120
"""Characters of one value in a line that people read."""
LONG = 2_000
"""Characters of one value where it is shown in full: a table cell, a spreadsheet."""
_ELLIPSIS = "…"
_MAX_MARKS = 3
"""Combining marks shown on one character; no script that people write with needs more."""
_UNSEEN = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)
"""Letters and marks by category that nevertheless show nothing (Unicode's Default_Ignorable_Code_Point, and the empty
Braille cell); `str.isprintable` lets them pass."""


def inert(text: str, limit: int = LIMIT) -> str:
    r"""Write what does not show itself (control, format, surrogate, private, unassigned, odd spaces) as `\u{202e}`.

    At most `limit` characters come out; a text that was longer ends with an ellipsis.
    """
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    pieces: list[str] = []
    length = marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char).startswith("M") else 0
        plain = char.isprintable() and char not in _UNSEEN and marks <= _MAX_MARKS
        piece = char if plain else f"\\u{{{ord(char):x}}}"
        if length + len(piece) > limit:
            return _shorten(pieces, length, limit)
        pieces.append(piece)
        length += len(piece)
    return "".join(pieces)


def _shorten(pieces: list[str], length: int, limit: int) -> str:
    """Take whole pieces off until the ellipsis fits."""
    while pieces and length > limit - 1:
        length -= len(pieces.pop())
    return "".join(pieces) + _ELLIPSIS


def well_formed(text: str) -> str:
    r"""Give text that any encoding can carry: lone surrogates (file names that are no UTF-8) become `\udc80`."""
    return text.encode("utf-8", "backslashreplace").decode()


def number(value: int) -> str:
    """1234567 -> `1,234,567`."""
    return f"{value:,}"


def counted(value: int, one: str, many: str | None = None) -> str:
    """1 -> `1 certificate`, 2 -> `2 certificates`."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def size(octets: int) -> str:
    """Bytes in decimal units: 18_200_000 -> `18.2 MB`."""
    value = float(octets)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:  # noqa: PLR2004  decimal units
            return f"{octets:,} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} TB"


def share(part: int, whole: int) -> str:
    """Give a percentage that never rounds something to nothing, nor nearly all to all."""
    if not whole:
        return "0%"
    percent = 100 * part / whole
    if 0 < percent < 0.1:  # noqa: PLR2004
        return "<0.1%"
    if 99.9 < percent < 100:  # noqa: PLR2004
        return ">99.9%"
    return f"{percent:.1f}%" if percent % 1 else f"{percent:.0f}%"


def day(when: datetime | None) -> str:
    """`2026-10-12`, or `unknown`."""
    return "unknown" if when is None else f"{when:%Y-%m-%d}"


def moment(when: datetime | None) -> str:
    """`2026-10-12 08:30:00 UTC`, or `unknown`."""
    return "unknown" if when is None else f"{when:%Y-%m-%d %H:%M:%S} UTC"


def rfc3339(when: datetime | None) -> str | None:
    """`2026-10-12T08:30:00Z`, with as many digits of a second as there are (none, 3 or 6)."""
    if when is None:
        return None
    digits = "seconds" if not when.microsecond else "microseconds" if when.microsecond % 1000 else "milliseconds"
    return when.replace(tzinfo=None).isoformat(timespec=digits) + "Z"


def span(first: datetime | None, last: datetime | None) -> str:
    """`2026-10-12 08:00 to 08:30 UTC`."""
    if first is None or last is None:
        return "no packet time"
    start, end = f"{first:%Y-%m-%d %H:%M}", f"{last:%Y-%m-%d %H:%M}"
    if start == end:
        return f"{start} UTC"
    return f"{start} to {end[11:] if start[:10] == end[:10] else end} UTC"


def listed(items: Iterable[str], show: int | None = None, joiner: str = ", ") -> str:
    """Join the first `show` items (None: all) and say how many more there are."""
    every = list(items)
    if show is None or len(every) <= show:
        return joiner.join(every)
    return joiner.join(every[:show]) + f" and {len(every) - show:,} more"
