"""One audit: captures -> sessions and certificates -> a store -> verdicts -> the result that every output shows."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from analytics import budget, judged
from analytics.at import clamp
from analytics.derive import derive_all
from analytics.derive.settings import Settings
from analytics.evaluate import evaluate
from analytics.life.observe import is_alive
from analytics.load import load_segments
from analytics.policy.apply import rules_by
from analytics.report.provenance import Clock, InputCapture
from analytics.store import open_store, temporary_store
from sensor.engine import NativeEngine
from sensor.joined import run_joined
from sensor.pipeline import run
from sensor.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from analytics.evaluate import Evaluation
    from analytics.load import LoadResult
    from analytics.policy.read import Policy
    from analytics.report.model import Run
    from analytics.store import Store
    from rules.pack import RulePack as LoadedRules
    from sensor.engine import Batch
    from sensor.events import Certificate
    from sensor.pipeline import CaptureReport, Progress
    from sensor.source import CaptureInput

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asked for, already checked."""

    captures: Sequence[CaptureInput]
    at: dt.datetime | None
    """None: the latest packet of the run."""
    how: str
    """`capture`, `now` or `time`."""
    home: Sequence[str]
    """As `analytics.network.home_ranges` gives them."""
    store: str | None
    """URL; None: a temporary store."""
    memory: int | None = None
    """Budget of the whole process in bytes; None: the core's default caps, and what the store takes."""
    workers: int = 1
    """Threads that read packets."""
    mapped: bool = False
    """Files are mapped into memory, not read."""
    joined: bool = False
    """The captures are one observation."""
    settings: Settings = field(default_factory=Settings)
    """What derived facts depend on."""
    policy: Policy | None = None
    """None: certspan's own judgement alone."""


def audit(request: Request, rules: LoadedRules, *, progress: Callable[[Progress], None] | None = None) -> Run:
    """Read, load and judge. StoreError or SpoolError: nothing can be said. Damaged captures are part of the result."""
    if request.policy is not None:
        rules = rules_by(request.policy, rules)
    with ExitStack() as stack:
        store = stack.enter_context(_store(request))
        reports, loaded = _take(request, store, stack, progress)
        loads = sorted({result.load_id for result in loaded if result})
        clock = _clock(request, reports)
        derive_all(store, request.settings)
        evaluation = _judge(request, store, rules, loads, clock)
        return _result(request, store, rules, _Taken(reports, loaded, loads, clock), evaluation)


@dataclass(frozen=True, slots=True)
class _Taken:
    """What reading and loading came to."""

    reports: Sequence[CaptureReport]
    loaded: Sequence[LoadResult | None]
    """One for each report; None: nothing readable."""
    loads: Sequence[str]
    clock: Clock


@contextmanager
def _store(request: Request) -> Iterator[Store]:
    """Open the store with its tables made."""
    settings = None if request.memory is None else budget.of_store(request.memory)
    if request.store is None:
        with temporary_store(settings=settings) as store:
            yield store
    else:
        with open_store(request.store, settings=settings) as store:
            store.migrate()
            yield store


class LoadingSink:
    """Loads each capture as soon as it is read and drops its segments: the spool never holds more than one."""

    wants_certificates = True

    def __init__(self, spool: Spool, store: Store) -> None:
        self.loaded: list[LoadResult | None] = []
        self._spool = spool
        self._store = store

    def start(self, name: str) -> None:
        """Prepare for what one capture brings."""
        self._spool.start(name)

    def batch(self, batch: Batch, certificates: Sequence[tuple[Certificate, bytes]]) -> None:
        """Write it to the spool."""
        self._spool.batch(batch, certificates)

    def finish(self, report: CaptureReport) -> None:
        """Load what was spooled since `start`, and drop it there."""
        self._spool.finish(report)
        segments = self._spool.segments[-1]
        self.loaded.append(load_segments(self._store, segments) if segments else None)
        for segment in segments:
            shutil.rmtree(segment.folder, ignore_errors=True)

    def abort(self) -> None:
        """Drop what was spooled since `start`."""
        self._spool.abort()


def _take(
    request: Request, store: Store, stack: ExitStack, progress: Callable[[Progress], None] | None
) -> tuple[list[CaptureReport], list[LoadResult | None]]:
    """Read all captures into the store."""
    memory = None if request.memory is None else budget.of_core(request.memory)
    engine = NativeEngine(memory=memory, workers=request.workers, mapped=request.mapped)
    folder = Path(
        stack.enter_context(tempfile.TemporaryDirectory(prefix="certspan-spool-", ignore_cleanup_errors=True))
    )
    sink = LoadingSink(Spool(folder, engine_version=engine.version, durable=False), store)
    read = run_joined if request.joined else run
    reports = read(request.captures, sink, engine=engine, sha256=True, progress=progress)
    return reports, sink.loaded


def _clock(request: Request, reports: Sequence[CaptureReport]) -> Clock:
    """Give the time to judge at; the latest packet's is cut to milliseconds, which is what rules count in."""
    if request.at is not None:
        return Clock(request.at, request.how)
    last_ns = max((report.last_ns for report in reports if report.last_ns is not None), default=None)
    if last_ns is None:
        return Clock(None, request.how)
    return Clock(clamp(moment(last_ns)), request.how)


def moment(nanoseconds: int) -> dt.datetime:
    """Give a packet's time, cut to microseconds."""
    return _EPOCH + dt.timedelta(microseconds=nanoseconds // 1000)


def _judge(request: Request, store: Store, rules: LoadedRules, loads: Sequence[str], clock: Clock) -> Evaluation | None:
    """Judge these loads; None when there is nothing to judge, or no time to judge it at."""
    if clock.at is None or not loads:
        return None
    # What a sensor feeds is judged by `certspan check`, at the time of day; an audit is a look at some captures.
    keep = request.store is not None and not is_alive(store)
    return evaluate(store, rules, now=clock.at, loads=loads, home=request.home, policy=request.policy, keep=keep)


def _result(request: Request, store: Store, rules: LoadedRules, taken: _Taken, evaluation: Evaluation | None) -> Run:
    """Put together what outputs show."""
    made = judged.provenance(taken.clock, rules, request.home, request.policy, store=request.store)
    made = replace(
        made,
        inputs=tuple(
            _input(file, load if file.readable else None)
            for report, load in zip(taken.reports, taken.loaded, strict=True)
            for file in report.files
        ),
        joined=any(report.joined for report in taken.reports),
    )
    lacking = sum(result.lacking_certificates for result in taken.loaded if result)
    scope = judged.Scope(request.home, taken.loads, lacking, _counters(taken.reports))
    run = judged.result(store, made, scope, evaluation, request.policy)
    return run if evaluation else replace(run, rule_errors=rules.errors)


def _counters(reports: Sequence[CaptureReport]) -> dict[str, int]:
    """Add up what the core counted."""
    total: dict[str, int] = {}
    for report in reports:
        for name, count in report.counters.items():
            total[name] = total.get(name, 0) + count
    return total


def _input(report: CaptureReport, load: LoadResult | None) -> InputCapture:

    return InputCapture(
        name=report.name,
        size=report.size,
        sha256=report.sha256.hex() if report.sha256 else None,
        packets=report.packets,
        sessions=report.sessions,
        first_packet=None if report.first_ns is None else moment(report.first_ns),
        last_packet=None if report.last_ns is None else moment(report.last_ns),
        state="unreadable" if load is None else "new" if load.new else "known",
        damage=report.damage,
    )
