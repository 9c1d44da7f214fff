"""The one place that decides what happens to a finding: its past and what is seen now give events."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from analytics.finding import milliseconds
from analytics.life.event import Event, Kind, Now, Past, Reason, State
from rules.rule import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

_SPAN = re.compile(r"less than two hours|\d+ (second|minute|hour|day|week|month|year)s?")
"""Parts of a title that follow the clock; `ends in 12 days` is no other finding than `ends in 11 days`."""


_RETURNS = {(State.RESOLVED, State.OPEN), (State.RESOLVED, State.STALE), (State.STALE, State.OPEN)}


def events(past: Past | None, now: Now, at: datetime, stale_after: timedelta) -> list[Event]:
    """Give what happens to a finding at this evaluation: nothing, or one or two events."""
    if past is None:
        if now.finding is None or now.replaced:
            return []
        past = _unborn(now)
    state, reason = _target(past, now, at - stale_after)
    found: list[Event] = []
    for kind in _kinds(past, now, state):
        holds = State.OPEN if kind in (Kind.OPENED, Kind.REOPENED) else state
        found.append(
            _event(past, now, kind=kind, at=at, ordinal=past.events + len(found) + 1, state=holds, reason=reason)
        )
    return found


def _unborn(now: Now) -> Past:
    """Give the past of a finding that nobody knows yet."""
    found = now.finding
    assert found is not None  # noqa: S101  asked by the only caller
    return Past(
        found.id,
        0,
        State.OPEN,
        found.rule,
        str(found.severity),
        found.title,
        found.subject_kind,
        found.subject,
        found.step,
        found.ours,
        found.last_seen,
        None,
    )


def _target(past: Past, now: Now, horizon: datetime) -> tuple[State, Reason | None]:
    """Give the state after this evaluation: only an observation resolves, silence since `horizon` makes stale."""
    if now.replaced:
        return State.RESOLVED, Reason.REPLACED
    if now.verdict is Verdict.FAIL:
        return (State.STALE if _before(now.last_seen, horizon) else State.OPEN), None
    forgets = past.subject_kind != "certificate"
    if now.verdict is Verdict.NOT_APPLICABLE and (not forgets or _seen_since(past, now)):
        # What a certificate says is never forgotten: another rule's time has come (expiring, then expired). What was
        # seen of an endpoint is: less of it is no answer.
        return State.RESOLVED, Reason.NOT_APPLICABLE
    if now.verdict is Verdict.PASS and _seen_since(past, now):
        return State.RESOLVED, Reason.MENDED
    if past.state is State.OPEN and _before(now.last_seen or past.last_seen, horizon):
        return State.STALE, None
    return past.state, None


def _before(moment: datetime | None, horizon: datetime) -> bool:
    return moment is not None and moment < horizon


def _seen_since(past: Past, now: Now) -> bool:
    """Tell whether the subject was observed after what the finding rests on."""
    if now.last_seen is None or past.last_seen is None:
        return now.last_seen is not None
    return milliseconds(now.last_seen) > milliseconds(past.last_seen)  # what is kept of the past


def _kinds(past: Past, now: Now, state: State) -> Iterator[Kind]:
    """Give what happens on the way from the past to this state, in order."""
    if not past.events:
        yield Kind.OPENED
    elif (past.state, state) in _RETURNS:
        yield Kind.REOPENED
    if state is State.STALE and past.state is not State.STALE:
        yield Kind.STALE
    if state is State.RESOLVED:
        if past.state is not State.RESOLVED:
            yield Kind.RESOLVED
        return
    if past.state is state and _differs(past, now):
        yield Kind.CHANGED
    if now.waiver != past.waiver:
        yield Kind.WAIVED if now.waiver else Kind.WAIVER_ENDED


def _differs(past: Past, now: Now) -> bool:
    """Tell whether severity, step or title are others; that time goes on does not count."""
    found = now.finding
    if found is None:
        return False
    before = (past.severity, past.step, _SPAN.sub("", past.title))
    return before != (str(found.severity), found.step, _SPAN.sub("", found.title))


def _event(
    past: Past, now: Now, *, kind: Kind, at: datetime, ordinal: int, state: State, reason: Reason | None
) -> Event:
    found = now.finding
    return Event(
        finding=past.finding,
        ordinal=ordinal,
        at=at,
        kind=kind,
        state=state,
        reason=reason,
        rule=past.rule,
        severity=str(found.severity) if found else past.severity,
        title=found.title if found else past.title,
        subject_kind=past.subject_kind,
        subject=past.subject,
        step=found.step if found else past.step,
        ours=found.ours if found else past.ours,
        last_seen=now.last_seen or past.last_seen,
        waiver=now.waiver if kind in (Kind.WAIVED, Kind.WAIVER_ENDED) else past.waiver,
    )
