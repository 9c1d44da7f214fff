"""Charts as SVG, drawn here: they print well, need no script, and their numbers also stand in tables beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from analytics.report import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from analytics.report.model import CertificateRow

DAYS = 90
"""How far the expiry line looks ahead."""
_DAY = 86_400
"""Seconds."""
_BANDS = (1, 7, 15, 30, DAYS)
"""Each band's end, days."""
_TOP, _PLOT, _BOTTOM = 30, 104, 24
"""Heights in pixels: band labels, bars, dates."""
_GAP = 18
"""Pixels between the line and the columns beside it."""


@dataclass(frozen=True, slots=True)
class Band:
    """Certificates that end within a span of days from the clock."""

    label: str
    names: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many."""
        return len(self.names)


@dataclass(frozen=True, slots=True)
class Expiry:
    """When certificates end: every certificate is in one band."""

    bands: tuple[Band, ...]
    by_day: Mapping[int, tuple[str, ...]]
    """Whole days from the clock (0 to 89) -> names."""
    at: datetime

    @property
    def total(self) -> int:
        """All certificates."""
        return sum(band.count for band in self.bands)


def expiry(rows: Iterable[CertificateRow], at: datetime) -> Expiry:
    """Sort certificates by the time that is left at `at`."""
    labels = ("already ended", "1 day", "2 to 7 days", "8 to 15 days", "16 to 30 days", f"31 to {DAYS} days", "later")
    found: dict[str, list[str]] = {label: [] for label in (*labels, "end not readable")}
    by_day: dict[int, list[str]] = {}
    for row in sorted(rows, key=lambda one: (one.not_after is None, one.not_after, one.name)):
        name = text.inert(row.name, 60)
        if row.not_after is None:
            found["end not readable"].append(name)
            continue
        left = (row.not_after - at).total_seconds()
        place = 0 if left < 0 else 1 + sum(left >= end * _DAY for end in _BANDS)
        found[labels[place]].append(name)
        if 0 <= left < DAYS * _DAY:
            by_day.setdefault(int(left // _DAY), []).append(name)
    bands = tuple(Band(label, tuple(names)) for label, names in found.items())
    return Expiry(bands, {day: tuple(names) for day, names in by_day.items()}, at)


def expiry_line(line: Expiry, width: int) -> Markup:
    """Draw 90 days as one bar a day over shaded bands, between a column for what has ended and one for what ends later.

    `width` in pixels; below 600 the drawing leaves words out that would not fit.
    """
    narrow = width < 600  # noqa: PLR2004
    column = 46 if narrow else 78
    left, right = column + _GAP, width - column - _GAP
    tallest = max([3, *map(len, line.by_day.values())])  # a single certificate is no cliff
    height = _TOP + _PLOT + _BOTTOM
    scale = (right - left) / DAYS
    parts = [
        *_shades(line, left, scale, narrow=narrow),
        *_day_bars(line, left, scale, tallest),
        _column(0, column, "ended", line.bands[0].count),
        _column(right + _GAP, column, "later", line.bands[6].count),
        _dates(line, left, scale, narrow=narrow),
    ]
    label = f"Certificates by the day they end, {DAYS} days from {text.day(line.at)}; the table below has the numbers"
    head = Markup('<svg class="line" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">')
    return head.format(width, height, width, height, label) + Markup("").join(parts) + Markup("</svg>")


def _shades(line: Expiry, left: float, scale: float, *, narrow: bool) -> list[Markup]:
    """Shade the bands and write each one's end and count above it."""
    parts: list[Markup] = []
    start = 0
    for place, end in enumerate(_BANDS):
        x, wide = left + start * scale, (end - start) * scale
        shade = Markup('<rect class="band{}" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/>')
        parts.append(shade.format(place, x, _TOP, wide, _PLOT))
        if not narrow or end >= 30:  # noqa: PLR2004  the first bands are a few pixels wide
            tick = Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="end">{}</text>')
            parts.append(tick.format(left + end * scale, _TOP - 16, f"{end} d"))
        count = line.bands[place + 1].count
        if count and not narrow:
            number = Markup('<text class="sum" x="{:.1f}" y="{}" text-anchor="end">{:,}</text>')
            parts.append(number.format(left + end * scale, _TOP - 3, count))
        start = end
    return parts


def _day_bars(line: Expiry, left: float, scale: float, tallest: int) -> list[Markup]:
    """Draw a bar for each day; name the highest of a neighbourhood, for many on one day are a cliff."""
    parts: list[Markup] = []
    near = 3
    for day, names in sorted(line.by_day.items()):
        tall = max(4.0, len(names) / tallest * (_PLOT - 14))
        urgent = sum(day >= end for end in _BANDS)
        when = f"{text.counted(len(names), 'certificate')} in {day} to {day + 1} days: {text.listed(names, 12)}"
        bar = Markup(
            '<rect class="bar u{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>'
        )
        wide = max(2.0, scale - 1)
        parts.append(bar.format(urgent, left + day * scale, _TOP + _PLOT - tall, wide, tall, when))
        around = [len(line.by_day.get(other, ())) for other in range(day - near, day + near + 1) if other != day]
        if len(names) > max(1, *around):
            number = Markup('<text class="peak" x="{:.1f}" y="{:.1f}" text-anchor="middle">{:,}</text>')
            parts.append(number.format(left + (day + 0.5) * scale, _TOP + _PLOT - tall - 4, len(names)))
    return parts


def _column(x: float, wide: float, word: str, count: int) -> Markup:
    """Write the number of those that are not on the line, beside it; many later ones must not flatten its bars."""
    middle = x + wide / 2
    return Markup(
        '<rect class="side" x="{:.1f}" y="{}" width="{}" height="{}"/>'
        '<text class="big {}" x="{:.1f}" y="{:.1f}" text-anchor="middle">{:,}</text>'
        '<text class="tick" x="{:.1f}" y="{}" text-anchor="middle">{}</text>'
    ).format(
        *(x, _TOP, wide, _PLOT),
        *(word if count else "none", middle, _TOP + _PLOT / 2 + 7, count),
        *(middle, _TOP + _PLOT + 16, word),
    )


def _dates(line: Expiry, left: float, scale: float, *, narrow: bool) -> Markup:
    """Write dates below the line: today, then each fortnight or month."""
    from datetime import timedelta  # noqa: PLC0415  for this one sum

    days = (0, 30, 60, 90) if narrow else (0, 15, 30, 45, 60, 75, 90)
    base = _TOP + _PLOT
    parts = [Markup('<path class="axis" d="M{:.1f} {}H{:.1f}"/>').format(left, base, left + DAYS * scale)]
    for day in days:
        when = line.at + timedelta(days=day)
        mark = f"{when.day} {when:%b}" if day or narrow else f"{when.day} {when:%b} {when.year}"
        anchor = "start" if not day else "end" if day == DAYS else "middle"
        tick = Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="{}">{}</text>')
        parts.append(tick.format(left + day * scale, base + 16, anchor, mark))
    return Markup("").join(parts)


def stacked(parts: Sequence[tuple[str, int, str]]) -> Markup:
    """Draw one bar of (class, count, words) that fills its whole width; the legend beside it holds the words."""
    whole = sum(count for _, count, _ in parts) or 1
    drawn: list[Markup] = []
    x = 0.0
    for kind, count, words in parts:
        wide = 1000 * count / whole
        piece = Markup('<rect class="{}" x="{:.2f}" y="0" width="{:.2f}" height="10"><title>{}</title></rect>')
        drawn.append(piece.format(kind, x, max(wide, 1.5), words))
        x += wide
    label = ", ".join(words for _, _, words in parts)
    head = Markup('<svg class="stack" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label="{}">')
    return head.format(label) + Markup("").join(drawn) + Markup("</svg>")


def pair(ours: int, others: int, most: int) -> Markup:
    """Draw a small bar: ours, then others', on a scale where `most` is full."""
    first, second = (100 * value / (most or 1) for value in (ours, others))
    return Markup(
        '<svg class="pair" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="ours" x="0" y="0" width="{:.2f}" height="10"/>'
        '<rect class="others" x="{:.2f}" y="0" width="{:.2f}" height="10"/></svg>'
    ).format(first, first, second)
