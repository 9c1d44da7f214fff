"""What all formats need: names out of certificates, times, numbers of severities, text that cannot break a line."""

from __future__ import annotations

import datetime as dt
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from sensor import inert as shown

if TYPE_CHECKING:
    from collections.abc import Mapping

VENDOR, PRODUCT = "certspan", "certspan"
VERSION = version("certspan")
MOST_TEXT = 4000
"""Characters of one field; longer text ends with an ellipsis."""


def moment(text: str | None) -> dt.datetime | None:
    """Read a time of a message."""
    return None if not text else dt.datetime.fromisoformat(text)


def milliseconds(text: str | None) -> int | None:
    """Give a time of a message as milliseconds since 1970."""
    found = moment(text)
    return None if found is None else round(found.timestamp() * 1000)


def attribute(texts: list[str] | None, name: str) -> str | None:
    """Give the first attribute of this type of a name: `CN`, `O` ...; None: it has none."""
    lead = f"{name}="
    return next((one.removeprefix(lead) for one in texts or [] if one.startswith(lead)), None)


def names(sans: list[str] | None) -> list[str]:
    """Give alternative names without their kind."""
    return [one.partition(":")[2] for one in sans or []]


def cut(text: str, most: int = MOST_TEXT) -> str:
    """Give so many characters at most."""
    return text if len(text) <= most else text[: most - 1] + "…"


def inert(text: Any, most: int = MOST_TEXT) -> str:
    """Give text in which nothing moves a terminal, begins a line, or turns the direction of writing."""
    return cut(shown.inert(str(text)), most)


def server(message: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the first holder that is a server; None: there is none."""
    return next((one for one in message.get("holders") or [] if one.get("role") == "server"), None)


def client(message: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the first holder that is a client; None: there is none."""
    return next((one for one in message.get("holders") or [] if one.get("role") == "client"), None)


def days_left(message: Mapping[str, Any]) -> int | None:
    """Give whole days from the message to the end of its certificate, negative after it; None: there is none."""
    certificate = message.get("certificate") or {}
    end, at = moment(certificate.get("not_after")), moment(message["at"])
    return None if end is None or at is None else (end - at).days


def label(message: Mapping[str, Any]) -> str:
    """Name what happened: `finding.opened`, `certificate.new`."""
    return f"{message['topic']}.{message['kind']}"


def without_none(found: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is not known, and empty objects, all the way down."""
    kept = {}
    for key, value in found.items():
        one = without_none(value) if isinstance(value, dict) else value
        if one is not None and one not in ({}, []):
            kept[key] = one
    return kept
