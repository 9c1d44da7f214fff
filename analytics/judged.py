"""What a store says once it is judged, as the one result that every output shows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from analytics import coverage
from analytics.evaluate import evaluate
from analytics.life import waivers
from analytics.network import display_network
from analytics.policy.apply import rules_by
from analytics.report import group, tally
from analytics.report.model import Coverage, RuleVerdicts, Run
from analytics.report.provenance import Clock, PolicyUsed, Provenance, RulePack
from analytics.shadow import shadow
from rules.rule import Verdict
from sensor.engine import NativeEngine
from sensor.events import FACTS_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from analytics.evaluate import Evaluation
    from analytics.policy.read import Policy
    from analytics.report.model import CertificateRow, ShadowIssuer
    from analytics.store import Store
    from rules.pack import RulePack as LoadedRules


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a store a result is about."""

    home: Sequence[str]
    """As `analytics.network.home_ranges` gives them."""
    loads: Sequence[str] | None
    """Their ids; None: all that the store holds. Without any, there is nothing to say."""
    lacking: int = 0
    """Certificates that handshakes name and the store does not hold, as far as was counted."""
    counters: Mapping[str, int] = field(default_factory=dict)
    """What the core counted."""


def of_store(store: Store, rules: LoadedRules, *, now: datetime, home: Sequence[str], policy: Policy | None) -> Run:
    """Judge all that a store holds, without writing a word into it. StoreError."""
    pack = rules if policy is None else rules_by(policy, rules)
    evaluation = evaluate(store, pack, now=now, home=home, policy=policy)
    clock = Clock(evaluation.now, "time")
    return result(store, provenance(clock, pack, home, policy, store=store.name), Scope(home, None), evaluation, policy)


def result(store: Store, made: Provenance, scope: Scope, evaluation: Evaluation | None, policy: Policy | None) -> Run:
    """Put together what outputs show; `evaluation` None: nothing was judged. StoreError."""
    rows: tuple[CertificateRow, ...] = ()
    shadows: tuple[ShadowIssuer, ...] = ()
    seen, spoken = Coverage(), []
    if scope.loads is None or scope.loads:
        loads, home = scope.loads or (), scope.home
        rows = coverage.certificates(store, loads=loads, home=home)
        counted = {"lacking": scope.lacking, "counters": scope.counters}
        seen = coverage.measure(store, loads=loads, home=home, certificates=rows, **counted)
        spoken = coverage.versions(store, loads=loads, home=home)
        shadows = _shadow(store, loads, home, made.clock, seen)
    findings, waived = waivers.split(store, evaluation)
    run = Run(
        provenance=made,
        coverage=seen,
        findings=findings,
        waived=waived,
        groups=group.groups(findings, {row.sha256: row for row in rows}),
        rule_errors=evaluation.errors if evaluation else (),
        verdicts=_verdicts(evaluation),
        certificates=rows,
        issuers=tally.issuers(rows, made.clock.at),
        posture=tally.posture(rows, spoken),
        shadow=shadows,
    )
    owned = bool(policy and policy.document.owners)
    return replace(run, owners=tally.owners(run.scope)) if owned else run


def provenance(
    clock: Clock, rules: LoadedRules, home: Sequence[str], policy: Policy | None, *, store: str | None
) -> Provenance:
    """Say how the result was made; from captures, those are still to be added."""
    return Provenance(
        clock=clock,
        certspan=version("certspan"),
        engine=NativeEngine().version,
        facts=FACTS_VERSION,
        rule_pack=RulePack(rules.version, rules.sha256, tuple(rule.id for rule in rules.rules)),
        parameters={
            rule.id: {parameter.name: parameter.default for parameter in rule.parameters}
            for rule in rules.rules
            if rule.parameters
        },
        inputs=(),
        joined=False,
        home=tuple(display_network(network) for network in home),
        store=store,
        policy=_policy(policy),
    )


def _shadow(
    store: Store, loads: Sequence[str], home: Sequence[str], clock: Clock, seen: Coverage
) -> tuple[ShadowIssuer, ...]:
    """List who issues here without sanction."""
    any_ours = seen.holders.ours > 0 or seen.our_endpoints > 0
    return shadow(store, loads=loads, home=home, at=clock.at, any_ours=any_ours)


def _verdicts(evaluation: Evaluation | None) -> tuple[RuleVerdicts, ...]:
    if evaluation is None:
        return ()
    order = (Verdict.FAIL, Verdict.PASS, Verdict.UNKNOWN, Verdict.NOT_APPLICABLE)
    return tuple(
        RuleVerdicts(rule, *(counts[verdict] for verdict in order))
        for rule, counts in sorted(evaluation.verdicts.items())
    )


def _policy(policy: Policy | None) -> PolicyUsed | None:
    if policy is None:
        return None
    disabled = {one.rule: one.reason for one in policy.disabled}
    return PolicyUsed(policy.name, policy.sha256, disabled, policy.cmdb.sha256 if policy.cmdb else None)
