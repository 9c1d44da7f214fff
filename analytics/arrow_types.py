"""Which Arrow type may go into which ClickHouse type: only those where no value can be lost or bent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sensor import arrow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

_SAME = {
    "bool": "Bool",
    "string": "String",
    "binary": "String",
    **{f"{sign}int{bits}": f"{sign.upper()}Int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
_WRAPPED = re.compile(r"^(?:Nullable|LowCardinality)\((.*)\)$")


def mismatch(head: bytes, types: Mapping[str, str], optional: AbstractSet[str]) -> tuple[list[str], str | None]:
    """Compare the start of an Arrow stream with a table (name -> type; names that have a default).

    Gives the columns to insert, in the stream's order, and a sentence about what does not fit, or None.
    """
    if not types:
        return [], "there is no such table"
    try:
        found = arrow.columns(head)
    except arrow.ArrowError as error:
        return [], str(error)
    troubles = [f"column {name} is missing" for name in types if name not in found and name not in optional]
    troubles += [f"column {name} is unknown to it" for name in found if name not in types]
    troubles += [
        f"column {name} is {kind}, which {types[name]} cannot take"
        for name, kind in found.items()
        if name in types and not fits(kind, types[name])
    ]
    return list(found), "; ".join(troubles) or None


def fits(kind: str, column: str) -> bool:
    """Tell whether every value of an Arrow type (in the words of `sensor.arrow`) is a value of a ClickHouse type."""
    while wrapped := _WRAPPED.match(column):
        column = wrapped[1]
    if kind.startswith("list_"):
        return column.startswith("Array(") and fits(kind.removeprefix("list_"), column[len("Array(") : -1])
    if kind.startswith("timestamp_"):
        return column.startswith("DateTime64(") and column.endswith("'UTC')")
    if kind.startswith("fixed_"):
        width = kind.removeprefix("fixed_")
        return column == f"FixedString({width})" or (width == "16" and column == "IPv6")
    return _SAME.get(kind) == column
