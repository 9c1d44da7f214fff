"""ArcSight Common Event Format: CEF:1, whose `src` and `dst` take IPv6, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.forward.formats import words

if TYPE_CHECKING:
    from analytics.forward.message import Message

_SEVERITY = {"critical": 10, "high": 8, "medium": 5, "low": 3, "info": 1}
_LONGEST = {
    "app": 31, "proto": 31, "act": 63, "outcome": 63, "reason": 1023, "msg": 1023, "cat": 1023, "externalId": 40,
    "fileHash": 255, "dhost": 1023,
}  # fmt: skip
_LONGEST_ID, _LONGEST_NAME = 1023, 512


def write(message: Message) -> bytes:
    """Give one line, without its end."""
    head = [
        "CEF:1",
        words.VENDOR,
        words.PRODUCT,
        words.VERSION,
        words.cut(message.get("rule") or words.label(message), _LONGEST_ID),
        words.inert(message["title"], _LONGEST_NAME),
        str(_SEVERITY[message["severity"]]),
    ]
    extension = " ".join(f"{key}={_value(key, value)}" for key, value in _fields(message) if value not in (None, ""))
    return ("|".join(_header(one) for one in head) + "|" + extension).encode("utf-8", "replace")


def _fields(message: Message) -> list[tuple[str, Any]]:
    certificate = message.get("certificate") or {}
    server, client = words.server(message) or {}, words.client(message) or {}
    names = [name for name in server.get("server_names") or [] if name]
    custom: list[tuple[str, str, Any]] = [
        ("cs1", "subject", certificate.get("subject")),
        ("cs2", "issuer", certificate.get("issuer")),
        ("cs3", "subjectAlternativeNames", ", ".join(words.names(certificate.get("sans")))),
        ("cs4", "signatureAlgorithm", certificate.get("signature_algorithm")),
        ("cs5", "state", message.get("state")),
        ("cs6", "serialNumber", certificate.get("serial")),
        ("cn1", "daysRemaining", words.days_left(message)),
        ("cn2", "keyBits", certificate.get("key_bits")),
        ("cn3", "holders", message["holder_count"]),
        ("deviceCustomDate1", "notBefore", words.milliseconds(certificate.get("not_before"))),
        ("deviceCustomDate2", "notAfter", words.milliseconds(certificate.get("not_after"))),
        ("flexString1", "subject kind", message["subject_kind"]),
        ("flexString2", "replacedBy", ", ".join(message.get("replaced_by") or [])),
    ]
    found = [
        ("rt", words.milliseconds(message["at"])),
        ("start", words.milliseconds(message.get("first_seen"))),
        ("end", words.milliseconds(message.get("last_seen"))),
        ("act", words.label(message)),
        ("outcome", message.get("state")),
        ("reason", message.get("reason")),
        ("msg", message["title"]),
        ("cat", message["topic"]),
        ("externalId", message.get("finding") or message["id"]),
        ("dst", server.get("address")),
        ("dpt", server.get("port")),
        ("dhost", names[0] if names else None),
        ("src", client.get("address")),
        ("fileHash", certificate.get("sha256")),
        ("fileType", "x509" if certificate else None),
    ]
    for key, name, value in custom:
        if value not in (None, ""):
            found += [(key, value), (f"{key}Label", name)]
    return found


def _header(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|")


def _value(key: str, value: Any) -> str:
    text = str(value)
    lines = "".join("\n" if char in "\r\n" else char for char in text.replace("\r\n", "\n"))
    safe = "\n".join(words.inert(line, 4000) for line in lines.split("\n"))
    return words.cut(safe, _LONGEST.get(key, 4000)).replace("\\", "\\\\").replace("=", "\\=").replace("\n", "\\n")
