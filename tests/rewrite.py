"""Captures taken apart into TCP segments, and put together again in other ways. Knows nothing of certspan.

Formats: pcap (draft-ietf-opsawg-pcap), pcapng (draft-ietf-opsawg-pcapng); packets: RFC 791, 8200, 9293, IEEE 802.1Q.
Checksums are left at zero, as offload leaves them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path
    from random import Random

FIN, SYN, RST, PUSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
NULL, ETHERNET, RAW, LOOP, COOKED, IPV4, IPV6, COOKED_2 = 0, 1, 101, 108, 113, 228, 229, 276
ETHERTYPE = {4: b"\x08\x00", 16: b"\x86\xdd"}
TCP = 6
SECOND = 1_000_000_000
CIRCLE = 1 << 32
ORDERS = {b"\x0a\x0d\x0d\x0a": "", b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}
ORDERS |= {magic[::-1]: "<" for magic in list(ORDERS)[1:]}

End = tuple[bytes, int]
"""Packed address and port."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet of a capture; `link` is the LINKTYPE_ of its interface."""

    time_ns: int
    link: int
    frame: bytes


@dataclass(frozen=True, slots=True)
class Segment:
    """One TCP segment and the link header it came with."""

    time_ns: int
    link: int
    head: bytes
    source: End
    target: End
    sequence: int
    acknowledged: int
    flags: int
    options: bytes
    payload: bytes

    @property
    def length(self) -> int:
        """How far the sequence number moves on."""
        return len(self.payload) + bool(self.flags & SYN) + bool(self.flags & FIN)

    @property
    def first_byte(self) -> int:
        """Sequence number of the first payload byte."""
        return (self.sequence + bool(self.flags & SYN)) % CIRCLE


def read(path: Path) -> list[Packet]:
    """All packets of a plain capture file. ValueError: something this reader does not know."""
    data = path.read_bytes()
    order = ORDERS.get(data[:4])
    if order is None:
        raise ValueError(f"{path.name} is no plain capture")
    return list(_pcap(data, order) if order else _pcapng(data))


def _pcap(data: bytes, order: str) -> Iterator[Packet]:
    unit = 1 if b"\x3c" in data[:4] else 1000
    link = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
    at = 24
    while at < len(data):
        seconds, fraction, size = struct.unpack_from(order + "III", data, at)
        yield Packet(seconds * SECOND + fraction * unit, link, data[at + 16 : at + 16 + size])
        at += 16 + size


def _pcapng(data: bytes) -> Iterator[Packet]:
    """Section headers, interface descriptions and enhanced packet blocks; others are stepped over."""
    at, order = 0, "<"
    interfaces: list[tuple[int, int]] = []
    while at < len(data):
        if data[at : at + 4] == b"\x0a\x0d\x0d\x0a":
            order, interfaces = ("<" if data[at + 8] == 0x4D else ">"), []
        kind, size = struct.unpack_from(order + "II", data, at)
        body = data[at + 8 : at + size - 4]
        if kind == 1:
            interfaces.append((struct.unpack_from(order + "H", body)[0], _resolution(body[8:], order)))
        elif kind == 6:
            number, high, low, captured = struct.unpack_from(order + "IIII", body)
            link, unit = interfaces[number]
            yield Packet(((high << 32) + low) * unit, link, body[20 : 20 + captured])
        elif kind in {2, 3}:
            raise ValueError(f"packet block of type {kind}")
        at += size


def _resolution(options: bytes, order: str) -> int:
    """Nanoseconds of one unit of time (option 9, if_tsresol)."""
    at = 0
    while at + 4 <= len(options):
        code, size = struct.unpack_from(order + "HH", options, at)
        if code == 9:
            return int(10 ** (9 - options[at + 4]))
        at += 4 + (size + 3) // 4 * 4
    return 1000


def pcap(packets: Iterable[Packet], order: str = "<", unit: int = 1) -> bytes:
    """Write pcap; `unit`: 1 for nanoseconds, 1000 for microseconds (finer times are cut)."""
    packets = list(packets)
    (link,) = {packet.link for packet in packets} or {ETHERNET}
    magic = 0xA1B23C4D if unit == 1 else 0xA1B2C3D4
    parts = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262_144, link)]
    for packet in packets:
        seconds, fraction = divmod(packet.time_ns, SECOND)
        size = len(packet.frame)
        parts.append(struct.pack(order + "IIII", seconds, fraction // unit, size, size) + packet.frame)
    return b"".join(parts)


def pcapng(
    packets: Iterable[Packet], order: str = "<", digits: int = 9, section: int = 1 << 62, name: bytes = b""
) -> bytes:
    """Write pcapng with an interface for each link type; after `section` packets a new section begins. `name`: of all
    interfaces.
    """

    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        size = struct.pack(order + "I", len(body) + 12)
        return struct.pack(order + "I", kind) + size + body + size

    parts: list[bytes] = []
    links: list[int] = []
    for count, packet in enumerate(packets):
        if count % section == 0:
            links = []
            parts.append(block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)))
        if packet.link not in links:
            links.append(packet.link)
            resolution = struct.pack(order + "HHB3xI", 9, 1, digits, 0)
            called = struct.pack(order + "HH", 2, len(name)) + name + bytes(-len(name) % 4) if name else b""
            parts.append(block(1, struct.pack(order + "HHI", packet.link, 0, 0) + called + resolution))
        high, low = divmod(packet.time_ns // 10 ** (9 - digits), CIRCLE)
        size = len(packet.frame)
        head = struct.pack(order + "IIIII", links.index(packet.link), high, low, size, size)
        parts.append(block(6, head + packet.frame))
    return b"".join(parts)


def segments(packets: Iterable[Packet]) -> list[Segment]:
    """All TCP segments; other packets are left out. Knows whole IPv4 and IPv6 packets in Ethernet and Linux cooked."""
    found = []
    for packet in packets:
        size = {ETHERNET: 14, COOKED: 16}[packet.link]
        head, body = packet.frame[:size], packet.frame[size:]
        if head[-2:] == ETHERTYPE[4] and body[9] == TCP:
            start, stop = 4 * (body[0] & 15), int.from_bytes(body[2:4], "big")
            found.append(_segment(packet, head, (body[12:16], body[16:20]), body[start:stop]))
        elif head[-2:] == ETHERTYPE[16] and body[6] == TCP:
            stop = 40 + int.from_bytes(body[4:6], "big")
            found.append(_segment(packet, head, (body[8:24], body[24:40]), body[40:stop]))
    return found


def _segment(packet: Packet, head: bytes, addresses: tuple[bytes, bytes], tcp: bytes) -> Segment:
    source, target, sequence, acknowledged, offset, flags = struct.unpack_from(">HHIIBB", tcp)
    size = 4 * (offset >> 4)
    ends = (addresses[0], source), (addresses[1], target)
    return Segment(packet.time_ns, packet.link, head, *ends, sequence, acknowledged, flags, tcp[20:size], tcp[size:])


def tcp_bytes(one: Segment) -> bytes:
    """TCP header and payload."""
    offset = (5 + len(one.options) // 4) << 4
    fields = (one.source[1], one.target[1], one.sequence, one.acknowledged, offset, one.flags, 64_000, 0, 0)
    return struct.pack(">HHIIBBHHH", *fields) + one.options + one.payload


def ip_packet(one: Segment) -> bytes:
    """Put a segment into one IP packet of its addresses' version."""
    return ip(one, tcp_bytes(one), TCP)


def ip(one: Segment, body: bytes, protocol: int, number: int = 0, place: int = 0x4000) -> bytes:
    """Put bytes between the ends of a segment; `number` and `place` are IPv4's identification and fragment field."""
    addresses = one.source[0] + one.target[0]
    if len(one.source[0]) == 16:
        return struct.pack(">IHBB", 6 << 28, len(body), protocol, 64) + addresses + body
    fields = (0x45, 0, 20 + len(body), number, place, 64, protocol, 0)
    return struct.pack(">BBHHHBBH", *fields) + addresses + body


def packet(one: Segment) -> Packet:
    """Put a segment into a frame as it was captured."""
    return Packet(one.time_ns, one.link, one.head + ip_packet(one))


def packets(whole: Iterable[Segment]) -> list[Packet]:
    """Put segments into frames as they were captured."""
    return [packet(one) for one in whole]


def connections(whole: Iterable[Segment]) -> list[list[Segment]]:
    """Part segments by their ends, the order kept."""
    found: dict[frozenset[End], list[Segment]] = {}
    for one in whole:
        found.setdefault(frozenset((one.source, one.target)), []).append(one)
    return list(found.values())


def each(whole: Iterable[Segment], change: Callable[[list[Segment]], list[Segment]]) -> list[Segment]:
    """Change every connection by itself; the result runs in order of time."""
    changed = [one for connection in connections(whole) for one in change(connection)]
    return sorted(changed, key=lambda one: one.time_ns)


def retime(changed: Sequence[Segment], times: Sequence[int]) -> list[Segment]:
    """Give segments in their new order the times of the old ones, so that time runs forward."""
    clock = sorted(times)
    return [replace(one, time_ns=clock[index * len(clock) // len(changed)]) for index, one in enumerate(changed)]


def cut(connection: Sequence[Segment], random: Random, largest: int) -> list[Segment]:
    """Cut every payload into pieces of 1 to `largest` bytes."""
    return [piece for one in connection for piece in pieces(one, random, largest)]


def pieces(one: Segment, random: Random, largest: int) -> Iterator[Segment]:
    """Cut one payload; a SYN stays with the first piece, FIN and RST with the last."""
    start, size = 0, len(one.payload)
    while True:
        stop = min(size, start + random.randint(1, largest))
        flags = one.flags & ~(0 if start == 0 else SYN) & ~(0 if stop == size else FIN | RST)
        sequence = one.sequence if start == 0 else (one.first_byte + start) % CIRCLE
        yield replace(one, flags=flags, sequence=sequence, payload=one.payload[start:stop])
        start = stop
        if start == size:
            return


def stream(connection: Iterable[Segment], source: End) -> tuple[int, bytes]:
    """Sequence number of the first byte one end sends, and all its bytes. ValueError: no SYN, or a hole."""
    sent = [one for one in connection if one.source == source]
    first = next((one.first_byte for one in sent if one.flags & SYN), None)
    if first is None:
        raise ValueError("no SYN")
    data = b""
    for start, payload in sorted(((one.first_byte - first) % CIRCLE, one.payload) for one in sent if one.payload):
        if start > len(data):
            raise ValueError("a hole")
        data += payload[len(data) - start :]
    return first, data


def client(connection: Iterable[Segment]) -> End:
    """Who opened the connection. ValueError: no SYN."""
    for one in connection:
        if one.flags & SYN:
            return one.target if one.flags & ACK else one.source
    raise ValueError("no SYN")
