"""Forged sessions as a capture: Ethernet, IPv4, TCP, from SYN to FIN, in pcap with nanoseconds.

Two stations and a mirror port between them; what the mirror loses is left out after the fact, as in life.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.forge.handshake import Handshake

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.rule import ExampleSession

_MSS = 1460
_FIN, _SYN, _PUSH, _ACK = 0x01, 0x02, 0x08, 0x10
_GAP_NS = 250_000
_FIRST_CLIENT_PORT = 40_001
_PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, 1)


@dataclass(slots=True)
class _Station:
    """One end of a connection and how far it has sent."""

    address: bytes
    port: int
    sequence: int
    mac: bytes


def forge_capture(sessions: Sequence[ExampleSession]) -> bytes:
    """Give a whole pcap file of these sessions one after the other, each on its own connection.

    The same sessions give the same bytes. ValueError or KeyError: a recipe that cannot be made.
    """
    packets = [packet for index, session in enumerate(sessions) for packet in _connection(session, index)]
    packets.sort(key=lambda packet: packet[0])
    return _PCAP_HEADER + b"".join(_stored(time_ns, frame) for time_ns, frame in packets)


def _stored(time_ns: int, frame: bytes) -> bytes:
    seconds, nanoseconds = divmod(time_ns, 1_000_000_000)
    return struct.pack("<IIII", seconds, nanoseconds, len(frame), len(frame)) + frame


def _connection(session: ExampleSession, index: int) -> Iterator[tuple[int, bytes]]:
    """Time and frame of every packet that the mirror saw."""
    time_ns = int(dt.datetime.fromisoformat(session.time).timestamp()) * 1_000_000_000
    for sender, is_lost, frame in _frames(session, index):
        if session.mirrored in ("both", sender) and not (is_lost and session.lost):
            yield time_ns, frame
        time_ns += _GAP_NS


def _frames(session: ExampleSession, index: int) -> Iterator[tuple[str, bool, bytes]]:
    """Sender, whether it carries the server's Certificate, and the frame of every packet."""
    address, _, port = session.server.rpartition(":")
    server = _station(address, int(port), 3_000_000_000 + index)
    client = _station(session.client, _FIRST_CLIENT_PORT + index, 1_000_000_000 + index)
    ends = {"client": (client, server), "server": (server, client)}
    yield "client", False, _frame(client, server, _SYN)
    yield "server", False, _frame(server, client, _SYN | _ACK)
    yield "client", False, _frame(client, server, _ACK)
    for message in Handshake(session):
        source, target = ends[message.sender]
        for start in range(0, len(message.record), _MSS):
            payload = message.record[start : start + _MSS]
            yield message.sender, message.name == "certificate", _frame(source, target, _PUSH | _ACK, payload)
            if session.conflicting and message.name == "server_hello":
                source.sequence -= len(payload)
                yield message.sender, False, _frame(source, target, _PUSH | _ACK, payload[:-1] + b"\xff")
        yield _other(message.sender), False, _frame(target, source, _ACK)
    if session.ends_after is not None:
        return
    yield "client", False, _frame(client, server, _FIN | _ACK)
    yield "server", False, _frame(server, client, _FIN | _ACK)
    yield "client", False, _frame(client, server, _ACK)


def _other(sender: str) -> str:
    return "server" if sender == "client" else "client"


def _station(address: str, port: int, sequence: int) -> _Station:
    packed = ipaddress.IPv4Address(address).packed
    return _Station(packed, port, sequence, b"\x02\x00" + packed)


def _frame(source: _Station, target: _Station, flags: int, payload: bytes = b"") -> bytes:
    """One Ethernet frame; moves the sender's sequence number on (SYN and FIN count as one, RFC 9293 3.4)."""
    acknowledged = target.sequence if flags & _ACK else 0
    head = struct.pack(
        ">HHIIBBHHH", source.port, target.port, source.sequence, acknowledged, 5 << 4, flags, 64_240, 0, 0
    )
    pseudo = source.address + target.address + struct.pack(">BBH", 0, 6, len(head) + len(payload))
    check = _checksum(pseudo + head + payload)
    source.sequence = (source.sequence + len(payload) + bool(flags & (_SYN | _FIN))) % (1 << 32)
    segment = head[:16] + struct.pack(">H", check) + head[18:] + payload
    packet = _ipv4(source, target, len(segment)) + segment
    return target.mac + source.mac + b"\x08\x00" + packet


def _ipv4(source: _Station, target: _Station, length: int) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, 0, 0x4000, 64, 6, 0) + source.address + target.address
    return head[:10] + struct.pack(">H", _checksum(head)) + head[12:]


def _checksum(data: bytes) -> int:
    """Compute the Internet checksum (RFC 1071)."""
    total: int = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + b"\x00" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
