"""What one direction of a connection said, handshake by handshake: read from the records that tshark shows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sensor.tshark.layers import every, find, first, number, numbers, octets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sensor.tshark.process import Tree

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
CLIENT_HELLO, SERVER_HELLO, CERTIFICATE, SERVER_KEY_EXCHANGE = 1, 2, 11, 12
CERTIFICATE_REQUEST, HELLO_DONE, CERTIFICATE_VERIFY, CLIENT_KEY_EXCHANGE = 13, 14, 15, 16
CERTIFICATE_STATUS = 22
_SERVERS = frozenset(
    {SERVER_HELLO, SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, HELLO_DONE, CERTIFICATE_STATUS, CLIENT_KEY_EXCHANGE}
)
_KNOWN = frozenset({CLIENT_HELLO, CERTIFICATE}) | _SERVERS
_RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random that marks a HelloRetryRequest (RFC 8446 4.1.3)."""
_ECH = 0xFE0D
_PRE_SHARED_KEY = 41
_ALERT_BYTES = "2"
"""Of one that is not encrypted."""
_PREFIX_BYTES = 3
"""Of each certificate in its list."""


def is_13(version: int | None) -> bool:
    """TLS 1.3, also in its drafts."""
    return version is not None and (version == 0x0304 or version >> 8 == 0x7F)  # noqa: PLR2004  as on the wire


@dataclass(slots=True)
class ClientHello:
    """What a client offered; None where tshark shows nothing of the kind."""

    random: bytes
    session_id: bytes
    version: int | None
    """The highest offered."""
    server_name: str | None
    alpn: list[str]
    ech: bool
    ja3: str | None
    ja4: str | None
    """Of tshark 4.2 and newer."""


@dataclass(slots=True)
class ServerHello:
    """What a server chose."""

    random: bytes
    session_id: bytes
    version: int | None
    cipher_suite: int | None
    group: int | None
    psk: bool
    alpn: str | None
    sct_count: int
    ja3s: str | None

    @property
    def retry(self) -> bool:
        """It asks for another ClientHello."""
        return self.random == _RETRY_RANDOM


@dataclass(slots=True)
class Facts:
    """What one direction said in one handshake."""

    client_hello: ClientHello | None = None
    server_hello: ServerHello | None = None
    retried: bool = False
    chain: list[bytes] | None = None
    """SHA-256 of each certificate."""
    chain_whole: bool = False
    """tshark read its list to the end."""
    messages: set[int] = field(default_factory=set)
    """Types of the messages seen."""
    group: int | None = None
    scheme: int | None = None
    alerts: list[tuple[int, int]] = field(default_factory=list)
    """Level and description."""
    protected: bool = False
    """More came after the change of keys."""

    @property
    def is_server(self) -> bool:
        """Only servers say so."""
        return bool(self.messages & (_SERVERS - {CLIENT_KEY_EXCHANGE}))

    @property
    def is_client(self) -> bool:
        """Only clients say so."""
        return bool(self.messages & {CLIENT_HELLO, CLIENT_KEY_EXCHANGE})

    def begins_another(self, kind: int) -> bool:
        """Whether a message of this type belongs to the next handshake."""
        if kind == CLIENT_HELLO:
            return self.client_hello is not None
        return kind == SERVER_HELLO and self.server_hello is not None and not self.server_hello.retry

    def merge_retry(self, second: Facts) -> None:
        """Take what the second hello of a HelloRetryRequest pair brought; the first hello stands."""
        hello, messages = self.client_hello, self.messages | second.messages
        for name in ("server_hello", "retried", "chain", "chain_whole", "group", "scheme", "alerts", "protected"):
            setattr(self, name, getattr(second, name))
        self.client_hello, self.messages = hello, messages


@dataclass(slots=True)
class Half:
    """One direction."""

    facts: list[Facts] = field(default_factory=list)
    keys_changed: bool = False

    def record(self, record: Tree) -> Iterator[tuple[bytes, bytes]]:
        """Take in one record; gives (SHA-256, DER) of the certificates in it."""
        if "tls.record.opaque_type" in record:  # TLS 1.3, and was encrypted, too
            return
        kind = number(first(record, "tls.record.content_type"))
        if kind == CHANGE_CIPHER_SPEC:
            self.keys_changed = True
        elif kind == APPLICATION_DATA:
            self._current().protected = True
        elif kind == ALERT:
            self._alerts(record)
        else:  # a hello in the format of SSL 2 has no content type
            for message in every(record.get("tls.handshake")) or [record]:
                yield from self._message(message)

    def _current(self) -> Facts:
        if not self.facts:
            self.facts.append(Facts())
        return self.facts[-1]

    def _alerts(self, record: Tree) -> None:
        if self.keys_changed and record.get("tls.record.length") != _ALERT_BYTES:
            return  # was encrypted: tshark found the secrets in the capture
        for alert in every(record.get("tls.alert_message")):
            level = number(first(alert, "tls.alert_message.level"))
            description = number(first(alert, "tls.alert_message.desc"))
            if level is not None and description is not None:
                self._current().alerts.append((level, description))

    def _message(self, message: Any) -> Iterator[tuple[bytes, bytes]]:
        kind = number(first(message, "tls.handshake.type"))
        if self.keys_changed and not self._repeats(kind, message):
            self._current().protected = True
            return
        if kind not in _KNOWN or self._is_copy(kind, message):
            return
        if not self.facts or self.facts[-1].begins_another(kind):
            self.facts.append(Facts())
        facts = self.facts[-1]
        facts.messages.add(kind)
        if kind == CLIENT_HELLO:
            facts.client_hello = client_hello(message)
        elif kind == SERVER_HELLO:
            facts.server_hello = server_hello(message)
            facts.retried |= facts.server_hello.retry
        elif kind == SERVER_KEY_EXCHANGE:
            facts.group = number(first(message, "tls.handshake.server_named_curve"))
            facts.scheme = number(first(message, "tls.handshake.sig_hash_alg"))
        elif kind == CERTIFICATE:
            yield from _certificates(facts, message)

    def _repeats(self, kind: int | None, message: Any) -> bool:
        """Whether this is a second hello for a HelloRetryRequest: in the clear, though the dummy change_cipher_spec of
        the compatibility mode (RFC 8446 D.4) came before.
        """
        last = self.facts[-1] if self.facts else Facts()
        if kind == SERVER_HELLO:
            return last.server_hello is not None and last.server_hello.retry
        random = octets(first(message, "tls.handshake.random"))
        return kind == CLIENT_HELLO and last.client_hello is not None and last.client_hello.random == random != b""

    def _is_copy(self, kind: int, message: Any) -> bool:
        """Whether tshark shows a ServerHello again: it was sent again."""
        hello = self.facts[-1].server_hello if self.facts else None
        random = octets(first(message, "tls.handshake.random"))
        return kind == SERVER_HELLO and hello is not None and hello.random == random != _RETRY_RANDOM

    def merge_retries(self, server: Half) -> None:
        """One handshake has two ClientHellos if a HelloRetryRequest stands between: the server says so, or, where it is
        not seen, the same random does. tshark may also show a hello again that was sent again.
        """
        at = 0
        while at + 1 < len(self.facts):
            hellos = [facts.client_hello for facts in self.facts[at : at + 2]]
            retried = server.facts[at].retried if at < len(server.facts) else _same_random(hellos)
            if retried or hellos[0] == hellos[1]:
                self.facts[at].merge_retry(self.facts.pop(at + 1))
            at += 1


def _same_random(hellos: list[ClientHello | None]) -> bool:
    one, other = (None if hello is None else hello.random for hello in hellos)
    return bool(one) and one == other


def client_hello(message: Any) -> ClientHello:
    """Read a ClientHello."""
    listed = numbers(message, "tls.handshake.extensions.supported_version")
    offered = [version for version in listed if version >> 8 == 3]  # noqa: PLR2004  GREASE and drafts are not counted
    return ClientHello(
        random=octets(first(message, "tls.handshake.random") or first(message, "tls.handshake.challenge")),
        session_id=octets(first(message, "tls.handshake.session_id")),
        version=max(offered, default=number(first(message, "tls.handshake.version"))),
        server_name=first(message, "tls.handshake.extensions_server_name"),
        alpn=find(message, "tls.handshake.extensions_alpn_str"),
        ech=_ECH in numbers(message, "tls.handshake.extension.type"),
        ja3=first(message, "tls.handshake.ja3"),
        ja4=first(message, "tls.handshake.ja4"),
    )


def server_hello(message: Any) -> ServerHello:
    """Read a ServerHello."""
    version = number(first(message, "tls.handshake.extensions.supported_version"))
    group = first(message, "tls.handshake.extensions_key_share_group")
    group = group or first(message, "tls.handshake.extensions_key_share_selected_group")
    return ServerHello(
        random=octets(first(message, "tls.handshake.random")),
        session_id=octets(first(message, "tls.handshake.session_id")),
        version=version or number(first(message, "tls.handshake.version")),
        cipher_suite=number(first(message, "tls.handshake.ciphersuite")),
        group=number(group),
        psk=_PRE_SHARED_KEY in numbers(message, "tls.handshake.extension.type"),
        alpn=first(message, "tls.handshake.extensions_alpn_str"),
        sct_count=len(find(message, "tls.sct.sct_version")),
        ja3s=first(message, "tls.handshake.ja3s"),
    )


def _certificates(facts: Facts, message: Any) -> Iterator[tuple[bytes, bytes]]:
    ders = [octets(text) for text in find(message, "tls.handshake.certificate")]
    told = number(first(message, "tls.handshake.certificates_length"))
    facts.chain_whole = told == sum(_PREFIX_BYTES + len(der) for der in ders)
    named = [(hashlib.sha256(der).digest(), der) for der in ders]
    # Of a list that tshark could not read to the end, what it read; nothing of it is not an empty list.
    facts.chain = [sha256 for sha256, _ in named] if named or facts.chain_whole else None
    yield from named
