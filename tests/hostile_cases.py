"""The cases: how each connection is built, and what must be seen of it, by reason and not by trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hostile_packets import CHUNK, LIE, Case, Line, flights, leaf_of_lie, lie_in_leaf, records_of, truth

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostile_packets import Build

ALL = {name: truth()[name] for name in ("server_name", "server_chain", "client_chain", "version", "ja3", "ja3s")}
"""Nothing is lost, nothing is believed that was not said."""
OF_CLIENT = {name: ALL[name] for name in ("server_name", "ja3")}
NO_ANSWER = None
"""tshark gives none that could be compared."""
GOES_ON = frozenset({"alpn_offered", "ech_offered", "ja3", "version_offered_code"})
"""What tshark says of a hello whose extensions cannot be read; the core says nothing of them."""
CHAIN = frozenset({"server_chain"})
"""Of a message that contradicts itself, tshark shows no certificate."""
WRAPPING = ((1 << 32) - 1_000, (1 << 32) - 64)


def spoiled(data: bytes) -> bytes:
    return bytes(byte ^ LIE for byte in data)


def changed(change: Callable[[Build], list[Build]]) -> Callable[[Line], None]:
    """All segments with data, changed."""
    return lambda line: line.whole(change)


def layer(packet: Build, name: str) -> Build:
    return packet.getlayer(name)


def again_with_other_bytes(packet: Build) -> list[Build]:
    copy = packet.copy()
    layer(copy, "Raw").load = spoiled(layer(copy, "Raw").load)
    return [packet, copy]


def overlapping(line: Line) -> None:
    """Each segment begins 100 bytes too early, with other bytes there."""
    line.open()
    for from_client, data in flights():
        before = line.sent[from_client]
        for start in range(0, len(data), CHUNK):
            early = min(start, 100)
            payload = spoiled(data[start - early : start]) + data[start : start + CHUNK]
            line.put(line.segment(from_client, payload, at=before + start - early))
        line.sent[from_client] = before + len(data)
    line.close()


def early_then_other(line: Line) -> None:
    """Send the second segment of each flight first, then again with other bytes, then what is missing."""
    line.open()
    for from_client, data in flights():
        before = line.sent[from_client]
        starts = [*range(0, len(data), CHUNK)]
        pieces = {start: data[start : start + CHUNK] for start in starts}
        for start in (*starts[1:2], *starts[:1], *starts[2:]):
            line.put(line.segment(from_client, pieces[start], at=before + start))
            if start in starts[1:2]:
                line.put(line.segment(from_client, spoiled(pieces[start]), at=before + start))
        line.sent[from_client] = before + len(data)
    line.close()


def lie_overtakes(line: Line) -> None:
    """Forged segments that die on their way (time to live 1) come before the true ones: the mirror cannot know."""
    line.open()
    (_, hello), (_, answer), *rest = flights()
    line.say(True, hello)
    line.say(False, lie_in_leaf(answer), dying)
    line.sent[False] = 0
    line.say(False, answer)
    for from_client, data in rest:
        line.say(from_client, data)
    line.close()


def dying(packet: Build) -> list[Build]:
    layer(packet, "IP").ttl = 1
    return [packet]


def fragments(size: int, *, backwards: bool = False, twice: bool = False) -> Callable[[Build], list[Build]]:
    """Cut packets of IPv4; `twice`: each fragment again, with other bytes."""

    def cut(packet: Build) -> list[Build]:
        from scapy.layers.inet import fragment  # noqa: PLC0415

        cut_up: Any = fragment
        pieces = list(cut_up(packet, fragsize=size))[:: -1 if backwards else 1]
        return [one for piece in pieces for one in (again_with_other_bytes(piece) if twice else [piece])]

    return cut


def fragments_6(packet: Build) -> list[Build]:
    from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6  # noqa: PLC0415

    ip = layer(packet, "IPv6")
    number = layer(packet, "TCP").seq
    cut_up: Any = fragment6
    return list(cut_up(IPv6(src=ip.src, dst=ip.dst) / IPv6ExtHdrFragment(id=number) / ip.payload, 256))


def extended(packet: Build) -> list[Build]:
    """Hop-by-hop, destination, routing, an atomic fragment, destination again; a hop limit of 0."""
    from scapy.layers.inet6 import (  # noqa: PLC0415
        IPv6,
        IPv6ExtHdrDestOpt,
        IPv6ExtHdrFragment,
        IPv6ExtHdrHopByHop,
        IPv6ExtHdrRouting,
    )

    ip = layer(packet, "IPv6")
    headers = IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / IPv6ExtHdrRouting() / IPv6ExtHdrFragment(id=1)
    return [IPv6(src=ip.src, dst=ip.dst, hlim=0) / headers / IPv6ExtHdrDestOpt() / ip.payload]


def wrong_checksums(packet: Build) -> list[Build]:
    layer(packet, "IP").chksum = 0xDEAD
    layer(packet, "TCP").chksum = 0xBEEF
    return [packet]


def broken_options(packet: Build) -> list[Build]:
    """Forty bytes of options of length 0."""
    layer(packet, "TCP").dataofs = 15
    layer(packet, "Raw").load = b"\x08\x00" * 20 + layer(packet, "Raw").load
    return [packet]


def hello_in_syn(line: Line) -> None:
    (_, hello), *rest = flights()
    line.put(line.segment(True, hello, "S"), line.segment(False, b"", "SA"))
    for from_client, data in rest:
        line.say(from_client, data)
    line.close()


def fin_with_data(line: Line) -> None:
    """Let the last segment of each side carry its FIN."""
    line.open()
    said = flights()
    for index, (from_client, data) in enumerate(said):
        last = index >= len(said) - 2
        line.say(from_client, data[:-50] if last else data)
        if last:
            line.put(line.segment(from_client, data[-50:], "FPA"))


def reset(distance: int) -> Callable[[Line], None]:
    """Forge resets of both sides, so many bytes ahead of what comes next."""

    def build(line: Line) -> None:
        line.open()
        for from_client, data in flights():
            for side in (True, False):
                line.put(line.segment(side, b"", "R", at=line.sent[side] + distance))
            line.say(from_client, data)
        line.close()

    return build


def tags(count: int) -> Callable[[Build], Build]:
    def put(packet: Build) -> Build:
        from scapy.layers.l2 import Dot1Q, Ether  # noqa: PLC0415

        frame = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
        for number in range(count):
            frame = frame / Dot1Q(vlan=100 + number)
        return frame / packet

    return put


def between_records(extra: bytes) -> Callable[[bytes], bytes]:
    """Put something between the records of the server's first flight."""
    return lambda flight: extra.join(records_of(flight))


def in_small_records(flight: bytes) -> bytes:
    """Seven bytes of handshake a record."""
    body = b"".join(record[5:] for record in records_of(flight))
    parts = [body[start : start + 7] for start in range(0, len(body), 7)]
    return b"".join(b"\x16\x03\x03" + len(part).to_bytes(2, "big") + part for part in parts)


def before_certificate(extra: bytes) -> Callable[[bytes], bytes]:
    """Put something behind the ServerHello, and nothing behind it."""
    return lambda flight: next(records_of(flight)) + extra


def list_lies(flight: bytes) -> bytes:
    """Let the list of certificates be one byte longer than its message has room for."""
    hello, certificate, *rest = records_of(flight)
    length = int.from_bytes(certificate[9:12], "big") + 1
    return b"".join((hello, certificate[:9], length.to_bytes(3, "big"), certificate[12:], *rest))


def message_without_end(flight: bytes) -> bytes:
    """Let the Certificate message have sixteen megabytes, as it says."""
    hello, certificate, *rest = records_of(flight)
    return b"".join((hello, certificate[:6], b"\xff\xff\xff", certificate[9:], *rest))


def broken_hello(line: Line) -> None:
    """Let the extensions of the ClientHello be longer than the hello, as they say."""
    line.open()
    (_, hello), *rest = flights()
    at = 5 + 4 + 2 + 32
    at += 1 + hello[at]
    at += 2 + int.from_bytes(hello[at : at + 2], "big")
    at += 1 + hello[at]
    line.say(True, hello[:at] + b"\xff\xff" + hello[at + 2 :])
    for from_client, data in rest:
        line.say(from_client, data)
    line.close()


def server(change: Callable[[bytes], bytes]) -> Callable[[Line], None]:
    return lambda line: line.with_server(change)


ALERT = b"\x15\x03\x03\x00\x02\x01\x5a"
LIED = {**ALL, "server_chain": [leaf_of_lie(), *ALL["server_chain"][1:]]}
NO_CHAIN: dict[str, Any] = {**OF_CLIENT, "server_chain": None}
VLANS = [f"vlan:{100 + number}" for number in range(8)]

CASES = [
    Case("plain", Line.whole, ALL),
    Case("repeated with other bytes", changed(again_with_other_bytes), ALL),
    Case("overlapping with other bytes", overlapping, ALL),
    Case("early, and again with other bytes", early_then_other, ALL),
    Case("a lie overtakes the truth", lie_overtakes, LIED),
    Case("fragments of 16 bytes", changed(fragments(16)), ALL),
    Case("fragments backwards", changed(fragments(64, backwards=True)), ALL),
    Case("fragments repeated with other bytes", changed(fragments(64, twice=True)), ALL),
    Case("fragments of IPv6", changed(fragments_6), ALL, version=6),
    Case("extension headers", changed(extended), ALL, version=6),
    Case("wrong checksums", changed(wrong_checksums), ALL),
    Case("options", lambda line: line.whole(options=[("Timestamp", (1, 2)), (253, b"x" * 20), ("NOP", None)]), ALL),
    Case("options of no length", changed(broken_options), ALL),
    Case("urgent", lambda line: line.whole(flags="PAU", urgptr=10), ALL),
    Case("hello in the SYN", hello_in_syn, ALL),
    Case("FIN with data", fin_with_data, ALL),
    Case("reset inside the window", reset(300), ALL),
    Case("reset far away", reset(1 << 30), ALL),
    Case("sequence numbers wrap", Line.whole, ALL, starts=WRAPPING),
    Case("two tags", Line.whole, {**ALL, "encapsulation": VLANS[:2]}, link=tags(2)),
    Case("six tags", Line.whole, {**ALL, "encapsulation": VLANS[:6]}, link=tags(6)),
    Case("eight tags", Line.whole, {}, NO_ANSWER, link=tags(8)),
    Case("empty records", server(between_records(b"\x16\x03\x03\x00\x00")), ALL),
    Case("alerts between", server(between_records(ALERT)), {**ALL, "established": True}),
    Case("small records", server(in_small_records), ALL),
    # What is whole in a list that cannot be is shown, and that it cannot be.
    Case("list that lies", server(list_lies), {**ALL, "server_visibility": "unsupported"}, CHAIN),
    # tshark gives the message up and takes the records behind it for others.
    Case("message without end", server(message_without_end), {**ALL, "server_visibility": "truncated"}, NO_ANSWER),
    Case("record too long", server(before_certificate(b"\x16\x03\x03\x60\x00" + bytes(100))), NO_CHAIN),
    Case("unknown record", server(before_certificate(b"\x63\x03\x03\x00\x01\x00")), NO_CHAIN),
    Case("broken hello", broken_hello, {**ALL, "ja3": None, "server_name": None}, GOES_ON),
]
