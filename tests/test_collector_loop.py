"""The collector's loop on clocks that the test turns: when it checks, and how it waits while the store fails."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from analytics.collector.service import POLL_SECONDS, Clocks, Collector
from analytics.service.backoff import LEAST_WAIT, MOST_WAIT, Backoff
from analytics.store_errors import StoreError
from sensor.watch import Requests


@dataclass
class World:
    """Time, a store that may fail, and what was done when."""

    time: float = 0.0
    fails: bool = False
    shared: bool = False
    opened: int = 0
    closed: int = 0
    loads: list[float] = field(default_factory=list)
    checks: list[float] = field(default_factory=list)
    log: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    requests: Requests = field(default_factory=Requests)
    end: float = 0.0
    read_again: int = 0

    def once(self, _store: object, stop: Any) -> int:
        """Load."""
        assert not stop()
        self.loads.append(self.time)
        if self.fails:
            raise StoreError("the store: away")
        return 0

    def check(self, _store: object, now: dt.datetime) -> Any:
        """Check; it takes four seconds."""
        assert now.tzinfo is not None
        self.checks.append(self.time)
        self.time += 4
        return SimpleNamespace(errors=[], findings=[], events=[])

    def sleep(self, seconds: float) -> None:
        """Let time go by."""
        self.time += seconds
        if self.time >= self.end:
            self.requests.stop = True

    def open(self) -> Any:
        """Open the store."""
        self.opened += 1
        return SimpleNamespace(is_shared=self.shared, close=self.close)

    def close(self) -> None:
        """Close it."""
        self.closed += 1

    def reload(self) -> Any:
        """Read another schedule."""
        self.read_again += 1
        return SimpleNamespace(check=self.check), 10.0

    def run(self, end: float, every: float = 60.0) -> None:
        """Let a collector work until this time."""
        self.end = end
        Collector(
            SimpleNamespace(once=self.once, remember=lambda _: None),  # type: ignore[arg-type]
            self.open,
            SimpleNamespace(check=self.check),  # type: ignore[arg-type]
            every,
            Clocks(lambda: dt.datetime(2026, 1, 1, tzinfo=dt.UTC), lambda: self.time, self.sleep),
            lambda level, event, **facts: self.log.append((f"{level} {event}", facts)),
            self.requests,
            reload=self.reload,
            _backoff=Backoff(random.Random(1)),
        ).run()


def test_it_looks_often_and_checks_on_schedule() -> None:
    world = World()
    world.run(200)
    assert world.checks == pytest.approx([0, 64, 128, 192], abs=POLL_SECONDS + 0.3)
    gaps = [later - earlier for earlier, later in zip(world.loads, world.loads[1:], strict=False)]
    assert {round(gap, 1) for gap in gaps} <= {POLL_SECONDS, POLL_SECONDS + 4}
    assert (world.opened, world.closed) == (1, 1)


@pytest.mark.parametrize("shared", [False, True])
def test_while_the_store_fails_it_waits_longer_and_longer(shared: bool) -> None:  # noqa: FBT001
    world = World(fails=True, shared=shared)
    world.run(3000)
    gaps = [later - earlier for earlier, later in zip(world.loads, world.loads[1:], strict=False)]
    for number, gap in enumerate(gaps):
        most = min(MOST_WAIT, LEAST_WAIT * 2**number)
        assert most / 2 - 0.01 <= gap <= most + 0.3, number
    assert len(gaps) > 10
    assert (
        len({round(gap / min(MOST_WAIT, LEAST_WAIT * 2**number), 2) for number, gap in enumerate(gaps)}) > 5
    )  # jitter
    assert world.checks == []
    event, facts = world.log[0]
    assert (event, facts["message"], facts["failures"]) == ("error failed", "the store: away", 1)
    assert world.opened == (len(world.loads) if shared else 1)


def test_it_says_when_the_store_is_back() -> None:
    world = World(fails=True)
    sleep = world.sleep

    def mended(seconds: float) -> None:
        sleep(seconds)
        world.fails = world.time < 20

    world.sleep = mended  # type: ignore[method-assign]
    world.run(100)
    assert [event for event, _ in world.log].count("info works again") == 1
    assert world.checks
    assert world.checks[0] >= 20


def test_a_new_schedule_is_heeded_at_once() -> None:
    world = World()
    world.requests.reload = True
    world.run(60, every=1000)
    assert world.read_again == 1
    assert len(world.checks) >= 4
