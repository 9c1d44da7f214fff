"""Report `clauses`: what the store shows for and against clauses of standards.

A clause fails when a rule fails for something of ours. It passes only if every rule could judge all there is and
nothing in scope is blind; otherwise nobody knows. Clauses that only people can judge list evidence, and no verdict.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.documents.document import Section
from analytics.judgement import judge
from analytics.report import text
from rules.rule import Verdict, given
from rules.sql import IMPORTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from analytics.documents.document import Value
    from analytics.store import Store
    from rules.clauses import Clause, Standard
    from rules.pack import RulePack
    from rules.rule import Rule

_COLUMNS = ("clause", "asks", "verdict", "against", "unknown", "rules", "note")
_BLIND = f"""
SELECT countIf(answered AND NOT certificate_seen AND NOT {IMPORTED})
FROM endpoint(loads = [], home = {{home:Array(String)}}) WHERE ours"""
Asked = tuple[str, tuple[tuple[str, int], ...]]
"""A rule, and the parameters in which a clause is stricter."""


class Result(enum.StrEnum):
    """What can be said of a clause."""

    FAIL = "FAIL"
    PASS = "PASS"  # noqa: S105  the word, not a password
    UNKNOWN = "UNKNOWN"
    EVIDENCE = "evidence only"


@dataclass(frozen=True, slots=True)
class Counts:
    """Subjects of ours, by what one rule says of them."""

    failed: int
    unknown: int
    judged: int
    """Passed or failed."""


def in_scope(
    store: Store, pack: RulePack, standards: Iterable[Standard], *, now: datetime, home: Sequence[str]
) -> dict[Asked, Counts]:
    """Count confirmed subjects of ours by rule, as each clause asks it; a rule that breaks is left out. StoreError."""
    rules = {rule.id: rule for rule in pack.rules}
    wanted = {
        (rule, clause.asked(rule)) for standard in standards for clause in standard.clauses for rule in clause.rules
    }
    return {
        (rule, stricter): _count(store, given(rules[rule], dict(stricter)), now, home)
        for rule, stricter in sorted(wanted)
        if rule in rules
    }


def _count(store: Store, rule: Rule, now: datetime, home: Sequence[str]) -> Counts:
    judgement = judge(rule, now=now, loads=(), home=home)
    by = {str(verdict): int(count) for verdict, count in store.query(judgement.ours, dict(judgement.parameters))}
    failed = by.get(Verdict.FAIL, 0)
    return Counts(failed, by.get(Verdict.UNKNOWN, 0), by.get(Verdict.PASS, 0) + failed)


def blind(store: Store, home: Sequence[str]) -> int:
    """Count endpoints of ours that answered, never showed a certificate, and of which no import brought one."""
    [(count,)] = store.query(_BLIND, {"home": list(home)})
    return int(count)


def result(standard: Standard, clause: Clause, counts: Mapping[Asked, Counts], blind_endpoints: int) -> Result:
    """Judge one clause."""
    if not standard.judged:
        return Result.EVIDENCE
    known = _of(clause, counts)
    if any(one.failed for _, one in known):
        return Result.FAIL
    whole = len(known) == len(clause.rules) and not blind_endpoints
    if whole and known and all(one.judged and not one.unknown for _, one in known):
        return Result.PASS
    return Result.UNKNOWN


def sections(
    standards: Iterable[Standard], counts: Mapping[Asked, Counts], blind_endpoints: int
) -> tuple[str, tuple[Section, ...]]:
    """Give the sentence and a table a standard."""
    found = []
    results: list[Result] = []
    for standard in standards:
        said = [result(standard, clause, counts, blind_endpoints) for clause in standard.clauses]
        rows = tuple(_row(clause, one, counts) for clause, one in zip(standard.clauses, said, strict=True))
        note = "" if standard.judged else "Only people can judge these clauses: this is evidence."
        found.append(Section(standard.id.replace(".", "-"), standard.title, note, _COLUMNS, rows))
        results += said
    tally = ", ".join(f"{results.count(one)} {one}" for one in Result)
    hidden = text.counted(blind_endpoints, "endpoint")
    return f"{tally}; {hidden} of ours never showed a certificate.", tuple(found)


def _of(clause: Clause, counts: Mapping[Asked, Counts]) -> list[tuple[str, Counts]]:
    """Give the counts of a clause's rules that could be asked."""
    asked = [(rule, counts.get((rule, clause.asked(rule)))) for rule in clause.rules]
    return [(rule, one) for rule, one in asked if one is not None]


def _row(clause: Clause, said: Result, counts: Mapping[Asked, Counts]) -> tuple[Value, ...]:
    known = _of(clause, counts)
    stricter = [f"{rule} with {name} {value}" for rule, values in clause.parameters for name, value in values]
    return (
        clause.id,
        clause.asks,
        str(said),
        tuple(f"{rule}: {one.failed}" for rule, one in known if one.failed),
        tuple(f"{rule}: {one.unknown}" for rule, one in known if one.unknown),
        clause.rules,
        " ".join((clause.note, *(f"Asked: {', '.join(stricter)}." for _ in stricter[:1]))).strip(),
    )
