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
from rewrite import Packet, Segment, connections, read, segments
from test_pcaps import CAPTURES, connection, differences, expected

from analytics.forge.certificates import forge_chain
from rules.rule import CertificateRecipe
from sensor._rust import Reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from random import Random

Row = dict[str, Any]
Key = tuple[str, int, str, int]

PLACE = frozenset({"time", "frame", "capture"})
"""Where a session lies in the file: that may change when packets are moved."""
IDS = frozenset({"session_id", "connection_id"})
"""They follow from the time of the first packet."""
MACS = frozenset({"client_mac", "server_mac"})
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
        ends = {(one.source, one.target) for one in whole}
        rows = tuple(row for row in self.result.rows if _ends(row) in ends)
        names = named(rows)
        ders = {sha: der for sha, der in self.result.certificates.items() if sha in names}
        return replace(self, segments=tuple(whole), result=replace(self.result, rows=rows, certificates=ders))


def _ends(row: Row) -> tuple[tuple[bytes, int], tuple[bytes, int]]:
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
