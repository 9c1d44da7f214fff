"""A TCP stream of tshark's: two directions paired into sessions, with the ids that the native core gives them."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sensor.tshark.frame import ACK, SYN
from sensor.tshark.handshake import (
    CERTIFICATE_REQUEST,
    CERTIFICATE_STATUS,
    CLIENT_KEY_EXCHANGE,
    HELLO_DONE,
    SERVER_KEY_EXCHANGE,
    Facts,
    Half,
    is_13,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sensor.tshark.frame import Endpoint, Frame

_TCP = 6
_SECOND_NS = 1_000_000_000
_MAX_EARLY_FRAMES = 1_000
"""Segments before TLS of which the time is kept: more than any hello is cut into."""

Row = dict[str, Any]


@dataclass(slots=True)
class Connection:
    """One TCP stream."""

    ends: tuple[Endpoint, Endpoint]
    """Sorted."""
    opened: tuple[int, int] | None = None
    """Number and time of its first SYN."""
    initiator: int | None = None
    """Which end sent the SYN."""
    macs: list[str | None] = field(default_factory=lambda: [None, None])
    halves: tuple[Half, Half] = field(default_factory=lambda: (Half(), Half()))
    begun: tuple[int, int] | None = None
    """Number and time of the frame in which TLS begins."""
    encapsulation: tuple[str, ...] | None = ()
    carrier: str | None = None
    interface: str | None = None
    early: dict[int, int] = field(default_factory=dict)
    """Frames before TLS: number and time."""

    @classmethod
    def of(cls, frame: Frame) -> Connection:
        """Begin with the first frame of a stream."""
        low, high = sorted((frame.source, frame.destination))
        return cls((low, high), encapsulation=frame.encapsulation, interface=frame.interface)

    def take(self, frame: Frame) -> Iterator[tuple[bytes, bytes]]:
        """Take in the next frame; gives (SHA-256, DER) of the certificates that end in it."""
        direction = 0 if frame.source == self.ends[0] else 1
        if self.macs[direction] is None:
            self.macs[direction] = frame.source_mac
        if frame.encapsulation is None:
            self.encapsulation = None
        if frame.flags & SYN:
            if self.opened is None:
                self.opened = (frame.number, frame.time_ns)
            if self.initiator is None:
                self.initiator = 1 - direction if frame.flags & ACK else direction
        for record in frame.records:
            yield from self.halves[direction].record(record)
        if self.begun is None and not any(half.facts for half in self.halves):
            if len(self.early) < _MAX_EARLY_FRAMES:
                self.early[frame.number] = frame.time_ns
        elif self.begun is None:
            began = min((number for number in frame.segments if number in self.early), default=frame.number)
            self.begun = (began, self.early.get(began, frame.time_ns))
            self.early.clear()
            self.carrier = frame.carrier

    def sessions(self, sensor: str) -> list[Row]:
        """Give what was seen, as rows without names for numbers."""
        if self.begun is None:
            return []
        client = self._client()
        asking, answering = self.halves[client], self.halves[1 - client]
        asking.merge_retries(answering)
        name = connection_id(sensor, self.opened or self.begun, self.ends)
        rows = []
        for ordinal in range(max(len(asking.facts), len(answering.facts))):
            said, told = (half.facts[ordinal] if ordinal < len(half.facts) else Facts() for half in (asking, answering))
            if said.messages or told.messages:
                rows.append(self._place(client, name, ordinal) | _view(said, told))
        return rows

    def _client(self) -> int:
        """Give the end of the TLS client: by what it said, else who opened the connection, else the higher port."""
        for end in (0, 1):
            if _any_client(self.halves[end]) and not _any_client(self.halves[1 - end]):
                return end
        for end in (0, 1):
            if _any_server(self.halves[end]) and not _any_server(self.halves[1 - end]):
                return 1 - end
        return int(self.ends[1].port > self.ends[0].port) if self.initiator is None else self.initiator

    def _place(self, client: int, name: bytes, ordinal: int) -> Row:
        number, time_ns = self.begun or (0, 0)
        row: Row = {
            "session_id": session_id(name, ordinal).hex(),
            "connection_id": name.hex(),
            "community_id": community_id(self.ends),
            "time_ns": time_ns,
            "frame": number,
            "interface": self.interface,
            "carrier": self.carrier,
            "encapsulation": None if self.encapsulation is None else list(self.encapsulation),
        }
        for side, end in (("client", client), ("server", 1 - client)):
            row[f"{side}_address"], row[f"{side}_port"] = self.ends[end].text, self.ends[end].port
            row[f"{side}_mac"] = self.macs[end]
        return row


def _any_client(half: Half) -> bool:
    return any(facts.is_client for facts in half.facts)


def _any_server(half: Half) -> bool:
    return any(facts.is_server for facts in half.facts)


def _view(said: Facts, told: Facts) -> Row:
    """Give what client (`said`) and server (`told`) agreed on."""
    offered, chosen = said.client_hello, told.server_hello
    row: Row = {}
    if offered is not None:
        row |= {
            "version_offered_code": offered.version,
            "server_name": offered.server_name,
            "alpn_offered": offered.alpn,
            "ech_offered": offered.ech,
            "ja3": offered.ja3,
            "ja4": offered.ja4,
        }
    if chosen is not None:
        row |= {
            "version_code": chosen.version,
            "cipher_suite_code": chosen.cipher_suite,
            "alpn": chosen.alpn,
            "ja3s": chosen.ja3s,
            "sct_count": None if is_13(chosen.version) else chosen.sct_count,
        }
    sent = [
        f"{side} {level}:{number}"
        for side, facts in (("client", said), ("server", told))
        for level, number in facts.alerts
    ]
    resumed = _resumed(said, told)
    return row | {
        "named_group_code": chosen.group if chosen is not None and chosen.group is not None else told.group,
        "signature_scheme_code": told.scheme,
        "resumed": resumed,
        "server_chain": None if told.chain is None else [sha256.hex() for sha256 in told.chain],
        "client_chain": None if said.chain is None else [sha256.hex() for sha256 in said.chain],
        "client_certificate_requested": _requested(said, told, resumed),
        "ocsp_stapled": True if CERTIFICATE_STATUS in told.messages else False if HELLO_DONE in told.messages else None,
        "alerts": sent,
        "server_visibility": _visibility(told, told),
        "client_visibility": _visibility(said, told),
    }


def _resumed(said: Facts, told: Facts) -> bool | None:
    hello = told.server_hello
    if hello is None or hello.version is None:
        return None
    if is_13(hello.version):
        return None if hello.retry else hello.psk
    full = told.chain is not None or told.messages & {SERVER_KEY_EXCHANGE, HELLO_DONE}
    if full or CLIENT_KEY_EXCHANGE in said.messages:
        return False
    asked = b"" if said.client_hello is None else said.client_hello.session_id
    return True if told.protected or asked == hello.session_id != b"" else None


def _requested(said: Facts, told: Facts, resumed: bool | None) -> bool | None:  # noqa: FBT001  it may be unknown
    if CERTIFICATE_REQUEST in told.messages or said.chain is not None:
        return True
    version = None if told.server_hello is None else told.server_hello.version
    nothing = HELLO_DONE in told.messages or (resumed and version is not None and not is_13(version))
    return False if nothing else None


def _visibility(side: Facts, server: Facts) -> str | None:
    """Give the word where tshark can tell it."""
    if side.chain is not None:
        return None if not side.chain_whole else "visible" if side.chain else "none_sent"
    hello = server.server_hello
    if hello is None or hello.retry or not is_13(hello.version):
        return None
    return "resumed" if hello.psk else "encrypted"


def connection_id(sensor: str, first: tuple[int, int], ends: tuple[Endpoint, Endpoint]) -> bytes:
    """Give the name that all engines give this connection; number and time of its first frame, `ends` sorted."""
    number, first_ns = first
    # Where frames have no time, their number keeps connections apart.
    moment = first_ns.to_bytes(8, "big") + (b"" if first_ns else number.to_bytes(8, "big"))
    places = b"".join(end.address + end.port.to_bytes(2, "big") for end in ends)
    text = b"certspan connection\0" + sensor.encode() + b"\0" + moment + places
    return hashlib.sha256(text).digest()[:16]


def session_id(connection: bytes, ordinal: int) -> bytes:
    """Give the name of the nth handshake of a connection, from 0."""
    return hashlib.sha256(b"certspan session\0" + connection + ordinal.to_bytes(8, "big")).digest()[:16]


def community_id(ends: tuple[Endpoint, Endpoint]) -> str:
    """Community ID v1, seed 0, of TCP; `ends` sorted."""
    low, high = ends
    ports = low.port.to_bytes(2, "big") + high.port.to_bytes(2, "big")
    text = b"\0\0" + low.short + high.short + bytes((_TCP, 0)) + ports
    return "1:" + base64.b64encode(hashlib.sha1(text, usedforsecurity=False).digest()).decode()
