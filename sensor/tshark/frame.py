"""One frame as tshark shows it: when, between whom, in which stream, and what of TLS is in it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sensor.tshark.layers import every, find, first, last, number, octets, trees

if TYPE_CHECKING:
    from sensor.tshark.process import Tree

SYN, ACK = 0x02, 0x10
_SLL_IPV4 = b"\0" * 10 + b"\xff\xff"
_NO_INTERFACE = "unknown"
"""How tshark's text begins where the capture names no interface."""
_TAGS = frozenset({"eth", "ethertype", "sll", "null", "raw", "ip", "ipv6", "tcp", "vlan", "ieee8021ad"})
_EXTENSIONS = "ipv6."
"""What frame.protocols may hold up to TCP for `encapsulation` to be known."""
_MAC_BYTES = 6


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """One end of a flow; sorted as the native core sorts them."""

    address: bytes
    """IPv6, 16 bytes; IPv4 is mapped (RFC 4291 2.5.5.2)."""
    port: int

    @property
    def text(self) -> str:
        """The address, IPv4 dotted, IPv6 compressed."""
        address = ipaddress.IPv6Address(self.address)
        return str(address.ipv4_mapped or address)

    @property
    def short(self) -> bytes:
        """The address in four bytes, if it is an IPv4 one."""
        return self.address[12:] if self.address.startswith(_SLL_IPV4) else self.address


@dataclass(frozen=True, slots=True)
class Frame:
    """What is asked of a frame with TCP."""

    number: int
    time_ns: int
    captured: int
    """Bytes."""
    interface: str | None
    stream: int
    source: Endpoint
    destination: Endpoint
    source_mac: str | None
    encapsulation: tuple[str, ...] | None
    """None: wrapped in something that has no name here."""
    carrier: str | None
    """What tshark calls the protocol between TCP and TLS."""
    flags: int
    segments: tuple[int, ...]
    """Numbers of the frames that what is read here came in; none if it is all in this one."""
    records: tuple[Any, ...]
    """Trees of TLS records."""


def time_ns(frame: Tree) -> int:
    """Read seconds with nine decimals; a broken capture may say anything, but no time before 1970 or beyond 2554."""
    seconds, _, fraction = str(frame.get("frame.time_epoch", "0")).partition(".")
    whole, part = number(seconds.lstrip("0") or "0") or 0, int(fraction.ljust(9, "0")[:9] or 0)
    return min(max(0, whole * 1_000_000_000 + part), (1 << 64) - 1)


def read(layers: dict[str, Tree]) -> Frame | None:
    """Read a frame; None if it has no TCP that tshark understands."""
    frame = layers["frame"]
    tcp = last(layers.get("tcp"))
    stream, flags = number(first(tcp, "tcp.stream")), number(first(tcp, "tcp.flags"))
    ends = _ends(layers, tcp)
    if tcp is None or stream is None or ends is None:
        return None
    road = str(frame.get("frame.protocols", "")).split(":")
    return Frame(
        number=int(frame["frame.number"]),
        time_ns=time_ns(frame),
        captured=number(first(frame, "frame.cap_len")) or 0,
        interface=_interface(first(frame, "frame.interface_name")),
        stream=stream,
        source=ends[0],
        destination=ends[1],
        source_mac=_mac(layers),
        encapsulation=_encapsulation(road, layers),
        carrier=_carrier(road),
        flags=flags or 0,
        segments=tuple(int(text) for text in find(layers.get("tcp.segments"), "tcp.segment") if text.isdigit()),
        records=tuple(record for layer in every(layers.get("tls")) for record in _records(layer)),
    )


def _records(layer: Any) -> list[Any]:
    if not isinstance(layer, dict):
        return []
    return trees(layer.get("tls.record"))


def _ends(layers: dict[str, Tree], tcp: Tree | None) -> tuple[Endpoint, Endpoint] | None:
    """Give source and destination: of the innermost IP, where there are several."""
    four, six = last(layers.get("ip")), last(layers.get("ipv6"))
    ports = [number(first(tcp, f"tcp.{end}port")) for end in ("src", "dst")]
    inner, name = (six, "ipv6") if four is None else (four, "ip")
    addresses = [first(inner, f"{name}.{end}") for end in ("src", "dst")]
    try:
        source, destination = (
            Endpoint(_mapped(address or ""), port or 0) for address, port in zip(addresses, ports, strict=True)
        )
    except ValueError:
        return None
    return source, destination


def _mapped(text: str) -> bytes:
    address = ipaddress.ip_address(text)
    return address.packed if address.version == 6 else _SLL_IPV4 + address.packed  # noqa: PLR2004  IP's number


def _interface(name: str | None) -> str | None:
    return None if name is None or name.lower().startswith(_NO_INTERFACE) else name


def _mac(layers: dict[str, Tree]) -> str | None:
    found = first(layers.get("eth"), "eth.src") or first(layers.get("sll"), "sll.src.eth")
    address = octets(found)
    return address.hex(":") if len(address) == _MAC_BYTES and any(address) else None  # the loopback's is all zeros


def _encapsulation(road: list[str], layers: dict[str, Tree]) -> tuple[str, ...] | None:
    below = road[: road.index("tcp")] if "tcp" in road else road
    if any(step not in _TAGS and not step.startswith(_EXTENSIONS) for step in below):
        return None
    tags = [first(tag, f"{name}.id") for name in ("ieee8021ad", "vlan") for tag in trees(layers.get(name))]
    return tuple(f"vlan:{tag}" for tag in tags)


def _carrier(road: list[str]) -> str | None:
    below = road[road.index("tls") - 1] if "tls" in road[1:] else "tcp"
    return None if below == "tcp" else below
