"""Writes an evaluation into the store: one row a finding, one row a run. Doing it twice adds nothing."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from analytics.finding import milliseconds, plain, rfc3339
from analytics.life import history
from sensor._rust import encode_arrow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from analytics.evaluate import Evaluation
    from analytics.finding import Holder
    from analytics.life.event import Event
    from analytics.store import Store

_Columns = list[tuple[str, str, list[Any]]]


def last_evaluation(store: Store, loads: Sequence[str]) -> datetime | None:
    """Give the latest clock that any of these loads (none: all) was judged at; None: never."""
    query = """
        SELECT count(), max(evaluated_at) FROM evaluations
        WHERE empty({loads:Array(String)}) OR empty(loads) OR hasAny(loads, {loads:Array(String)})
    """
    [(count, last)] = store.query(query, {"loads": list(loads)})
    return last if count else None


def looks_at_everything(store: Store, loads: Sequence[str]) -> bool:
    """Tell whether these loads (none: all) are all that the store holds."""
    if not loads:
        return True
    query = "SELECT count() FROM (SELECT DISTINCT load_id FROM loads) WHERE NOT has({loads:Array(String)}, load_id)"
    [(others,)] = store.query(query, {"loads": list(loads)})
    return not others


def keep_evaluation(
    store: Store, evaluation: Evaluation, loads: Sequence[str], home: Sequence[str], events: Sequence[Event] = ()
) -> None:
    """Write what happened, the findings, then the run over these loads (none: all): a run that is there is complete.

    What a finding is follows from its events, so that they go first: who comes after an interruption goes on from them.
    StoreError: it could not be written.
    """
    run = _run_id(evaluation, loads, home)
    history.write(store, events)
    if evaluation.findings:
        _insert(store, "findings", _finding_columns(evaluation, run))
    _insert(store, "evaluations", _run_columns(evaluation, loads, home, run))
    for table in ("findings", "evaluations"):
        # The engine replaces rows some time; who counts them without FINAL is not to see both meanwhile.
        store.merge(table)


def _run_id(evaluation: Evaluation, loads: Sequence[str], home: Sequence[str]) -> str:
    """Name a run by what it was made of, so that the same run again replaces itself."""
    made_of = [rfc3339(evaluation.now), evaluation.pack.sha256, *sorted(loads), *home]
    made_of += [evaluation.policy.sha256] if evaluation.policy else []
    return hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:32]


def _insert(store: Store, table: str, columns: _Columns) -> None:
    """Insert under a token that is the content's hash: only the very same rows are ever left out."""
    block = encode_arrow(columns)
    store.insert_arrow(table, block, f"{table}:{hashlib.sha256(block).hexdigest()}")


def _finding_columns(evaluation: Evaluation, run: str) -> _Columns:
    found = evaluation.findings
    return [
        ("id", "string", [finding.id for finding in found]),
        ("rule", "string", [finding.rule for finding in found]),
        ("severity", "string", [str(finding.severity) for finding in found]),
        ("title", "string", [finding.title for finding in found]),
        ("subject_kind", "string", [finding.subject_kind for finding in found]),
        ("subject", "string", [finding.subject for finding in found]),
        ("step", "int64", [finding.step for finding in found]),
        ("holders", "string", [_json([_holder(holder) for holder in finding.holders]) for finding in found]),
        ("ours", "bool", [finding.ours for finding in found]),
        ("confirmed", "bool", [finding.confirmed for finding in found]),
        ("zones", "list_string", [list(finding.zones) for finding in found]),
        ("owners", "list_string", [[owner.business for owner in finding.owners] for finding in found]),
        ("first_seen", "timestamp_ms", [milliseconds(finding.first_seen) for finding in found]),
        ("last_seen", "timestamp_ms", [milliseconds(finding.last_seen) for finding in found]),
        ("evidence", "string", [_json(finding.evidence) for finding in found]),
        ("evaluation", "string", [run for _ in found]),
        ("evaluated_at", "timestamp_ms", [milliseconds(evaluation.now) for _ in found]),
    ]


def _run_columns(evaluation: Evaluation, loads: Sequence[str], home: Sequence[str], run: str) -> _Columns:
    parameters = {
        rule.id: {parameter.name: parameter.default for parameter in rule.parameters} for rule in evaluation.pack.rules
    }
    verdicts = {
        rule: {str(verdict): n for verdict, n in counts.items()} for rule, counts in evaluation.verdicts.items()
    }
    return [
        ("id", "string", [run]),
        ("evaluated_at", "timestamp_ms", [milliseconds(evaluation.now)]),
        ("rule_pack", "string", [evaluation.pack.version]),
        ("rule_pack_sha256", "string", [evaluation.pack.sha256]),
        ("policy_sha256", "string", [evaluation.policy.sha256 if evaluation.policy else None]),
        ("parameters", "string", [_json(parameters)]),
        ("loads", "list_string", [sorted(loads)]),
        ("home", "list_string", [list(home)]),
        ("verdicts", "string", [_json(verdicts)]),
        ("errors", "list_string", [[f"{error.rule}: {error.message}" for error in evaluation.errors]]),
        ("findings", "int64", [len(evaluation.findings)]),
    ]


def _holder(holder: Holder) -> dict[str, Any]:
    return {
        "role": holder.role,
        "address": holder.address,
        "port": holder.port,
        "ours": holder.ours,
        "confirmed": holder.confirmed,
        "first_seen": rfc3339(holder.first_seen),
        "last_seen": rfc3339(holder.last_seen),
        "server_names": list(holder.server_names),
    }


def _json(value: Any) -> str:
    return json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"))
