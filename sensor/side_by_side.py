"""Small captures read before their turn, several at a time, each by a thread of its own.

A large capture is read by all threads together, inside the core; a small one is over before that would pay. The answer
is the same: each capture is an observation of its own, and its batches are handed on in its turn.
"""

from __future__ import annotations

import queue
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from sensor.engine import NativeEngine
from sensor.source import is_plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Self

    from sensor.engine import Batch, Damage, Engine, Reading
    from sensor.source import CaptureInput

STATE_PER_BYTE = 8
"""A flood of the shortest packets, 60 bytes or so, costs the core some 300 bytes each."""
_BATCHES = 4
"""Of one capture that wait for its turn."""
_PATIENCE_S = 0.1


def side_by_side(engine: Engine, captures: Sequence[CaptureInput]) -> AbstractContextManager[Engine]:
    """Give the engine to open these captures with, in their order: one that reads ahead, if that can pay."""
    if isinstance(engine, NativeEngine) and engine.workers > 1 and len(captures) > 1:
        return SideBySide(engine, captures)
    return nullcontext(engine)


@dataclass(frozen=True, slots=True)
class _News:
    """A batch, the end (no batch), or what went wrong; and how far reading was."""

    batch: Batch | None = None
    error: BaseException | None = None
    packets: int = 0
    bytes_read: int = 0


class SideBySide:
    """An engine that begins captures before they are asked for. Close it, or use it in a `with`."""

    def __init__(self, engine: NativeEngine, captures: Sequence[CaptureInput]) -> None:
        self._engine = engine
        share = engine.budget // engine.workers // STATE_PER_BYTE
        self._waiting = [capture for capture in reversed(captures) if _is_small(capture, share)]
        self._begun: dict[str | None, _Early] = {}
        self._stop = Event()
        self._pool = ThreadPoolExecutor(engine.workers, thread_name_prefix="capture")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def version(self) -> str:
        """Version of the core's answers."""
        return self._engine.version

    def open(self, capture: CaptureInput, *, sensor: str = "", sha256: bool = False) -> Reading:
        """Give the reading of a capture, which may have begun; OSError if it cannot be opened."""
        # One more than there are threads, so that none waits for this one to be asked for again.
        while self._waiting and len(self._begun) <= self._engine.workers:
            early = self._waiting.pop()
            self._begun[early.path] = _Early(self._engine, early, sensor, self._stop, sha256=sha256)
            self._pool.submit(self._begun[early.path].run)
        begun = self._begun.pop(capture.path, None)
        if begun is None:
            return self._engine.open(capture, sensor=sensor, sha256=sha256)
        begun.require()
        return begun

    def close(self) -> None:
        """Give up what was begun and not asked for."""
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)


class _Early:
    """A reading whose batches wait in a queue."""

    def __init__(self, engine: NativeEngine, capture: CaptureInput, sensor: str, stop: Event, *, sha256: bool) -> None:
        self._engine, self._capture, self._sensor, self._sha256 = engine, capture, sensor, sha256
        self._stop = stop
        self._news: queue.Queue[_News] = queue.Queue(_BATCHES)
        self._first: _News | None = None
        self._last = _News()
        self._reading: Reading | None = None

    def run(self) -> None:
        """Read, in a thread of the pool."""
        try:
            self._reading = self._engine.open_alone(self._capture, sensor=self._sensor, sha256=self._sha256)
            while (batch := self._reading.read()) is not None:
                if not self._tell(_News(batch, None, self._reading.packets, self._reading.bytes_read)):
                    return
            self._tell(_News(None, None, self._reading.packets, self._reading.bytes_read))
        except BaseException as error:  # noqa: BLE001  told to the one who asks for the batch
            self._tell(_News(error=error))

    def _tell(self, news: _News) -> bool:
        while not self._stop.is_set():
            try:
                self._news.put(news, timeout=_PATIENCE_S)
            except queue.Full:
                continue
            return True
        return False

    def require(self) -> None:
        """Wait until it is open; raises what opening raised."""
        self._first = self._news.get()
        if isinstance(self._first.error, OSError):
            raise self._first.error

    def read(self) -> Batch | None:
        news, self._first = self._first or self._news.get(), None
        if news.error is not None:
            raise news.error
        self._last = news
        return news.batch

    def _inner(self) -> Reading:
        if self._reading is None:  # pragma: no cover  `require` came first
            raise RuntimeError("the capture is not open yet")
        return self._reading

    @property
    def packets(self) -> int:
        return self._last.packets

    @property
    def bytes_read(self) -> int:
        return self._last.bytes_read

    @property
    def first_ns(self) -> int | None:
        return self._inner().first_ns

    @property
    def last_ns(self) -> int | None:
        return self._inner().last_ns

    @property
    def damage(self) -> tuple[Damage, ...]:
        return self._inner().damage

    @property
    def sha256(self) -> bytes | None:
        return self._inner().sha256

    @property
    def counters(self) -> Mapping[str, int]:
        return self._inner().counters


def _is_small(capture: CaptureInput, share: int) -> bool:
    """Whether what it can cost the core is within its share, so that all caps can stay as they are."""
    return capture.path is not None and capture.size is not None and capture.size <= share and is_plain(capture.path)
