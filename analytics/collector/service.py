"""The loop of the collector: load, derive, judge on schedule, tell; what fails is tried again, later and later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from analytics.service.backoff import Backoff
from analytics.service.signals import wait
from analytics.store_errors import StoreError
from sensor.notify import notify
from sensor.segment import SpoolError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from analytics.checking import Checking
    from analytics.collector.loading import Loader
    from analytics.evaluate import Evaluation
    from analytics.store import Store
    from sensor.watch import Requests, Tell

POLL_SECONDS = 2.0
"""Between two looks into the spools."""


@dataclass(slots=True)
class Clocks:
    """The clocks that it is handed."""

    now: Callable[[], dt.datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]


class Told(Protocol):
    """Who is told what the collector does; nothing of it may fail or wait long."""

    def passed(self, store: Store) -> None:
        """Hear that a pass over the spools is done."""
        ...

    def checked(self, store: Store, evaluation: Evaluation, seconds: float) -> None:
        """Hear that a check is done; it took so long."""
        ...

    def failed(self, error: Exception) -> None:
        """Hear that the store or a spool failed."""
        ...


@dataclass(slots=True)
class Collector:
    """A collector at work."""

    loader: Loader
    open_store: Callable[[], Store]
    """Opens it, with its tables; StoreError."""
    checking: Checking | None
    """None: it is loaded only."""
    check_every: float
    """Seconds."""
    clocks: Clocks
    tell: Tell
    requests: Requests
    told: tuple[Told, ...] = ()
    reload: Callable[[], tuple[Checking | None, float]] | None = None
    """Called when the configuration is to be read again; gives `checking` and `check_every` as they are now."""
    _store: Store | None = None
    _checked: float | None = None
    _failures: int = 0
    _round: float | None = None
    """When the loop last came round."""
    _backoff: Backoff = field(default_factory=Backoff)

    def run(self) -> None:
        """Work until the end is asked for; what is being loaded is finished."""
        notify("READY=1")
        while not self.requests.stop:
            if self.requests.reload:
                self._reload()
            self._wait(self._pass())
        notify("STOPPING=1")
        self.close()

    def once(self) -> Evaluation | None:
        """Load what waits, check, and end. StoreError, SpoolError."""
        store = self._opened()
        self.loader.once(store, lambda: self.requests.stop)
        for one in self.told:
            one.passed(store)
        return self._check(store) if self.checking is not None else None

    def seconds_since_round(self) -> float:
        """How long ago the loop last came round; 0: it has not begun."""
        return 0.0 if self._round is None else self.clocks.monotonic() - self._round

    def close(self) -> None:
        """Let go of the store."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def _pass(self) -> float:
        """Do what is due; how long to wait then, seconds."""
        self._round = self.clocks.monotonic()
        try:
            store = self._opened()
            self.loader.once(store, lambda: self.requests.stop)
            for one in self.told:
                one.passed(store)
            if self._is_check_due() and not self.requests.stop:
                self._check(store)
        except (StoreError, SpoolError) as error:
            return self._failed(error)
        if self._failures:
            self.tell("info", "works again", failures=self._failures)
            self._failures = 0
            self._backoff.reset()
        return POLL_SECONDS

    def _failed(self, error: Exception) -> float:
        self._failures += 1
        for one in self.told:
            one.failed(error)
        seconds = self._backoff.wait()
        self.tell("error", "failed", message=str(error), again_in=f"{seconds:.1f}s", failures=self._failures)
        if self._store is not None and self._store.is_shared:
            self.close()  # the next try asks for a new connection
        return seconds

    def _opened(self) -> Store:
        if self._store is None:
            self._store = self.open_store()
            self.loader.remember(self._store)
        return self._store

    def _is_check_due(self) -> bool:
        if self.checking is None:
            return False
        return self._checked is None or self.clocks.monotonic() - self._checked >= self.check_every

    def _check(self, store: Store) -> Evaluation:
        assert self.checking is not None  # noqa: S101
        began = self.clocks.monotonic()
        evaluation = self.checking.check(store, self.clocks.now())
        self._checked = self.clocks.monotonic()
        seconds = self._checked - began
        for error in evaluation.errors:
            self.tell("error", "rule broke", message=error.message, rule=error.rule)
        self.tell(
            "info",
            "checked",
            findings=len(evaluation.findings),
            events=len(evaluation.events),
            seconds=f"{seconds:.1f}",
        )
        for one in self.told:
            one.checked(store, evaluation, seconds)
        return evaluation

    def _reload(self) -> None:
        self.requests.reload = False
        if self.reload is not None:
            self.checking, self.check_every = self.reload()

    def _wait(self, seconds: float) -> None:
        notify("WATCHDOG=1")
        wait(self.requests, seconds, monotonic=self.clocks.monotonic, sleep=self.clocks.sleep)
