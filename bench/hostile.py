"""Frames that try to fill a sensor's memory, one function an attack: each gives about as many frames as it is told."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from wire import ACK, CLIENT, PSH, SEGMENT, SERVER, SYN, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from recorded import Exchange
    from scene import Scene

_FRAGMENT = struct.Struct(">14sHHHHHH8s")
_MORE_FRAGMENTS = 0x2000
_RECORD = 16_384
_CLAIMED = 0xFFFFFF
"""Bytes of a message, as its header says: the most that it can."""


def _pair(number: int) -> tuple[Side, Side]:
    """Give both sides of an attacker's flow of this number."""
    source = b"\x0b" + (number & 0xFFFFFF).to_bytes(3, "big"), 1_024 + (number >> 24)
    target = b"\xc6\x13\x00" + bytes([number & 0xFF]), 443
    return Side(source, target, number * 0x9E3779B1 & 0xFFFFFFFF), Side(
        target, source, number * 0x85EBCA77 & 0xFFFFFFFF
    )


def _send(pair: tuple[Side, Side], sender: int, flags: int, payload: bytes = b"") -> bytes:
    me = pair[sender]
    frame = me.tcp(0 if flags == SYN else pair[1 - sender].seq, flags, b"", payload)
    me.seq = (me.seq + len(payload) + bool(flags & SYN)) & 0xFFFFFFFF
    return frame


def _open(pair: tuple[Side, Side]) -> Iterator[bytes]:
    yield _send(pair, CLIENT, SYN)
    yield _send(pair, SERVER, SYN | ACK)
    yield _send(pair, CLIENT, ACK)


def _hello(scene: Scene, exchange: Exchange) -> bytes:
    return scene.play([exchange], scene.server().name).flight(exchange.flights[0], None)[0]


def syn_flood(_scene: Scene, packets: int) -> Iterator[bytes]:
    """Send one SYN from each of many addresses."""
    for number in range(packets):
        yield _send(_pair(number), CLIENT, SYN)


def half_open(scene: Scene, packets: int) -> Iterator[bytes]:
    """Open flows and send a hello that nobody answers."""
    for number in range(packets // 4):
        pair = _pair(number)
        yield from _open(pair)
        yield _send(pair, CLIENT, PSH | ACK, _hello(scene, scene.modern[0]))


def one_packet(scene: Scene, packets: int) -> Iterator[bytes]:
    """Send one packet of data in each flow; every other one looks as if TLS began."""
    for number in range(packets):
        data = scene.rng.randbytes(48)
        yield _send(
            _pair(number),
            number & 1,
            PSH | ACK,
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + data if number & 2 else data,
        )


def endless(scene: Scene, packets: int) -> Iterator[bytes]:
    """Begin messages of 16 MB in many flows at once, and let them drip: a hello or a chain without an end."""
    turns = 180
    pairs = [_pair(number) for number in range(max(2, packets // (turns + 5)))]
    hello = _hello(scene, scene.full["rsa"][0])
    answer = bytes(scene.full["rsa"][0].flights[1].before.data)
    for number, pair in enumerate(pairs):
        yield from _open(pair)
        if number % 4:
            yield _send(pair, CLIENT, PSH | ACK, hello)
            yield _send(pair, SERVER, PSH | ACK, answer)
    chain, endless_hello = (_endless(kind, turns, scene.rng) for kind in (11, 1))
    for turn in range(turns):
        part = slice(turn * SEGMENT, (turn + 1) * SEGMENT)
        for number, pair in enumerate(pairs):
            side, stream = (SERVER, chain) if number % 4 else (CLIENT, endless_hello)
            yield _send(pair, side, ACK, stream[part])


def _endless(kind: int, turns: int, rng: Random) -> bytes:
    data = (
        bytes([kind]) + _CLAIMED.to_bytes(3, "big") + (_CLAIMED - 3).to_bytes(3, "big") + (9_000_000).to_bytes(3, "big")
    )
    data += rng.randbytes(turns * SEGMENT)
    records = (data[at : at + _RECORD] for at in range(0, len(data), _RECORD))
    return b"".join(b"\x16\x03\x03" + len(record).to_bytes(2, "big") + record for record in records)


def new_certificates(scene: Scene, packets: int) -> Iterator[bytes]:
    """Finish handshakes, each with certificates never seen before."""
    chain = scene.servers[0]
    exchange = scene.full[chain.kind][0]
    # Behind the headers of record, message, list and entry, in the certificate's own: its serial number.
    serial = 5 + 4 + 3 + 3 + 4 + 4 + 5 + 2
    for number in range(packets // 12):
        pair = _pair(number)
        yield from _open(pair)
        playing = scene.play([exchange], chain.name)
        for flight in exchange.flights:
            data, start, end = playing.flight(flight, chain)
            if end:
                fresh = b"\x55" + scene.rng.randbytes(15)
                data = data[: start + serial] + fresh + data[start + serial + len(fresh) :]
            for at in range(0, len(data), SEGMENT):
                yield _send(pair, flight.sender, PSH | ACK, data[at : at + SEGMENT])


def overlaps(scene: Scene, packets: int) -> Iterator[bytes]:
    """Begin handshakes, leave a byte out, and send what follows it over and over, never the same."""
    turns = 60
    hello = _hello(scene, scene.full["rsa"][0])
    pairs: list[tuple[Side, Side]] = []
    for number in range(packets // (turns + 5)):
        pair = _pair(number)
        pairs.append(pair)
        yield from _open(pair)
        yield _send(pair, CLIENT, PSH | ACK, hello)
        yield _send(pair, SERVER, PSH | ACK, b"\x16")
    noise = scene.rng.randbytes(1 << 20)
    for turn in range(turns):
        for number, pair in enumerate(pairs):
            first = pair[SERVER].seq
            pair[SERVER].seq = (first + 1 + turn * 701) & 0xFFFFFFFF
            at = (number * 977 + turn * 1_301) % (len(noise) - SEGMENT)
            yield _send(pair, SERVER, ACK, noise[at : at + SEGMENT])
            pair[SERVER].seq = first


def gaps(scene: Scene, packets: int) -> Iterator[bytes]:
    """Leave out every other segment of long handshakes."""
    turns = 150
    hello = _hello(scene, scene.full["rsa"][0])
    pairs: list[tuple[Side, Side]] = []
    for number in range(packets // (turns + 5)):
        pair = _pair(number)
        pairs.append(pair)
        yield from _open(pair)
        yield _send(pair, CLIENT, PSH | ACK, hello)
    stream = _endless(11, 2 * turns, scene.rng)
    for turn in range(turns):
        for pair in pairs:
            pair[SERVER].seq = (pair[SERVER].seq + SEGMENT) & 0xFFFFFFFF
            yield _send(pair, SERVER, ACK, stream[(2 * turn + 1) * SEGMENT : (2 * turn + 2) * SEGMENT])


def fragments(scene: Scene, packets: int) -> Iterator[bytes]:
    """Send first and second parts of IP datagrams whose last part never comes."""
    noise = scene.rng.randbytes(1 << 20)
    for number in range(packets):
        datagram, part = number // 2, number % 2
        pair = _pair(datagram)
        side = pair[CLIENT]
        at = number * 491 % (len(noise) - 1_400)
        place = _MORE_FRAGMENTS | part * 1_400 // 8
        head = _FRAGMENT.pack(side.ethernet, 0x4500, 1_420, datagram & 0xFFFF, place, 0x4006, 0, side.ends[:8])
        yield head + noise[at : at + 1_400]


ATTACKS: dict[str, tuple[Callable[[Scene, int], Iterator[bytes]], int]] = {
    "syn-flood": (syn_flood, 3_000_000),
    "half-open": (half_open, 2_400_000),
    "endless": (endless, 400_000),
    "new-certificates": (new_certificates, 1_200_000),
    "one-packet": (one_packet, 3_000_000),
    "overlaps": (overlaps, 400_000),
    "gaps": (gaps, 400_000),
    "fragments": (fragments, 400_000),
}
"""Name -> frames, and how many of them at full size."""
