"""What a user says of a sink: `[[sink]]` tables of the configuration file."""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from analytics.forward.message import FINDING
from analytics.forward.sinks import SinkError
from rules.rule import SEVERITIES

if TYPE_CHECKING:
    from analytics.forward.message import Message

_PORTS = {"udp": 514, "tcp": 601, "tls": 6514}
_SCHEMES = {
    "syslog": frozenset({"udp", "tcp", "tls"}),
    "elastic": frozenset({"http", "https"}),
    "hec": frozenset({"http", "https"}),
    "webhook": frozenset({"http", "https"}),
    "kafka": frozenset({"kafka"}),
    "file": frozenset({"file"}),
}
_FORMATS = {
    "syslog": ("rfc5424", "cef", "leef", "json"),
    "elastic": ("ecs", "json"),
    "hec": ("splunk",),
    "webhook": ("json", "ecs", "ocsf", "ocsf-compliance"),
    "kafka": ("json", "ecs", "ocsf", "ocsf-compliance", "cef", "leef"),
    "file": ("json", "ecs", "ocsf", "ocsf-compliance", "cef", "leef"),
}
"""The first is the default."""


class SettingsError(SinkError):
    """What is wrong with a sink's settings: which, and what it should be; while it works, a file that went away."""


def _key(name: str) -> str:
    """Name a field as the file does."""
    return name.replace("_", "-")


class SinkSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, rename=_key):
    """One sink."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    type: Literal["syslog", "elastic", "hec", "webhook", "kafka", "file"]
    address: str
    """`tls://host:6514`, `https://host:9200`, `kafka://host:9092`, `file:///path`."""
    format: str = ""
    """Empty: the first that this type knows."""
    topics: list[Literal["finding", "certificate", "issuer", "sighting"]] = msgspec.field(
        default_factory=lambda: [FINDING]  # type: ignore[list-item]
    )
    severity: Literal["info", "low", "medium", "high", "critical"] = "info"
    """Of findings, at least this."""
    kinds: list[Literal["opened", "changed", "resolved", "stale", "reopened", "waived", "waiver_ended"]] = []
    """Of findings, only these; empty: all."""
    rules: list[str] = []
    """Of findings, only of these rules; empty: all."""
    ours_only: bool = False
    ca: str | None = None
    certificate: str | None = None
    """PEM file of our own certificate, where the server asks for one; with `key`."""
    key: str | None = None
    user: str | None = None
    secret_file: str | None = None
    """Password, token or key, in a file; or in the variable CERTSPAN_SINK_<NAME>."""
    index: str | None = None
    """Of Elasticsearch or Splunk."""
    acknowledge: bool = False
    topic: str = "certspan"
    options: dict[str, str | int | bool] = {}
    """Further options of librdkafka."""
    facility: Annotated[int, Meta(ge=0, le=23)] = 16
    rotate_bytes: Annotated[int, Meta(ge=1024)] = 100 << 20
    keep: Annotated[int, Meta(ge=0, le=1000)] = 5
    batch: Annotated[int, Meta(ge=1, le=10_000)] = 500

    @property
    def scheme(self) -> str:
        """Of the address."""
        return self.address.partition("://")[0]

    @property
    def shown(self) -> str:
        """What messages call it."""
        return f"sink {self.name} ({self.address})"

    def host_and_port(self) -> tuple[str, int]:
        """Of a syslog server."""
        parts = urlsplit(self.address)
        return parts.hostname or "", parts.port or _PORTS[self.scheme]

    def tls(self) -> ssl.SSLContext:
        """Give what a TLS connection to it demands: a certificate that is trusted and has its name."""
        context = ssl.create_default_context(cafile=self.ca)
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        return context

    def secret(self) -> str | None:
        """Give password, token or key; None: there is none. SettingsError."""
        if self.secret_file is None:
            return os.environ.get("CERTSPAN_SINK_" + re.sub(r"[^A-Z0-9]", "_", self.name.upper()))
        try:
            return Path(self.secret_file).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            raise SettingsError(f"sink {self.name}: secret-file {self.secret_file}: {reason}") from error

    def wants(self, message: Message) -> bool:
        """Tell whether this sink is to hear of it."""
        if message["topic"] not in self.topics or (self.ours_only and not message["ours"]):
            return False
        if message["topic"] != FINDING:
            return True
        return (
            SEVERITIES.index(message["severity"]) >= SEVERITIES.index(self.severity)
            and (not self.kinds or message["kind"] in self.kinds)
            and (not self.rules or message["rule"] in self.rules)
        )


def read_sinks(tables: Any) -> list[SinkSettings]:
    """Read the sinks of a configuration file; SettingsError tells the first slip."""
    if not isinstance(tables, list):
        raise SettingsError("sinks are tables of their own: write [[sink]]")
    found: list[SinkSettings] = []
    for number, table in enumerate(tables, 1):
        called = table.get("name", f"number {number}") if isinstance(table, dict) else f"number {number}"
        try:
            sink = msgspec.convert(table, SinkSettings)
        except msgspec.ValidationError as error:
            raise SettingsError(f"sink {called}: {error}") from error
        _check(sink)
        if any(sink.name == other.name for other in found):
            raise SettingsError(f"sink {sink.name}: there are two of this name")
        found.append(sink)
    return found


def _check(sink: SinkSettings) -> None:
    if sink.scheme not in _SCHEMES[sink.type]:
        there = ", ".join(f"{scheme}://" for scheme in sorted(_SCHEMES[sink.type]))
        raise SettingsError(f"sink {sink.name}: address {sink.address}: one of {sink.type} begins with {there}")
    parts = urlsplit(sink.address)
    if parts.password is not None:
        raise SettingsError(f"sink {sink.name}: a password does not belong into an address; use secret-file")
    if sink.type != "kafka":  # which has a list of them
        try:
            parts.port  # noqa: B018  it is read when it is asked for
        except ValueError as error:
            raise SettingsError(f"sink {sink.name}: address: {error}") from error
    if sink.type != "file" and not parts.netloc:
        raise SettingsError(f"sink {sink.name}: address {sink.address} names no host")
    sink.format = sink.format or _FORMATS[sink.type][0]
    if sink.format not in _FORMATS[sink.type]:
        there = ", ".join(_FORMATS[sink.type])
        raise SettingsError(f"sink {sink.name}: format {sink.format}: {sink.type} takes {there}")
    for file in (sink.ca, sink.certificate, sink.key, sink.secret_file):
        if file is not None and not Path(file).is_file():
            raise SettingsError(f"sink {sink.name}: {file}: no such file")
    sink.secret()
    try:
        sink.tls()
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"sink {sink.name}: {sink.ca or sink.certificate}: no certificates in PEM there") from error
