"""From the store to the sinks: what is new goes into each sink's memory, and a thread of its own takes it on.

Putting in is quick and never waits for a sink; a sink that is away for an hour holds up neither the others nor the
collector. A message leaves a memory when its sink has taken it: at least once, and with an id that tells a second time.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analytics.forward import message as messages
from analytics.forward.box import Box, BoxError
from analytics.forward.sinks import Sink, SinkError
from analytics.forward.sinks.http import Elastic, Hec, Webhook
from analytics.forward.sinks.kafka import Kafka
from analytics.forward.sinks.lines import File, Syslog
from analytics.service.backoff import Backoff

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from analytics.forward.message import Message
    from analytics.forward.settings import SinkSettings
    from analytics.store import Store
    from sensor.watch import Tell

IDLE_SECONDS = 1.0
_SINKS: dict[str, Callable[[SinkSettings], Sink]] = {
    "syslog": Syslog,
    "elastic": Elastic,
    "hec": Hec,
    "webhook": Webhook,
    "kafka": Kafka,
    "file": File,
}


def make_sink(settings: SinkSettings) -> Sink:
    """Make a sink; SinkError."""
    return _SINKS[settings.type](settings)


@dataclass(slots=True)
class Counts:
    """What a sink's thread did."""

    sent: int = 0
    refused: int = 0
    failures: int = 0
    error: str | None = None
    """Why the last try failed; None: it did not."""


def take_in(store: Store, box: Box, settings: SinkSettings, home: Sequence[str], now: dt.datetime) -> int:
    """Put what is new in the store into a sink's memory; how many messages. StoreError, BoxError."""
    count = 0
    if messages.FINDING in settings.topics:
        count += _take_findings(store, box, settings)
    if messages.CERTIFICATE in settings.topics:
        known = box.known(messages.CERTIFICATE)
        names = sorted(name for name in messages.certificates(store) if name not in known)
        for start in range(0, len(names), messages.AT_ONCE):
            some = names[start : start + messages.AT_ONCE]
            wanted = _wanted(settings, messages.of_certificates(store, some, now, home))
            count += box.put(wanted, known=(messages.CERTIFICATE, some))
    if messages.ISSUER in settings.topics:
        known = box.known(messages.ISSUER)
        found = [one for one in messages.of_issuers(store, home) if one["subject"] not in known]
        count += box.put(_wanted(settings, found), known=(messages.ISSUER, [one["subject"] for one in found]))
    if messages.SIGHTING in settings.topics:
        found = list(messages.of_sightings(store, box.known(messages.SIGHTING), home))
        for start in range(0, len(found), messages.AT_ONCE):
            part = found[start : start + messages.AT_ONCE]
            count += box.put(_wanted(settings, part), known=(messages.SIGHTING, [one["id"] for one in part]))
    return count


def _take_findings(store: Store, box: Box, settings: SinkSettings) -> int:
    known = box.ordinals()
    latest = messages.latest(store)
    behind = {name: known.get(name, 0) for name, ordinal in latest.items() if ordinal > known.get(name, 0)}
    count = 0
    ids = sorted(behind)
    for start in range(0, len(ids), messages.AT_ONCE):
        part = {name: behind[name] for name in ids[start : start + messages.AT_ONCE]}
        batch = list(messages.of_findings(store, part))
        ordinals = {name: known.get(name, 0) for name in part}
        for one in batch:
            ordinals[one["finding"]] = max(ordinals[one["finding"]], one["ordinal"])
        count += box.put(_wanted(settings, batch), ordinals=ordinals)
    return count


def _wanted(settings: SinkSettings, found: Iterable[Message]) -> list[Message]:
    return [one for one in found if settings.wants(one)]


def hand_on(box: Box, sink: Sink, settings: SinkSettings, counts: Counts) -> int:
    """Send a batch of what waits; how many left the memory. SinkError, BoxError: all of it still waits."""
    waiting = box.next(settings.batch)
    if not waiting:
        return 0
    refused = sink.send([message for _, message in waiting])
    dead = {waiting[place][0]: reason for place, reason in refused.items()}
    box.done([number for number, _ in waiting if number not in dead], dead)
    counts.sent += len(waiting) - len(dead)
    counts.refused += len(dead)
    return len(waiting)


@dataclass(slots=True)
class Forwarder:
    """All sinks of a process; told by the collector (`analytics.collector.service.Told`)."""

    sinks: Sequence[SinkSettings]
    folder: Path
    """Where their memories are."""
    home: Sequence[str]
    now: Callable[[], dt.datetime]
    tell: Tell
    counts: Mapping[str, Counts] = field(init=False)
    _boxes: dict[str, Box] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Open the memories; BoxError."""
        self.counts = {sink.name: Counts() for sink in self.sinks}
        for sink in self.sinks:
            self._boxes[sink.name] = Box(self.folder, sink.name)

    def start(self) -> None:
        """Begin to hand on."""
        for sink in self.sinks:
            thread = threading.Thread(target=self._work, args=(sink,), name=f"sink {sink.name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """Stop; what is not handed on waits for the next start."""
        self._stop.set()
        for thread in self._threads:
            thread.join(10)
        for box in self._boxes.values():
            box.close()

    def deliver(self) -> None:
        """Hand on all that waits, once, without threads; `counts` tell what came of it. BoxError."""
        for settings in self.sinks:
            counts, box = self.counts[settings.name], self._boxes[settings.name]
            try:
                sink = make_sink(settings)
                try:
                    while hand_on(box, sink, settings, counts):
                        pass
                finally:
                    sink.close()
            except SinkError as error:
                counts.failures += 1
                counts.error = str(error)

    def waiting(self) -> dict[str, tuple[int, int]]:
        """Count, for each sink, what waits and the dead letters."""
        found = {}
        for sink in self.sinks:
            box = Box(self.folder, sink.name)
            try:
                found[sink.name] = box.counts()
            finally:
                box.close()
        return found

    def take_in(self, store: Store) -> int:
        """Put what is new into the memory of each sink. StoreError, BoxError."""
        return sum(take_in(store, self._boxes[sink.name], sink, self.home, self.now()) for sink in self.sinks)

    def passed(self, store: Store) -> None:
        """Take in nothing: without a check there is nothing new to tell of findings."""

    def failed(self, error: Exception) -> None:
        """Go on: the store has failed, not a sink."""

    def checked(self, store: Store, evaluation: object, seconds: float) -> None:
        """Take in what the check found."""
        del evaluation, seconds
        try:
            self.take_in(store)
        except BoxError as error:
            self.tell("error", "not forwarded", message=str(error))

    def _work(self, settings: SinkSettings) -> None:
        box: Box | None = None
        sink: Sink | None = None
        counts = self.counts[settings.name]
        backoff = Backoff()
        while not self._stop.is_set():
            try:
                box = box or Box(self.folder, settings.name)
                sink = sink or make_sink(settings)
                moved = hand_on(box, sink, settings, counts)
            except (SinkError, BoxError) as error:
                counts.failures += 1
                if counts.error is None:
                    self.tell("error", "sink away", message=str(error), sink=settings.name)
                counts.error = str(error)
                self._stop.wait(backoff.wait())
                continue
            if counts.error is not None:
                self.tell("info", "sink back", sink=settings.name)
                counts.error = None
                backoff.reset()
            if not moved:
                self._stop.wait(IDLE_SECONDS)
        if sink is not None:
            sink.close()
        if box is not None:
            box.close()
