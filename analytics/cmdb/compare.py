"""A CMDB against what was seen: seen and not listed, listed and not seen, and what both have and say differently.

A row and an address belong together by the address; where a row's addresses were not seen, by a MAC that stands at one
address only, else by a name. Not seen means just that: what says nothing in TLS past the mirror port is not seen.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analytics.cmdb.read import Row
    from analytics.cmdb.seen import Seen


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a row says otherwise than what was seen."""

    row: Row
    seen: Seen
    what: str
    """`address`, `name` or `mac`."""
    listed: tuple[str, ...]
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The three lists, and how much agrees."""

    unlisted: tuple[Seen, ...]
    """Ours, seen and not listed."""
    unseen: tuple[Row, ...]
    differing: tuple[Difference, ...]
    agreeing: int
    """Pairs of a row and an address in which nothing differs."""
    others: int
    """Addresses outside of the home networks that are not listed; no list of them."""


def compare(rows: Sequence[Row], seen: Sequence[Seen]) -> Comparison:
    """Compare; each row and each address is in the lists it belongs to, once."""
    index = _Index(seen)
    listed: set[str] = set()
    unseen: list[Row] = []
    differing: list[Difference] = []
    agreeing = 0
    for row in rows:
        matches = index.matches(row)
        if not matches:
            unseen.append(row)
        for one in matches:
            listed.add(one.address)
            different = list(_differences(row, one))
            differing += different
            agreeing += not different
    missing = [one for one in seen if one.address not in listed]
    return Comparison(
        tuple(one for one in missing if one.ours),
        tuple(unseen),
        tuple(differing),
        agreeing,
        sum(not one.ours for one in missing),
    )


class _Index:
    """What was seen, by what it can be known by."""

    def __init__(self, seen: Sequence[Seen]) -> None:
        self._by: dict[str, dict[str, list[Seen]]] = {kind: defaultdict(list) for kind in ("address", "mac", "name")}
        for one in seen:
            self._by["address"][one.address].append(one)
            for mac in one.macs:
                self._by["mac"][mac].append(one)
            for name in one.names:
                self._by["name"][name].append(one)

    def matches(self, row: Row) -> list[Seen]:
        """Give what a row means."""
        for kind, identities in (("address", row.addresses), ("mac", row.macs), ("name", row.names)):
            found = {one.address: one for identity in identities for one in self._by[kind].get(identity, ())}
            if found:
                return list(found.values())
        return []


def _differences(row: Row, seen: Seen) -> Iterator[Difference]:
    """Compare what both sides say; where one says nothing there is nothing to compare."""
    if row.addresses and seen.address not in row.addresses:
        yield Difference(row, seen, "address", row.addresses, (seen.address,))
    if row.names and seen.names and not any(same_name(ours, theirs) for ours in row.names for theirs in seen.names):
        yield Difference(row, seen, "name", row.names, seen.names)
    if row.macs and seen.macs and not set(row.macs) & set(seen.macs):
        yield Difference(row, seen, "mac", row.macs, seen.macs)


def same_name(listed: str, seen: str) -> bool:
    """Tell whether two names can mean one device: a short name is the first label of a long one, `*` is one label."""
    if listed == seen:
        return True
    first, _, domain = seen.partition(".")
    if first == "*":
        return listed.partition(".")[2] == domain
    return listed == first if "." not in listed else "." not in seen and listed.partition(".")[0] == seen
