"""The loop of a sensor: interfaces -> sessions and certificates -> sealed segments, until it is asked to stop.

It holds no more than one open segment. What it cannot write it drops and counts; certificates that went with it are
announced again, as all are once a day. Each sealed segment carries what was counted since the sensor began, so that a
collector knows of drops and of a quiet line from the segments alone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sensor import backlog
from sensor import room as rooms
from sensor.notify import notify
from sensor.pipeline import CaptureReport, FactsCache
from sensor.segment import SpoolError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sensor._rust import Batch, Reading
    from sensor.spool import Spool

LOOK_SECONDS = 1.0
STATE_SECONDS = 2.0
ANNOUNCE_SECONDS = 86_400.0
_DROP_COLUMN = 3
ENDED_BY_ITSELF = "the core ended by itself"


@dataclass(frozen=True, slots=True)
class Rotation:
    """When a segment is sealed: whatever comes first."""

    seconds: float = 10.0
    sessions: int = 100_000
    bytes: int = 64 << 20
    heartbeat: float = 60.0
    """Seconds after which even an empty one is sealed, to say that the sensor lives."""


class Tell(Protocol):
    """Where the sensor says what happened."""

    def __call__(self, level: str, event: str, **facts: object) -> None:
        """Level: info, warning, error."""
        ...


@dataclass(slots=True)
class Clocks:
    """The clocks that it is handed."""

    now_ns: Callable[[], int]
    """Time of day, nanoseconds since 1970."""
    monotonic: Callable[[], float]
    """Seconds; never goes back."""


@dataclass(slots=True)
class Requests:
    """What signals ask for; looked at between batches."""

    stop: bool = False
    reload: bool = False


@dataclass(slots=True)
class _Open:
    """The segment being written."""

    since: float
    packets: int
    """Of the reading, when it was begun."""
    first_ns: int | None
    """No packet of it is earlier; None: there was none before."""
    sessions: int = 0
    bytes: int = 0
    certificates: int = 0


@dataclass(slots=True)
class Sensor:
    """A sensor at work: `run` returns when it was asked to stop, or must begin anew."""

    reading: Reading
    spool: Spool
    folder: Path
    name: str
    clocks: Clocks
    tell: Tell
    requests: Requests
    rotation: Rotation = field(default_factory=Rotation)
    room: rooms.Room = field(default_factory=rooms.Room)
    own: Counter[str] = field(default_factory=Counter)
    """What was counted here: segments, sessions, certificates, and what was dropped of them."""
    tick: Callable[[dict[str, int]], None] = lambda _: None
    """Called with all counters every second or so."""
    reload: Callable[[], tuple[Rotation, rooms.Room] | None] = lambda: None
    """Called when its configuration is to be read again: the new limits, or None if it must begin anew."""
    _facts: FactsCache = field(default_factory=FactsCache)
    _lost: _InterfaceDrops = field(init=False)
    _states: dict[str, str] = field(default_factory=dict)
    _begins_anew: bool = False
    _looked: float = 0.0
    _stated: float = 0.0
    _announced: float = 0.0

    def __post_init__(self) -> None:
        """Begin to count."""
        self._lost = _InterfaceDrops({watched.name for watched in self.reading.watched})
        self._announced = self.clocks.monotonic()

    def run(self) -> None:
        """Work until it is to end; what was seen is sealed."""
        self._state()
        open_segment = self._begin()
        while True:
            if self.requests.reload:
                self._reload()
            if self.requests.stop or self._begins_anew:
                self.reading.stop()
            batch = self.reading.read()
            if batch is None:
                break
            self._write(open_segment, batch)
            self._look()
            if self._is_due(open_segment):
                self._seal(open_segment)
                open_segment = self._begin()
        self._seal(open_segment)
        self._state()
        if not (self.requests.stop or self._begins_anew):
            raise RuntimeError(ENDED_BY_ITSELF)

    def _reload(self) -> None:
        self.requests.reload = False
        limits = self.reload()
        if limits is None:
            self._begins_anew = True
        else:
            self.rotation, self.room = limits

    def counters(self) -> dict[str, int]:
        """Everything counted since it began."""
        watched = self.reading.watched
        return {
            **self.reading.counters,
            "packets": self.reading.packets,
            "bytes": self.reading.bytes_read,
            "kernel_frames": sum(one.frames for one in watched),
            "kernel_drops": sum(one.drops for one in watched),
            "kernel_freezes": sum(one.freezes for one in watched),
            "interface_returns": sum(one.returns for one in watched),
            "interfaces_away": sum(one.state != "up" for one in watched),
            "interface_drops": self._lost.count(),
            **self.own,
        }

    def _begin(self) -> _Open:
        self.spool.start(self.name)
        return _Open(self.clocks.monotonic(), self.reading.packets, self.reading.last_ns)

    def _write(self, segment: _Open, batch: Batch) -> None:
        certificates = [(self._facts.read(sha256, der), der) for sha256, der in batch.certificates]
        if not len(batch) and not certificates:
            return
        try:
            self.spool.batch(batch, certificates)
        except SpoolError as error:
            self._give_up(segment, len(batch), str(error))
            return
        segment.sessions += len(batch)
        segment.certificates += len(certificates)
        segment.bytes = self.spool.open_bytes

    def _is_due(self, segment: _Open) -> bool:
        age = self.clocks.monotonic() - segment.since
        if not segment.sessions and not segment.certificates:
            return age >= self.rotation.heartbeat
        limits = self.rotation
        return age >= limits.seconds or segment.sessions >= limits.sessions or segment.bytes >= limits.bytes

    def _seal(self, segment: _Open) -> None:
        self.own["segments"] += 1
        self.own["sessions"] += segment.sessions
        self.own["certificates"] += segment.certificates
        packets = self.reading.packets - segment.packets
        report = CaptureReport(
            name=self.name,
            size=None,
            packets=packets,
            sessions=segment.sessions,
            certificates=segment.certificates,
            first_ns=(segment.first_ns or self.reading.first_ns) if packets else None,
            last_ns=self.reading.last_ns if packets else None,
            counters=self.counters(),
            live=True,
        )
        try:
            dropped, has_room = rooms.make_room(self.folder, self.room, self.clocks.now_ns())
            if dropped.segments:
                self._count_dropped(dropped.segments, dropped.sessions, "the spool is full, or what waits is too old")
            if has_room:
                self.spool.finish(report)
                self._announce()
                return
            reason = f"spool {self.folder}: full"
        except SpoolError as error:
            reason = str(error)
        self.own["segments"] -= 1
        self.own["sessions"] -= segment.sessions
        self.own["certificates"] -= segment.certificates
        self._give_up(segment, 0, reason)

    def _give_up(self, segment: _Open, sessions: int, reason: str) -> None:
        """Drop the open segment, with the sessions that were to be added, and go on."""
        self.spool.abort()
        if segment.sessions or segment.certificates or sessions:
            self._count_dropped(1, segment.sessions + sessions, reason)
        else:
            self.tell("error", "spool cannot be written", message=reason)
        segment.sessions = segment.certificates = segment.bytes = 0

    def _count_dropped(self, segments: int, sessions: int, reason: str) -> None:
        self.own["segments_dropped"] += segments
        self.own["sessions_dropped"] += sessions
        self.tell("error", "segments dropped", message=reason, segments=segments, sessions=sessions)
        self.reading.forget_certificates()

    def _announce(self) -> None:
        """Hand out each certificate again once a day, for a store that is new or lacks some."""
        now = self.clocks.monotonic()
        if now - self._announced >= ANNOUNCE_SECONDS:
            self._announced = now
            self.reading.forget_certificates()

    def _look(self) -> None:
        """Tell of interfaces that changed, and how it is, every few seconds."""
        now = self.clocks.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        for watched in self.reading.watched:
            before = self._states.get(watched.name)
            if before != watched.state:
                self._states[watched.name] = watched.state
                level = "info" if watched.state == "up" else "warning"
                self.tell(level, "interface", name=watched.name, state=watched.state)
        counters = self.counters()
        self.tick(counters)
        if now - self._stated >= STATE_SECONDS:
            self._state(counters)

    def _state(self, counters: dict[str, int] | None = None) -> None:
        self._stated = self.clocks.monotonic()
        notify("READY=1", "WATCHDOG=1")
        state = {
            "sensor": self.name,
            "time_ns": self.clocks.now_ns(),
            "last_packet_ns": self.reading.last_ns,
            "interfaces": [
                {"name": one.name, "state": one.state, "frames": one.frames, "drops": one.drops}
                for one in self.reading.watched
            ],
            "rotation": asdict(self.rotation),
            "counters": counters or self.counters(),
        }
        try:
            backlog.write_state(self.folder, state)
        except OSError as error:
            self.tell("error", "state cannot be written", message=f"{self.folder}: {error.strerror}")


class _InterfaceDrops:
    """What the network cards dropped before the kernel's ring, since we began: `drop` of /proc/net/dev."""

    def __init__(self, names: set[str]) -> None:
        self._seen = dict.fromkeys(names, 0) | {name: drops for name, drops in _drops().items() if name in names}
        self._sum = 0

    def count(self) -> int:
        """Frames; where an interface went and came back, its counter begins anew and is counted on."""
        now = _drops()
        for name in self._seen.keys() & now.keys():
            self._sum += now[name] - self._seen[name] if now[name] >= self._seen[name] else now[name]
            self._seen[name] = now[name]
        return self._sum


def _drops() -> dict[str, int]:
    """Read the frames that each interface dropped in receiving: those without room, and those the card missed."""
    try:
        lines = Path("/proc/net/dev").read_text("utf-8").splitlines()
    except OSError:
        return {}
    rows = (line.rpartition(":") for line in lines if ":" in line)
    return {name.strip(): int(numbers.split()[_DROP_COLUMN]) for name, _, numbers in rows}
