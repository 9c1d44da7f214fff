"""Many names and addresses in few words: `door-ctl-{1,2,3}`, `10.20.4.11-13:4433`.

Everything given is in what comes out, so that a reader can expand it again; shortening is left to who prints.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.network import endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_DIGITS = re.compile(r"([0-9]+)")
_RUN = 4
"""Consecutive numbers from which on a range is written: {1,2,3} but {1-4}."""
_MAX_PIECES = 8
"""Pieces in one pair of braces; a family with more gaps is split."""


@dataclass(frozen=True, slots=True)
class Family:
    """Some texts written as one."""

    text: str
    size: int
    """How many it stands for."""


def names(texts: Iterable[str]) -> tuple[Family, ...]:
    """Write names that differ in one number as one; largest family first, then by name."""
    skeletons: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for text in sorted(set(texts)):
        parts = tuple(_DIGITS.split(text))
        skeletons.setdefault(parts[::2], []).append(parts)
    families = [family for members in skeletons.values() for family in _families(members)]
    return tuple(sorted(families, key=lambda family: (-family.size, family.text)))


def _families(members: Sequence[tuple[str, ...]]) -> list[Family]:
    """Join members of one skeleton that agree in all numbers but one."""
    width = len(members[0])
    varying = [place for place in range(1, width, 2) if len({parts[place] for parts in members}) > 1]
    if not varying:
        return [Family("".join(members[0]), len(members))]
    place = max(varying, key=lambda candidate: len({parts[candidate] for parts in members}))
    rows: dict[tuple[str, ...], list[str]] = {}
    for parts in members:
        rows.setdefault(parts[:place] + parts[place + 1 :], []).append(parts[place])
    families: list[Family] = []
    for rest, values in rows.items():
        before, after = "".join(rest[:place]), "".join(rest[place:])
        pieces = _ranges(values)
        for start in range(0, len(pieces), _MAX_PIECES):
            some = pieces[start : start + _MAX_PIECES]
            size = sum(piece.size for piece in some)
            text = ",".join(piece.text for piece in some)
            families.append(Family(f"{before}{text if size == 1 else '{' + text + '}'}{after}", size))
    return families


def _ranges(values: Iterable[str]) -> list[Family]:
    """Join consecutive numbers of equal form: `01 02 03 04 7` -> `01-04`, `7`."""
    pieces: list[Family] = []
    run: list[str] = []
    for value in [*sorted(values, key=lambda digits: (len(digits), digits)), ""]:
        if run and not _follows(run[-1], value):
            long = len(run) >= _RUN
            pieces += [Family(f"{run[0]}-{run[-1]}", len(run))] if long else [Family(one, 1) for one in run]
            run = []
        run.append(value)
    return pieces


def _follows(before: str, after: str) -> bool:
    """`09` then `10`, `9` then `10`; not `9` then `010`. Only short numbers: serials are no sequence."""
    longest = 9
    if not after or len(after) > longest or len(before) > longest:
        return False
    return int(after) == int(before) + 1 and (len(after) == len(before) or not after.startswith("0"))


def addresses(places: Iterable[tuple[str, int | None]]) -> tuple[Family, ...]:
    """Write (address, port) pairs as ranges: `10.20.4.11-13:4433`, `[2001:db8::1]:443`, `10.0.0.7` without port."""
    blocks: dict[tuple[str, int | None], list[str]] = {}
    long: list[Family] = []
    for address, port in sorted(set(places), key=_place):
        if ":" in address:
            long.append(Family(endpoint(address, port), 1))
        else:
            head, _, last = address.rpartition(".")
            blocks.setdefault((head, port), []).append(last)
    families: list[Family] = []
    for (head, port), lasts in blocks.items():
        tail = "" if port is None else f":{port}"
        families += [Family(f"{head}.{piece.text}{tail}", piece.size) for piece in _joined(lasts)]
    return (*families, *long)


def _joined(lasts: Iterable[str]) -> list[Family]:
    """As `_ranges`, but two in a row are a range already: addresses are read as ranges."""
    pieces: list[Family] = []
    for value in sorted(map(int, lasts)):
        if pieces and int(pieces[-1].text.rpartition("-")[2]) == value - 1:
            start = pieces[-1].text.partition("-")[0]
            pieces[-1] = Family(f"{start}-{value}", pieces[-1].size + 1)
        else:
            pieces.append(Family(str(value), 1))
    return pieces


def _place(place: tuple[str, int | None]) -> tuple[int, int, int]:
    """Sort by address as a number, then by port."""
    address = ipaddress.ip_address(place[0])
    return address.version, int(address), -1 if place[1] is None else place[1]


def shown(families: Sequence[Family], show: int | None = None) -> str:
    """Join the first `show` families (None: all) and say how many single ones are left out."""
    head = families if show is None else families[:show]
    left = sum(family.size for family in families[len(head) :])
    text = ", ".join(family.text for family in head)
    return f"{text} and {left:,} more" if left else text
