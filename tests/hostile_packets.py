"""Hostile packets around a real handshake, built by scapy: what an attacker, or a broken machine, can put on a wire.

The handshake is the first connection of `pcaps/openssl-mutual.pcap`: OpenSSL, TLS 1.2, chains of two from both sides.
Each case is a connection of its own, told by its client port; all are in one capture, so that each engine runs once.
scapy is imported when the capture is built, and not before: it takes seconds.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from records import certificates, messages
from rewrite import ETHERNET, SECOND, Packet, client, connections, pcap, read, segments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CAPTURE = Path(__file__).parents[1] / "pcaps" / "openssl-mutual.pcap"
FIRST_PORT = 20_000
START_NS = 1_791_792_000 * SECOND
CIRCLE = 1 << 32
CHUNK = 700
"""Bytes of a segment."""
LIE = 0x55
"""XORed onto a byte that is not to be believed."""
CERTIFICATE = 11

ADDRESSES = {4: ("192.0.2.1", "192.0.2.9"), 6: ("2001:db8::1", "2001:db8::9")}
"""Client and server."""

Build = Any
"""A packet of scapy's, which has no types."""
Flight = tuple[bool, bytes]
"""Whether the client sends it, and the bytes."""


def flights() -> list[Flight]:
    """Give what the two said, in turns."""
    connection = connections(segments(read(CAPTURE)))[0]
    asking = client(connection)
    said = [(one.source == asking, one.payload) for one in connection if one.payload]
    return [(who, b"".join(part for _, part in turn)) for who, turn in groupby(said, key=lambda pair: pair[0])]


def truth() -> dict[str, Any]:
    """Give the same connection as the programs that took part in it know it."""
    row: dict[str, Any] = json.loads(CAPTURE.with_suffix(".expected.jsonl").read_text().splitlines()[0])
    return row


def leaf() -> tuple[bytes, int]:
    """DER of the server's certificate, and where it is in the server's first flight."""
    flight = next(data for from_client, data in flights() if not from_client)
    for message in messages(flight):
        if message.kind == CERTIFICATE:
            der, _ = certificates(message)[0]
            return der, flight.index(der)
    raise AssertionError("the server sends no certificate")


def lie_in_leaf(flight: bytes) -> bytes:
    """Change the last byte of the server's certificate, which is in its signature."""
    der, at = leaf()
    end = at + len(der) - 1
    return flight[:end] + bytes((flight[end] ^ LIE,)) + flight[end + 1 :]


def leaf_of_lie() -> str:
    """SHA-256 of the changed certificate."""
    der, _ = leaf()
    return hashlib.sha256(der[:-1] + bytes((der[-1] ^ LIE,))).hexdigest()


def as_it_is(packet: Build) -> list[Build]:
    """Change nothing."""
    return [packet]


@dataclass(slots=True)
class Line:
    """One connection on its way into the capture."""

    port: int
    version: int = 4
    starts: tuple[int, int] = (1_000, 9_000)
    """Initial sequence numbers of server and client."""
    sent: list[int] = field(default_factory=lambda: [0, 0])
    """Payload bytes of server and client so far."""
    packets: list[Build] = field(default_factory=list)
    number: int = 0

    def segment(self, from_client: bool, payload: bytes, flags: str = "PA", at: int | None = None, **tcp: Any) -> Build:  # noqa: FBT001
        """Make one segment; `at` is the place of its first byte in the stream, else it comes next."""
        from scapy.layers.inet import IP, TCP  # noqa: PLC0415
        from scapy.layers.inet6 import IPv6  # noqa: PLC0415

        place = self.sent[from_client] if at is None else at
        if at is None:
            self.sent[from_client] += len(payload)
        client, server = ADDRESSES[self.version]
        ends: dict[str, Any] = {"src": client, "dst": server} if from_client else {"src": server, "dst": client}
        sport, dport = (self.port, 443) if from_client else (443, self.port)
        self.number += 1
        ip = IP(id=self.number, **ends) if self.version == 4 else IPv6(**ends)
        syn = "S" in flags
        sequence = (self.starts[from_client] + (0 if syn else 1 + place)) % CIRCLE
        acknowledged = 0 if flags == "S" else (self.starts[not from_client] + 1 + self.sent[not from_client]) % CIRCLE
        layer = TCP(sport=sport, dport=dport, seq=sequence, ack=acknowledged, flags=flags, **tcp)
        return ip / layer / payload

    def put(self, *packets: Build) -> None:
        """Send packets of IP."""
        self.packets += packets

    def open(self) -> None:
        """SYN, SYN and ACK, ACK."""
        self.put(self.segment(True, b"", "S"), self.segment(False, b"", "SA"), self.segment(True, b"", "A"))

    def say(self, from_client: bool, data: bytes, each: Callable[[Build], list[Build]] = as_it_is, **tcp: Any) -> None:  # noqa: FBT001
        """Send data in order, in segments, each changed as is said."""
        for start in range(0, len(data), CHUNK):
            self.put(*each(self.segment(from_client, data[start : start + CHUNK], **tcp)))

    def close(self) -> None:
        """FIN from both."""
        self.put(self.segment(True, b"", "FA"), self.segment(False, b"", "FA"))

    def whole(self, each: Callable[[Build], list[Build]] = as_it_is, **tcp: Any) -> None:
        """Send all of the handshake, each segment changed as is said."""
        self.open()
        for from_client, data in flights():
            self.say(from_client, data, each, **tcp)
        self.close()

    def with_server(self, change: Callable[[bytes], bytes]) -> None:
        """Send all of the handshake, the server's first flight changed."""
        self.open()
        changed = False
        for from_client, data in flights():
            self.say(from_client, data if from_client or changed else change(data))
            changed |= not from_client
        self.close()


@dataclass(frozen=True, slots=True)
class Case:
    """One connection, and what must be seen of it."""

    name: str
    build: Callable[[Line], None]
    expected: dict[str, Any]
    """Fields of the one session; empty: no session at all."""
    tshark: frozenset[str] | None = frozenset()
    """Fields in which tshark differs; None: it has no answer that can be compared."""
    link: Callable[[Build], Build] | None = None
    """Puts an IP packet into a frame; None: Ethernet."""
    version: int = 4
    starts: tuple[int, int] = (1_000, 9_000)


def capture(cases: list[Case]) -> bytes:
    """Give all cases, one after another, ten seconds apart."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ciphers that cryptography will no longer have
        from scapy.layers.l2 import Ether  # noqa: PLC0415
    frames: list[Packet] = []
    for index, case in enumerate(cases):
        line = Line(FIRST_PORT + index, case.version, case.starts)
        case.build(line)
        link = case.link or (lambda packet: Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / packet)
        times = range(START_NS + 10 * index * SECOND, START_NS + 10 * (index + 1) * SECOND, 1_000_000)
        frames += [
            Packet(time, ETHERNET, bytes(link(packet))) for time, packet in zip(times, line.packets, strict=False)
        ]
    return pcap(frames)


def records_of(data: bytes) -> Iterator[bytes]:
    """Give the records of a flight, headers and all."""
    at = 0
    while at < len(data):
        end = at + 5 + int.from_bytes(data[at + 3 : at + 5], "big")
        yield data[at:end]
        at = end
