"""A row of bars as SVG, one for each span of time; the table beside it has the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence

_TOP, _PLOT, _BOTTOM = 18, 96, 22
"""Heights in pixels: numbers, bars, labels."""
_LABEL = 64
"""Pixels a label needs."""
_WIDEST = 48


def bars(values: Sequence[tuple[str, int]], width: int, words: str) -> Markup:
    """Draw (label, number) from left to right, `width` pixels wide; `words` say what it is to those who hear it."""
    step = width / max(1, len(values))
    most = max((number for _, number in values), default=0) or 1
    every = max(1, round(_LABEL / step + 0.5))
    base = _TOP + _PLOT
    parts = [Markup('<path class="axis" d="M0 {}H{}"/>').format(base, width)]
    for place, (label, number) in enumerate(values):
        middle, wide = (place + 0.5) * step, min(_WIDEST, max(2.0, step - 2))
        tall = number / most * _PLOT
        bar = Markup(
            '<rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}: {:,}</title></rect>'
        )
        parts.append(bar.format(middle - wide / 2, base - tall, wide, tall, label, number))
        if number and step >= len(f"{number:,}") * 8:
            sum_of = Markup('<text class="sum" x="{:.1f}" y="{:.1f}" text-anchor="middle">{:,}</text>')
            parts.append(sum_of.format(middle, base - tall - 4, number))
        if place % every == 0:
            tick = Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="{}">{}</text>')
            anchor = ("start", 0.0) if place == 0 and step < _LABEL else ("middle", middle)
            parts.append(tick.format(anchor[1], base + 16, anchor[0], label))
    height = _TOP + _PLOT + _BOTTOM
    head = Markup('<svg class="line" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">')
    return head.format(width, height, width, height, words) + Markup("").join(parts) + Markup("</svg>")
