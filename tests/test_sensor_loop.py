"""The sensor's loop with a core that the test plays: when segments are sealed, what is dropped and told, what heals."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from captures import capture

from sensor import backlog
from sensor._rust import ENGINE_VERSION
from sensor.engine import NativeEngine
from sensor.room import NEWEST, OLDEST, Room
from sensor.segment import read_segment
from sensor.source import expand
from sensor.spool import Spool
from sensor.watch import ANNOUNCE_SECONDS, Clocks, Requests, Rotation, Sensor

if TYPE_CHECKING:
    from pathlib import Path

    from sensor.engine import Batch


@dataclass
class Core:
    """Gives what it is told to give, one step a second."""

    steps: list[Batch | None]
    """None: an empty batch."""
    nothing: Batch
    time: float = 1000.0
    asked_to_stop: bool = False
    forgotten: list[float] = field(default_factory=list)
    packets: int = 0
    bytes_read: int = 0
    first_ns: int | None = None
    last_ns: int | None = None
    watched: list[Any] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    at: list[Any] = field(default_factory=list)

    def read(self) -> Any:
        """Take a step."""
        self.time += 1
        if not self.steps:
            self.at[0].stop = True
        if self.asked_to_stop:
            return None
        step = self.steps.pop(0) if self.steps else None
        if step is None:
            return self.nothing
        self.packets += 10
        self.last_ns = int(self.time * 1e9)
        self.first_ns = self.first_ns or self.last_ns
        return step

    def stop(self) -> None:
        """Give nothing from now on."""
        self.asked_to_stop = True

    def forget_certificates(self) -> None:
        """Note when it was asked for."""
        self.forgotten.append(self.time)


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    """Give three sessions and their certificates."""
    path = tmp_path / "three.pcap"
    path.write_bytes(capture())
    return batches(path)[0]


def batches(path: Path) -> list[Batch]:
    (source,) = expand([str(path)])
    reading = NativeEngine().open(source)
    found = []
    while (one := reading.read()) is not None:
        found.append(one)
    assert len(found[0]) == 3
    return found


@pytest.fixture
def nothing(tmp_path: Path) -> Batch:
    path = tmp_path / "none.pcap"
    path.write_bytes(capture()[:24])
    (source,) = expand([str(path)])
    empty = NativeEngine().open(source).read()
    assert empty is not None
    assert len(empty) == 0
    return empty


def watched(folder: Path, core: Core, **options: Any) -> tuple[Sensor, list[tuple[str, str, dict[str, Any]]]]:
    """Run a sensor until the core has nothing left."""
    told: list[tuple[str, str, dict[str, Any]]] = []
    requests = Requests()
    core.at.append(requests)
    sensor = Sensor(
        core,  # type: ignore[arg-type]
        Spool(folder, engine_version=ENGINE_VERSION, sensor="t", began_ns=1),
        folder,
        "t",
        Clocks(lambda: int(core.time * 1e9), lambda: core.time),
        lambda level, event, **facts: told.append((level, event, facts)),
        requests,
        **options,
    )
    sensor.run()
    return sensor, told


def sealed(folder: Path) -> list[tuple[int, int]]:
    """Sessions and certificates of each segment, in the order of their names."""
    names = sorted(one.folder for one in backlog.waiting(folder))
    return [(segment.sessions, segment.certificates) for segment in map(read_segment, names)]


def test_a_segment_is_sealed_when_it_is_old_enough_or_full(tmp_path: Path, batch: Batch, nothing: Batch) -> None:
    core = Core([batch, None, None, batch, *[None] * 9, batch], nothing)
    watched(tmp_path / "age", core, rotation=Rotation(seconds=10))
    assert [sessions for sessions, _ in sealed(tmp_path / "age")] == [6, 3]
    core = Core([batch, *[None] * 9, batch], nothing)
    watched(tmp_path / "edge", core, rotation=Rotation(seconds=10))
    assert [sessions for sessions, _ in sealed(tmp_path / "edge")] == [3, 3]
    core = Core([batch] * 5, nothing)
    watched(tmp_path / "full", core, rotation=Rotation(seconds=10, sessions=6))
    assert [sessions for sessions, _ in sealed(tmp_path / "full")] == [6, 6, 3]
    core = Core([batch] * 3, nothing)
    watched(tmp_path / "bytes", core, rotation=Rotation(seconds=10, bytes=1))
    assert [sessions for sessions, _ in sealed(tmp_path / "bytes")] == [3, 3, 3, 0]


def test_a_quiet_line_is_told_of(tmp_path: Path, nothing: Batch) -> None:
    sensor, _ = watched(tmp_path / "spool", Core([None] * 125, nothing), rotation=Rotation(heartbeat=60))
    segments = [read_segment(one.folder) for one in backlog.waiting(tmp_path / "spool")]
    assert [(segment.sessions, segment.packets, segment.last_ns) for segment in segments] == [(0, 0, None)] * 3
    assert sorted(segment.counters["segments"] for segment in segments) == [1, 2, 3]
    assert sensor.own["segments"] == 3
    assert {segment.capture for segment in segments} == {None}


def test_counters_and_times_are_of_the_segment(tmp_path: Path, batch: Batch, nothing: Batch) -> None:
    core = Core([batch, *[None] * 10, batch], nothing)
    watched(tmp_path / "spool", core, rotation=Rotation(seconds=10))
    names = sorted(one.folder for one in backlog.waiting(tmp_path / "spool"))
    first, second = map(read_segment, names)
    assert (first.packets, second.packets) == (10, 10)
    assert (first.counters["packets"], second.counters["packets"]) == (10, 20)
    assert (first.counters["sessions"], second.counters["sessions"]) == (3, 6)
    assert (first.first_ns, first.last_ns) == (1001 * 10**9, 1001 * 10**9)
    assert (second.first_ns, second.last_ns) == (1001 * 10**9, 1012 * 10**9)
    state = json.loads((tmp_path / "spool/sensor.json").read_text())
    assert state["counters"]["sessions"] == 6


@pytest.mark.parametrize("goes", [OLDEST, NEWEST])
def test_what_has_no_room_goes_by_policy_and_is_counted(
    tmp_path: Path, batch: Batch, nothing: Batch, goes: str
) -> None:
    watched(tmp_path / "one", Core([batch], nothing))
    size = backlog.waiting(tmp_path / "one")[0].bytes
    room = Room(max_bytes=2 * size, keep_free=0, goes=goes)
    core = Core([batch] * 6, nothing)
    sensor, told = watched(tmp_path / "spool", core, rotation=Rotation(sessions=3), room=room)
    names = sorted(one.name for one in backlog.waiting(tmp_path / "spool"))
    assert sensor.own["sessions"] + (sensor.own["sessions_dropped"] if goes == NEWEST else 0) == 18
    kept = [read_segment(tmp_path / "spool" / name).sessions for name in names]
    assert sum(kept) + sensor.own["sessions_dropped"] == 18
    assert sensor.own["segments_dropped"] >= 3
    ordinals = [int(name.split("-")[-2]) for name in names]
    assert ordinals[0] > 1 if goes == OLDEST else ordinals[0] == 1
    assert len(core.forgotten) == sensor.own["segments_dropped"]
    assert {event for _, event, _ in told} <= {"segments dropped", "spool cannot be written"}
    assert {level for level, _, _ in told} == {"error"}


def test_what_is_too_old_goes(tmp_path: Path, batch: Batch, nothing: Batch) -> None:
    watched(tmp_path / "spool", Core([batch], nothing))
    later = Core([batch], nothing, time=backlog.waiting(tmp_path / "spool")[0].sealed_ns / 1e9 + 100)
    sensor, _ = watched(tmp_path / "spool", later, room=Room(max_seconds=50, keep_free=0))
    assert len(sealed(tmp_path / "spool")) == 1
    assert (sensor.own["segments_dropped"], sensor.own["sessions_dropped"]) == (1, 3)


def test_a_spool_that_cannot_be_written_is_told_and_stops_nothing(
    tmp_path: Path, batch: Batch, nothing: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    core, full = Core([batch] * 4, nothing), [True]
    write = Spool._writer  # noqa: SLF001

    def writer(self: Spool) -> Any:
        if full[0]:
            full[0] = len(core.steps) > 1
            raise OSError(28, "No space left on device")
        return write(self)

    monkeypatch.setattr(Spool, "_writer", writer)
    sensor, told = watched(tmp_path / "spool", core, rotation=Rotation(sessions=3))
    assert sensor.own["sessions_dropped"] == 9
    assert sealed(tmp_path / "spool")[0][0] == 3
    assert "no space left" in told[0][2]["message"]
    assert [entry.name for entry in (tmp_path / "spool").iterdir() if entry.name.startswith(".writing")] == []


def test_all_certificates_are_announced_again_daily(tmp_path: Path, batch: Batch, nothing: Batch) -> None:
    core = Core([batch, *[None] * 20], nothing)
    begun = core.time

    def clock() -> float:
        return begun + (core.time - begun) * (ANNOUNCE_SECONDS / 8)

    requests = Requests()
    core.at.append(requests)
    folder = tmp_path / "spool"
    Sensor(
        core,  # type: ignore[arg-type]
        Spool(folder, engine_version=ENGINE_VERSION),
        folder,
        "t",
        Clocks(lambda: int(core.time * 1e9), clock),
        lambda *_, **__: None,
        requests,
    ).run()
    assert len(core.forgotten) == 2


def test_a_clock_that_jumps_back_loses_nothing(tmp_path: Path, batch: Batch, nothing: Batch) -> None:
    core = Core([batch] * 4, nothing)
    requests = Requests()
    core.at.append(requests)
    folder = tmp_path / "spool"
    year = 365 * 86_400 * 10**9
    sensor = Sensor(
        core,  # type: ignore[arg-type]
        Spool(folder, engine_version=ENGINE_VERSION, began_ns=2 * year),
        folder,
        "t",
        Clocks(lambda: 2 * year - int(core.time - 1000) * year // 2, lambda: core.time),
        lambda *_, **__: None,
        requests,
        Rotation(sessions=3),
        Room(max_seconds=3600, keep_free=0),
    )
    sensor.run()
    assert [sessions for sessions, _ in sealed(folder)] == [3, 3, 3, 3, 0]
    assert sensor.own["segments_dropped"] == 0


def test_a_core_that_ends_by_itself_is_an_error(tmp_path: Path, nothing: Batch) -> None:
    core = Core([None], nothing, asked_to_stop=True)
    with pytest.raises(RuntimeError, match="ended by itself"):
        watched(tmp_path / "spool", core)
