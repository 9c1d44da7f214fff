"""What a user wants to see of a list, such as `subject~camera` or `not_after<2027-01-01`, as SQL with parameters."""

from __future__ import annotations

import difflib
import ipaddress
import re
from typing import TYPE_CHECKING

from analytics import at
from analytics.inventory.kinds import Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.inventory.kinds import Column, Kind

UNKNOWN = "unknown"
_FILTER = re.compile(r"(?P<name>[a-z0-9_]+)\s*(?P<operator>!=|<=|>=|=|<|>|~)\s*(?P<value>.*)", re.DOTALL)
_EQUAL, _ORDER = ("=", "!="), ("=", "!=", "<", "<=", ">", ">=")
_OPERATORS = {
    Type.TEXT: (*_EQUAL, "~"),
    Type.LIST: (*_EQUAL, "~"),
    Type.NUMBER: _ORDER,
    Type.TIME: _ORDER,
    Type.TRUTH: _EQUAL,
}
_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}


class FilterError(ValueError):
    """A filter that cannot be; the message says why, and what can."""


def condition(kind: Kind, text: str, name: str) -> tuple[str, object]:
    """Give the SQL of one filter, and the value of its parameter `name` (None: it needs none).

    FilterError: no such column, operator or value.
    """
    match = _FILTER.fullmatch(text.strip())
    if match is None:
        raise FilterError(f"{text}: write COLUMN, one of = != < <= > >= ~, and a value, such as subject~camera")
    column = _column(kind, match["name"])
    operator, value = match["operator"], match["value"].strip()
    if operator not in _OPERATORS[column.type]:
        raise FilterError(
            f"{text}: {column.name} is a {column.type}: compare it by {' '.join(_OPERATORS[column.type])}"
        )
    if value == UNKNOWN and operator in _EQUAL:
        is_known = (column.known or "true") if column.type is Type.LIST else f"({column.sql}) IS NOT NULL"
        return is_known if operator == "!=" else f"NOT {is_known}", None
    return _sql(column, operator, name), _value(column, value, text)


def network(kind: Kind, text: str) -> tuple[str, str]:
    """Give the SQL that looks into one network, and the network as the store reads it."""
    if kind.network is None:
        raise FilterError(f"--network {text}: this list has no addresses")
    try:
        return kind.network, str(ipaddress.ip_network(text.strip()))
    except ValueError as error:
        raise FilterError(f"--network {text}: not a network; write one as 10.0.0.0/8 or fd00::/8") from error


def _column(kind: Kind, name: str) -> Column:
    known = {column.name: column for column in kind.columns}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    raise FilterError(f"{name}: no such column; {hint}")


def _sql(column: Column, operator: str, name: str) -> str:
    """Compare; what is unknown is never equal, and never different either."""
    if column.type is Type.LIST:
        found = (
            f"arrayExists(one -> positionCaseInsensitiveUTF8(one, {{{name}:String}}) > 0, {column.sql})"
            if operator == "~"
            else f"has({column.sql}, {{{name}:String}})"
        )
        return f"{column.known or 'true'} AND {'NOT ' if operator == '!=' else ''}{found}"
    if operator == "~":
        return f"positionCaseInsensitiveUTF8(({column.sql})::Nullable(String), {{{name}:String}}) > 0"
    kind = {Type.TEXT: "String", Type.NUMBER: "Int64", Type.TIME: "DateTime64(3, 'UTC')", Type.TRUTH: "Bool"}
    return f"({column.sql}) {operator} {{{name}:{kind[column.type]}}}"


def _value(column: Column, value: str, text: str) -> object:
    if column.type is Type.NUMBER:
        if not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise FilterError(f"{text}: {value} is not a whole number")
        return int(value)
    if column.type is Type.TRUTH:
        if value not in _TRUTHS:
            raise FilterError(f"{text}: {column.name} is true, false or unknown")
        return _TRUTHS[value]
    if column.type is Type.TIME:
        try:
            return at.moment(value)
        except at.AtError as error:
            raise FilterError(f"{text}: {error}") from error
    return value


def all_of(conditions: Sequence[str]) -> str:
    """Join conditions; none at all is true."""
    return " AND ".join(f"({one})" for one in conditions) or "true"
