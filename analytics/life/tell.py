"""What a check has to say, as text for people and as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from analytics.finding import plain
from analytics.life.event import Kind
from analytics.report import text
from analytics.report.json import dumps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from analytics.evaluate import Evaluation
    from analytics.life.event import Event

_MOST = 20
"""Lines of one kind of event."""
_WORDS = {
    Kind.OPENED: "OPENED",
    Kind.REOPENED: "REOPENED",
    Kind.CHANGED: "CHANGED",
    Kind.RESOLVED: "RESOLVED",
    Kind.STALE: "STALE",
    Kind.WAIVED: "WAIVED",
    Kind.WAIVER_ENDED: "UNWAIVED",
}
"""In the order of telling."""


def as_text(store: str, evaluation: Evaluation, standing: Sequence[dict[str, Any]], last: datetime | None) -> str:
    """Give what changed, a line a cause, then what stands. `last`: the evaluation before."""
    lines = [f"{store} judged as of {text.moment(evaluation.now)}"]
    if not evaluation.kept:
        lines.append(f"judged at a later time already ({text.moment(last)}): nothing was changed in the store")
    elif not evaluation.events:
        lines.append(f"nothing changed since {text.moment(last)}" if last else "nothing found")
    else:
        lines.append(f"what changed since {text.moment(last)}:" if last else "the first check; what it found:")
    lines += ["", *_changes(evaluation.events)] if evaluation.events else []
    lines += ["", *_standing(standing)]
    for error in evaluation.errors:
        lines.append(f"ERROR     rule {text.inert(error.rule)}: {text.inert(error.message, 400)}")
    return "\n".join(lines) + "\n"


def as_json(store: str, evaluation: Evaluation, standing: Sequence[dict[str, Any]], last: datetime | None) -> str:
    """Give the same as one JSON document."""
    document = {
        "store": store,
        "at": plain(evaluation.now),
        "last": plain(last),
        "kept": evaluation.kept,
        "events": [event(one) for one in evaluation.events],
        "standing": _counts(standing),
        "rule_errors": [{"rule": error.rule, "message": error.message} for error in evaluation.errors],
    }
    return dumps(document, indent=1) + "\n"


def event(one: Event) -> dict[str, Any]:
    """Give an event as plain objects."""
    found: dict[str, Any] = plain(asdict(one))
    return found


def _changes(events: Sequence[Event]) -> Iterator[str]:
    for kind, word in _WORDS.items():
        alike = Counter(
            (one.severity, one.title, one.rule, one.reason or "", one.subject if _alone(one, events) else "")
            for one in events
            if one.kind is kind
        )
        for (severity, title, rule, reason, subject), count in list(alike.items())[:_MOST]:
            who = text.inert(subject, 24) if subject else text.counted(count, "subject")
            why = f" ({reason.replace('_', ' ')})" if reason else ""
            yield f"{word:<9} {severity:<8}  {who}: {text.inert(title, 120)}{why} [{rule}]"
        if len(alike) > _MOST:
            yield f"{word:<9} and {text.number(len(alike) - _MOST)} more; certspan findings list shows them"


def _alone(one: Event, events: Sequence[Event]) -> bool:
    """Tell whether no other event says the same of another subject."""
    same = (one.kind, one.severity, one.title, one.rule, one.reason)
    return sum((o.kind, o.severity, o.title, o.rule, o.reason) == same for o in events) == 1


def _counts(standing: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Count what stands: by severity what counts, then what is stale among it, and what is waived."""
    counting = [row for row in standing if row["waived_until"] is None]
    by = Counter(row["severity"] for row in counting)
    return {
        "findings": len(counting),
        "by_severity": {name: by[name] for name in ("critical", "high", "medium", "low", "info")},
        "stale": sum(row["state"] == "stale" for row in counting),
        "waived": len(standing) - len(counting),
    }


def _standing(standing: Sequence[dict[str, Any]]) -> Iterator[str]:
    counts = _counts(standing)
    named = ", ".join(f"{text.number(count)} {name}" for name, count in counts["by_severity"].items() if count)
    yield f"STANDING  {text.counted(counts['findings'], 'finding')}{': ' if named else ''}{named}"
    if counts["stale"]:
        yield f"STALE     {text.number(counts['stale'])} of them: nobody has seen these subjects for a while"
    if counts["waived"]:
        yield f"WAIVED    {text.counted(counts['waived'], 'finding')} more, accepted for now"
