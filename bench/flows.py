"""What hosts do: TLS handshakes with what follows them, plain HTTP, names asked for, datagrams like those of QUIC."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wire import ACK, CLIENT, MICROSECOND, MILLISECOND, PSH, SEGMENT, SERVER, datagram

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from authority import Chain
    from recorded import Playing
    from wire import Connection

_RECORD = 16_384
_BURST = 16
"""Segments sent in a row."""
_ACK_EVERY = 5


@dataclass(slots=True)
class Truth:
    """What a capture holds, as its maker knows it."""

    visible: set[str] = field(default_factory=set)
    """SHA-256 of certificates whose whole message is in the capture in at least one flow."""
    flows: int = 0
    handshakes: int = 0
    """Full and resumed ones of any version, whose hellos were sent."""
    full_handshakes: int = 0
    certificate_messages: int = 0
    """Those that are wholly in the capture."""
    handshake_bytes: int = 0


class Ciphertext:
    """Application data records without an end: random bytes that repeat after a megabyte."""

    def __init__(self, rng: Random) -> None:
        record = struct.pack(">BHH", 23, 0x0303, _RECORD + 24)
        data = b"".join(record + rng.randbytes(_RECORD + 24) for _ in range(64))
        self.size = len(data)
        self.data = data + data[: 64 * SEGMENT]


def handshake(
    connection: Connection, playing: Playing, truth: Truth, server: Chain | None, client: Chain | None = None
) -> None:
    """Shake hands over an open connection."""
    truth.handshakes += 1
    truth.full_handshakes += playing.exchange.full
    for flight in playing.exchange.flights:
        connection.wait(connection.rtt // 2 + 100 * MICROSECOND)
        chain = server if flight.sender == SERVER else client
        data, start, end = playing.flight(flight, chain)
        truth.handshake_bytes += len(data)
        lost = connection.send(flight.sender, data)
        if end and chain and not any(at < end and at + SEGMENT > start for at in lost):
            truth.visible.update(chain.sha256)
            truth.certificate_messages += 1


def download(connection: Connection, ciphertext: Ciphertext, size: int, start: int) -> Iterator[int]:
    """Send application data from the server in bursts; `start` is any number."""
    at = start % (ciphertext.size // (_RECORD + 29)) * (_RECORD + 29)
    sent = 0
    while sent < size:
        for number in range(_BURST):
            piece = min(SEGMENT, size - sent)
            if piece <= 0:
                break
            place = (at + sent) % ciphertext.size
            connection.now += 1_300
            connection.segment(SERVER, ACK, ciphertext.data[place : place + piece])
            sent += piece
            if number % _ACK_EVERY == _ACK_EVERY - 1:
                connection.segment(CLIENT, ACK)
        connection.segment(CLIENT, ACK)
        connection.wait(connection.rtt)
        yield connection.now


def tls(
    connection: Connection,
    playing: Playing,
    truth: Truth,
    chains: tuple[Chain | None, Chain | None],
    body: tuple[Ciphertext, int],
) -> Iterator[int]:
    """Open, shake hands, load `body[1]` bytes, close."""
    connection.open()
    yield connection.now
    handshake(connection, playing, truth, *chains)
    ciphertext, size = body
    if size:
        yield connection.now
        connection.wait(MILLISECOND)
        connection.segment(CLIENT, PSH | ACK, ciphertext.data[:3] + b"\x01\x00" + ciphertext.data[5:261])
        yield from download(connection, ciphertext, size, connection.rtt)
    connection.close()


def midstream(connection: Connection, body: tuple[Ciphertext, int]) -> Iterator[int]:
    """Load data over a connection that was opened before the capture began."""
    yield from download(connection, *body, connection.rtt)
    connection.close()


def http(connection: Connection, name: bytes, size: int) -> Iterator[int]:
    """Load a page without TLS."""
    connection.open()
    yield connection.now
    connection.wait(MILLISECOND)
    connection.send(CLIENT, b"GET /index.html HTTP/1.1\r\nHost: " + name + b"\r\nAccept: */*\r\n\r\n")
    connection.wait(connection.rtt)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % size
    line = b"<p>The quick brown fox jumps over the lazy dog.</p>\n"
    yield connection.now
    connection.send(SERVER, head + (line * (size // len(line) + 1))[:size])
    connection.close()


def dns(
    packets: list[tuple[int, bytes]],
    at: int,
    rng: Random,
    ends: tuple[tuple[bytes, int], tuple[bytes, int]],
    name: bytes,
) -> Iterator[int]:
    """Ask for an address, and be told."""
    ask = rng.randbytes(2)
    labels = b"".join(bytes([len(label)]) + label for label in name.split(b".")) + b"\x00"
    question = labels + b"\x00\x01\x00\x01"
    answer = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04" + rng.randbytes(4)
    packets.append((at, datagram(*ends, ask + b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + question)))
    at += MILLISECOND + rng.getrandbits(24)
    yield at
    packets.append(
        (at, datagram(ends[1], ends[0], ask + b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" + question + answer))
    )


def quic(
    packets: list[tuple[int, bytes]],
    at: int,
    rng: Random,
    ends: tuple[tuple[bytes, int], tuple[bytes, int]],
    number: int,
) -> Iterator[int]:
    """Exchange datagrams as QUIC looks from outside: two long headers, then short ones."""
    for turn in range(number):
        source, target = ends if turn % 3 == 0 else ends[::-1]
        head = b"\xc3\x00\x00\x00\x01\x08" if turn < 2 else b"\x43"
        packets.append((at, datagram(source, target, head + rng.randbytes(1_250 - len(head)))))
        at += MILLISECOND if turn < 4 else 20 * MICROSECOND
        if turn % 16 == 15:
            yield at
