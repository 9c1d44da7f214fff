"""What a report is made of: a sentence, tables with their charts, and how it was made.

Values are as the store has them; each output makes captured text harmless in its own way (see `report.text.inert`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from analytics.report import text

if TYPE_CHECKING:
    from markupsafe import Markup

    from analytics.report.model import CertificateRow

Value = str | int | datetime | tuple[str, ...] | None
"""A cell. None: not known."""
UNKNOWN = "unknown"
_ITEMS = 8
"""Members of a list where people read it."""


@dataclass(frozen=True, slots=True)
class Section:
    """One table, and what there is to say about it."""

    name: str
    """Of letters and dashes: the key in JSON, the file in CSV."""
    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    chart: Markup | None = None
    """Drawn from the rows; outputs without drawings leave it out."""


@dataclass(frozen=True, slots=True)
class Document:
    """One report."""

    kind: str
    title: str
    sentence: str
    """What it comes to."""
    sections: tuple[Section, ...]
    made: tuple[tuple[str, Value], ...]
    """How: clock, store, rule pack, scope, what could not be seen."""


def held_by(row: CertificateRow) -> tuple[str, ...]:
    """Give who presents a certificate: addresses, with the port of servers."""
    return tuple(address if port is None else f"{address}:{port}" for _, address, port in row.holders)


def readable(value: Value, limit: int = text.LONG) -> str:
    """Write a cell for people."""
    if value is None:
        return UNKNOWN
    if isinstance(value, datetime):
        return text.moment(value)
    if isinstance(value, int):
        return text.number(value)
    return text.inert(text.listed(value, _ITEMS) if isinstance(value, tuple) else value, limit)


def plain(value: Value) -> str | int | list[str] | None:
    """Write a cell for programs: times in RFC 3339, text unchanged."""
    if isinstance(value, datetime):
        return text.rfc3339(value)
    return list(value) if isinstance(value, tuple) else value
