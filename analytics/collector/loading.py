"""One pass over spools: what is whole goes into the store and out of the spool; what is spoilt is set aside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analytics.load import load_segments
from analytics.store_errors import DataError
from sensor import backlog
from sensor.segment import SpoolError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from analytics.load import LoadResult
    from analytics.store import Store
    from sensor.backlog import Together, Waiting
    from sensor.segment import Segment
    from sensor.watch import Tell

_LAST = """
SELECT sensor, argMax(tuple(toUnixTimestamp64Nano(last_packet)), (loaded_at, load_id)).1,
    argMax(counters, (loaded_at, load_id))
FROM sensor_stats GROUP BY sensor
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """What a sensor told of itself."""

    last_ns: int | None
    """Its latest packet, nanoseconds since 1970; None: the segment has none."""
    counters: dict[str, int]
    """Since its run began."""


@dataclass(slots=True)
class Passed:
    """What passes over the spools came to."""

    segments: int = 0
    sessions: int = 0
    certificates: int = 0
    repeated: int = 0
    """Segments that the store had already."""
    failed: int = 0
    """Segments that were set aside."""
    lacking: int = 0
    """Sessions whose certificate the store does not hold."""
    counters: dict[str, Counted] = field(default_factory=dict)
    """By sensor: what it counted, as its latest segment of live traffic tells."""


@dataclass(slots=True)
class Loader:
    """Loads what waits in some spools."""

    spools: Sequence[Path]
    tell: Tell
    passed: Passed = field(default_factory=Passed)

    def remember(self, store: Store) -> None:
        """Ask the store what its sensors told last, before this process began. StoreError."""
        for sensor, last_ns, counters in store.query(_LAST):
            self.passed.counters.setdefault(sensor, Counted(last_ns, dict(counters)))

    def once(self, store: Store, stop: Callable[[], bool] = lambda: False) -> None:
        """Load what waits now, until `stop`. StoreError, SpoolError: the rest stays."""
        for spool in self.spools:
            for together in backlog.readings(backlog.waiting(spool)):
                if stop():
                    return
                self._load(store, spool, together)

    def _load(self, store: Store, spool: Path, together: Together) -> None:
        places = together.places
        if together.trouble is not None:
            self._set_aside(spool, places, together.trouble)
            return
        if not together.is_whole:
            return  # the rest of the capture is still to come
        try:
            result = load_segments(store, together.segments)
        except SpoolError as error:
            if all(place.folder.exists() for place in places):
                self._set_aside(spool, places, str(error))
            return  # else the sensor dropped it meanwhile, and counts that
        except DataError as error:
            self._set_aside(spool, places, str(error))
            return
        self._count(together.segments, result)
        for place in places:
            backlog.remove(place.folder)

    def _set_aside(self, spool: Path, places: Sequence[Waiting], reason: str) -> None:
        for place in places:
            backlog.set_aside(spool, place.folder, reason)
            self.passed.failed += 1
            self.tell("error", "segment set aside", message=reason, segment=place.name)

    def _count(self, segments: Sequence[Segment], result: LoadResult) -> None:
        first = segments[0]
        if first.counters:
            self.passed.counters[first.sensor] = Counted(first.last_ns, first.counters)
        if not result.new:
            self.passed.repeated += len(segments)
            return
        self.passed.segments += len(segments)
        self.passed.sessions += result.sessions
        self.passed.certificates += result.certificates
        self.passed.lacking += result.lacking_sessions
        if result.lacking_sessions:
            self.tell(
                "warning",
                "certificates lacking",
                message="sessions name certificates that the store does not hold; the sensor announces all daily",
                segment=first.name,
                sessions=result.lacking_sessions,
                certificates=result.lacking_certificates,
            )
