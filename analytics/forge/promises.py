"""Tries all examples of some rules, for `certspan rules test`: what each was to give, and what it gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.forge.trial import Outcome, TrialError, trial
from analytics.store import StoreError
from rules.rule import Finds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analytics.forge.trial import Trial
    from rules.rule import Example, Rule


@dataclass(frozen=True, slots=True)
class Tried:
    """One example and how it went."""

    rule: str
    example: str
    wrong: str | None
    """What is not as promised, in one line; None: it is."""


def try_all(rules: Sequence[Rule]) -> Iterator[Tried]:
    """Try every example of these rules, through the extractor and a store; one that breaks does not stop the others."""
    with trial() as place:
        for rule in rules:
            for example in rule.examples:
                yield Tried(rule.id, example.name, _wrong(place, rule, example))


def _wrong(place: Trial, rule: Rule, example: Example) -> str | None:
    try:
        outcome = place.judge(rule, example)
    except (TrialError, StoreError, ValueError, LookupError, TypeError, AttributeError, StopIteration) as error:
        return " ".join(f"cannot be tried: {type(error).__name__}: {error}".split())[:300]
    given, wanted = _said(outcome), _wanted(example)
    return None if given == wanted else f"expected {wanted}, got {given}"


def _said(outcome: Outcome) -> str:
    found = outcome.finding
    return str(outcome.verdict) if found is None else _finding(str(found.severity), found.title, found.step)


def _wanted(example: Example) -> str:
    wanted = example.expect
    if isinstance(wanted, Finds):
        return _finding(str(wanted.severity), wanted.title, wanted.step)
    return str(wanted)


def _finding(severity: str, title: str, step: int | None) -> str:
    return f"fail ({severity}{'' if step is None else f', step {step}'}): {title}"
