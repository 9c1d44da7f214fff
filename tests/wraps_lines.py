"""TCP segments on serial lines and in the air: PPP, PPPoE, Cisco HDLC, Frame Relay, 802.11.

Knows nothing of certspan. RFC 1661, 1662, 2427, 2516; IEEE 802.11 9.2 and 9.3.2; radiotap.org; LINKTYPE_ values
of tcpdump.org.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from rewrite import ETHERNET, Packet, Segment, ip_packet
from wraps import Wrap, addresses_of, ethertype_of, put

if TYPE_CHECKING:
    from collections.abc import Callable

PPP, PPP_HDLC, CISCO_HDLC, AIR, FRAME_RELAY, RADIOTAP, PPI, PPP_WITH_DIRECTION = 9, 50, 104, 105, 107, 127, 192, 204
PROTOCOL = {4: b"\x00\x21", 16: b"\x00\x57"}
"""Of PPP. The first byte may be left out (RFC 1661 6.5)."""
LAYER_ID = {4: b"\xcc", 16: b"\x8e"}
TO_SYSTEM, FROM_SYSTEM, QUALITY, AGGREGATED = 0x01, 0x02, 0x80, 0x80


def ppp(link: int, head: bytes, *, short: bool = False) -> Wrap:
    """PPP behind `head`: address and control, or a direction, or nothing; `short`: the protocol in one byte."""

    def wrap(one: Segment) -> Packet:
        return put(one, link, head + PROTOCOL[len(one.source[0])][short:])

    return wrap


def pppoe(session: int, padding: int = 0) -> Wrap:
    """PPP over Ethernet, and zeros behind its length."""

    def wrap(one: Segment) -> Packet:
        inside = PROTOCOL[len(one.source[0])] + ip_packet(one)
        head = addresses_of(one) + b"\x88\x64" + struct.pack(">BBHH", 0x11, 0, session, len(inside))
        return Packet(one.time_ns, ETHERNET, head + inside + bytes(padding))

    return wrap


def cisco(one: Segment) -> Packet:
    """LINKTYPE_C_HDLC: unicast, control 0, EtherType."""
    return put(one, CISCO_HDLC, b"\x0f\x00" + ethertype_of(one))


def frame_relay(one: Segment) -> Packet:
    """LINKTYPE_FRELAY: address of two bytes, unnumbered information, network layer protocol id."""
    return put(one, FRAME_RELAY, b"\x18\x41\x03" + LAYER_ID[len(one.source[0])])


def _snap(one: Segment) -> bytes:
    return b"\xaa\xaa\x03\x00\x00\x00" + ethertype_of(one)


def _header(one: Segment, way: int, *, quality: bool, aggregated: bool = False) -> bytes:
    """Frame control, duration, addresses by the way a frame goes, sequence control, quality of service."""
    target, source, system = addresses_of(one)[:6], addresses_of(one)[6:], b"\x02\x00\x00\x00\x00\x07"
    ways = {
        0: target + source + system,
        TO_SYSTEM: system + source + target,
        FROM_SYSTEM: target + system + source,
        TO_SYSTEM | FROM_SYSTEM: system + system + target,
    }
    head = bytes((0x08 | QUALITY * quality, way, 0, 0)) + ways[way] + b"\x10\x00"
    head += source if way == TO_SYSTEM | FROM_SYSTEM else b""
    return head + (bytes((AGGREGATED * aggregated, 0)) if quality else b"")


def air(way: int, *, quality: bool = False) -> Callable[[Segment], bytes]:
    """One data frame of 802.11."""

    def frame(one: Segment) -> bytes:
        return _header(one, way, quality=quality) + _snap(one) + ip_packet(one)

    return frame


def aggregate(one: Segment) -> bytes:
    """A-MSDU of three: one that is no IP, the packet, and a packet that holds no TCP; each padded to words."""
    others = [b"\xaa\xaa\x03\x00\x00\x00\x08\x06" + bytes(29), b"\xaa\xaa\x03\x00\x00\x00\x08\x00E" + bytes(33)]
    frame = _header(one, TO_SYSTEM, quality=True, aggregated=True)
    start = len(frame)
    for inside in (others[0], _snap(one) + ip_packet(one), others[1]):
        frame += bytes(-(len(frame) - start) % 4) + addresses_of(one) + struct.pack(">H", len(inside)) + inside
    return frame


def bare(frame: Callable[[Segment], bytes]) -> Wrap:
    """LINKTYPE_IEEE802_11."""
    return lambda one: Packet(one.time_ns, AIR, frame(one))


def radiotap(frame: Callable[[Segment], bytes], *, check: bool) -> Wrap:
    """LINKTYPE_IEEE802_11_RADIOTAP with time, flags and rate; `check`: the frame ends with its check sequence."""

    def wrap(one: Segment) -> Packet:
        fields = struct.pack("<QBB", 9, 0x10 * check, 108)
        head = struct.pack("<BBHI", 0, 0, 8 + len(fields), 0b111) + fields
        return Packet(one.time_ns, RADIOTAP, head + frame(one) + b"\xfa\xce\xfa\xce" * check)

    return wrap


def per_packet(frame: Callable[[Segment], bytes]) -> Wrap:
    """LINKTYPE_PPI without fields, around a frame of 802.11."""
    return lambda one: Packet(one.time_ns, PPI, struct.pack("<BBHI", 0, 0, 8, AIR) + frame(one))
