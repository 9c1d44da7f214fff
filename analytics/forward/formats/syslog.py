"""RFC 5424: the header, one element of structured data, and the sentence. Also the header for CEF and LEEF."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Any

from analytics.forward.formats import words
from analytics.network import endpoint

if TYPE_CHECKING:
    from analytics.forward.message import Message

ELEMENT = "certspan@32473"
"""SD-ID: 32473 is the number that RFC 5612 keeps for documentation; certspan has none of its own."""
LOCAL0 = 16
_SEVERITY = {"critical": 2, "high": 3, "medium": 4, "low": 5, "info": 6}
_RESOLVED = 5
_BOM = b"\xef\xbb\xbf"
_NOT_PRINTABLE = re.compile(r"[^\x21-\x7e]")


def write(message: Message, facility: int = LOCAL0) -> bytes:
    """Give one message of RFC 5424, without its frame."""
    elements = " ".join(f'{name}="{_value(value)}"' for name, value in _fields(message) if value not in (None, ""))
    text = words.inert(message["title"]).encode("utf-8", "replace")
    return header(message, facility) + f"[{ELEMENT} {elements}] ".encode("utf-8", "replace") + _BOM + text


def framed(message: Message, body: bytes, facility: int = LOCAL0) -> bytes:
    """Give a body of another format (CEF, LEEF) behind the header of RFC 5424."""
    return header(message, facility) + b"- " + body


def header(message: Message, facility: int = LOCAL0) -> bytes:
    """Give `<PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID `."""
    severity = _RESOLVED if message.get("state") == "resolved" else _SEVERITY[message["severity"]]
    host = _NOT_PRINTABLE.sub("_", socket.gethostname())[:255] or "-"
    return f"<{facility * 8 + severity}>1 {message['at']} {host} certspan - {words.label(message)[:32]} ".encode()


def _fields(message: Message) -> list[tuple[str, Any]]:
    certificate = message.get("certificate") or {}
    holders = message.get("holders") or []
    return [
        ("id", message["id"]),
        ("severity", message["severity"]),
        ("rule", message.get("rule")),
        ("finding", message.get("finding")),
        ("state", message.get("state")),
        ("reason", message.get("reason")),
        ("replacedBy", " ".join(message.get("replaced_by") or [])),
        ("subjectKind", message["subject_kind"]),
        ("subject", message["subject"]),
        ("holders", " ".join(endpoint(one["address"], one.get("port")) for one in holders[:10])),
        ("holderCount", message["holder_count"]),
        ("certSha256", certificate.get("sha256")),
        ("certSubject", certificate.get("subject")),
        ("certIssuer", certificate.get("issuer")),
        ("certSerial", certificate.get("serial")),
        ("certNotAfter", certificate.get("not_after")),
        ("daysLeft", words.days_left(message)),
    ]


def _value(value: Any) -> str:
    return re.sub(r'(["\\\]])', r"\\\1", words.inert(value))
