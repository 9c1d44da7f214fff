"""Handshakes recorded from OpenSSL's own client and server, played again with other random fields and names."""

from __future__ import annotations

import contextlib
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from authority import ECDSA, ED25519, NAME, RSA
from fields import FRESH, SESSION, Field, as_browsers_do, of_hello, of_message
from wire import CLIENT, SERVER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from authority import Authority, Chain

_HANDSHAKE, _CHANGE = 22, 20
_HELLO, _CERTIFICATE = 1, 11
_HEADER = 5
_TICKETS = 256
"""Bytes given to what a server of TLS 1.3 says after the handshake: its true length depends on chance."""


@dataclass(slots=True)
class Part:
    """Bytes with fields that are written anew for each connection."""

    data: bytearray = field(default_factory=bytearray)
    fields: list[Field] = field(default_factory=list)

    def put(self, data: bytes, fields: list[Field]) -> None:
        """Append bytes, with fields counted from their start."""
        base = len(self.data)
        self.data += data
        self.fields += [(base + start, base + end, kind) for start, end, kind in fields]

    def fill(self, rng: Random, session: bytes, name: bytes) -> bytearray:
        """Give the bytes for one connection."""
        data = self.data[:]
        for start, end, kind in self.fields:
            if kind == FRESH:
                data[start:end] = rng.randbytes(end - start)
            elif kind == SESSION:
                data[start:end] = session
            else:
                data[start:end] = name
        return data


@dataclass(slots=True)
class Flight:
    """What one side says before it waits for the other."""

    sender: int
    before: Part = field(default_factory=Part)
    after: Part | None = None
    """What follows the Certificate message, where there is one."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One recorded handshake."""

    kind: str
    """Of the server's key, where its certificate is visible; else empty."""
    flights: tuple[Flight, ...]
    full: bool
    """A handshake with keys agreed anew, not a session resumed."""
    mutual: bool


@dataclass(frozen=True, slots=True)
class Peer:
    """A client and the server that it talks to: what makes their hellos differ from those of others."""

    ciphers: str = ""
    protocols: tuple[str, ...] = ()
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    tickets: bool = True


MODERN = Peer(protocols=("h2", "http/1.1"))
PEERS = (
    MODERN,
    Peer(protocols=("http/1.1",), newest=ssl.TLSVersion.TLSv1_2),
    Peer(ciphers="ECDHE+AESGCM", newest=ssl.TLSVersion.TLSv1_2, tickets=False),
    Peer(ciphers="ECDHE+CHACHA20:ECDHE+AESGCM:ECDHE+AES", tickets=False),
)


class Recorder:
    """Lets OpenSSL talk to itself."""

    def __init__(self, authority: Authority) -> None:
        self._pem = {kind: authority.pem(kind) for kind in (RSA, ECDSA, ED25519)}

    def full(self, kind: str, peer: Peer, *, mutual: bool = False) -> Exchange:
        """Record a full handshake of TLS 1.2."""
        server, client = self._contexts(kind, peer, ssl.TLSVersion.TLSv1_2, mutual=mutual)
        return Exchange(kind, tuple(self._cut(_talk(server, client)[0], tickets=False)), full=True, mutual=mutual)

    def resumed(self, peer: Peer) -> Exchange:
        """Record a session of TLS 1.2 that goes on with its old keys."""
        server, client = self._contexts(ECDSA, peer, ssl.TLSVersion.TLSv1_2)
        _, session = _talk(server, client)
        return Exchange(
            "", tuple(self._cut(_talk(server, client, session)[0], tickets=False)), full=False, mutual=False
        )

    def modern(self, peer: Peer) -> Exchange:
        """Record a handshake of TLS 1.3, with a key whose signatures have one length."""
        server, client = self._contexts(ED25519, peer, ssl.TLSVersion.TLSv1_3)
        return Exchange("", tuple(self._cut(_talk(server, client)[0], tickets=True)), full=True, mutual=False)

    def _contexts(
        self, kind: str, peer: Peer, version: ssl.TLSVersion, *, mutual: bool = False
    ) -> tuple[ssl.SSLContext, ssl.SSLContext]:
        server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        server.maximum_version = version
        client.maximum_version = max(peer.newest, version)
        client.check_hostname = False
        client.verify_mode = ssl.CERT_NONE
        with tempfile.NamedTemporaryFile() as file:
            Path(file.name).write_bytes(self._pem[kind])
            server.load_cert_chain(file.name)
            if mutual:
                client.load_cert_chain(file.name)
                server.load_verify_locations(cadata=_issuers(self._pem[kind]))
                server.verify_mode = ssl.CERT_REQUIRED
                server.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        for context in (server, client):
            if peer.ciphers:
                context.set_ciphers(peer.ciphers)
            if peer.protocols:
                context.set_alpn_protocols(list(peer.protocols))
            if not peer.tickets:
                context.options |= ssl.OP_NO_TICKET
        return server, client

    def _cut(self, spoken: list[tuple[int, bytes]], *, tickets: bool) -> Iterator[Flight]:
        ciphered = {CLIENT: False, SERVER: False}
        for number, (sender, data) in enumerate(spoken):
            flight = Flight(sender)
            if tickets and number == len(spoken) - 1:
                body = _TICKETS - _HEADER
                flight.before.put(b"\x17\x03\x03" + body.to_bytes(2, "big") + bytes(body), [(_HEADER, _TICKETS, FRESH)])
                yield flight
                continue
            for kind, record in _records(data):
                self._record(flight, kind, record, ciphered)
            yield flight

    def _record(self, flight: Flight, kind: int, record: bytes, ciphered: dict[int, bool]) -> None:
        part = flight.after or flight.before
        if kind == _CHANGE:
            ciphered[flight.sender] = True
            part.put(record, [])
            return
        if kind != _HANDSHAKE or ciphered[flight.sender]:
            part.put(record, [(_HEADER, len(record), FRESH)])
            return
        if record[_HEADER] == _CERTIFICATE:
            flight.after = Part()
            return
        if record[_HEADER] == _HELLO:
            message, fields = of_hello(record[_HEADER:])
        else:
            message, fields = of_message(record[_HEADER:])
        head = record[:3] + len(message).to_bytes(2, "big")
        part.put(head + message, [(start + _HEADER, end + _HEADER, what) for start, end, what in fields])


def _issuers(pem: bytes) -> str:
    mark = "-----BEGIN CERTIFICATE-----"
    return mark + pem.decode().split(mark)[-1]


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        end = at + _HEADER + int.from_bytes(data[at + 3 : at + _HEADER], "big")
        yield data[at], data[at:end]
        at = end


def _talk(
    server: ssl.SSLContext, client: ssl.SSLContext, session: ssl.SSLSession | None = None
) -> tuple[list[tuple[int, bytes]], ssl.SSLSession | None]:
    """Let both shake hands; give what was said, and the client's session."""
    heard, said = (ssl.MemoryBIO(), ssl.MemoryBIO()), (ssl.MemoryBIO(), ssl.MemoryBIO())
    ends = (
        client.wrap_bio(heard[CLIENT], said[CLIENT], server_hostname=NAME % 0, session=session),
        server.wrap_bio(heard[SERVER], said[SERVER], server_side=True),
    )
    spoken: list[tuple[int, bytes]] = []
    sender = CLIENT
    while not spoken or spoken[-1][0] != sender:
        with contextlib.suppress(ssl.SSLWantReadError):
            ends[sender].do_handshake()
        if data := said[sender].read():
            heard[1 - sender].write(data)
            spoken.append((sender, data))
        sender = 1 - sender
    for end in ends:
        if end.version() is None:
            raise RuntimeError("OpenSSL did not finish its handshake")
    return spoken, ends[CLIENT].session


class Playing:
    """One connection's run through a recorded exchange."""

    __slots__ = ("_browser", "_name", "_rng", "_session", "exchange")

    def __init__(self, exchange: Exchange, rng: Random, name: bytes, *, browser: bool = False) -> None:
        """`name` is the server's; a `browser` says its hello in another order each time."""
        self._browser = browser
        self.exchange = exchange
        self._rng = rng
        self._session = rng.randbytes(32)
        self._name = name

    def flight(self, flight: Flight, chain: Chain | None) -> tuple[bytes, int, int]:
        """Give the bytes of a flight, and from where to where the Certificate message lies in them (0, 0: none)."""
        data = flight.before.fill(self._rng, self._session, self._name)
        if flight.after is None or chain is None:
            if self._browser and data[:1] == b"\x16" and data[_HEADER] == _HELLO:
                return as_browsers_do(bytes(data), self._rng), 0, 0
            return bytes(data), 0, 0
        start = len(data)
        data += chain.record
        end = len(data)
        data += flight.after.fill(self._rng, self._session, self._name)
        return bytes(data), start, end
