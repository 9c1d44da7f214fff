"""Captures for tests, made byte by byte: one TLS 1.2 handshake in which the server sends the certificates given.

Record layout: RFC 5246 6.2.1; messages: RFC 5246 7.4; pcap with microseconds; checksums left at zero, as offload leaves
them.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

CLIENT, SERVER = ("10.9.0.2", 50_000), ("10.9.0.1", 443)
START = 1_790_000_000
"""Seconds since 1970 of the first packet: 2026-09-21."""
MAX_RECORD = 1 << 14
HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)


def vector(octets: int, body: bytes) -> bytes:
    """Length in so many octets, then the body."""
    return len(body).to_bytes(octets, "big") + body


def handshake(kind: int, body: bytes) -> bytes:
    """One handshake message in as many records as it takes."""
    message = bytes((kind,)) + vector(3, body)
    parts = [message[start : start + MAX_RECORD] for start in range(0, len(message), MAX_RECORD)]
    return b"".join(b"\x16\x03\x03" + vector(2, part) for part in parts)


def hello(server_name: bytes) -> bytes:
    """Make a ClientHello for this name."""
    name = vector(2, b"\x00" + vector(2, server_name))
    extensions = vector(2, b"\x00\x00" + vector(2, name))
    return handshake(1, b"\x03\x03" + bytes(32) + b"\x00" + vector(2, b"\xc0\x2f") + b"\x01\x00" + extensions)


def answer(chain: Iterable[bytes]) -> bytes:
    """Make a ServerHello, the Certificate and the ServerHelloDone."""
    certificates = vector(3, b"".join(vector(3, der) for der in chain))
    server_hello = b"\x03\x03" + bytes(32) + b"\x00" + b"\xc0\x2f" + b"\x00"
    return handshake(2, server_hello) + handshake(11, certificates) + handshake(14, b"")


def frame(source: tuple[str, int], target: tuple[str, int], numbers: tuple[int, int], flags: int, body: bytes) -> bytes:
    """Make an Ethernet frame with IPv4 and TCP; `numbers` are sequence and acknowledgement."""
    tcp = struct.pack(">HHIIBBHHH", source[1], target[1], *numbers, 0x50, flags, 65_000, 0, 0) + body
    addresses = ipaddress.ip_address(source[0]).packed + ipaddress.ip_address(target[0]).packed
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + addresses
    return bytes(12) + b"\x08\x00" + ip + tcp


def capture(chain: Iterable[bytes], *, server_name: bytes = b"device.example", server: str = SERVER[0]) -> bytes:
    """Make a whole capture; its packets are a millisecond apart."""
    there = (server, SERVER[1])
    asked, answered = hello(server_name), answer(chain)
    exchange = b"\x16\x03\x03" + vector(2, b"\x10" + vector(3, vector(1, bytes(65))))
    finished = b"\x14\x03\x03\x00\x01\x01\x16\x03\x03" + vector(2, bytes(40))
    frames = [frame(CLIENT, there, (0, 0), 0x02, b""), frame(there, CLIENT, (0, 1), 0x12, b"")]
    sent = {CLIENT: 1, there: 1}
    for source, target, body in (
        (CLIENT, there, asked),
        (there, CLIENT, answered),
        (CLIENT, there, exchange + finished),
        (there, CLIENT, finished),
        (CLIENT, there, b""),
    ):
        for start in range(0, max(len(body), 1), 1400):
            part = body[start : start + 1400]
            frames.append(frame(source, target, (sent[source], sent[target]), 0x18, part))
            sent[source] += len(part)
    packets = (
        struct.pack("<IIII", START, 1000 * number, len(one), len(one)) + one for number, one in enumerate(frames)
    )
    return HEADER + b"".join(packets)
