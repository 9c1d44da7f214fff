"""The durable queue of segments, all that the sensor and the collector share.

A segment is a folder: `manifest.json`, `certificates.arrow`, `sessions.arrow` (Arrow IPC streams that any standard tool
reads; a table without rows has no file). It is written under a hidden name, synced, then renamed: what can be seen is
whole. Segments of one capture are sealed together at its end, for only then its hash is known; each tells how many
there are. Segments of live traffic are sealed when they are full, or old enough, each by itself. Names hold random bits
of the run: they never come again, for a store drops a repeated name as a retry. Behind the sensor's name they sort by
time, as long as the clock does not go back.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from sensor import arrow
from sensor.events import FACTS_VERSION
from sensor.segment import CERTIFICATES, FORMAT, MANIFEST, SESSIONS, SpoolError, read_segment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sensor.engine import Batch
    from sensor.events import Certificate
    from sensor.pipeline import CaptureReport
    from sensor.segment import Segment

MAX_SEGMENT_SESSIONS = 1_000_000
MAX_SEGMENT_BYTES = 512 << 20
_HIDDEN = ".writing-"


class Spool:
    """A folder of segments, as the sink of `sensor.pipeline.run`; `segments` lists what was sealed in this run."""

    wants_certificates = True

    def __init__(
        self,
        folder: Path,
        *,
        engine_version: str,
        sensor: str = "",
        began_ns: int = 0,
        durable: bool = True,
        max_sessions: int = MAX_SEGMENT_SESSIONS,
        max_bytes: int = MAX_SEGMENT_BYTES,
    ) -> None:
        """`durable=False` leaves out the syncing, for folders that do not outlive the run.

        `began_ns`: when the run began, nanoseconds since 1970, where names are to sort by it.
        """
        self.segments: list[list[Segment]] = []
        """One list a capture, empty for what was no capture at all; of live traffic, nothing is remembered."""
        self._folder = folder
        self._engine_version = engine_version
        self._sensor = sensor
        self._durable = durable
        self._limits = (max_sessions, max_bytes)
        self._run = f"{began_ns:016x}{os.urandom(8).hex()}" if began_ns else os.urandom(8).hex()
        self._readings = 0
        self._written: list[_Writer] = []
        with _told(folder):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def open_bytes(self) -> int:
        """Count what was written of the tables that are not sealed yet."""
        return sum(writer.bytes for writer in self._written)

    def start(self, name: str) -> None:
        """Begin a capture, or joined ones."""
        del name
        self.abort()
        self._readings += 1

    def batch(self, batch: Batch, certificates: Sequence[tuple[Certificate, bytes]]) -> None:
        """Write sessions and certificates; a segment that is full is closed, though not yet sealed."""
        with _told(self._folder):
            writer = self._writer()
            writer.add_certificates(certificates)
            if len(batch):
                writer.add_sessions(batch.arrow(), len(batch))

    def finish(self, report: CaptureReport) -> None:
        """Seal the segments of this capture; at least one, so that a capture without sessions is known too."""
        if not report.readable:
            self.abort()
            self.segments.append([])
            return
        with _told(self._folder):
            if not self._written:
                self._writer()
            for writer in self._written:
                writer.close()
            names = [self._name(part) for part in range(1, len(self._written) + 1)]
            for part, writer in enumerate(self._written, 1):
                _write(writer.folder / MANIFEST, self._manifest(report, writer, part), durable=self._durable)
                if self._durable:
                    _sync(writer.folder)
            for name, writer in zip(names, self._written, strict=True):
                writer.folder = writer.folder.rename(self._folder / name)
            if self._durable:
                _sync(self._folder)
            self._written = []
        if not report.live:
            self.segments.append([read_segment(self._folder / name) for name in names])

    def abort(self) -> None:
        """Remove what was not sealed."""
        for writer in self._written:
            writer.drop()
            shutil.rmtree(writer.folder, ignore_errors=True)
        self._written = []

    def _writer(self) -> _Writer:
        if not self._written or self._written[-1].is_full(*self._limits):
            if self._written:
                self._written[-1].close()
            hidden = self._folder / (_HIDDEN + self._name(len(self._written) + 1))
            hidden.mkdir()
            self._written.append(_Writer(hidden, durable=self._durable))
        return self._written[-1]

    def _name(self, part: int) -> str:
        sensor = re.sub(r"[^A-Za-z0-9_.-]", "_", self._sensor).lstrip(".") or "audit"
        return f"{sensor[:64]}-{self._run}-{self._readings:010}-{part:04}"

    def _manifest(self, report: CaptureReport, writer: _Writer, part: int) -> bytes:
        manifest = {
            "format": FORMAT,
            "sensor": self._sensor,
            "reading": f"{self._run}-{self._readings:010}",
            "part": part,
            "parts": len(self._written),
            "engine_version": self._engine_version,
            "facts_version": FACTS_VERSION,
            "capture": None if report.live else report.name,
            "capture_sha256": None if report.sha256 is None else report.sha256.hex(),
            "packets": report.packets,
            "first_ns": report.first_ns,
            "last_ns": report.last_ns,
            "damage": _damage(report),
            "joined": _joined(report),
            "sessions": writer.sessions,
            "certificates": writer.certificates,
            "counters": dict(sorted(report.counters.items())) if report.live else {},
            "files": {table.path.name: table.stated() for table in writer.tables()},
        }
        return json.dumps(manifest, indent=1).encode() + b"\n"


def _damage(report: CaptureReport) -> list[str]:
    """Say what was wrong; of joined captures with the name of the file."""
    if not report.joined:
        return [item.message for item in report.damage]
    return [f"{file.name}: {item.message}" for file in report.joined for item in file.damage]


def _joined(report: CaptureReport) -> list[str]:
    """List the captures among joined files as `sha256sum` does."""
    hashes = [(file.sha256, file.name) for file in report.joined if file.readable]
    return [f"{'-' if sha256 is None else sha256.hex()}  {name}" for sha256, name in hashes]


class _Writer:
    """One segment being written."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self.folder = folder
        self.sessions = 0
        self.certificates = 0
        self._certificates = _Table(folder / CERTIFICATES, durable=durable)
        self._sessions = _Table(folder / SESSIONS, durable=durable)

    def add_sessions(self, stream: bytes, count: int) -> None:
        self._sessions.add(stream)
        self.sessions += count

    def add_certificates(self, certificates: Sequence[tuple[Certificate, bytes]]) -> None:
        if not certificates:
            return
        from sensor._rust import encode_arrow  # noqa: PLC0415  `--help` needs no native module
        from sensor.certificate import certificate_rows  # noqa: PLC0415

        self._certificates.add(encode_arrow(certificate_rows(certificates)))
        self.certificates += len(certificates)

    @property
    def bytes(self) -> int:
        return self._sessions.bytes + self._certificates.bytes

    def is_full(self, max_sessions: int, max_bytes: int) -> bool:
        return self.sessions >= max_sessions or self.bytes >= max_bytes

    def tables(self) -> list[_Table]:
        return [table for table in (self._certificates, self._sessions) if table.bytes]

    def close(self) -> None:
        self._certificates.close()
        self._sessions.close()

    def drop(self) -> None:
        self._certificates.drop()
        self._sessions.drop()


class _Table:
    """One Arrow file, made of the streams of many batches: one schema, all their record batches, one end mark."""

    def __init__(self, path: Path, *, durable: bool) -> None:
        self.path = path
        self.bytes = 0
        self._durable = durable
        self._schema: bytes | None = None
        self._file: BinaryIO | None = None
        self._hash = hashlib.sha256()

    def add(self, stream: bytes) -> None:
        schema, batches = arrow.split(stream)
        if self._schema is None:
            self._schema = schema
            self._file = self.path.open("xb")
            self._put(schema)
        elif schema != self._schema:
            raise SpoolError(f"{self.path}: the schema changed from one batch to the next")
        self._put(batches)

    def close(self) -> None:
        if self._file is None:
            return
        file, self._file = self._file, None
        try:
            file.write(arrow.END)
            file.flush()
            if self._durable:
                os.fsync(file.fileno())
        finally:
            file.close()
        self._hash.update(arrow.END)
        self.bytes += len(arrow.END)

    def drop(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):  # what could not be written before cannot be written now
                file.close()

    def stated(self) -> dict[str, Any]:
        return {"bytes": self.bytes, "sha256": self._hash.hexdigest()}

    def _put(self, data: bytes | memoryview) -> None:
        assert self._file is not None  # noqa: S101
        self._file.write(data)
        self._hash.update(data)
        self.bytes += len(data)


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Turn an error of the operating system into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise SpoolError(
                f"no space left to write segments in {folder}: make room, or choose another place"
            ) from error
        raise SpoolError(f"cannot write segments in {folder}: {error.strerror}") from error


def _write(path: Path, data: bytes, *, durable: bool) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        if durable:
            os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Make a new or renamed name in a folder last."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
