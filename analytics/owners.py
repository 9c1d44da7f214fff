"""Who answers for what: the first owner of the policy that matches a holder, with the reason."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.finding import Ownership
from analytics.policy import values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from analytics.cmdb.read import Row, Table
    from analytics.policy.model import Owner

NOBODY = "nobody"
"""The owner of what no owner of the policy matches."""


@dataclass(frozen=True, slots=True)
class Held:
    """One holder of what a finding is about, as owners are told by. Texts as captured."""

    address: str
    server_names: tuple[str, ...]
    """Names it was asked for; none, of a client."""
    macs: tuple[str, ...]
    """Seen at its address; a router's, where it is further away."""
    sans: tuple[str, ...]
    """DNS names of the certificates concerned."""
    issuers: tuple[str, ...]
    """RFC 4514 text, of the certificates concerned."""


@dataclass(frozen=True, slots=True)
class Match:
    """An owner that matched."""

    number: int
    """In the policy, from 0."""
    owner: Owner
    ownership: Ownership


class Owners:
    """The owners of a policy, made ready to be asked."""

    def __init__(self, owners: Sequence[Owner], cmdb: Table | None) -> None:
        self._owners = [
            (owner, [(text, values.network(text)) for text in owner.networks], [values.mac(one) for one in owner.macs])
            for owner in owners
        ]
        self._cmdb = cmdb
        self._known: dict[Held, Match | None] = {}
        self._rows: dict[str, list[Row]] = defaultdict(list)
        for row in cmdb.rows if cmdb else ():
            for identity in (*row.addresses, *row.names, *row.macs):
                self._rows[identity].append(row)

    def first(self, held: Held) -> Match | None:
        """Give the first owner that matches, of those that name anybody."""
        if held not in self._known:
            matches = (self._match(number, held) for number in range(len(self._owners)))
            self._known[held] = next((match for match in matches if match), None)
        return self._known[held]

    def _match(self, number: int, held: Held) -> Match | None:
        """Give this owner if each kind of selection it makes matches."""
        owner, networks, macs = self._owners[number]
        reasons: list[str] = []
        for asked, found in (
            (owner.networks, _network(networks, held.address)),
            (owner.names, _pattern(owner.names, (*held.server_names, *held.sans))),
            (owner.issuers, _equal(owner.issuers, held.issuers)),
            (owner.macs, _mac(macs, held.macs)),
        ):
            if asked and found is None:
                return None
            if found:
                reasons.append(found)
        row = self._row(owner, held) if owner.cmdb else None
        if owner.cmdb and (row is None or self._cmdb is None):
            return None
        if row is not None and self._cmdb is not None:
            reasons.append(f"{self._cmdb.name} line {row.line}: {row.shown}")
        business = owner.business or (row.owner if row else None)
        if business is None:
            return None
        reason = f"owners[{number + 1}], {'; '.join(reasons) or 'which matches all'}"
        return Match(number, owner, Ownership(business, owner.technical, owner.renewal, reason))

    def _row(self, owner: Owner, held: Held) -> Row | None:
        """Find the holder's row of the CMDB, by its address, else by a name, else by its MAC."""
        if self._cmdb is None:
            return None
        names = (*held.server_names, *held.sans)
        for identity in (held.address, *(name.lower().removesuffix(".") for name in names), *held.macs):
            for row in self._rows.get(identity, ()):
                cells = ((self._cmdb.cell(row, column), text) for column, text in owner.cmdb.items())
                if all(values.matcher(text).fullmatch(cell) for cell, text in cells):
                    return row
        return None


def _network(networks: Iterable[tuple[str, values.Network]], text: str) -> str | None:
    address = ipaddress.ip_address(text)
    return next((f"networks {written}: {text}" for written, one in networks if address in one), None)


def _pattern(patterns: Iterable[str], names: Sequence[str]) -> str | None:
    pairs: Iterator[tuple[str, str]] = ((pattern, name) for pattern in patterns for name in names)
    return next((f"names {p}: {n}" for p, n in pairs if values.matcher(values.name(p)).fullmatch(n)), None)


def _equal(wanted: Iterable[str], found: Sequence[str]) -> str | None:
    return next((f"issuers {one}" for one in wanted if one in found), None)


def _mac(wanted: Iterable[str], found: Sequence[str]) -> str | None:
    pairs = ((begin, mac) for begin in wanted for mac in found)
    return next((f"macs {begin}: {mac}" for begin, mac in pairs if mac == begin or mac.startswith(f"{begin}:")), None)
