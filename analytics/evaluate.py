"""Rules x store -> findings. The clock is an argument; a rule that breaks is an error of its own, the others go on."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from analytics.finding import Finding, Holder, finding_id, plain
from analytics.judgement import BOOLEANS, Judgement, judge
from analytics.keep import keep_evaluation, last_evaluation, looks_at_everything
from analytics.policy.place import placed
from analytics.snapshot import snapshot
from analytics.store import StoreError
from rules.pack import RuleError, RulePack
from rules.rule import Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from analytics.policy.read import Policy
    from analytics.store import Store
    from rules.rule import Rule

__all__ = ["Evaluation", "Finding", "Holder", "RuleError", "evaluate", "verdicts"]

_SCOPE = re.compile(r"[.:] In scope ")
"""What the engine says after its reason: the whole query, which is ours and long."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What all rules said at one clock."""

    now: datetime
    findings: tuple[Finding, ...]
    """Ours first, then most severe, then by rule and subject."""
    verdicts: Mapping[str, Mapping[Verdict, int]]
    """Rule id -> subjects by verdict; all four are there for each rule that could judge."""
    errors: tuple[RuleError, ...]
    """Rules that could not be loaded or asked."""
    pack: RulePack
    policy: Policy | None = None
    """None: judged without one."""
    kept: bool = False
    """It was written to the store."""


def evaluate(
    store: Store,
    pack: RulePack,
    *,
    now: datetime,
    loads: Sequence[str] = (),
    home: Sequence[str] = (),
    policy: Policy | None = None,
    keep: bool = False,
) -> Evaluation:
    """Judge what these loads (none: all) brought into the store.

    `policy` says whose a finding is and how grave it is there; `pack` are the rules as it wants them. `home` are the
    ranges of `analytics.network.home_ranges`. With `keep` the findings are written down, unless these
    loads have been judged at a later time already. What is written about a subject rests on everything the store holds:
    a finding about a certificate must not lose the holders that another capture showed.
    StoreError: the store itself failed.
    """
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)  # what rules count in
    evaluation = _evaluate(store, pack, now, loads, home, policy=policy)
    if not keep:
        return evaluation
    last = last_evaluation(store, loads)
    if last is not None and last > now:
        return evaluation
    written = evaluation
    if not looks_at_everything(store, loads):
        found = {finding.id for finding in evaluation.findings}
        whole = _evaluate(store, pack, now, (), home, policy=policy).findings
        written = replace(evaluation, findings=tuple(finding for finding in whole if finding.id in found))
    keep_evaluation(store, written, loads, home)
    return replace(evaluation, kept=True)


def verdicts(
    store: Store, rule: Rule, *, now: datetime, loads: Sequence[str] = (), home: Sequence[str] = ()
) -> dict[str, Verdict]:
    """Give one rule's verdict on each subject, by its key (SHA-256 in hexadecimal, or `scope|address|port`)."""
    judgement = judge(rule, now=now, loads=loads, home=home)
    rows = store.query(judgement.verdicts, dict(judgement.parameters))
    return {key: Verdict(verdict) for key, verdict in rows}


def _evaluate(
    store: Store, pack: RulePack, now: datetime, loads: Sequence[str], home: Sequence[str], *, policy: Policy | None
) -> Evaluation:
    findings: list[Finding] = []
    counted: dict[str, Mapping[Verdict, int]] = {}
    errors = list(pack.errors)
    with snapshot(store, (rule.view or rule.subject for rule in pack.rules), loads=loads, home=home) as tables:
        for rule in pack.rules:
            try:
                judgement = judge(rule, now=now, loads=loads, home=home, source=tables[rule.view or rule.subject])
                counts = _counts(store, judgement)
                found = _findings(store, judgement) if counts[Verdict.FAIL] else []
            except StoreError as error:
                errors.append(RuleError(rule.id, _reason(store, judgement, error)))
            except ValueError as error:
                errors.append(RuleError(rule.id, str(error)))
            else:
                counted[rule.id] = counts
                findings.extend(found)
    if policy is not None:
        findings = placed(store, findings, policy, loads=loads, home=home)
    findings.sort(key=lambda finding: (not finding.ours, -finding.severity, finding.rule, finding.subject))
    return Evaluation(now, tuple(findings), counted, tuple(errors), pack, policy)


def _reason(store: Store, judgement: Judgement, error: StoreError) -> str:
    """Say in one line what is wrong with a rule. StoreError: nothing is, the store itself fails."""
    store.query("SELECT 1")
    try:
        if wrong := _wrong_type(store, judgement):
            return wrong
    except StoreError as narrower:
        error = narrower
    said = str(error).removeprefix(f"{store.name}: ")
    return " ".join(_SCOPE.split(said)[0].split())


def _wrong_type(store: Store, judgement: Judgement) -> str | None:
    rows = store.query(judgement.types, dict(judgement.parameters))
    for name, row in zip(("applies", "fails"), rows, strict=True):
        if row[1] not in BOOLEANS:
            return f"{name} is no condition: its type is {row[1]}"
    return None


def _counts(store: Store, judgement: Judgement) -> dict[Verdict, int]:
    """Count subjects by verdict. ValueError: `applies` or `fails` gives something else than truth values."""
    [(odd, *numbers)] = store.query(judgement.counts, dict(judgement.parameters))
    if odd:
        wrong = _wrong_type(store, judgement)
        raise ValueError(wrong or f"applies or fails is neither true, false nor NULL for {odd} subjects")
    return dict(zip(Verdict, numbers, strict=True))


def _findings(store: Store, judgement: Judgement) -> list[Finding]:
    rows = store.query(judgement.failures, dict(judgement.parameters))
    return [_finding(judgement, row) for row in rows]


def _finding(judgement: Judgement, row: Sequence[Any]) -> Finding:
    rule = judgement.rule
    key, shown, title, severity, step, holders, certificates, ours, confirmed, first, last, *evidence = row
    if not severity:
        raise ValueError(f"no grade of severity holds for {shown}")
    return Finding(
        id=finding_id(rule.id, rule.subject, key),
        rule=rule.id,
        severity=Severity(severity),
        title=title or rule.summary,
        subject_kind=str(rule.subject),
        subject=shown,
        step=step,
        holders=tuple(_holder(holder) for holder in holders),
        ours=bool(ours),
        confirmed=bool(confirmed),
        first_seen=first,
        last_seen=last,
        evidence={"certificates": certificates, **dict(zip(judgement.evidence, plain(evidence), strict=True))},
        why=rule.why,
        action=rule.action,
    )


def _holder(row: Mapping[str, Any]) -> Holder:
    return Holder(**{**row, "server_names": tuple(row["server_names"])})
