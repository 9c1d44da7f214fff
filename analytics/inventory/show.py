"""A list as a table on the terminal, as JSON lines, as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.inventory.kinds import Type
from analytics.report import csv, json, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analytics.inventory.ask import Listing
    from analytics.inventory.kinds import Column

_WIDEST = 44
"""Characters of one column on the terminal."""
_ITEMS = 3
"""Members of a list shown there."""


def as_json(listing: Listing) -> Iterator[str]:
    """Give one JSON object a line, all columns, texts unchanged."""
    names = [column.name for column in listing.columns]
    for row in listing.rows:
        yield json.dumps(dict(zip(names, row, strict=True))) + "\n"


def as_csv(listing: Listing) -> Iterator[str]:
    """Give a header and a line a row; an unknown value is an empty cell, members of lists stand between bars."""
    yield csv.line([column.name for column in listing.columns])
    for row in listing.rows:
        yield csv.line(map(csv.shown, row))


def as_table(listing: Listing) -> Iterator[str]:
    """Give a table for people: the columns that tell most, cut to a width, and how many rows there are."""
    chosen = [place for place, column in enumerate(listing.columns) if column.brief]
    columns = [listing.columns[place] for place in chosen]
    cells = [[_shown(row[place], listing.columns[place].type) for place in chosen] for row in listing.rows]
    if cells:
        yield from _aligned(columns, cells)
    shown = len(listing.rows)
    left = f", the first {text.number(shown)} of them shown: --limit 0 shows all" if shown < listing.total else ""
    yield f"{text.counted(listing.total, 'row')}{left}\n"


def _aligned(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> Iterator[str]:
    heads = [column.name.replace("_", " ") + (" (UTC)" if column.type is Type.TIME else "") for column in columns]
    widths = [max(map(len, (head, *held))) for head, *held in zip(heads, *cells, strict=True)]
    for line in (heads, *cells):
        yield "  ".join(value.ljust(width) for value, width in zip(line, widths, strict=True)).rstrip() + "\n"


def _shown(value: Any, kind: Type) -> str:
    if value is None:
        return "unknown"
    if kind is Type.TIME:
        return f"{value[:10]} {value[11:16]}"
    if kind is Type.LIST:
        return text.inert(text.listed(value, _ITEMS), _WIDEST) or "-"
    return text.inert(csv.shown(value), _WIDEST) or "-"
