"""Who reads packets: the native core, behind a small protocol, so that another dissector can stand in for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sensor import _rust
    from sensor.source import CaptureInput


class EngineError(Exception):
    """The engine cannot work here, or not with such an input: something is not installed, or it reads files only."""


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with a capture, and where."""

    code: str
    """From a closed list: `empty`, `not_a_capture`, `unknown_link_type`, `cut_packet`, `cut_compression` ..."""
    message: str
    """What and where, one line, without the capture's name."""
    offset: int | None = None
    """Bytes from the start of the (uncompressed) capture."""


@dataclass(frozen=True, slots=True)
class FileReport:
    """What reading one capture came to, of several that are read as one."""

    packets: int
    sessions: int
    """Those whose first frame is in it."""
    first_ns: int | None
    """Earliest packet time, nanoseconds since 1970; None without a packet."""
    last_ns: int | None
    """Latest packet time."""
    sha256: bytes | None
    """Of the uncompressed bytes; after the end, if it was asked for."""
    damage: tuple[Damage, ...]
    """What was wrong with it."""


class Batch(Protocol):
    """Some sessions, and the certificates that are new in them."""

    def __len__(self) -> int:
        """Count the sessions."""
        ...

    def json(self) -> bytes:
        """One JSON object a line, as docs/session.schema.json says."""
        ...

    def arrow(self) -> bytes:
        """One complete Arrow IPC stream; all batches of an engine have the same schema."""
        ...

    @property
    def certificates(self) -> list[tuple[bytes, bytes]]:
        """(SHA-256, DER) of each certificate not handed out before by this reading."""
        ...


class Reading(Protocol):
    """One capture being read. Numbers are of what was read so far."""

    def read(self) -> Batch | None:
        """Work for a while: a batch, perhaps of no session; None at the end."""
        ...

    @property
    def packets(self) -> int:
        """Count of packets."""
        ...

    @property
    def bytes_read(self) -> int:
        """Bytes taken from the file, as stored (compressed)."""
        ...

    @property
    def first_ns(self) -> int | None:
        """Earliest packet time, nanoseconds since 1970; None before the first packet."""
        ...

    @property
    def last_ns(self) -> int | None:
        """Latest packet time."""
        ...

    @property
    def damage(self) -> tuple[Damage, ...]:
        """What was wrong with the capture."""
        ...

    @property
    def sha256(self) -> bytes | None:
        """Of the uncompressed bytes; after the end, if it was asked for."""
        ...

    @property
    def counters(self) -> Mapping[str, int]:
        """Everything counted: frames by kind, limits hit, bytes lost."""
        ...


class JoinedReading(Reading, Protocol):
    """Several captures being read as one."""

    @property
    def files(self) -> tuple[FileReport, ...]:
        """Each capture that was begun, in their order; all of them at the end."""
        ...


class Engine(Protocol):
    """Something that turns captures into sessions."""

    @property
    def version(self) -> str:
        """Two runs of one version over the same bytes agree."""
        ...

    def open(self, capture: CaptureInput, *, sensor: str = "", sha256: bool = False) -> Reading:
        """Start to read; OSError if the capture cannot be opened."""
        ...


@runtime_checkable
class JoiningEngine(Engine, Protocol):
    """An engine that can read several captures as one observation."""

    def first_packet_ns(self, capture: CaptureInput) -> int | None:
        """When the first packet was captured; None: there is none, it has no time, or the file cannot be read."""
        ...

    def open_joined(self, captures: Sequence[CaptureInput], *, sensor: str = "", sha256: bool = False) -> JoinedReading:
        """Start to read files in this order; one that cannot be opened when its turn comes is damage of its own."""
        ...


class NativeEngine:
    """The core of sensor/rust."""

    def __init__(
        self,
        limits: Mapping[str, int] | None = None,
        *,
        memory: int | None = None,
        workers: int = 1,
        mapped: bool = False,
    ) -> None:
        """`limits` replaces caps of the core by name, see `sensor._rust.default_limits`; `memory`, bytes, sets all.

        `workers` threads read a capture; the answer is the same for any number of them. `mapped`: regular files that
        are not compressed are mapped into memory; they must not be shortened meanwhile.
        """
        self._limits = dict(limits or {})
        self._memory = memory
        self.workers = max(workers, 1)
        self._mapped = mapped

    @property
    def budget(self) -> int:
        """Bytes that the core may take."""
        from sensor._rust import DEFAULT_BUDGET  # noqa: PLC0415

        return DEFAULT_BUDGET if self._memory is None else self._memory

    @property
    def version(self) -> str:
        """Version of the core's answers."""
        from sensor._rust import ENGINE_VERSION  # noqa: PLC0415  `--help` needs no native module

        return ENGINE_VERSION

    def open(self, capture: CaptureInput, *, sensor: str = "", sha256: bool = False) -> Reading:
        """Start to read; OSError if the capture cannot be opened, ValueError for an unknown limit."""
        return self._open(capture, sensor, self.workers, sha256=sha256)

    def open_alone(self, capture: CaptureInput, *, sensor: str = "", sha256: bool = False) -> Reading:
        """Do the same, to be read by the thread that asks alone."""
        return self._open(capture, sensor, 1, sha256=sha256)

    def _open(self, capture: CaptureInput, sensor: str, workers: int, *, sha256: bool) -> Reading:
        from sensor._rust import Reading  # noqa: PLC0415

        if workers > 1 and self._memory is None:
            from sensor import heap  # noqa: PLC0415

            heap.keep()
        reading = Reading(
            capture.path,
            name=capture.name,
            sensor=sensor,
            sha256=sha256,
            limits=self._limits,
            memory=self._memory,
            workers=workers,
            mapped=self._mapped,
        )
        return _NativeReading(reading)

    def first_packet_ns(self, capture: CaptureInput) -> int | None:
        """When the first packet was captured; None: there is none, it has no time, or the file cannot be read."""
        from sensor._rust import first_packet_ns  # noqa: PLC0415

        try:
            return None if capture.path is None else first_packet_ns(capture.path)
        except OSError:  # reading it will tell why
            return None

    def open_joined(self, captures: Sequence[CaptureInput], *, sensor: str = "", sha256: bool = False) -> JoinedReading:
        """Start to read files as one; ValueError for an unknown limit."""
        from sensor._rust import Reading  # noqa: PLC0415

        files = [(capture.path, capture.name) for capture in captures if capture.path is not None]
        reading = Reading.joined(
            files,
            sensor=sensor,
            sha256=sha256,
            limits=self._limits,
            memory=self._memory,
            workers=self.workers,
            mapped=self._mapped,
        )
        return _NativeReading(reading)


class _NativeReading:
    """The core's reading; only damage changes its shape, from an object of the core to ours."""

    def __init__(self, reading: _rust.Reading) -> None:
        self._reading = reading

    def read(self) -> Batch | None:
        return self._reading.read()

    @property
    def packets(self) -> int:
        return self._reading.packets

    @property
    def bytes_read(self) -> int:
        return self._reading.bytes_read

    @property
    def first_ns(self) -> int | None:
        return self._reading.first_ns

    @property
    def last_ns(self) -> int | None:
        return self._reading.last_ns

    @property
    def damage(self) -> tuple[Damage, ...]:
        return _damage(self._reading.damage)

    @property
    def files(self) -> tuple[FileReport, ...]:
        return tuple(
            FileReport(one.packets, one.sessions, one.first_ns, one.last_ns, one.sha256, _damage(one.damage))
            for one in self._reading.files
        )

    @property
    def sha256(self) -> bytes | None:
        return self._reading.sha256

    @property
    def counters(self) -> Mapping[str, int]:
        return self._reading.counters


def _damage(found: Sequence[_rust.CaptureDamage]) -> tuple[Damage, ...]:
    return tuple(Damage(item.code, item.message, item.offset) for item in found)
