"""Reads a policy: TOML -> keys -> types -> values; every problem is told with its line."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from analytics.cmdb.read import CmdbError, Table, read_table
from analytics.policy import checks, places
from analytics.policy.model import TABLES, Disabled, Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics.policy.places import Path as Place
    from rules.pack import RulePack

LARGEST: Final = 4 << 20
"""Bytes of a policy."""
_SPOT: Final = re.compile(r"^(?P<said>.*?)(?: - at `\$\.?(?P<place>[^`]*)`)?$", re.DOTALL)
_PART: Final = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_WORDS: Final = {
    "`int | null`": "a whole number",
    "`str | null`": "a text",
    "`int`": "a whole number",
    "`float`": "a number",
    "`str`": "a text",
    "`bool`": "true or false",
    "`array`": "a list",
    "`object`": "a table",
    "`datetime`": "a time",
    "Object missing required field": "it lacks the key",
}
_LIMITS: Final = {
    " of length >= 1": " that is not empty",
    " of length <=": " with a length of at most",
    ">=": "of at least",
    "<=": "of at most",
    "`": "",
}
_CHOICES: Final = {"criticality": "low, normal or high"}


class PolicyError(Exception):
    """A policy that cannot be used: a line each problem, with file and line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy that can be used."""

    name: str
    """The file, as the user named it."""
    folder: Path
    """Where its paths count from."""
    sha256: str
    """Of the file's bytes, hexadecimal."""
    document: Document
    disabled: tuple[Disabled, ...] = ()
    cmdb: Table | None = None


def read_policy(path: str, pack: RulePack) -> Policy:
    """Read and check a policy for these rules. PolicyError: it cannot be used."""
    return parse_policy(_bytes(path), path, pack)


def parse_policy(data: bytes, name: str, pack: RulePack) -> Policy:
    """Check a policy that was read from the file of this name. PolicyError: it cannot be used."""
    text, tables = _toml(data, name)
    lines = places.places(text)
    document, disabled, found = _document(tables)
    folder = Path(name).resolve().parent
    if document is not None:
        found += checks.problems(document, folder, pack)
        found += _disabled(disabled, pack)
    if found or document is None:
        raise PolicyError([_told(name, place, what, lines) for place, what in _in_order(found, lines)])
    table = None
    if document.cmdb.file is not None:
        try:
            table = read_table(folder / document.cmdb.file, document.cmdb)
        except CmdbError as error:
            raise PolicyError([_told(name, ("cmdb", "file"), str(error), lines)]) from error
        if wrong := _columns(document, table):
            raise PolicyError([_told(name, place, what, lines) for place, what in wrong])
    return Policy(name, folder, hashlib.sha256(data).hexdigest(), document, tuple(disabled), table)


def _bytes(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise PolicyError([f"{path}: {getattr(error, 'strerror', None) or error}"]) from error
    if len(data) > LARGEST:
        raise PolicyError([f"{path}: more than {LARGEST >> 20} MB; this is no policy"])
    return data


def _toml(data: bytes, name: str) -> tuple[str, dict[str, Any]]:
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
        return text, tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PolicyError([f"{name}, line {line}: byte {error.start} is no UTF-8; save the file as UTF-8"]) from error
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        spot = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", said)
        where = "" if spot is None else f", line {spot[1]}, column {spot[2]}" if spot[1] else ", at its end"
        words = said[: spot.start()] if spot else said
        raise PolicyError([f"{name}{where}: {words}; the file must be TOML (toml.io)"]) from error
    except RecursionError as error:
        raise PolicyError([f"{name}: lists or tables are nested too deep"]) from error


def _document(tables: dict[str, Any]) -> tuple[Document | None, list[Disabled], list[checks.Found]]:
    """Give the document, if its keys and types are right, and what is wrong with them."""
    rules = tables.get("rules")
    off = rules.get("disable", []) if isinstance(rules, dict) else []
    found = [*_unknown(tables, "", ()), *_unknown(off, "rules.disable", ("rules", "disable"))]
    if found:
        return None, [], found
    try:
        document = msgspec.convert(tables, Document)
    except (msgspec.ValidationError, UnicodeError) as error:
        return None, [], [_place(str(error), ())]
    try:
        return document, msgspec.convert(off, list[Disabled]), []
    except (msgspec.ValidationError, UnicodeError) as error:
        return None, [], [_place(str(error), ("rules", "disable"))]


def _unknown(value: Any, table: str, place: Place) -> Iterator[checks.Found]:
    """Find keys that the tables of the policy do not have."""
    if isinstance(value, list):
        for number, member in enumerate(value):
            yield from _unknown(member, table, (*place, number))
    if not isinstance(value, dict):
        return
    known = TABLES[table].__struct_fields__
    for key, inner in value.items():
        deeper = f"{table}.{key}".lstrip(".")
        if key not in known:
            yield (*place, key), f"no such key{checks.near(key, known)}"
        elif deeper in TABLES:
            yield from _unknown(inner, deeper, (*place, key))


def _disabled(disabled: list[Disabled], pack: RulePack) -> Iterator[checks.Found]:
    known = [rule.id for rule in pack.rules]
    for number, one in enumerate(disabled):
        if one.rule not in known:
            yield ("rules", "disable", number, "rule"), f"{one.rule}: no such rule{checks.near(one.rule, known)}"
        if not one.reason.strip():
            yield ("rules", "disable", number, "reason"), "say why the rule is switched off"


def _columns(document: Document, table: Table) -> list[checks.Found]:
    """Find columns that owners ask for and the CMDB has not."""
    return [
        (("owners", number, "cmdb"), f"{table.name} has no column {column!r}{checks.near(column, table.header)}")
        for number, owner in enumerate(document.owners)
        for column in owner.cmdb
        if column not in table.header
    ]


def _place(said: str, base: Place) -> checks.Found:
    """Take apart what msgspec says, and say it in the words of the manual."""
    spot = _SPOT.match(said)
    words, where = (spot["said"], spot["place"] or "") if spot else (said, "")
    parts = [int(number) if number else key for number, key in _PART.findall(where) if key != "..."]
    for theirs, ours in _WORDS.items():
        words = words.replace(theirs, ours)
    if words.startswith("Invalid enum value") and parts:
        words = f"{words.removeprefix('Invalid enum value ')} is not {_CHOICES.get(str(parts[-1]), 'possible')}"
    for theirs, ours in _LIMITS.items():
        words = words.replace(theirs, ours)
    return (*base, *parts), words[:1].lower() + words[1:]


def _in_order(found: list[checks.Found], lines: dict[Place, int]) -> list[checks.Found]:
    return sorted(found, key=lambda one: places.line_of(one[0], lines) or 0)


def _told(name: str, place: Place, what: str, lines: dict[Place, int]) -> str:
    line = places.line_of(place, lines)
    where = f"{name}, line {line}" if line else name
    return f"{where}: {places.dotted(place)}: {what}" if place else f"{where}: {what}"
