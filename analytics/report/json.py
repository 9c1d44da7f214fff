"""The run as one JSON document (docs/audit.schema.json), and findings one by one for `ndjson`.

Text is whole and unchanged: JSON's own escapes make it harmless (only printable ASCII is written).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from analytics.report import text
from analytics.report.sentence import sentence

if TYPE_CHECKING:
    from analytics.finding import Acceptance, Finding, Holder
    from analytics.report.model import BlindEndpoint, Coverage, Group, OwnerRow, Run, ShadowIssuer
    from analytics.report.provenance import InputCapture, PolicyUsed, Provenance

_Object = dict[str, Any]

SCHEMA_VERSION = 1
"""Rises when a field changes its meaning or goes; new fields do not count."""


def render(run: Run) -> str:
    """Give the whole document, indented, one newline at its end."""
    return dumps(document(run), indent=1) + "\n"


def dumps(value: object, indent: int | None = None) -> str:
    """Encode so that any terminal shows it as it is: all but printable ASCII escaped, DEL too."""
    return json.dumps(value, ensure_ascii=True, indent=indent).replace("\x7f", "\\u007f")


def document(run: Run) -> _Object:
    """Give the document as plain objects."""
    return {
        "schema": SCHEMA_VERSION,
        "summary": sentence(run),
        "run": _run(run.provenance),
        "coverage": _coverage(run.coverage),
        "findings": [finding(one) for one in run.findings],
        "waived": [finding(one) for one in run.waived],
        "groups": [_group(group) for group in run.groups],
        "shadow_pki": [_shadow(one) for one in run.shadow],
        "rules": [
            {
                "rule": verdict.rule,
                "fail": verdict.failed,
                "pass": verdict.passed,
                "unknown": verdict.unknown,
                "not_applicable": verdict.not_applicable,
            }
            for verdict in run.verdicts
        ],
        "owners": [_owner(row) for row in run.owners],
        "rule_errors": [{"rule": error.rule, "message": text.well_formed(error.message)} for error in run.rule_errors],
    }


def _run(made: Provenance) -> _Object:
    """How the result was made."""
    return {
        "clock": {"at": text.rfc3339(made.clock.at), "how": made.clock.how},
        "certspan": made.certspan,
        "engine": made.engine,
        "facts": made.facts,
        "rule_pack": {
            "version": made.rule_pack.version,
            "sha256": made.rule_pack.sha256,
            "rules": list(made.rule_pack.rules),
        },
        "parameters": {rule: dict(values) for rule, values in made.parameters.items()},
        "inputs": [_input(capture) for capture in made.inputs],
        "joined": made.joined,
        "home": list(made.home),
        "store": made.store,
        "policy": None if made.policy is None else _policy(made.policy),
    }


def _policy(used: PolicyUsed) -> _Object:
    return {
        "name": text.well_formed(used.name),
        "sha256": used.sha256,
        "disabled": dict(used.disabled),
        "cmdb_sha256": used.cmdb_sha256,
    }


def _owner(row: OwnerRow) -> _Object:
    return {
        "name": row.name,
        "technical": list(row.technical),
        "renewal": list(row.renewal),
        "findings": row.findings,
        "severities": {str(severity): count for severity, count in row.severities.items()},
    }


def _input(capture: InputCapture) -> _Object:
    return {
        "name": text.well_formed(capture.name),
        "size": capture.size,
        "sha256": capture.sha256,
        "packets": capture.packets,
        "sessions": capture.sessions,
        "first_packet": text.rfc3339(capture.first_packet),
        "last_packet": text.rfc3339(capture.last_packet),
        "state": capture.state,
        "damage": [asdict(damage) for damage in capture.damage],
    }


def _coverage(seen: Coverage) -> _Object:
    return {
        "handshakes": seen.handshakes,
        "our_handshakes": seen.our_handshakes,
        "unconfirmed": seen.unconfirmed,
        "server_visibility": dict(seen.server),
        "client_visibility": dict(seen.client),
        "endpoints": seen.endpoints,
        "our_endpoints": seen.our_endpoints,
        "unanswered_endpoints": seen.unanswered,
        "blind_endpoints": [_blind(blind) for blind in seen.blind],
        "holders": asdict(seen.holders),
        "certificates": seen.certificates,
        "our_certificates": seen.our_certificates,
        "issuers": seen.issuers,
        "our_issuers": seen.our_issuers,
        "bytes_lost": seen.bytes_lost,
        "sessions_with_loss": seen.sessions_with_loss,
        "lacking_certificates": seen.lacking,
        "limits_hit": seen.limits_hit,
        "counters": dict(sorted(seen.counters.items())),
    }


def _blind(blind: BlindEndpoint) -> _Object:
    return {
        "endpoint": blind.endpoint,
        "ours": blind.ours,
        "sessions": blind.sessions,
        "reasons": dict(blind.reasons),
        "server_names": list(blind.server_names),
        "versions": list(blind.versions),
        "last_seen": text.rfc3339(blind.last_seen),
    }


def finding(one: Finding) -> _Object:
    """Give one finding as plain objects."""
    return {
        "id": one.id,
        "rule": one.rule,
        "subject_kind": one.subject_kind,
        "subject": one.subject,
        "severity": str(one.severity),
        "step": one.step,
        "title": one.title,
        "ours": one.ours,
        "confirmed": one.confirmed,
        "first_seen": text.rfc3339(one.first_seen),
        "last_seen": text.rfc3339(one.last_seen),
        "holders": [_holder(holder) for holder in one.holders],
        "evidence": dict(one.evidence),
        "why": one.why,
        "action": one.action,
        "zones": list(one.zones),
        "owners": [asdict(owner) for owner in one.owners],
        "severity_shift": one.shift,
        "waiver": None if one.waiver is None else _acceptance(one.waiver),
    }


def _acceptance(one: Acceptance) -> _Object:
    return {"until": text.rfc3339(one.until), "owner": one.owner, "reason": one.reason}


def _holder(holder: Holder) -> _Object:
    return {
        "role": holder.role,
        "address": holder.address,
        "port": holder.port,
        "ours": holder.ours,
        "confirmed": holder.confirmed,
        "server_names": list(holder.server_names),
        "first_seen": text.rfc3339(holder.first_seen),
        "last_seen": text.rfc3339(holder.last_seen),
    }


def _shadow(one: ShadowIssuer) -> _Object:
    return {
        "issuer_key": one.issuer_key,
        "issuer_key_seen": one.key_seen,
        "name": one.name,
        "names": list(one.names),
        "class": one.kind,
        "reason": one.reason,
        "certificates": one.certificates,
        "holders": one.holders,
        "networks": list(one.networks),
        "first_seen": text.rfc3339(one.first_seen),
        "last_seen": text.rfc3339(one.last_seen),
        "new_30_days": one.new,
    }


def _group(group: Group) -> _Object:
    """Give a group by reference: its findings' ids, and the words people read."""
    return {
        "rule": group.rule,
        "severity": str(group.severity),
        "step": group.step,
        "subject_kind": group.subject_kind,
        "ours": group.ours,
        "confirmed": group.confirmed,
        "headline": group.headline,
        "also": list(group.also),
        "subjects": group.subjects,
        "names": group.names,
        "places": group.places,
        "issuer": group.issuer,
        "owners": list(group.owners),
        "findings": [one.id for one in group.findings],
    }
