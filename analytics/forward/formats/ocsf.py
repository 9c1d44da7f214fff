"""OCSF 1.5: Detection Finding (2004) or Compliance Finding (2003) for findings, else Network Activity (4001)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from analytics.forward.formats import words

if TYPE_CHECKING:
    from analytics.forward.message import Message

OCSF_VERSION = "1.5.0"
DETECTION, COMPLIANCE, NETWORK = 2004, 2003, 4001
_SEVERITY = {"info": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
_CAPTIONS = {1: "Informational", 2: "Low", 3: "Medium", 4: "High", 5: "Critical"}
_CREATE, _UPDATE, _CLOSE = 1, 2, 3
_ACTIVITY = {"opened": _CREATE, "reopened": _CREATE, "resolved": _CLOSE}
_NEW, _SUPPRESSED, _RESOLVED = 1, 3, 4
_PASS, _FAIL = 1, 3
_SHA1, _SHA256 = 2, 3
_OPEN, _TRAFFIC = 1, 6
_UNKNOWN_DIRECTION, _INBOUND = 0, 1


def detection(message: Message) -> dict[str, Any]:
    """Give a Detection Finding."""
    return words.without_none({**_finding(message, DETECTION), "evidences": _evidences(message)})


def compliance(message: Message) -> dict[str, Any]:
    """Give a Compliance Finding: the same as a control that fails, or passes once the finding is resolved."""
    passes = message.get("state") == "resolved"
    return words.without_none(
        {
            **_finding(message, COMPLIANCE),
            "compliance": {
                "control": message["rule"],
                "standards": ["certspan"],
                "status_id": _PASS if passes else _FAIL,
                "status": "Pass" if passes else "Fail",
                "status_detail": words.cut(message["title"]),
            },
            "unmapped": {"certificate": message.get("certificate"), "holders": message.get("holders")},
        }
    )


def network(message: Message) -> dict[str, Any]:
    """Give Network Activity: a certificate, or an issuer, as it was seen."""
    server, client = words.server(message), words.client(message)
    return words.without_none(
        {
            **_base(message, NETWORK, 4, _TRAFFIC),
            "src_endpoint": _endpoint(client) or {"name": "unknown"},
            "dst_endpoint": _endpoint(server) or {"name": "unknown"},
            "connection_info": {"direction_id": _UNKNOWN_DIRECTION, "protocol_name": "tcp"},
            "tls": _tls(message),
            "message": words.cut(message["title"]),
            "unmapped": {"topic": message["topic"], "evidence": message.get("evidence")},
        }
    )


def write(message: Message) -> bytes:
    """Give one line of JSON."""
    return _line(detection(message) if message["topic"] == "finding" else network(message))


def write_compliance(message: Message) -> bytes:
    """Give one line of JSON; findings as controls."""
    return _line(compliance(message) if message["topic"] == "finding" else network(message))


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _base(message: Message, class_uid: int, category: int, activity: int) -> dict[str, Any]:
    severity = _SEVERITY[message["severity"]]
    return {
        "category_uid": category,
        "class_uid": class_uid,
        "activity_id": activity,
        "type_uid": class_uid * 100 + activity,
        "severity_id": severity,
        "severity": _CAPTIONS[severity],
        "time": words.milliseconds(message["at"]),
        "metadata": {
            "version": OCSF_VERSION,
            "uid": message["id"],
            "product": {"name": words.PRODUCT, "vendor_name": words.VENDOR, "version": words.VERSION},
            "event_code": words.label(message),
        },
    }


def _finding(message: Message, class_uid: int) -> dict[str, Any]:
    kind = message["kind"]
    status = _RESOLVED if message["state"] == "resolved" else _SUPPRESSED if kind == "waived" else _NEW
    newer = [{"uid": one, "type": "certificate", "labels": ["replaced by"]} for one in message.get("replaced_by") or []]
    return {
        **_base(message, class_uid, 2, _ACTIVITY.get(kind, _UPDATE)),
        "status_id": status,
        "status": {_NEW: "New", _SUPPRESSED: "Suppressed", _RESOLVED: "Resolved"}[status],
        "status_detail": message.get("reason"),
        "message": words.cut(message["title"]),
        "finding_info": {
            "uid": message["finding"],
            "title": words.cut(message["title"]),
            "types": [message["rule"]],
            "created_time": words.milliseconds(message["at"]) if kind == "opened" else None,
            "modified_time": words.milliseconds(message["at"]),
            "first_seen_time": words.milliseconds(message.get("first_seen")),
            "last_seen_time": words.milliseconds(message.get("last_seen")),
            "analytic": {"uid": message["rule"], "name": message["rule"], "type_id": 1, "type": "Rule"},
        },
        "resources": [{"uid": message["subject"], "type": message["subject_kind"]}, *newer],
    }


def _evidences(message: Message) -> list[dict[str, Any]]:
    tls = _tls(message)
    holders = message.get("holders") or []
    found = []
    for holder in holders[:10]:
        where = "dst_endpoint" if holder["role"] == "server" else "src_endpoint"
        found.append(words.without_none({where: _endpoint(holder), "tls": tls}))
    return found or ([words.without_none({"tls": tls})] if tls else [])


def _endpoint(holder: dict[str, Any] | None) -> dict[str, Any] | None:
    if holder is None:
        return None
    names = [name for name in holder.get("server_names") or [] if name]
    hostname = names[0] if names and holder["role"] == "server" else None
    return {"ip": holder["address"], "port": holder.get("port"), "hostname": hostname}


def _tls(message: Message) -> dict[str, Any] | None:
    certificate = message.get("certificate")
    if not certificate:
        return None
    return {
        "version": "unknown",
        "certificate": {
            "uid": certificate["sha256"],
            "serial_number": certificate.get("serial") or "unknown",
            "issuer": certificate.get("issuer") or "unknown",
            "subject": certificate.get("subject"),
            "version": None if certificate.get("version") is None else str(certificate["version"]),
            "created_time": words.milliseconds(certificate.get("not_before")),
            "expiration_time": words.milliseconds(certificate.get("not_after")),
            "is_self_signed": certificate.get("self_signed"),
            "fingerprints": [
                {"algorithm_id": _SHA256, "algorithm": "SHA-256", "value": certificate["sha256"]},
                {"algorithm_id": _SHA1, "algorithm": "SHA-1", "value": certificate["sha1"]},
            ],
            "sans": [
                {"type": one.partition(":")[0], "name": one.partition(":")[2]} for one in certificate.get("sans") or []
            ],
        },
    }
