"""Segments into the store, exactly once: certificates first, then sessions, their bytes unchanged, the ledger last.

A capture is known by the SHA-256 of its uncompressed bytes and by the versions that read it: renamed, recompressed, or
after any number of others it adds nothing. Joined captures are known by the SHA-256 over the sorted hashes of them all:
the same set in any order adds nothing; another set, or one of its files alone, is another observation. Rows of a load
that has no entry in the ledger are remains of an attempt that broke; they are removed before the next one. Tokens hold
random bits of the attempt, for a token that was seen before makes the store drop rows silently, even if those it had
were removed since.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.store_errors import StoreError
from sensor.segment import CERTIFICATES, SESSIONS, SpoolError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.store import Store
    from sensor.segment import Segment

_LEDGER = """
INSERT INTO loads (load_id, kind, sensor, name, capture_sha256, engine_version, facts_version, packets, first_packet,
    last_packet, damage, joined, sessions, certificates)
SELECT {load_id:String}, {kind:String}, {sensor:String}, {name:String},
    if({capture_sha256:String} = '', NULL, toFixedString(unhex({capture_sha256:String}), 32)),
    {engine_version:String}, {facts_version:Int64}, {packets:UInt64},
    fromUnixTimestamp64Nano({first_ns:Nullable(Int64)}, 'UTC'),
    fromUnixTimestamp64Nano({last_ns:Nullable(Int64)}, 'UTC'),
    {damage:Array(String)}, {joined:Array(String)}, {sessions:UInt64}, {certificates:UInt64}
"""
_HELD = """
SELECT
    (SELECT count() FROM sessions WHERE load_id = {load_id:String}),
    (SELECT count() FROM sightings WHERE load_id = {load_id:String}),
    (SELECT groupArray((sessions, certificates)) FROM loads FINAL WHERE load_id = {load_id:String})
"""
_ARRIVED = """
SELECT (SELECT count() FROM sessions WHERE load_id = {load_id:String}), uniqExact(sha256), uniqExact(session_id)
FROM sessions ARRAY JOIN arrayConcat(server_chain, client_chain) AS sha256
WHERE load_id = {load_id:String} AND sha256 NOT IN (SELECT sha256 FROM certificates)
"""


_COUNTED = """
INSERT INTO sensor_stats (load_id, sensor, run, last_packet, counters)
SELECT {load_id:String}, {sensor:String}, {run:String}, fromUnixTimestamp64Nano({last_ns:Nullable(Int64)}, 'UTC'),
    mapFromArrays({names:Array(String)}, {values:Array(Int64)})
"""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What a load came to."""

    load_id: str
    new: bool
    """False: it was in the store already, and nothing was added."""
    sessions: int
    """Rows of this load in the store."""
    certificates: int
    """Distinct certificates of this load."""
    lacking_certificates: int = 0
    """Certificates that its sessions name and the store does not hold."""
    lacking_sessions: int = 0
    """Sessions that name such certificates."""


def load_segments(store: Store, segments: Sequence[Segment]) -> LoadResult:
    """Load all segments of one capture, or one segment of live traffic.

    SpoolError if a segment is damaged or missing, StoreError if the store fails: then nothing counts as loaded.
    """
    first = _check(segments)
    load_id = _load_id(first)
    sessions = sum(segment.sessions for segment in segments)
    certificates = sum(segment.certificates for segment in segments)
    ((held, sighted, known),) = store.query(_HELD, {"load_id": load_id})
    if known and held >= known[0][0]:  # fewer: retention has removed some since
        return LoadResult(load_id, new=False, sessions=held, certificates=known[0][1])
    for segment in segments:
        segment.verify()
    for table, rows in (("sessions", held), ("sightings", sighted)):
        if rows:
            store.delete(table, "load_id = {load_id:String}", {"load_id": load_id})
    _insert(store, load_id, segments)
    ((arrived, lacking, of_sessions),) = store.query(_ARRIVED, {"load_id": load_id})
    if arrived != sessions:
        raise StoreError(f"{store.name}: {arrived} of {sessions} sessions of {first.capture or first.name} arrived")
    if first.counters:
        _write_counters(store, load_id, first)
    _write_ledger(store, load_id, first, sessions, certificates)
    return LoadResult(load_id, True, sessions, certificates, lacking, of_sessions)


def _check(segments: Sequence[Segment]) -> Segment:
    if not segments:
        raise SpoolError("no segment to load")
    first = segments[0]
    parts = sorted(segment.part for segment in segments)
    if len({segment.reading for segment in segments}) != 1 or parts != list(range(1, first.parts + 1)):
        raise SpoolError(f"segment {first.folder}: the {first.parts} segments of its capture are not all here")
    return first


def _load_id(segment: Segment) -> str:
    if segment.capture_sha256 is None:
        return segment.name
    return f"{segment.capture_sha256}:{segment.engine_version}:{segment.facts_version}"


def _insert(store: Store, load_id: str, segments: Sequence[Segment]) -> None:
    attempt = os.urandom(8).hex()
    for table, name, comment in (
        ("certificates_in", CERTIFICATES, None),
        ("sessions", SESSIONS, {"load_id": load_id}),
    ):
        for segment in segments:
            if (path := segment.file(name)) is not None:
                store.insert_arrow(table, path, f"{segment.name}/{attempt}/{name}", comment=comment)


def _write_counters(store: Store, load_id: str, segment: Segment) -> None:
    """Keep what its sensor counted; a second row of a load that is tried again replaces the first."""
    row = {
        "load_id": load_id,
        "sensor": segment.sensor,
        "run": segment.reading.rpartition("-")[0],
        "last_ns": segment.last_ns,
        "names": list(segment.counters),
        "values": list(segment.counters.values()),
    }
    store.command(_COUNTED, row)


def _write_ledger(store: Store, load_id: str, segment: Segment, sessions: int, certificates: int) -> None:
    entry = {
        "load_id": load_id,
        "kind": "live" if segment.capture is None else "joined" if segment.joined else "capture",
        "sensor": segment.sensor,
        "name": segment.capture or segment.name,
        "capture_sha256": segment.capture_sha256 or "",
        "engine_version": segment.engine_version,
        "facts_version": segment.facts_version,
        "packets": segment.packets,
        "first_ns": segment.first_ns,
        "last_ns": segment.last_ns,
        "damage": list(segment.damage),
        "joined": list(segment.joined),
        "sessions": sessions,
        "certificates": certificates,
    }
    store.command(_LEDGER, entry)
