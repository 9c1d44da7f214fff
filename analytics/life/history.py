"""Events out of the store and into it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from analytics.finding import milliseconds
from analytics.life.event import Event, Kind, Past, Reason, State
from sensor._rust import encode_arrow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from analytics.store import Store

_PAST = """
    SELECT id, events, state, rule, event_severity, event_title, subject_kind, subject, step, ours, last_seen, waiver
    FROM finding
"""
_EVENTS = """
    SELECT finding, ordinal, at, kind, state, reason, rule, severity, title, subject_kind, subject, step, ours,
        last_seen, waiver
    FROM finding_events FINAL
"""
_ORDER = (
    " ORDER BY at, transform(severity, ['critical', 'high', 'medium', 'low'], [1, 2, 3, 4], 5), rule, subject, ordinal"
)


def pasts(store: Store) -> dict[str, Past]:
    """Give every finding that ever was, by its id, as its events left it. StoreError."""
    found = (Past(name, events, State(state), *rest) for name, events, state, *rest in store.query(_PAST))
    return {past.finding: past for past in found}


def after(store: Store, moment: datetime | None) -> list[Event]:
    """Give the events after this moment (None: all), oldest first. StoreError."""
    if moment is None:
        return _events(store.query(_EVENTS + _ORDER))
    return _events(store.query(_EVENTS + "WHERE at > {at:DateTime64(3, 'UTC')}" + _ORDER, {"at": moment}))


def of(store: Store, finding: str) -> list[Event]:
    """Give the events of one finding, first to last. StoreError."""
    return _events(store.query(_EVENTS + "WHERE finding = {id:String} ORDER BY ordinal", {"id": finding}))


def latest(store: Store) -> datetime | None:
    """Give the time of the latest event; None: there is none. StoreError."""
    [(count, last)] = store.query("SELECT count(), max(at) FROM finding_events")
    return last if count else None


def write(store: Store, events: Sequence[Event]) -> None:
    """Write events; the same ones again replace themselves. StoreError."""
    if not events:
        return
    block = encode_arrow(
        [
            ("finding", "string", [event.finding for event in events]),
            ("ordinal", "int64", [event.ordinal for event in events]),
            ("at", "timestamp_ms", [milliseconds(event.at) for event in events]),
            ("kind", "string", [str(event.kind) for event in events]),
            ("state", "string", [str(event.state) for event in events]),
            ("reason", "string", [None if event.reason is None else str(event.reason) for event in events]),
            ("rule", "string", [event.rule for event in events]),
            ("severity", "string", [event.severity for event in events]),
            ("title", "string", [event.title for event in events]),
            ("subject_kind", "string", [event.subject_kind for event in events]),
            ("subject", "string", [event.subject for event in events]),
            ("step", "int64", [event.step for event in events]),
            ("ours", "bool", [event.ours for event in events]),
            (
                "last_seen",
                "timestamp_ms",
                [None if event.last_seen is None else milliseconds(event.last_seen) for event in events],
            ),
            ("waiver", "string", [event.waiver for event in events]),
        ]
    )
    store.insert_arrow("finding_events", block, f"finding_events:{hashlib.sha256(block).hexdigest()}")


def _events(rows: Sequence[tuple[object, ...]]) -> list[Event]:
    return [
        Event(finding, ordinal, at, Kind(kind), State(state), Reason(reason) if reason else None, *rest)  # type: ignore[arg-type]
        for finding, ordinal, at, kind, state, reason, *rest in rows
    ]
