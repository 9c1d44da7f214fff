"""A rule as queries: one that counts its verdicts, one that fetches what failed, one that lists every verdict.

All three evaluate `applies` and `fails` row by row over the subject's view; NULL stays NULL up to the verdict.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from analytics.parameter_types import bound
from analytics.snapshot import view as view_of
from rules.rule import Grade, Subject, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rules.rule import Rule

_NAMED = re.compile(r"(?P<expression>.*\S)\s+AS\s+(?P<name>[a-z_][a-z0-9_]*)", re.DOTALL)
_RESERVED: Final = frozenset({"now", "loads", "home", "ids"})
BOOLEANS: Final = frozenset({"Bool", "UInt8", "Nullable(Bool)", "Nullable(UInt8)", "Nullable(Nothing)"})
"""What ClickHouse calls the type of a condition."""


@dataclass(frozen=True, slots=True)
class _View:
    """What the queries need to know of a subject's view."""

    key: str
    """Text that names the subject for ever."""
    shown: str
    """Text that people call it by."""
    holders: str
    """Array of named tuples."""
    certificates: str
    """Array of SHA-256: the certificates that a finding about it rests on."""


_VIEWS: Final = {
    Subject.CERTIFICATE: _View("lower(hex(sha256))", "lower(hex(sha256))", "holders", "[lower(hex(sha256))]"),
    Subject.ENDPOINT: _View(
        "endpoint",
        "shown",
        "[('server', address, toNullable(port), ours, confirmed, first_seen, last_seen, server_names)]::Array(Tuple("
        "role String, address String, port Nullable(UInt16), ours Bool, confirmed Bool, "
        "first_seen DateTime64(6, 'UTC'), last_seen DateTime64(6, 'UTC'), server_names Array(String)))",
        "arraySort(arrayMap(sha256 -> lower(hex(sha256)), certificates))",
    ),
    Subject.KEY: _View(
        "lower(hex(spki_sha256))",
        "lower(hex(spki_sha256))",
        "holders",
        "arraySort(arrayMap(sha256 -> lower(hex(sha256)), certificates))",
    ),
    Subject.ISSUER: _View("issuer_key", "issuer_key", "holders", "certificates"),
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """A rule made ready to be asked of a store."""

    rule: Rule
    evidence: tuple[str, ...]
    """Names of the values that follow in `failures`."""
    types: str
    """Two rows that start with name and type: of `applies` and of `fails`."""
    counts: str
    """One row: subjects for which `applies` or `fails` is no truth value, then subjects by verdict, in its order."""
    failures: str
    """One row a failed subject: key, name, title, severity, step, holders, certificates, ours, confirmed, first seen,
    last seen, then the evidence.
    """
    verdicts: str
    """One row a subject: key, verdict."""
    chosen: str
    """One row a subject whose finding has one of the ids in parameter `ids`: id, verdict, last observed."""
    ours: str
    """One row a verdict: it, and how many subjects of ours that proved to be there got it."""
    parameters: Mapping[str, Any]


def judge(
    rule: Rule, *, now: datetime, loads: Sequence[str], home: Sequence[str], source: str | None = None
) -> Judgement:
    """Make the queries of a rule and their parameters, over the subject's view, or a table with its rows (`source`).

    ValueError: a parameter or evidence column that cannot be.
    """
    source = source or view_of(rule.view or rule.subject)
    view = _VIEWS[rule.subject]
    evidence = [_evidence(column) for column in rule.evidence]
    return Judgement(
        rule=rule,
        evidence=tuple(name for name, _ in evidence),
        types=f"DESCRIBE TABLE (SELECT ({rule.applies}) AS rule_applies, ({rule.fails}) AS rule_fails FROM {source})",
        counts=_counts(rule, source),
        failures=_failures(rule, view, source, [expression for _, expression in evidence]),
        verdicts=f"SELECT {view.key}, {_verdict(rule)} FROM {source}",
        chosen=f"SELECT {_id(rule, view)} AS rule_id, {_verdict(rule)}, {rule.observed} FROM {source} "
        "WHERE has({ids:Array(String)}, rule_id)",
        ours=f"SELECT {_verdict(rule)} AS said, count() FROM {source} WHERE ours AND confirmed GROUP BY said",
        parameters=_parameters(rule) | {"now": now, "loads": list(loads), "home": list(home)},
    )


def _id(rule: Rule, view: _View) -> str:
    """Name a subject's finding as `analytics.finding.finding_id` does."""
    return f"substring(lower(hex(SHA256(concat('{rule.id}\\n{rule.subject}\\n', {view.key})))), 1, 32)"


def _verdict(rule: Rule) -> str:
    return (
        f"multiIf(isNull({rule.applies}), '{Verdict.UNKNOWN}', NOT ({rule.applies}), '{Verdict.NOT_APPLICABLE}', "
        f"isNull({rule.fails}), '{Verdict.UNKNOWN}', {rule.fails}, '{Verdict.FAIL}', '{Verdict.PASS}')"
    )


def _counts(rule: Rule, source: str) -> str:
    counted = ", ".join(f"countIf(rule_verdict = '{verdict}')" for verdict in Verdict)
    odd = " OR ".join(
        f"ifNull(toString({condition}) NOT IN ('0', '1', 'false', 'true'), false)"
        for condition in (rule.applies, rule.fails)
    )
    judged = f"SELECT {_verdict(rule)} AS rule_verdict, {odd} AS rule_odd FROM {source}"
    return f"SELECT countIf(rule_odd), {counted} FROM ({judged})"


def _failures(rule: Rule, view: _View, source: str, evidence: Sequence[str]) -> str:
    grades = rule.severity if isinstance(rule.severity, tuple) else (Grade("true", rule.severity),)
    severity = "".join(f"{grade.when}, {int(grade.severity)}, " for grade in grades)
    step = "".join(f"{grade.when}, toNullable(toInt64({grade.step})), " for grade in grades)
    columns = (
        view.key,
        view.shown,
        rule.title,
        f"multiIf({severity}0)",
        f"multiIf({step}NULL)",
        view.holders,
        view.certificates,
        "ours",
        "confirmed",
        "first_seen",
        "last_seen",
        *evidence,
    )
    return f"SELECT {', '.join(columns)} FROM {source} WHERE ({rule.applies}) AND ({rule.fails}) ORDER BY {view.key}"


def _evidence(column: str) -> tuple[str, str]:
    """Give name and expression of `column` or `expression AS name`."""
    named = _NAMED.fullmatch(column)
    if named:
        return named["name"], named["expression"]
    if not column.isidentifier():
        raise ValueError(f"evidence is neither a column nor 'expression AS name': {column}")
    return column, column


def _parameters(rule: Rule) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for parameter in rule.parameters:
        if parameter.name in _RESERVED or parameter.name in values:
            raise ValueError(f"parameter {parameter.name} is there twice")
        values[parameter.name] = bound(parameter.default, parameter.type)
    return values
