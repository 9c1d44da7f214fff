"""What a capture gives, and whether two captures give the same: for tests that change captures and compare."""

from __future__ import annotations

import functools
import hashlib
import ipaddress
import json
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
import wire
from hypothesis import Phase, settings
from hypothesis import strategies as st
from rewrite import Packet, Segment, connections, pcap, pcapng, read, retime, segments
from rewrite import cut as cut_payloads
from test_pcaps import CAPTURES, connection, differences, expected

from analytics.forge.certificates import forge_chain
from rules.rule import CertificateRecipe
from sensor._rust import Reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from random import Random

Row = dict[str, Any]
Key = tuple[str, int, str, int]

PLACE = frozenset({"time", "frame", "capture"})
"""Where a session lies in the file: that may change when packets are moved."""
IDS = frozenset({"session_id", "connection_id"})
"""They follow from the time of the first packet."""
MACS = frozenset({"client_mac", "server_mac"})
CHAINS = {"server": "server_chain", "client": "client_chain"}
WHY = {"server": "server_visibility", "client": "client_visibility"}
GROWING = {"established", "confirmed"}
"""False as long as it is not seen."""
seeds = st.integers(0, 2**32 - 1)
sizes = st.sampled_from([1, 2, 3, 7, 50, 300, 1460])
seeded = settings(phases=[Phase.explicit, Phase.reuse, Phase.generate])
"""A smaller seed is no simpler example: failures are told as they are found."""
LONG = "twelve-certificates"
"""A base beside the captures of pcaps/: one chain of 60 kB, over many records."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was read."""

    rows: tuple[Row, ...]
    certificates: Mapping[str, bytes]
    damage: tuple[str, ...]
    packets: int


def result(path: Path, limits: dict[str, int] | None = None) -> Result:
    """Read a capture. Every certificate handed out has the hash it is named by, and some session names it."""
    reading = Reading(str(path), name="capture", limits=limits)
    rows: list[Row] = []
    certificates: dict[str, bytes] = {}
    while (batch := reading.read()) is not None:
        rows += [json.loads(line) for line in batch.json().splitlines()]
        certificates |= {sha.hex(): der for sha, der in batch.certificates}
    assert {hashlib.sha256(der).hexdigest() for der in certificates.values()} == set(certificates)
    assert named(rows) == set(certificates)
    return Result(tuple(rows), certificates, tuple(damage.code for damage in reading.damage), reading.packets)


def named(rows: Iterable[Row]) -> set[str]:
    """All certificates that sessions name."""
    return {sha for row in rows for side in ("server_chain", "client_chain") for sha in row[side] or ()}


def by_connection(rows: Iterable[Row]) -> dict[Key, list[Row]]:
    """Sessions of each connection, in the order in which they began."""
    found = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row["time"], row["frame"])):
        found[connection(row)].append(row)
    return found


def unlike(wanted: Iterable[Row], got: Iterable[Row], besides: Iterable[str] = PLACE) -> list[str]:
    """Tell each session and each field in which two results differ."""
    ours, theirs, skip = by_connection(wanted), by_connection(got), set(besides)
    told = [
        f"{len(theirs[key])} sessions for {len(ours[key])}: {key}"
        for key in {*ours, *theirs}
        if len(theirs[key]) != len(ours[key])
    ]
    for key, rows in list(ours.items()):
        for row, other in zip(rows, theirs[key], strict=False):
            told += [
                f"{key} {name}: {row.get(name)!r} became {other.get(name)!r}"
                for name in sorted({*row, *other} - skip)
                if row.get(name, "none") != other.get(name, "none")
            ]
    return told


def never_more(full: Row, got: Row, known: set[str]) -> list[str]:
    """Tell what a session of less says that the whole one does not say: a value is the true one, or unknown."""
    told = [
        f"{name}: {full[name]!r} became {got[name]!r}"
        for name in sorted(known)
        if got[name] != full[name] and got[name] is not None and not (name in GROWING and got[name] is False)
    ]
    for side, chain in CHAINS.items():
        true, seen = full[chain], got[chain]
        if seen is not None and (true is None or seen != true[: len(seen)]):
            told.append(f"{chain}: {true} became {seen}")
        if got[WHY[side]] == "visible" and seen != true:
            told.append(f"{WHY[side]}: visible, though of {true} only {seen} is seen")
    if full["alerts"] and not set(got["alerts"]) <= set(full["alerts"]):
        told.append(f"alerts: {got['alerts']}")
    return told


@dataclass(frozen=True, slots=True)
class Base:
    """A capture to start from: its packets, and what it gives as it stands."""

    name: str
    packets: tuple[Packet, ...]
    segments: tuple[Segment, ...]
    result: Result

    def some(self, random: Random, count: int) -> Base:
        """Take some connections of it only."""
        parts = connections(self.segments)
        kept = set(random.sample(range(len(parts)), min(count, len(parts))))
        whole = [one for index, part in enumerate(parts) if index in kept for one in part]
        whole.sort(key=lambda one: one.time_ns)
        there = {(one.source, one.target) for one in whole}
        rows = tuple(row for row in self.result.rows if ends(row) in there)
        names = named(rows)
        ders = {sha: der for sha, der in self.result.certificates.items() if sha in names}
        return replace(self, segments=tuple(whole), result=replace(self.result, rows=rows, certificates=ders))


def ends(row: Row) -> tuple[tuple[bytes, int], tuple[bytes, int]]:
    """Give client and server of a session as `rewrite` names them."""
    client, server = (ipaddress.ip_address(row[side + "_address"]).packed for side in ("client", "server"))
    return (client, row["client_port"]), (server, row["server_port"])


BASES = [path.name for path in CAPTURES] + [LONG]

each_base = pytest.mark.parametrize("name", BASES)


@functools.cache
def base(name: str, folder: Path) -> Base:
    """Read a base and compare it with the truth, which does not come from certspan."""
    if name == LONG:
        path = folder / f"{LONG}.pcap"
        chain = long_chain()
        path.write_bytes(wire.capture(chain))
        found = result(path)
        assert [row["server_chain"] for row in found.rows] == [[hashlib.sha256(der).hexdigest() for der in chain]]
        assert sum(map(len, chain)) > 60_000
    else:
        (path,) = (path for path in CAPTURES if path.name == name)
        found = result(path)
        truth = {connection(row): row for row in expected(path, "expected")}
        assert {connection(row) for row in found.rows} == set(truth)
        wrong = {connection(row): differences(truth[connection(row)], row) for row in found.rows}
        assert {key: value for key, value in wrong.items() if value} == {}
    packets = tuple(read(path))
    assert len(packets) == found.packets > 0
    return Base(name, packets, tuple(segments(packets)), found)


@functools.cache
def long_chain() -> tuple[bytes, ...]:
    """Twelve certificates of five kilobytes."""
    sans = tuple(f"dns:device-{number:03}.building-7.example" for number in range(160))
    return forge_chain([CertificateRecipe(name=f"number-{number}", sans=sans) for number in range(12)])


def gives(whole: Sequence[Packet], folder: Path, limits: dict[str, int] | None = None) -> Result:
    """Read changed packets."""
    path = folder / "changed"
    path.write_bytes(pcap(whole) if len({one.link for one in whole}) == 1 else pcapng(whole))
    return result(path, limits)


def same(before: Base, whole: Sequence[Packet], folder: Path, besides: frozenset[str] = PLACE) -> None:
    """Compare what changed packets give with what they gave before: every field, every certificate, no damage."""
    found = gives(whole, folder)
    told = unlike(before.result.rows, found.rows, besides)
    assert not told, "\n".join(told)
    assert found.certificates == before.result.certificates
    assert (found.damage, found.packets) == ((), len(whole))


def few(largest: int) -> int:
    """How many connections an example may have: small pieces are many."""
    return 1 if largest < 10 else 5


def cut(whole: Sequence[Segment], random: Random, largest: int) -> list[Segment]:
    """Cut into pieces of up to so many bytes; of long streams into larger ones, so that an example stays quick."""
    most = sum(len(one.payload) for one in whole) // 1500
    return cut_payloads(whole, random, max(largest, most))


def retimed(part: Sequence[Segment], changed: Sequence[Segment]) -> list[Segment]:
    """Spread what became of a connection over its times, in the new order."""
    return retime(changed, [one.time_ns for one in part])


def swapped(whole: Sequence[Segment], random: Random, window: int) -> list[Segment]:
    """Let segments overtake up to so many others."""
    order = [(index + random.uniform(0, window), one) for index, one in enumerate(whole)]
    return [one for _, one in sorted(order, key=lambda item: item[0])]
