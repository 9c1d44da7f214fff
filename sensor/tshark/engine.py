"""tshark behind the protocol of `sensor.engine`: what the native core is checked against."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensor._rust import registry_name, session_columns
from sensor.engine import Damage, EngineError
from sensor.source import looks_like_capture
from sensor.tshark import frame as frames
from sensor.tshark import process
from sensor.tshark.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sensor.source import CaptureInput
    from sensor.tshark.connection import Row

_FRAMES_A_BATCH = 2_000
_SESSIONS_A_BATCH = 500
_RECORD_HEADER_BYTES = 16
"""Of pcap; pcapng has more."""
_NAMED = {
    "version": "version",
    "version_offered": "version",
    "cipher_suite": "cipher_suite",
    "named_group": "named_group",
    "signature_scheme": "signature_scheme",
}
"""Columns whose number stands in `<name>_code`, and the registry that names it."""
_LAST_SECOND = 253_402_300_799
"""Of the year 9999."""
_LEVELS = {1: "warning", 2: "fatal"}
_DAMAGE = {
    "cut short": "cut_packet",
    "network type": "unknown_link_type",
    "doesn't support": "bad_header",
    "damaged or corrupt": "damaged",
}
"""What tshark says, and the code of it."""


class TsharkEngine:
    """Wireshark's dissectors."""

    def __init__(self) -> None:
        """EngineError if pyshark or tshark is not installed."""
        self._version = f"tshark {process.version()}"

    @property
    def version(self) -> str:
        """Name and version of tshark."""
        return self._version

    def open(self, capture: CaptureInput, *, sensor: str = "", sha256: bool = False) -> TsharkReading:
        """Start to read; OSError if the capture cannot be opened, EngineError if it is no file."""
        if capture.path is None or capture.size is None:
            raise EngineError(f"{capture.name}: the tshark engine reads files only, no pipe")
        with Path(capture.path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest() if sha256 else None
        reading = TsharkReading(capture, sensor, digest)
        if capture.size == 0:
            reading.refuse(Damage("empty", "the file is empty"))
        elif not looks_like_capture(capture.path):
            # tshark would take text for a capture, too.
            reading.refuse(Damage("not_a_capture", "no pcap or pcapng file, plain or in gzip, zstd or LZ4"))
        return reading


class TsharkReading:
    """One capture being read. Frames that no handshake is in, or begins in, are not shown by tshark and not counted."""

    def __init__(self, capture: CaptureInput, sensor: str, sha256: bytes | None) -> None:
        """`sha256` is of the file as it is stored."""
        self._name, self._sensor, self._size = capture.name, sensor, capture.size or 0
        self._packets = process.packets(Path(capture.path or os.devnull))
        self._streams: dict[int, Connection] = {}
        self._told: set[bytes] = set()
        self._sessions: Iterator[Row] | None = None
        self.sha256 = sha256
        self.packets = 0
        self.bytes_read = 0
        self.first_ns: int | None = None
        self.last_ns: int | None = None
        self.damage: tuple[Damage, ...] = ()
        self.counters: dict[str, int] = {}

    def refuse(self, damage: Damage) -> None:
        """Read nothing."""
        self.damage = (damage,)
        self._sessions = iter(())

    def read(self) -> TsharkBatch | None:
        """Read some frames; all sessions come at the end."""
        if self._sessions is not None:
            rows = list(islice(self._sessions, _SESSIONS_A_BATCH))
            return TsharkBatch(rows, []) if rows else None
        new: list[tuple[bytes, bytes]] = []
        before = self.packets
        try:
            for layers in islice(self._packets, _FRAMES_A_BATCH):
                new.extend(self._take(layers))
        except process.TsharkEndedError as error:
            self.damage = (_damage(error),)
        if self.damage or self.packets == before:
            self._sessions = self._all_sessions()
        return TsharkBatch([], new)

    def _take(self, layers: dict[str, process.Tree]) -> Iterator[tuple[bytes, bytes]]:
        time_ns = frames.time_ns(layers["frame"])
        self.first_ns = min(time_ns, time_ns if self.first_ns is None else self.first_ns)
        self.last_ns = max(time_ns, time_ns if self.last_ns is None else self.last_ns)
        self.packets += 1
        frame = frames.read(layers)
        if frame is None:
            self._count_other(str(layers["frame"].get("frame.protocols", "")))
            return
        self.bytes_read = min(self._size, self.bytes_read + frame.captured + _RECORD_HEADER_BYTES)
        connection = self._streams.get(frame.stream)
        if connection is None:
            connection = self._streams[frame.stream] = Connection.of(frame)
        for sha256, der in connection.take(frame):
            if sha256 not in self._told:
                self._told.add(sha256)
                yield sha256, der

    def _count_other(self, protocols: str) -> None:
        for carrier in process.OTHER_CARRIERS:
            if carrier in protocols.split(":"):
                name = f"hellos_over_{carrier}"
                self.counters[name] = self.counters.get(name, 0) + 1

    def _all_sessions(self) -> Iterator[Row]:
        whole = dict.fromkeys(name for name, _, _ in session_columns() if not name.endswith("_known"))
        known = {"sensor": self._sensor, "capture": self._name, "transport": "tcp", "protocol": "tls"}
        for connection in self._streams.values():
            for row in connection.sessions(self._sensor):
                yield whole | known | _named(row)


class TsharkBatch:
    """Some sessions, or some certificates."""

    def __init__(self, rows: list[Row], certificates: list[tuple[bytes, bytes]]) -> None:
        self._rows = rows
        self.certificates = certificates

    def __len__(self) -> int:
        return len(self._rows)

    def json(self) -> bytes:
        """One JSON object a line, as docs/session.schema.json says."""
        lines = (json.dumps(row, separators=(",", ":")).replace("\x7f", "\\u007f") + "\n" for row in self._rows)
        return "".join(lines).encode()

    def arrow(self) -> bytes:
        """Not made: columns that are never NULL in a store are often unknown here."""
        raise EngineError("the tshark engine writes JSON only")


def _named(row: Row) -> Row:
    """Put names beside numbers, and the time as text."""
    named: dict[str, Any] = {name: value for name, value in row.items() if name != "time_ns"}
    for name, registry in _NAMED.items():
        number = row.get(f"{name}_code")
        named[name] = None if number is None else registry_name(registry, number)
    named["alerts"] = [_alert(text) for text in row["alerts"]]
    seconds, fraction = divmod(row["time_ns"], 1_000_000_000)
    seconds = min(seconds, _LAST_SECOND)
    named["time"] = f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%dT%H:%M:%S}.{fraction:09}Z"
    return named


def _alert(text: str) -> str:
    side, _, numbers = text.partition(" ")
    level, number = (int(each) for each in numbers.split(":"))
    return f"{side} {_LEVELS.get(level, f'level({level})')} {registry_name('alert', number) or 'unknown'}({number})"


def _damage(error: process.TsharkEndedError) -> Damage:
    if error.status < 0:
        return Damage("tshark_failed", f"tshark was ended by signal {-error.status}")
    code = next((code for words, code in _DAMAGE.items() if words in error.complaint), "tshark_failed")
    if error.status == 0:
        return Damage("tshark_failed", f"tshark {error.complaint}")
    return Damage(code, f"tshark says: {' '.join(error.complaint.split()) or f'exit status {error.status}'}")
