"""IBM QRadar's Log Event Extended Format 2.0, its fields divided by TAB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.forward.formats import words

if TYPE_CHECKING:
    import datetime as dt

    from analytics.forward.message import Message

_SEVERITY = {"critical": 10, "high": 8, "medium": 5, "low": 3, "info": 1}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""English, whatever the language of the machine."""


def write(message: Message) -> bytes:
    """Give one line, without its end."""
    head = ["LEEF:2.0", words.VENDOR, words.PRODUCT, words.VERSION, message.get("rule") or words.label(message), "x09"]
    fields = "\t".join(f"{key}={words.inert(value)}" for key, value in _fields(message) if value not in (None, ""))
    return ("|".join(words.inert(one, 255).replace("|", "/") for one in head) + "|" + fields).encode("utf-8", "replace")


def _fields(message: Message) -> list[tuple[str, Any]]:
    certificate = message.get("certificate") or {}
    server, client = words.server(message) or {}, words.client(message) or {}
    names = [name for name in server.get("server_names") or [] if name]
    return [
        ("cat", message["topic"]),
        ("devTime", _time(words.moment(message["at"]))),
        ("devTimeFormat", "MMM dd yyyy HH:mm:ss.SSS z"),
        ("sev", _SEVERITY[message["severity"]]),
        ("proto", "TCP" if server else None),
        ("src", client.get("address")),
        ("dst", server.get("address")),
        ("dstPort", server.get("port")),
        ("policy", message.get("rule")),
        ("resource", names[0] if names else None),
        ("eventId", message["id"]),
        ("eventKind", words.label(message)),
        ("findingId", message.get("finding")),
        ("findingState", message.get("state")),
        ("findingReason", message.get("reason")),
        ("replacedBy", " ".join(message.get("replaced_by") or [])),
        ("msg", message["title"]),
        ("subjectKind", message["subject_kind"]),
        ("subjectName", message["subject"]),
        ("holderCount", message["holder_count"]),
        ("certSha256", certificate.get("sha256")),
        ("certSubject", certificate.get("subject")),
        ("certIssuer", certificate.get("issuer")),
        ("certSerial", certificate.get("serial")),
        ("certNotBefore", certificate.get("not_before")),
        ("certNotAfter", certificate.get("not_after")),
        ("certKeyAlg", certificate.get("key_algorithm")),
        ("certKeyBits", certificate.get("key_bits")),
        ("certSigAlg", certificate.get("signature_algorithm")),
        ("daysRemaining", words.days_left(message)),
    ]


def _time(moment: dt.datetime | None) -> str | None:
    if moment is None:
        return None
    return f"{_MONTHS[moment.month - 1]} {moment:%d %Y %H:%M:%S}.{moment.microsecond // 1000:03} UTC"
