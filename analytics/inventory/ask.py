"""Asks a store for one list of its inventory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analytics.finding import plain
from analytics.inventory.filters import all_of, condition, network
from analytics.inventory.kinds import Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.inventory.kinds import Column, Kind
    from analytics.store import Store


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user wants to see, as written; `ask` checks it."""

    filters: Sequence[str] = ()
    networks: Sequence[str] = ()
    """CIDRs; a row in any of them is shown."""
    ours: bool | None = None
    """None: ours and others'."""
    home: Sequence[str] = ()
    """As `analytics.network.home_ranges` gives them."""
    limit: int = 0
    """Rows; 0: all."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list, or its beginning."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    """JSON-ready: times in RFC 3339; None is what nobody knows."""
    total: int
    """Rows there are."""


def ask(store: Store, kind: Kind, wish: Wish) -> Listing:
    """Give the rows that were wished for. FilterError before anything is asked; StoreError."""
    conditions: list[str] = []
    parameters: dict[str, Any] = {"loads": [], "home": list(wish.home)}
    for number, text in enumerate(wish.filters):
        sql, value = condition(kind, text, f"filter{number}")
        conditions.append(sql)
        if value is not None:
            parameters[f"filter{number}"] = value
    places: list[str] = []
    for number, text in enumerate(wish.networks):
        sql, cidr = network(kind, text)
        places.append(sql.replace("{network:", f"{{network{number}:"))
        parameters[f"network{number}"] = cidr
    if places:
        conditions.append(" OR ".join(places))
    if wish.ours is not None and kind.ours is not None:
        conditions.append(kind.ours if wish.ours else f"NOT {kind.ours}")
    source = f"FROM {kind.source} WHERE {all_of(conditions)}"
    columns = ", ".join(map(_plain, kind.columns))
    cut = f" LIMIT {int(wish.limit)}" if wish.limit else ""
    rows = store.query(f"SELECT {columns} {source} ORDER BY {kind.order}{cut}", parameters)
    total = len(rows)
    if wish.limit and total == wish.limit:
        [(total,)] = store.query(f"SELECT count() {source}", parameters)
    return Listing(kind.columns, [_row(kind.columns, row) for row in rows], total)


def _plain(column: Column) -> str:
    """Give the expression in a type that reads the same whatever the table's is; a list with whether it is known."""
    return f"(({column.sql})::Array(String), {column.known or 'true'})" if column.type is Type.LIST else column.sql


def _row(columns: Sequence[Column], row: Sequence[Any]) -> list[Any]:
    return [_value(column.type, value) for column, value in zip(columns, row, strict=True)]


def _value(kind: Type, value: Any) -> Any:
    if kind is Type.LIST:
        members, known = value
        return list(members) if known else None
    return bool(value) if kind is Type.TRUTH and value is not None else plain(value)
