"""TCP segments as other media, cards, switches, routers and firewalls write them.

Knows nothing of certspan. LINKTYPE_ values and layouts of tcpdump.org; RFC 1201, 2225, 2364, 2625, 2684, 4391; FRF.16;
IEEE 802.3 65.1.3.2, 802.5. Linux: uapi/linux/netfilter/nfnetlink_log.h, Documentation/networking/dsa.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from rewrite import Packet, Segment, ip_packet
from wraps import Wrap, addresses_of, ethertype_of
from wraps_lines import LAYER_ID, PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN_RING, ARCNET, SLIP, FDDI, RAW_OR_LOOP, SYMANTEC, RFC1483, CLIP, ENC, PFLOG = (
    6,
    7,
    8,
    10,
    12,
    99,
    100,
    106,
    109,
    117,
)
FIBRE_CHANNEL, SUN_ATM, TZSP, ARCNET_LINUX, ATM2, ATM1, FIREWIRE = 122, 123, 128, 129, 135, 137, 138
JUNIPER = {"pppoe": 167, "ethernet": 178, "ppp": 179, "frame relay": 180, "cisco": 181, "security": 132}
MFR, ERF, IPNET, NFLOG, ANALYZER, ANALYZER_TRANSPARENT, IPOIB, PKTAP, EPON = 182, 197, 226, 239, 240, 241, 242, 258, 259
BROADCOM, BROADCOM_BEFORE, DSA, EDSA = 281, 282, 284, 285
ARCNET_PROTOCOL = {4: b"\xd4", 16: b"\xc4"}
ON_SOLARIS, ON_LINUX, ON_OPENBSD = {4: 2, 16: 26}, {4: 2, 16: 10}, {4: 2, 16: 24}
CHECK = b"\xfa\xce\xfa\xce"


def version(one: Segment) -> int:
    """Give the bytes of an address, which is how the tables here tell IPv4 from IPv6."""
    return len(one.source[0])


def behind(link: int, *heads: bytes | Callable[[Segment], bytes], tail: bytes = b"") -> Wrap:
    """Put the packet behind all these."""

    def wrap(one: Segment) -> Packet:
        head = b"".join(head if isinstance(head, bytes) else head(one) for head in heads)
        return Packet(one.time_ns, link, head + ip_packet(one) + tail)

    return wrap


def snap(one: Segment) -> bytes:
    return b"\xaa\xaa\x03\x00\x00\x00" + ethertype_of(one)


def ethernet(one: Segment) -> bytes:
    return addresses_of(one) + ethertype_of(one)


def layer_id(one: Segment) -> bytes:
    return b"\xfe\xfe\x03" + LAYER_ID[version(one)]


def ppp(one: Segment) -> bytes:
    return b"\xff\x03" + PROTOCOL[version(one)]


def cisco(one: Segment) -> bytes:
    return b"\x0f\x00" + ethertype_of(one)


def frame_relay(one: Segment) -> bytes:
    return b"\x18\x41\x03" + LAYER_ID[version(one)]


def fibre_channel(one: Segment) -> bytes:
    """Two network addresses of RFC 2625: NAA 1 and a MAC address."""
    return b"\x10\x00" + addresses_of(one)[:6] + b"\x10\x00" + addresses_of(one)[6:]


def inside_addresses(tag: bytes) -> Callable[[Segment], bytes]:
    """Give an Ethernet header with a tag behind its addresses."""
    return lambda one: addresses_of(one) + tag + ethertype_of(one)


def dsa(one: Segment, before: bytes = b"") -> bytes:
    """Marvell's tag of a forwarded frame that came with VLAN 9."""
    return addresses_of(one) + before + b"\xe0\x08\x60\x09" + ethertype_of(one)


def edsa(one: Segment) -> bytes:
    return dsa(one, b"\xda\xda\x00\x00")


def solaris(one: Segment) -> bytes:
    """Version, family, hook, length, two interfaces, two zones."""
    return struct.pack(">BBHIIIII", 1, ON_SOLARIS[version(one)], 0, len(ip_packet(one)), 2, 0, 0, 0)


def packet_filter(length: int) -> Callable[[Segment], bytes]:
    """Give the header of pflog, whose length leaves out the padding."""

    def head(one: Segment) -> bytes:
        start = struct.pack(">BBBB16s16sII", length, ON_OPENBSD[version(one)], 0, 0, b"em0", b"", 1, 0)
        return start.ljust(length, b"\x00") + bytes(-length % 4)

    return head


def security(order: str) -> Callable[[Segment], bytes]:
    """Give the header of enc: family, parameters, "authenticated" and "confidential"."""
    return lambda one: (
        struct.pack(order + "I", ON_OPENBSD[version(one)]) + b"\0\0\1\2" + struct.pack(order + "I", 0xC00)
    )


def openbsd_loopback(one: Segment) -> bytes:
    return struct.pack(">I", ON_OPENBSD[version(one)])


def netfilter(order: str, family: int | None = None) -> Wrap:
    """LINKTYPE_NFLOG with protocol, prefix, sender's address, then the packet; all padded to words."""

    def field(kind: int, value: bytes) -> bytes:
        return struct.pack(order + "HH", len(value) + 4, kind) + value + bytes(-len(value) % 4)

    def wrap(one: Segment) -> Packet:
        head = struct.pack(">BBH", family or ON_LINUX[version(one)], 0, 5)
        about = field(1, ethertype_of(one) + b"\x03\x00") + field(10, b"certspan:\0")
        sender = field(8, b"\x00\x06\x00\x00" + addresses_of(one)[6:] + b"\0\0")
        return Packet(one.time_ns, NFLOG, head + about + sender + field(9, ip_packet(one)))

    return wrap


def endace(kind: int, inner: Callable[[Segment], bytes], *, extended: bool = False) -> Wrap:
    """LINKTYPE_ERF: time, kind, flags, length of the record, losses, length on the wire; Ethernet behind two bytes."""

    def wrap(one: Segment) -> Packet:
        frame = (b"\0\0" if kind in {2, 11, 16, 20} else b"") + inner(one) + ip_packet(one)
        extension = b"\x83" + bytes(7) + b"\x03" + bytes(7) if extended else b""
        size = 16 + len(extension) + len(frame)
        seconds, rest = divmod(one.time_ns, 1_000_000_000)
        time = struct.pack("<II", (rest << 32) // 1_000_000_000, seconds)
        head = struct.pack(">BBHHH", kind | 0x80 * extended, 4, size, 0, len(frame))
        return Packet(one.time_ns, ERF, time + head + extension + frame)

    return wrap


def analyzer(link: int, preamble: bytes = b"") -> Wrap:
    """LINKTYPE_NETANALYZER: length, port, version 1, transparent or not; check sequence at the end."""

    def wrap(one: Segment) -> Packet:
        frame = preamble + ethernet(one) + ip_packet(one) + CHECK
        bits = (bool(preamble) << 9) | 1 << 10 | (len(frame) & 0xFFF) << 16
        return Packet(one.time_ns, link, struct.pack("<I", bits) + frame)

    return wrap


def apple(link: int, inner: Callable[[Segment], bytes]) -> Wrap:
    """LINKTYPE_PKTAP: length, kind of record, link type, interface, and the process."""
    head = struct.pack("<III24sIIIIi20sIHHi20s", 108, 1, link, b"en0", 0, 2, 0, 0, 99, b"curl", 0, 0, 0, -1, b"")
    return behind(PKTAP, head, inner)


def juniper(link: int, *inner: bytes | Callable[[Segment], bytes], extended: bool = True) -> Wrap:
    """Put a frame behind magic number, flags and extensions: media type and interface."""
    head = b"MGC\x81" + struct.pack(">H", 9) + b"\x03\x01\x01\x04\x04\x07\x00\x00\x00" if extended else b"MGC\x01"
    return behind(link, head, *inner)


MEDIA: dict[str, tuple[Wrap, list[str]]] = {
    "token ring": (behind(TOKEN_RING, b"\x10\x40", addresses_of, snap), []),
    "token ring with a route": (
        behind(
            TOKEN_RING, lambda one: b"\x10\x40" + addresses_of(one)[:6] + b"\x82\0\0\0\0\1", b"\6\x30\0\x11\0\x20", snap
        ),
        [],
    ),
    "FDDI": (behind(FDDI, b"\x50", addresses_of, snap), []),
    "ARCNET": (behind(ARCNET, b"\1\2", lambda one: ARCNET_PROTOCOL[version(one)], b"\0\0\7"), []),
    "ARCNET of Linux": (behind(ARCNET_LINUX, b"\1\2\0\0", lambda one: ARCNET_PROTOCOL[version(one)], b"\0\0\7"), []),
    "SLIP": (behind(SLIP, b"\1\x45" + bytes(14)), []),
    "OpenBSD loopback in its own number": (behind(RAW_OR_LOOP, openbsd_loopback), []),
    "ATM, SNAP": (behind(RFC1483, snap), []),
    "ATM, layer id": (behind(RFC1483, layer_id), []),
    "ATM, PPP": (behind(RFC1483, b"\xfe\xfe\x03\xcf", lambda one: PROTOCOL[version(one)]), []),
    "ATM, bridged": (behind(RFC1483, b"\xaa\xaa\x03\x00\x80\xc2\x00\x07\x00\x00", ethernet), []),
    "ATM, classical": (behind(CLIP, snap), []),
    "ATM, classical and bare": (behind(CLIP), []),
    "SunATM": (behind(SUN_ATM, b"\x82\x00\x00\x28", snap), []),
    "SunATM, emulated LAN": (behind(SUN_ATM, b"\x01\x00\x00\x28\x00\x07", ethernet), []),
    "Fibre Channel": (behind(FIBRE_CHANNEL, fibre_channel, snap), []),
    "FireWire": (behind(FIREWIRE, bytes(range(16)), ethertype_of), []),
    "InfiniBand": (behind(IPOIB, bytes(40), ethertype_of, b"\0\0"), []),
    "Solaris ipnet": (behind(IPNET, solaris), []),
    "Symantec": (behind(SYMANTEC, b"\x0a\0\0\1\0\0", ethertype_of, bytes(36)), []),
    "Symantec, newer": (behind(SYMANTEC, b"\x0a\0\0\1" + bytes(6), ethertype_of, bytes(44)), []),
    "pflog of NetBSD": (behind(PFLOG, packet_filter(61)), []),
    "pflog of FreeBSD": (behind(PFLOG, packet_filter(69)), []),
    "pflog of OpenBSD": (behind(PFLOG, packet_filter(100)), []),
    "enc": (behind(ENC, security("<")), []),
    "enc, other order": (behind(ENC, security(">")), []),
    "nflog": (netfilter("<"), []),
    "nflog, other order": (netfilter(">"), []),
    "nflog of a bridge": (netfilter("<", family=7), []),
    "multilink frame relay": (behind(MFR, b"\xc1\x07", frame_relay), []),
    "Endace, Ethernet": (endace(2, ethernet), []),
    "Endace, extended": (endace(16, ethernet, extended=True), []),
    "Endace, PPP": (endace(1, ppp), []),
    "Endace, Cisco HDLC": (endace(10, cisco), []),
    "netANALYZER": (analyzer(ANALYZER), []),
    "netANALYZER, transparent": (analyzer(ANALYZER_TRANSPARENT, b"\x55" * 7 + b"\xd5"), []),
    "EPON": (behind(EPON, b"\xd5\x55\x55\x00\x01\x9c", ethernet), []),
    "TZSP": (behind(TZSP, b"\1\0\0\1" + b"\x0a\1\xc8" + b"\0\1", ethernet), []),
    "PKTAP, Ethernet": (apple(1, ethernet), []),
    "PKTAP, raw": (apple(12, lambda _: b""), []),
    "Broadcom tag": (behind(BROADCOM, inside_addresses(b"\x20\x00\x00\x01")), []),
    "Broadcom tag before": (behind(BROADCOM_BEFORE, b"\x20\x00\x00\x01", ethernet), []),
    "Marvell tag": (behind(DSA, dsa), ["vlan:9"]),
    "Marvell tag with type": (behind(EDSA, edsa), ["vlan:9"]),
    "Juniper Ethernet": (juniper(JUNIPER["ethernet"], ethernet), []),
    "Juniper Ethernet, short": (juniper(JUNIPER["ethernet"], ethernet, extended=False), []),
    "Juniper PPPoE": (juniper(JUNIPER["pppoe"], ethernet), []),
    "Juniper PPP": (juniper(JUNIPER["ppp"], ppp), []),
    "Juniper Frame Relay": (juniper(JUNIPER["frame relay"], frame_relay), []),
    "Juniper Cisco HDLC": (juniper(JUNIPER["cisco"], cisco), []),
    "Juniper IPsec": (juniper(JUNIPER["security"], b"\0\1\x40\5\0\0\1\2\x0a\0\0\1\x0a\0\0\2"), []),
    "Juniper ATM1": (juniper(ATM1, b"\0\0\0\x09", snap), []),
    "Juniper ATM2": (juniper(ATM2, b"\0\0\0\x09\0\0\0\0", layer_id), []),
}
"""Each with the encapsulation it is told by."""
