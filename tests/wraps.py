"""The same TCP segments in other wrappings: tags, labels, link layers, extension headers, fragments, padding.

Knows nothing of certspan. IEEE 802.1Q, LINKTYPE_ values of tcpdump.org, RFC 791 (fragments), RFC 8200 4, RFC 3032.
`wraps_lines.py` has serial lines and the air.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from rewrite import (
    COOKED,
    COOKED_2,
    ETHERNET,
    ETHERTYPE,
    IPV4,
    IPV6,
    NULL,
    RAW,
    TCP,
    Packet,
    Segment,
    ip,
    ip_packet,
    tcp_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

Wrap = Callable[[Segment], Packet]

FAMILIES = {"linux": 10, "openbsd": 24, "freebsd": 28, "darwin": 30}
"""AF_INET6; AF_INET is 2 everywhere."""
HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION = 0, 43, 44, 51, 60
MORE, EIGHT = 0x2000, 8
PAUSE_NS = 1_000_000_000


def ethertype_of(one: Segment) -> bytes:
    return ETHERTYPE[len(one.source[0])]


def addresses_of(one: Segment) -> bytes:
    """Give the MAC addresses; cooked frames get some that follow from the ends."""
    if one.link == ETHERNET:
        return one.head[:12]
    return b"\x02\x00" + one.target[0][-4:] + b"\x02\x00" + one.source[0][-4:]


def put(one: Segment, link: int, head: bytes, tail: bytes = b"") -> Packet:
    return Packet(one.time_ns, link, head + ip_packet(one) + tail)


def tagged(*tags: tuple[int, int]) -> Wrap:
    """Wrap in VLAN tags, outermost first: (ethertype, id). The id rises by one for packets to the higher end."""

    def wrap(one: Segment) -> Packet:
        shift = one.source < one.target
        between = b"".join(struct.pack(">HH", kind, 0x6000 | (number + shift)) for kind, number in tags)
        return put(one, ETHERNET, addresses_of(one) + between + ethertype_of(one))

    return wrap


def labelled(*labels: int, word: bytes | None = None) -> Wrap:
    """MPLS labels (RFC 3032), outermost first; with `word`, a pseudowire: that, and an Ethernet frame."""

    def wrap(one: Segment) -> Packet:
        bottom = len(labels) - 1
        stack = b"".join(struct.pack(">I", n << 12 | (at == bottom) << 8 | 64) for at, n in enumerate(labels))
        inner = b"" if word is None else word + addresses_of(one) + ethertype_of(one)
        return put(one, ETHERNET, bytes(range(12)) + b"\x88\x47" + stack + inner)

    return wrap


def tagged_with(ethertype: int, tag: bytes) -> Wrap:
    """Wrap in any other tag between the addresses and the EtherType."""

    def wrap(one: Segment) -> Packet:
        return put(one, ETHERNET, addresses_of(one) + struct.pack(">H", ethertype) + tag + ethertype_of(one))

    return wrap


def backbone(one: Segment) -> Packet:
    """IEEE 802.1ah: addresses of bridges, service instance 70000, the customer's frame."""
    head = bytes(range(12)) + b"\x88\xe7" + struct.pack(">I", 70_000)
    return put(one, ETHERNET, head + addresses_of(one) + ethertype_of(one))


def padded(size: int, trailer: bytes = b"") -> Wrap:
    """Ethernet, zeros up to so many bytes, then a trailer (a frame check sequence)."""

    def wrap(one: Segment) -> Packet:
        frame = addresses_of(one) + ethertype_of(one) + ip_packet(one)
        return Packet(one.time_ns, ETHERNET, frame.ljust(size, b"\x00") + trailer)

    return wrap


def snap(one: Segment) -> Packet:
    """IEEE 802.3 with LLC and SNAP: a length stands in the place of the ethertype."""
    body = b"\xaa\xaa\x03\x00\x00\x00" + ethertype_of(one) + ip_packet(one)
    # Longer frames cannot say their length so: they go as Ethernet II, as on a real wire.
    if len(body) > 1500:
        return put(one, ETHERNET, addresses_of(one) + ethertype_of(one))
    return Packet(one.time_ns, ETHERNET, addresses_of(one) + struct.pack(">H", len(body)) + body)


def cooked(one: Segment) -> Packet:
    """LINKTYPE_LINUX_SLL."""
    return put(one, COOKED, struct.pack(">HHH6s2x", 0, 1, 6, addresses_of(one)[6:]) + ethertype_of(one))


def cooked_2(one: Segment) -> Packet:
    """LINKTYPE_LINUX_SLL2."""
    return put(one, COOKED_2, ethertype_of(one) + struct.pack(">2xIHBB6s2x", 7, 1, 0, 6, addresses_of(one)[6:]))


def raw(one: Segment) -> Packet:
    """LINKTYPE_RAW."""
    return put(one, RAW, b"")


def by_version(one: Segment) -> Packet:
    """LINKTYPE_IPV4 and LINKTYPE_IPV6: two interfaces, so for pcapng only."""
    return put(one, IPV4 if len(one.source[0]) == 4 else IPV6, b"")


def loopback(order: str, system: str, link: int = NULL) -> Wrap:
    """LINKTYPE_NULL, in the byte order of the machine that captured, and LINKTYPE_LOOP, always big-endian."""

    def wrap(one: Segment) -> Packet:
        family = 2 if len(one.source[0]) == 4 else FAMILIES[system]
        return put(one, link, struct.pack(order + "I", family))

    return wrap


def extended(one: Segment) -> Packet:
    """IPv6 with all extension headers that may stand before TCP, an atomic fragment (RFC 6946) among them."""
    if len(one.source[0]) == 4:
        return put(one, ETHERNET, addresses_of(one) + ethertype_of(one))
    body = bytes((TCP, 4)) + bytes(22) + tcp_bytes(one)  # AH counts words of four, less two
    body = bytes((AUTHENTICATION, 0, 0, 0)) + struct.pack(">I", 9) + body
    body = bytes((FRAGMENT, 2)) + bytes(22) + body  # type 0, one address, none left
    body = bytes((ROUTING, 0, 1, 4, 0, 0, 0, 0)) + body
    body = bytes((DESTINATION, 2, 1, 20)) + bytes(20) + body
    return Packet(one.time_ns, ETHERNET, addresses_of(one) + ETHERTYPE[16] + ip(one, body, HOP_BY_HOP))


def in_version_6(one: Segment) -> Segment:
    """Move a segment of IPv4 to IPv6, into 2001:db8::/96."""
    if len(one.source[0]) == 16:
        return one
    prefix = bytes.fromhex("20010db8") + bytes(8)
    source, target = (prefix + one.source[0], one.source[1]), (prefix + one.target[0], one.target[1])
    return replace(one, source=source, target=target, link=ETHERNET, head=addresses_of(one) + ETHERTYPE[16])


def fragments(one: Segment, number: int, random: Random, largest: int) -> list[Packet]:
    """One packet in fragments of up to `largest` times eight bytes."""
    body, start, found = tcp_bytes(one), 0, []
    while start < len(body):
        stop = min(len(body), start + EIGHT * random.randint(1, largest))
        part, more = body[start:stop], stop < len(body)
        if len(one.source[0]) == 4:
            whole = ip(one, part, TCP, number % 65_536, (MORE if more else 0) | start // EIGHT)
        else:
            whole = ip(one, struct.pack(">BBHI", TCP, 0, start | more, number) + part, FRAGMENT)
        found.append(Packet(one.time_ns, one.link, one.head + whole))
        start = stop
    return found


def in_fragments(whole: Sequence[Segment], random: Random, largest: int, *, mixed: bool) -> list[Packet]:
    """All packets in fragments, those of a packet in any order; `mixed`: those of neighbours between each other.

    Nothing crosses a pause, for it would take the time of the other side of it: a SYN minutes before its connection.
    """
    flat: list[tuple[float, Packet]] = []
    place, before_ns = 0, 0
    for number, one in enumerate(whole, 1):
        place += 1 if one.time_ns - before_ns < PAUSE_NS else 3
        before_ns = one.time_ns
        part = fragments(one, number, random, largest)
        random.shuffle(part)
        flat += [(place + mixed * random.uniform(0, 2), piece) for piece in part]
    flat.sort(key=lambda item: item[0])
    times = sorted(piece.time_ns for _, piece in flat)
    return [replace(piece, time_ns=time) for time, (_, piece) in zip(times, flat, strict=True)]
