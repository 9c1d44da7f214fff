"""Imported certificates into the store: facts first, then where they were met, the ledger last.

A file is known by source and SHA-256: a second import adds nothing. What an attempt that broke left behind is removed
before the next one.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analytics.importing.found import Found, ImportFileError
from analytics.importing.read import read
from sensor._rust import encode_arrow
from sensor.certificate import certificate_rows, read_certificate
from sensor.events import FACTS_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.importing.found import Trouble
    from analytics.store import Store

_BATCH = 500
"""Certificates that are in memory twice."""
_MAX_TROUBLE = 100
"""Records whose trouble is told one by one; the others are counted."""
_SIGHTINGS = """
INSERT INTO sightings
SELECT load_id, sha256, 'server', '', assumeNotNull(address), toUInt16(assumeNotNull(port)), server_name,
    toDateTime64(min(seen), 9, 'UTC'), toDateTime64(max(seen), 9, 'UTC'), toUInt16(min(position)), true, true,
    uniqStateIf(toIPv6('::'), false)
FROM imports FINAL WHERE load_id = {load_id:String} AND address IS NOT NULL AND port IS NOT NULL
GROUP BY load_id, sha256, address, port, server_name
"""
_LEDGER = """
INSERT INTO loads (load_id, kind, sensor, name, capture_sha256, engine_version, facts_version, packets, first_packet,
    last_packet, damage, sessions, certificates)
VALUES ({load_id:String}, 'import', '', {name:String}, NULL, '', {facts:Int64}, 0, NULL, NULL,
    {damage:Array(String)}, 0, {certificates:UInt64})
"""
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND = dt.timedelta(milliseconds=1)


@dataclass(slots=True)
class Imported:
    """What one file came to."""

    new: bool = True
    """False: it was imported before, and nothing was added."""
    certificates: set[bytes] = field(default_factory=set)
    """SHA-256 of each."""
    endpoints: set[tuple[str, int]] = field(default_factory=set)
    trouble: list[Trouble] = field(default_factory=list)
    """The first ones."""
    refused: int = 0
    """Records that could not be taken."""


def keep(store: Store, data: bytes, *, name: str, source: str, now: dt.datetime) -> Imported:
    """Read a file into the store. ImportFileError: nothing can be made of it, nothing was added. StoreError."""
    load_id = f"import:{source}:{hashlib.sha256(data).hexdigest()}"
    result = Imported()
    if store.query("SELECT 1 FROM loads WHERE load_id = {load_id:String} LIMIT 1", {"load_id": load_id}):
        result.new = False
        return result
    for table in ("imports", "sightings"):
        store.delete(table, "load_id = {load_id:String}", {"load_id": load_id})
    writer = _Writer(store, load_id, source, now, result)
    for one in read(data):
        if isinstance(one, Found):
            writer.add(one)
        else:
            result.refused += 1
            result.trouble += [one] if len(result.trouble) < _MAX_TROUBLE else []
    writer.flush()
    if not result.certificates:
        said = f": {result.trouble[0].where}: {result.trouble[0].message}" if result.trouble else ""
        raise ImportFileError(f"no certificate could be taken from it{said}")
    store.command(_SIGHTINGS, {"load_id": load_id})
    damage = [f"{trouble.where}: {trouble.message}" for trouble in result.trouble]
    entry = {"load_id": load_id, "name": name, "facts": FACTS_VERSION, "damage": damage}
    store.command(_LEDGER, entry | {"certificates": len(result.certificates)})
    return result


@dataclass(slots=True)
class _Writer:
    """Puts certificates into the store, a batch at a time: facts and DER of what it brings first, then its rows."""

    store: Store
    load_id: str
    source: str
    now: dt.datetime
    result: Imported
    _batch: list[Found] = field(default_factory=list)
    _token: str = field(default_factory=lambda: os.urandom(8).hex())
    _batches: int = 0

    def add(self, one: Found) -> None:
        """Take one; it is in the store after the next `flush`."""
        self._batch.append(one)
        if one.place.address is not None and one.place.port is not None:
            self.result.endpoints.add((one.place.address, one.place.port))
        if len(self._batch) == _BATCH:
            self.flush()

    def flush(self) -> None:
        """Insert what was added. StoreError."""
        if not self._batch:
            return
        token = f"{self.load_id}/{self._token}/{self._batches}"
        hashes = [hashlib.sha256(one.der).digest() for one in self._batch]
        pairs = dict(zip(hashes, (one.der for one in self._batch), strict=True))
        fresh = [der for sha256, der in pairs.items() if sha256 not in self.result.certificates]
        if fresh:
            facts = certificate_rows([(read_certificate(der), der) for der in fresh])
            self.store.insert_arrow("certificates_in", encode_arrow(facts), f"{token}/facts")
        self.store.insert_arrow("imports", encode_arrow(self._columns(hashes)), f"{token}/imports")
        self.result.certificates |= pairs.keys()
        self._batch = []
        self._batches += 1

    def _columns(self, hashes: Sequence[bytes]) -> list[tuple[str, str, list[object]]]:
        places = [one.place for one in self._batch]
        return [
            ("load_id", "string", [self.load_id for _ in places]),
            ("source", "string", [self.source for _ in places]),
            ("sha256", "fixed_32", list(hashes)),
            ("address", "fixed_16", [_packed(place.address) for place in places]),
            ("port", "int64", [place.port for place in places]),
            ("server_name", "string", [place.server_name for place in places]),
            ("position", "int64", [min(one.position, 0xFFFF) for one in self._batch]),
            ("seen", "timestamp_ms", [((place.seen or self.now) - _EPOCH) // _MILLISECOND for place in places]),
        ]


def _packed(address: str | None) -> bytes | None:
    """Sixteen bytes; IPv4 as ::ffff:a.b.c.d."""
    if address is None:
        return None
    parsed = ipaddress.ip_address(address)
    return parsed.packed if parsed.version == 6 else bytes(10) + b"\xff\xff" + parsed.packed  # noqa: PLR2004
