"""Elastic Common Schema 9: alerts for findings, events for sightings, assets for certificates and issuers.

Hashes are upper-case hexadecimal there, serial numbers as well. What ECS has no field for stands below `certspan`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from analytics.forward.formats import words

if TYPE_CHECKING:
    from analytics.forward.message import Message

ECS_VERSION = "9.0.0"
_RISK = {"critical": 99.0, "high": 73.0, "medium": 47.0, "low": 21.0, "info": 1.0}
_NUMBER = {"critical": 4, "high": 3, "medium": 2, "low": 1, "info": 0}
_KIND = {"finding": "alert", "sighting": "event", "certificate": "asset", "issuer": "asset"}


def document(message: Message) -> dict[str, Any]:
    """Give the document."""
    certificate = message.get("certificate")
    server, client = words.server(message), words.client(message)
    holders = message.get("holders") or []
    side = "client" if server is None and client is not None else "server"
    found = {
        "@timestamp": message["at"],
        "ecs": {"version": ECS_VERSION},
        "message": words.cut(message["title"]),
        "event": {
            "kind": _KIND[message["topic"]],
            "category": ["network"] + (["vulnerability"] if message["topic"] == "finding" else []),
            "type": ["info"],
            "action": words.label(message),
            "dataset": f"certspan.{message['topic']}",
            "module": "certspan",
            "id": message["id"],
            "severity": _NUMBER[message["severity"]],
            "risk_score": _RISK[message["severity"]] if message["topic"] == "finding" else None,
            "reason": message.get("reason"),
            "start": message.get("first_seen"),
            "end": message.get("last_seen"),
        },
        "rule": {
            "id": message.get("rule"),
            "name": message.get("rule"),
            "ruleset": "certspan" if message.get("rule") else None,
        },
        "observer": {"vendor": words.VENDOR, "product": words.PRODUCT, "version": words.VERSION, "type": "sensor"},
        "server": _place(server),
        "destination": _place(server),
        "client": _place(client),
        "source": _place(client),
        "related": {
            "ip": sorted({one["address"] for one in holders}),
            "hosts": sorted({name for one in holders for name in one.get("server_names") or [] if name}),
            "hash": [certificate["sha256"].upper()] if certificate else None,
        },
        "tls": {side: _side(certificate, server if side == "server" else client)} if certificate else None,
        "certspan": {
            "finding": message.get("finding"),
            "state": message.get("state"),
            "severity": message["severity"],
            "subject_kind": message["subject_kind"],
            "subject": message["subject"],
            "step": message.get("step"),
            "ours": message["ours"],
            "holder_count": message["holder_count"],
            "replaced_by": message.get("replaced_by"),
            "spki_sha256": certificate.get("spki_sha256") if certificate else None,
            "self_signed": certificate.get("self_signed") if certificate else None,
            "days_left": words.days_left(message),
        },
    }
    return words.without_none(found)


def write(message: Message) -> bytes:
    """Give the document as one line of JSON."""
    return json.dumps(document(message), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _place(holder: dict[str, Any] | None) -> dict[str, Any] | None:
    if holder is None:
        return None
    return {"address": holder["address"], "ip": holder["address"], "port": holder.get("port")}


def _side(certificate: dict[str, Any], holder: dict[str, Any] | None) -> dict[str, Any]:
    """Give `tls.server` or `tls.client`."""
    names = [name for name in (holder or {}).get("server_names") or [] if name]
    return {
        "subject": certificate.get("subject"),
        "issuer": certificate.get("issuer"),
        "not_before": certificate.get("not_before"),
        "not_after": certificate.get("not_after"),
        "hash": {"sha256": certificate["sha256"].upper(), "sha1": certificate["sha1"].upper()},
        "server_name": names[0] if names and holder and holder["role"] == "client" else None,
        "x509": {
            "version_number": _text(certificate.get("version")),
            "serial_number": _upper(certificate.get("serial")),
            "not_before": certificate.get("not_before"),
            "not_after": certificate.get("not_after"),
            "subject": _name(certificate.get("subject"), certificate.get("subject_attributes")),
            "issuer": _name(certificate.get("issuer"), certificate.get("issuer_attributes")),
            "signature_algorithm": certificate.get("signature_algorithm"),
            "public_key_algorithm": certificate.get("key_algorithm"),
            "public_key_size": certificate.get("key_bits"),
            "public_key_curve": certificate.get("key_curve"),
            "alternative_names": words.names(certificate.get("sans")),
        },
    }


def _name(whole: str | None, attributes: list[str] | None) -> dict[str, Any]:
    parts = {
        "common_name": "CN",
        "organization": "O",
        "organizational_unit": "OU",
        "locality": "L",
        "state_or_province": "ST",
        "country": "C",
    }
    found = {field: words.attribute(attributes, short) for field, short in parts.items()}
    return {"distinguished_name": whole, **{field: [one] for field, one in found.items() if one is not None}}


def _upper(text: str | None) -> str | None:
    return None if text is None else text.upper()


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)
