"""Where each key of a TOML text stands: the parser itself tells lines only of what it cannot read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]
"""Keys, and numbers from 0 of the members of arrays of tables."""

_HEADER: Final = re.compile(r"\s*(\[\[?)([^\]]*)\]")
_PAIR: Final = re.compile(r"\s*((?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+|[.\s])+?)\s*=")
_KEY: Final = re.compile(r"\"([^\"]*)\"|'([^']*)'|([A-Za-z0-9_-]+)")
_QUOTES: Final = re.compile(r"\"\"\"|'''|\"(?:\\.|[^\"\\])*\"|'[^']*'|#.*|[\[\]{}]")


def places(text: str) -> dict[Path, int]:
    """Give the line, from 1, of each table and key of a text that TOML's parser could read."""
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    here: Path = ()
    for line, statement in _statements(text):
        if header := _HEADER.match(statement):
            here = _table(_keys(header[2]), counts)
            if header[1] == "[[":
                counts[here] = counts.get(here, -1) + 1
                here = (*here, counts[here])
            found.setdefault(here, line)
        elif pair := _PAIR.match(statement):
            keys = _keys(pair[1])
            for length in range(1, len(keys) + 1):
                found.setdefault((*here, *keys[:length]), line)
    return found


def line_of(path: Path, found: dict[Path, int]) -> int | None:
    """Give the line of a key, or of the nearest thing around it that has one."""
    for length in range(len(path), 0, -1):
        if path[:length] in found:
            return found[path[:length]]
    return None


def dotted(path: Path) -> str:
    """Write a path as people do: `zones[2].networks`; members count from 1."""
    return "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _keys(text: str) -> tuple[str, ...]:
    return tuple(next((one for one in groups if one), "") for groups in _KEY.findall(text))


def _table(keys: tuple[str, ...], counts: dict[Path, int]) -> Path:
    """Put the number of the last member behind each array of tables on the way, except the last key."""
    here: Path = ()
    for place, key in enumerate(keys):
        here = (*here, key)
        if here in counts and place + 1 < len(keys):
            here = (*here, counts[here])
    return here


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Give each statement's first line and its number; lines inside of strings and brackets begin none."""
    open_string, depth = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        if not open_string and not depth:
            yield number, line
            if _HEADER.match(line):
                continue
        rest = line
        if open_string:
            _, closed, rest = line.partition(open_string)
            if not closed:
                continue
            open_string = ""
        open_string, depth = _left_open(rest, depth)


def _left_open(line: str, depth: int) -> tuple[str, int]:
    """Tell which string and how many brackets a line leaves open."""
    place = 0
    while match := _QUOTES.search(line, place):
        found, place = match[0], match.end()
        if found in ('"""', "'''"):
            end = line.find(found, place)
            if end < 0:
                return found, depth
            place = end + 3
        elif found in "[{":
            depth += 1
        elif found in "]}":
            depth = max(depth - 1, 0)
    return "", depth
