"""Splunk's HTTP Event Collector, with names of the Common Information Model: Alerts for findings, Certificates beside.

Times are numbers there, in seconds since 1970; `ssl_validity_window` is the difference of two.
"""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

from analytics.forward.formats import words

if TYPE_CHECKING:
    from analytics.forward.message import Message

_NUMBER = {"critical": 5, "high": 4, "medium": 3, "low": 2, "info": 1}
_CIM = {"critical": "critical", "high": "high", "medium": "medium", "low": "low", "info": "informational"}


def document(message: Message) -> dict[str, Any]:
    """Give the envelope with its event."""
    at = words.milliseconds(message["at"])
    return {
        "time": None if at is None else at / 1000,
        "host": socket.gethostname(),
        "source": "certspan",
        "sourcetype": f"certspan:{message['topic']}",
        "event": words.without_none({**_alert(message), **_certificate(message)}),
    }


def write(message: Message) -> bytes:
    """Give one line of JSON."""
    return json.dumps(document(message), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _alert(message: Message) -> dict[str, Any]:
    server, client = words.server(message) or {}, words.client(message) or {}
    return {
        "id": message["id"],
        "app": "certspan",
        "type": "alert" if message["topic"] == "finding" else "event",
        "action": words.label(message),
        "description": words.cut(message["title"]),
        "signature": message.get("rule") or words.label(message),
        "signature_id": message.get("rule") or words.label(message),
        "severity": _CIM[message["severity"]],
        "severity_id": _NUMBER[message["severity"]],
        "subject": words.cut(message["title"]),
        "dest": server.get("address"),
        "dest_port": server.get("port"),
        "src": client.get("address"),
        "transport": "tcp" if server else None,
        "finding": message.get("finding"),
        "state": message.get("state"),
        "reason": message.get("reason"),
        "replaced_by": message.get("replaced_by"),
        "holder_count": message["holder_count"],
        "ours": message["ours"],
        "vendor_product": words.PRODUCT,
    }


def _certificate(message: Message) -> dict[str, Any]:
    certificate = message.get("certificate")
    if not certificate:
        return {}
    start, end = (words.milliseconds(certificate.get(name)) for name in ("not_before", "not_after"))
    subject, issuer = certificate.get("subject_attributes"), certificate.get("issuer_attributes")
    at = words.milliseconds(message["at"])
    valid = None if start is None or end is None or at is None else start <= at <= end
    return {
        "ssl_hash": certificate["sha256"],
        "ssl_serial": certificate.get("serial"),
        "ssl_subject": certificate.get("subject"),
        "ssl_subject_common_name": words.attribute(subject, "CN"),
        "ssl_subject_organization": words.attribute(subject, "O"),
        "ssl_subject_unit": words.attribute(subject, "OU"),
        "ssl_subject_locality": words.attribute(subject, "L"),
        "ssl_subject_state": words.attribute(subject, "ST"),
        "ssl_issuer": certificate.get("issuer"),
        "ssl_issuer_common_name": words.attribute(issuer, "CN"),
        "ssl_issuer_organization": words.attribute(issuer, "O"),
        "ssl_issuer_unit": words.attribute(issuer, "OU"),
        "ssl_name": ", ".join(words.names(certificate.get("sans"))) or None,
        "ssl_publickey_algorithm": certificate.get("key_algorithm"),
        "ssl_signature_algorithm": certificate.get("signature_algorithm"),
        "ssl_start_time": None if start is None else start / 1000,
        "ssl_end_time": None if end is None else end / 1000,
        "ssl_validity_window": None if start is None or end is None else (end - start) / 1000,
        "ssl_is_valid": valid,
        "ssl_version": None if certificate.get("version") is None else str(certificate["version"]),
    }
