"""The three lists as text, CSV and JSON. Cells of the CMDB and names from the network are hostile alike."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Final

from analytics.report import json, text
from analytics.report.csv import cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analytics.cmdb.compare import Comparison, Difference
    from analytics.cmdb.read import Row, Table
    from analytics.cmdb.seen import Seen

COLUMNS: Final = ("list", "line", "address", "names", "macs", "owner", "what", "listed", "seen", "ports", "last_seen")
_SHOWN: Final = 20
"""Lines of each list, unless all are asked for."""
_BETWEEN: Final = " | "


def as_text(found: Comparison, table: Table, *, everything: bool) -> Iterator[str]:
    """Give the lists for people, a line each."""
    listed = text.counted(len(table.rows), "row")
    yield f"{text.inert(table.name)}: {listed}, {text.counted(found.agreeing, 'pair agrees', 'pairs agree')}"
    yield ""
    limit = None if everything else _SHOWN
    yield from _list("seen, not listed", [_unlisted(one) for one in found.unlisted], limit)
    yield from _list("listed, not seen", [_unseen(one) for one in found.unseen], limit)
    yield from _list("differing", [_different(one) for one in found.differing], limit)
    if found.others:
        yield f"{text.counted(found.others, 'address', 'addresses')} outside the home networks not listed"
    if table.bad_rows:
        yield f"{text.counted(table.bad_rows, 'row')} left out: see the messages"


def as_csv(found: Comparison) -> Iterator[str]:
    """Give header and rows, each with its CRLF; `COLUMNS` says what stands where, "" is nothing to say."""
    yield _line(COLUMNS)
    for one in found.unlisted:
        yield _line(("seen_not_listed", "", one.address, *_pair(one.names, one.macs), "", "", "", "", *_times(one)))
    for row in found.unseen:
        addresses = _BETWEEN.join(row.addresses)
        names, macs = _pair(row.names, row.macs)
        yield _line(("listed_not_seen", str(row.line), addresses, names, macs, row.owner or "", *[""] * 5))
    for item in found.differing:
        row, one = item.row, item.seen
        names, macs = _pair(row.names, row.macs)
        both = (item.what, _BETWEEN.join(item.listed), _BETWEEN.join(item.found))
        yield _line(("differing", str(row.line), one.address, names, macs, row.owner or "", *both, *_times(one)))


def as_json(found: Comparison, table: Table) -> str:
    """Give one JSON document."""
    document = {
        "cmdb": {"name": text.well_formed(table.name), "sha256": table.sha256, "rows": len(table.rows)},
        "columns": {kind: list(getattr(table.columns, kind)) for kind in ("addresses", "names", "macs", "owner")},
        "bad_rows": table.bad_rows,
        "troubles": [{"line": line, "message": what} for line, what in table.troubles],
        "agreeing": found.agreeing,
        "others_not_listed": found.others,
        "seen_not_listed": [_seen_object(one) for one in found.unlisted],
        "listed_not_seen": [_row_object(one) for one in found.unseen],
        "differing": [
            {
                "row": _row_object(one.row),
                "seen": _seen_object(one.seen),
                "what": one.what,
                "listed": list(one.listed),
                "found": list(one.found),
            }
            for one in found.differing
        ],
    }
    return json.dumps(document, indent=1) + "\n"


def _list(title: str, lines: Sequence[str], limit: int | None) -> Iterator[str]:
    yield f"{title}: {len(lines):,}"
    shown = lines if limit is None else lines[:limit]
    yield from (f"    {line}" for line in shown)
    if len(shown) < len(lines):
        yield f"    and {len(lines) - len(shown):,} more: --all, or --format csv"
    yield ""


def _unlisted(one: Seen) -> str:
    role = f"port {text.listed(map(str, one.ports), 6)}" if one.ports else "client"
    return "   ".join(part for part in (one.address, role, _names(one.names), text.listed(one.macs, 2)) if part)


def _unseen(row: Row) -> str:
    owner = f"owner {text.inert(row.owner)}" if row.owner else ""
    parts = (f"line {row.line}", text.listed(row.addresses, 4), _names(row.names), text.listed(row.macs, 2), owner)
    return "   ".join(part for part in parts if part)


def _different(one: Difference) -> str:
    return (
        f"line {one.row.line}   {one.seen.address}   {one.what}: listed {_names(one.listed)}, seen {_names(one.found)}"
    )


def _names(names: Sequence[str]) -> str:
    return text.listed((text.inert(name, 80) for name in names), 4)


def _pair(names: Sequence[str], macs: Sequence[str]) -> tuple[str, str]:
    return _BETWEEN.join(names), _BETWEEN.join(macs)


def _times(one: Seen) -> tuple[str, str]:
    return " ".join(map(str, one.ports)), text.rfc3339(one.last_seen) or ""


def _line(values: tuple[str, ...]) -> str:
    stream = io.StringIO()
    csv.writer(stream, quoting=csv.QUOTE_ALL).writerow(map(cell, values))
    return stream.getvalue()


def _seen_object(one: Seen) -> dict[str, Any]:
    return {
        "address": one.address,
        "ports": list(one.ports),
        "names": list(one.names),
        "macs": list(one.macs),
        "first_seen": text.rfc3339(one.first_seen),
        "last_seen": text.rfc3339(one.last_seen),
    }


def _row_object(row: Row) -> dict[str, Any]:
    return {
        "line": row.line,
        "addresses": list(row.addresses),
        "names": list(row.names),
        "macs": list(row.macs),
        "owner": row.owner,
    }
