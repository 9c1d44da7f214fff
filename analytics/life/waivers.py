"""Waivers: someone accepts a finding until a date, with a reason. An attribute of the finding, not a state."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analytics.finding import Acceptance, milliseconds, rfc3339
from sensor._rust import encode_arrow

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from analytics.evaluate import Evaluation
    from analytics.finding import Finding
    from analytics.store import Store

_ALL = """
    SELECT id, rule, subject, until, reason, owner, created_at, removed_at, version FROM waivers FINAL
    ORDER BY until, rule, subject, id
"""


@dataclass(frozen=True, slots=True)
class Waiver:
    """Who accepts what, why, and until when."""

    id: str
    """32 hexadecimal digits, from rule, subject, end, reason and owner."""
    rule: str
    subject: str
    """As the finding has it: SHA-256 in hexadecimal, or `address:port`."""
    until: datetime
    """It holds before this time."""
    reason: str
    owner: str
    created_at: datetime
    removed_at: datetime | None = None
    """When it was taken back."""
    version: int = 1
    """The last one of an id counts."""

    def holds(self, at: datetime) -> bool:
        """Tell whether it counts at this time. What is taken back never counted: it was a mistake."""
        return self.removed_at is None and at < self.until


def make(rule: str, subject: str, *, until: datetime, reason: str, owner: str, created_at: datetime) -> Waiver:
    """Make a waiver; the same words give the same id."""
    words = "\n".join((rule, subject, rfc3339(until), reason, owner))
    name = hashlib.sha256(words.encode()).hexdigest()[:32]
    return Waiver(name, rule, subject, until, reason, owner, created_at)


def read(store: Store) -> list[Waiver]:
    """Give all waivers, those that end first coming first. StoreError."""
    return [Waiver(*row) for row in store.query(_ALL)]


def write(store: Store, waiver: Waiver) -> None:
    """Write one waiver over what has its id. StoreError."""
    earlier = [one.version for one in read(store) if one.id == waiver.id]
    written = replace(waiver, version=max(earlier, default=0) + 1)
    removed = None if written.removed_at is None else milliseconds(written.removed_at)
    block = encode_arrow(
        [
            ("id", "string", [written.id]),
            ("rule", "string", [written.rule]),
            ("subject", "string", [written.subject]),
            ("until", "timestamp_ms", [milliseconds(written.until)]),
            ("reason", "string", [written.reason]),
            ("owner", "string", [written.owner]),
            ("created_at", "timestamp_ms", [milliseconds(written.created_at)]),
            ("removed_at", "timestamp_ms", [removed]),
            ("version", "int64", [written.version]),
        ]
    )
    store.insert_arrow("waivers", block, f"waivers:{hashlib.sha256(block).hexdigest()}")


class Held:
    """The waivers that hold at one time, to be asked by finding."""

    def __init__(self, waivers: Iterable[Waiver], at: datetime) -> None:
        self._by: dict[tuple[str, str], Waiver] = {}
        for waiver in waivers:
            known = self._by.get((waiver.rule, waiver.subject))
            if waiver.holds(at) and (known is None or known.until < waiver.until):
                self._by[waiver.rule, waiver.subject] = waiver

    def of(self, rule: str, subject: str) -> Waiver | None:
        """Give the waiver for findings of this rule about this subject; of several the one that holds longest."""
        return self._by.get((rule, subject))


def split(store: Store, evaluation: Evaluation | None) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Give the findings of an evaluation that count, and those that someone has waived. StoreError."""
    if evaluation is None:
        return (), ()
    held = Held(read(store), evaluation.now)
    counting, waived = [], []
    for one in evaluation.findings:
        waiver = held.of(one.rule, one.subject)
        if waiver is None:
            counting.append(one)
        else:
            waived.append(replace(one, waiver=Acceptance(waiver.until, waiver.owner, waiver.reason)))
    return tuple(counting), tuple(waived)
