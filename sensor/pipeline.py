"""The one loop: captures -> batches of sessions -> facts of their new certificates -> a sink. Memory stays bounded.

Interrupting it (KeyboardInterrupt) is safe between batches: the sink is told to drop what it has not finished.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from sensor.engine import Damage
from sensor.side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sensor.engine import Batch, Engine, Reading
    from sensor.events import Certificate
    from sensor.source import CaptureInput

MAX_CACHED_FACTS = 10_000
"""Certificates whose facts are kept for the next capture; some kilobytes each."""
CANNOT_OPEN = "cannot_open"
"""Code of the damage of a capture that vanished, or lost its permissions, after the arguments were checked."""
_NO_CAPTURE = frozenset({"empty", "not_a_capture"})


@dataclass(frozen=True, slots=True)
class CaptureReport:
    """What reading one capture came to, or what a sensor saw since it last sealed a segment."""

    name: str
    size: int | None
    """Bytes as stored; None where it has no meaning."""
    packets: int = 0
    sessions: int = 0
    certificates: int = 0
    """Distinct ones."""
    first_ns: int | None = None
    """Earliest packet, nanoseconds since 1970; None without a packet."""
    last_ns: int | None = None
    """Latest packet."""
    sha256: bytes | None = None
    """Of the uncompressed bytes, if it was asked for."""
    damage: tuple[Damage, ...] = ()
    counters: Mapping[str, int] = field(default_factory=dict)
    joined: tuple[CaptureReport, ...] = ()
    """The files, if several were read as one observation: in the order of their packets. Certificates and counters are
    of all together; damage is told of each file, and here of all."""

    live: bool = False
    """It is of interfaces, not of a capture; `name` is the sensor's."""

    @property
    def readable(self) -> bool:
        """Live traffic, or a capture, though perhaps a damaged one or one without packets; of joined ones, any."""
        if self.joined:
            return any(file.readable for file in self.joined)
        return self.packets > 0 or not self.damage

    @property
    def files(self) -> tuple[CaptureReport, ...]:
        """The files that were read: joined ones, or this one alone."""
        return self.joined or (self,)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the whole run is."""

    bytes: int
    """Of the files, as stored."""
    packets: int
    sessions: int
    name: str
    """Of the capture being read."""


class Sink(Protocol):
    """Where sessions go."""

    @property
    def wants_certificates(self) -> bool:
        """False spares reading the facts of certificates."""
        ...

    def start(self, name: str) -> None:
        """Prepare for what one capture, or joined ones, bring."""
        ...

    def batch(self, batch: Batch, certificates: Sequence[tuple[Certificate, bytes]]) -> None:
        """Take some sessions, and facts and DER of the certificates that are new in this capture."""
        ...

    def finish(self, report: CaptureReport) -> None:
        """Keep what came since `start`; the report may say that it was no capture at all."""
        ...

    def abort(self) -> None:
        """Drop what came since `start`."""
        ...


class FactsCache:
    """Facts of certificates by SHA-256: the same ones return in capture after capture."""

    def __init__(self, limit: int = MAX_CACHED_FACTS) -> None:
        self._limit = limit
        self._facts: OrderedDict[bytes, Certificate] = OrderedDict()

    def read(self, sha256: bytes, der: bytes) -> Certificate:
        """Read the certificate, or remember having read it; the one longest unused is forgotten first."""
        from sensor.certificate import read_certificate  # noqa: PLC0415  costs a tenth of a second, often not needed

        known = self._facts.get(sha256)
        if known is not None:
            self._facts.move_to_end(sha256)
            return known
        facts = self._facts[sha256] = read_certificate(der)
        if len(self._facts) > self._limit:
            self._facts.popitem(last=False)
        return facts


def run(
    captures: Iterable[CaptureInput],
    sink: Sink,
    *,
    engine: Engine,
    sensor: str = "",
    sha256: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> list[CaptureReport]:
    """Read the captures one after the other into the sink and report on each.

    A file that was only found in a folder and turns out to be no capture is left out without a word. Some may be read
    before their turn; the sink does not notice.
    """
    captures = list(captures)
    reports: list[CaptureReport] = []
    with side_by_side(engine, captures) as reader:
        loop = Loop(sink, reader, sensor, sha256, progress or (lambda _: None))
        for capture in captures:
            try:
                sink.start(capture.name)
                report = loop.read(capture)
                if worth_telling(capture, report):
                    sink.finish(report)
                    reports.append(report)
                else:
                    sink.abort()
            except BaseException:
                sink.abort()
                raise
    return reports


def worth_telling(capture: CaptureInput, report: CaptureReport) -> bool:
    """Whether it is more than a file that lay in a folder and is no capture."""
    return capture.named or report.readable or bool({item.code for item in report.damage} - _NO_CAPTURE)


@dataclass(slots=True)
class Loop:
    """What stays the same, and what is counted, from capture to capture."""

    sink: Sink
    engine: Engine
    sensor: str
    sha256: bool
    progress: Callable[[Progress], None]
    facts: FactsCache = field(default_factory=FactsCache)
    bytes_before: int = 0
    packets_before: int = 0
    sessions_before: int = 0

    def read(self, capture: CaptureInput) -> CaptureReport:
        """Read one capture to its end."""
        try:
            reading = self.engine.open(capture, sensor=self.sensor, sha256=self.sha256)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error).partition(" (os error")[0]
            trouble = Damage(CANNOT_OPEN, reason)
            return CaptureReport(capture.name, capture.size, damage=(trouble,))
        sessions, certificates = self.drain(reading, capture.name)
        self.bytes_before += capture.size or reading.bytes_read
        self.packets_before += reading.packets
        self.sessions_before += sessions
        return _report(capture, reading, sessions, certificates)

    def drain(self, reading: Reading, name: str) -> tuple[int, int]:
        """Hand all batches on; how many sessions and distinct certificates they were."""
        sessions = certificates = 0
        while (batch := reading.read()) is not None:
            new = self._facts(batch) if self.sink.wants_certificates else []
            sessions += len(batch)
            certificates += len(new)
            if len(batch) or new:
                self.sink.batch(batch, new)
            self._tell(name, reading, sessions)
        return sessions, certificates

    def _facts(self, batch: Batch) -> list[tuple[Certificate, bytes]]:
        return [(self.facts.read(sha256, der), der) for sha256, der in batch.certificates]

    def _tell(self, name: str, reading: Reading, sessions: int) -> None:
        self.progress(
            Progress(
                self.bytes_before + reading.bytes_read,
                self.packets_before + reading.packets,
                self.sessions_before + sessions,
                name,
            )
        )


def _report(capture: CaptureInput, reading: Reading, sessions: int, certificates: int) -> CaptureReport:
    return CaptureReport(
        name=capture.name,
        size=capture.size,
        packets=reading.packets,
        sessions=sessions,
        certificates=certificates,
        first_ns=reading.first_ns,
        last_ns=reading.last_ns,
        sha256=reading.sha256,
        damage=reading.damage,
        counters=dict(reading.counters),
    )
