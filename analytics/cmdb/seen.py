"""What a store saw that could stand in a CMDB: servers that answered, and clients that presented a certificate."""

from __future__ import annotations

import ipaddress
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from analytics.audit import LoadingSink
from sensor.engine import NativeEngine
from sensor.pipeline import run
from sensor.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from analytics.store import Store
    from sensor.pipeline import CaptureReport
    from sensor.source import CaptureInput

_SCOPE: Final = "(loads = {loads:Array(String)}, home = {home:Array(String)})"
_SERVERS: Final = f"""
SELECT address, port, ours, server_names, first_seen, last_seen
FROM endpoint{_SCOPE} WHERE answered OR certificate_seen"""
_HOLDERS: Final = f"""
SELECT h.address, h.role, h.ours, h.first_seen, h.last_seen, c.sans, c.subject_attributes
FROM holder{_SCOPE} AS h
LEFT JOIN (SELECT sha256, sans, subject_attributes FROM certificates FINAL) AS c ON c.sha256 = h.sha256
WHERE h.position = 0"""
_MACS: Final = f"""
SELECT DISTINCT side.1, side.2::Nullable(String) FROM (
    SELECT arrayJoin([(server, server_mac), (client, client_mac)]) AS side FROM session{_SCOPE})
WHERE side.2 IS NOT NULL"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One address."""

    address: str
    ours: bool
    ports: tuple[int, ...]
    """As a server; none: it was seen as a client only."""
    names: tuple[str, ...]
    """Lower case: those it was asked for, then alternative and common names of its certificates."""
    macs: tuple[str, ...]
    """Its own, as far as one can tell: those that stand at no other address."""
    first_seen: datetime
    last_seen: datetime


def load(store: Store, captures: Sequence[CaptureInput]) -> list[CaptureReport]:
    """Read captures into a store. StoreError or SpoolError: that failed; what is damaged stands in the reports."""
    engine = NativeEngine()
    with tempfile.TemporaryDirectory(prefix="certspan-spool-", ignore_cleanup_errors=True) as folder:
        sink = LoadingSink(Spool(Path(folder), engine_version=engine.version, durable=False), store)
        return run(captures, sink, engine=engine, sha256=True)


def look(store: Store, *, home: Sequence[str], loads: Sequence[str] = ()) -> list[Seen]:
    """List what was seen, by address. StoreError: the store failed."""
    scope = {"loads": list(loads), "home": list(home)}
    found: dict[str, _Building] = {}
    for address, port, ours, names, first, last in store.query(_SERVERS, scope):
        found.setdefault(address, _Building(bool(ours))).add(first, last, names, port)
    for address, role, ours, first, last, sans, subject in store.query(_HOLDERS, scope):
        names = [san[4:] for san in sans if san.startswith("dns:")] + [one[3:] for one in subject if one[:3] == "CN="]
        if role == "client" or address in found:
            found.setdefault(address, _Building(bool(ours))).add(first, last, names, None)
    pairs = store.query(_MACS, scope)
    places = Counter(mac for _, mac in pairs)
    for address, mac in pairs:
        if address in found and places[mac] == 1:
            found[address].macs.add(mac)
    return [found[address].seen(address) for address in sorted(found, key=_in_order)]


def _number(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Give the address that a text is; None: it is a name."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _in_order(address: str) -> tuple[int, int]:
    number = ipaddress.ip_address(address)
    return number.version, int(number)


class _Building:
    """What is known of an address so far."""

    def __init__(self, ours: bool) -> None:  # noqa: FBT001
        self.ours = ours
        self.ports: set[int] = set()
        self.names: dict[str, None] = {}
        self.macs: set[str] = set()
        self.times: list[datetime] = []

    def add(self, first: datetime, last: datetime, names: Sequence[str], port: int | None) -> None:
        self.times += [first, last]
        plain = (name.lower().removesuffix(".") for name in names)
        self.names |= dict.fromkeys(name for name in plain if name and _number(name) is None)
        if port is not None:
            self.ports.add(port)

    def seen(self, address: str) -> Seen:
        return Seen(
            address,
            self.ours,
            tuple(sorted(self.ports)),
            tuple(self.names),
            tuple(sorted(self.macs)),
            min(self.times),
            max(self.times),
        )
