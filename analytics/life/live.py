"""One evaluation's part in the life of all findings: what it says of each, and the events that follow."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from analytics.judgement import judge
from analytics.life import history, observe, steps, waivers
from analytics.life.event import Now, State
from rules.rule import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from analytics.evaluate import Evaluation
    from analytics.finding import Finding
    from analytics.life.event import Event, Past
    from analytics.store import Store

STALE_AFTER = dt.timedelta(days=30)
"""A subject that was not seen for so long makes its findings stale, unless the user says otherwise."""


def live(
    store: Store,
    whole: Evaluation,
    *,
    loads: Sequence[str] = (),
    home: Sequence[str] = (),
    stale_after: dt.timedelta = STALE_AFTER,
    backfill: bool = False,
) -> list[Event]:
    """Give the events of an evaluation of everything in the store; nothing is written. StoreError.

    `loads` are those that were looked at (none: all), `whole` has what was found in them: of other findings nothing is
    said, unless a certificate has been replaced. `backfill`: the store was judged at a later time already, and these
    loads are new; what nobody knew yet is opened, and nothing else happens.
    """
    pasts = history.pasts(store)
    failing = {one.id: one for one in whole.findings}
    if backfill:
        failing = {name: one for name, one in failing.items() if name not in pasts}
    if observe.is_alive(store):  # anyone can forge packets: by themselves they open nothing where a sensor listens
        failing = {name: one for name, one in failing.items() if one.confirmed or name in pasts}
    gone = observe.replaced(store, _certificates(failing.values(), pasts))
    said = {} if backfill else _said(store, whole, pasts, failing, loads=loads, home=home)
    held = waivers.Held(waivers.read(store), whole.now)
    happened: list[Event] = []
    for name in sorted(failing.keys() | said.keys() | _replaced(pasts, gone, whole, backfill=backfill)):
        past, finding = pasts.get(name), failing.get(name)
        known = finding or pasts[name]
        waiver = held.of(known.rule, known.subject)
        verdict, last = said.get(name, (None, None))
        now = Now(
            finding=finding,
            verdict=Verdict.FAIL if finding else verdict,
            last_seen=finding.last_seen if finding else last,
            replaced=known.subject_kind == "certificate" and known.subject in gone,
            waiver=waiver.id if waiver else None,
        )
        happened += steps.events(past, now, whole.now, stale_after)
    return happened


def _certificates(failing: Iterable[Finding], pasts: Mapping[str, Past]) -> set[str]:
    """Give the certificates that findings are about, of which it matters whether they were replaced."""
    living = {
        past.subject
        for past in pasts.values()
        if past.state is not State.RESOLVED and past.subject_kind == "certificate"
    }
    return living | {one.subject for one in failing if one.subject_kind == "certificate"}


def _replaced(pasts: Mapping[str, Past], gone: set[str], whole: Evaluation, *, backfill: bool) -> set[str]:
    """Give the known findings about certificates that are gone, of rules that could judge."""
    if backfill:
        return set()
    return {
        name
        for name, past in pasts.items()
        if past.state is not State.RESOLVED
        and past.subject_kind == "certificate"
        and past.subject in gone
        and past.rule in whole.verdicts
    }


def _said(
    store: Store,
    whole: Evaluation,
    pasts: Mapping[str, Past],
    failing: Mapping[str, Finding],
    *,
    loads: Sequence[str],
    home: Sequence[str],
) -> dict[str, tuple[Verdict | None, dt.datetime | None]]:
    """Say of each known finding that does not fail what its rule says instead; nothing of rules that could not judge.

    Where only some loads were looked at, subjects that are not in them are left out.
    """
    said: dict[str, tuple[Verdict | None, dt.datetime | None]] = {}
    for rule in whole.pack.rules:
        if rule.id not in whole.verdicts:
            continue
        known = {
            name
            for name, past in pasts.items()
            if past.rule == rule.id and past.state is not State.RESOLVED and name not in failing
        }
        if not known:
            continue
        judgement = judge(rule, now=whole.now, loads=(), home=home)
        here = observe.judged(store, judgement, known, loads)
        everywhere = observe.judged(store, judgement, here, ()) if loads else here
        said |= everywhere if loads else dict.fromkeys(known, (None, None)) | here
    return said
