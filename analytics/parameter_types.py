"""Types of rules' parameters: what a value must be to be bound as one, told in words; and how the driver wants it.

Of ClickHouse's types those that a knob can sensibly have: whole numbers, Float64, Bool, String, Array and named Tuple.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Final

_WORD: Final = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*|[(),])")
_WHOLE: Final = re.compile(r"(U?)Int(8|16|32|64)")
MOST: Final = 10_000
"""Members of one list."""


class ParameterError(ValueError):
    """A value that its parameter cannot have; the message says what it must be."""


@dataclass(frozen=True, slots=True)
class Type:
    """A type, read."""

    name: str
    members: tuple[tuple[str, Type], ...] = ()
    """Of an array one, without a name; of a tuple each, with its name or without."""


def parse(text: str) -> Type:
    """Read what a rule wrote. ValueError: this is none of the types above."""
    words = _WORD.findall(text)
    if "".join(words) != re.sub(r"\s", "", text):
        raise ValueError(f"not a type: {text}")
    found, rest = _parse(words)
    if rest:
        raise ValueError(f"not a type: {text}")
    return found


def checked(value: Any, kind: str) -> object:
    """Give the value as rules keep it (lists as tuples). ParameterError: it is none of this type."""
    return _checked(value, parse(kind), "")


def bound(value: Any, kind: str) -> Any:
    """Give a value of this type as the driver binds it: arrays are lists, tuples are tuples."""
    return _bound(value, parse(kind))


def said(kind: str) -> str:
    """Say what values of this type are, for people: `a list of whole numbers from 0 to 255`."""
    return _said(parse(kind))


def _parse(words: list[str]) -> tuple[Type, list[str]]:
    if not words or words[0] in "(),":
        raise ValueError("a type is missing")
    name, rest = words[0], words[1:]
    if name not in ("Array", "Tuple"):
        if not _WHOLE.fullmatch(name) and name not in ("Float64", "Bool", "String"):
            raise ValueError(f"no parameter can be of the type {name}")
        return Type(name), rest
    members: list[tuple[str, Type]] = []
    separator = "("
    while rest and rest[0] == separator:
        rest, label = rest[1:], ""
        if len(rest) > 1 and rest[1] not in ("(", ",", ")"):
            label, rest = rest[0], rest[1:]
        member, rest = _parse(rest)
        members.append((label, member))
        separator = ","
    if not members or rest[:1] != [")"] or (name == "Array" and len(members) > 1):
        raise ValueError(f"{name} is not closed, or holds too much")
    return Type(name, tuple(members)), rest[1:]


def _checked(value: Any, kind: Type, place: str) -> object:
    if kind.name == "Array" and isinstance(value, list | tuple):
        if len(value) > MOST:
            raise ParameterError(f"{place}has {len(value):,} members, of which {MOST:,} are the most")
        member = kind.members[0][1]
        return tuple(_checked(one, member, f"{place}member {number}: ") for number, one in enumerate(value, 1))
    if kind.name == "Tuple" and isinstance(value, list | tuple) and len(value) == len(kind.members):
        return tuple(
            _checked(one, member, f"{place}{label or number}: ")
            for number, (one, (label, member)) in enumerate(zip(value, kind.members, strict=True), 1)
        )
    if not _fits(value, kind):
        shown = repr(value) if isinstance(value, str | int | float) else f"a {type(value).__name__}"
        raise ParameterError(f"{place}{shown[:80]} is not {_said(kind)}")
    return float(value) if kind.name == "Float64" else value


def _fits(value: Any, kind: Type) -> bool:
    if kind.name == "Bool":
        return isinstance(value, bool)
    if kind.name == "String":
        return isinstance(value, str) and "\0" not in value
    if kind.name == "Float64":
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if isinstance(value, bool) or not isinstance(value, int) or kind.members:
        return False
    least, most = _range(kind)
    return least <= value <= most


def _range(kind: Type) -> tuple[int, int]:
    found = _WHOLE.fullmatch(kind.name)
    if found is None:
        raise ValueError(f"{kind.name} is no type of whole numbers")
    bits = int(found[2])
    return (0, (1 << bits) - 1) if found[1] else (-(1 << bits - 1), (1 << bits - 1) - 1)


def _said(kind: Type) -> str:
    words = {"Bool": "true or false", "String": "a text", "Float64": "a number"}
    if kind.name in words:
        return words[kind.name]
    if kind.name == "Array":
        inner = _said(kind.members[0][1])
        several = {"a text": "texts", "a number": "numbers"}.get(inner, inner.removeprefix("a "))
        return f"a list of {several.replace('whole number ', 'whole numbers ', 1)}"
    if kind.name == "Tuple":
        return f"a list of {len(kind.members)} values"
    least, most = _range(kind)
    return f"a whole number from {least:,} to {most:,}"


def _bound(value: Any, kind: Type) -> Any:
    if kind.name == "Array":
        return [_bound(one, kind.members[0][1]) for one in value]
    if kind.name == "Tuple":
        return tuple(_bound(one, member) for one, (_, member) in zip(value, kind.members, strict=True))
    return value
