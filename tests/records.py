"""TLS records and handshake messages in captured streams: where they lie, and the same messages in other records.

Knows nothing of certspan. RFC 5246 6.2.1 and 7.4, RFC 8446 5.1.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rewrite import CIRCLE, End, Segment, stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from random import Random

HANDSHAKE, CLIENT_HELLO, SERVER_HELLO, CERTIFICATE = 22, 1, 2, 11
HEADER, MAX_RECORD = 5, 1 << 14
OPENER = re.compile(rb"\x16\x03[\x00-\x04]..[\x01\x02]\x00", re.DOTALL)
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""Random of a ServerHello that asks for another ClientHello (RFC 8446 4.1.3)."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record in a stream: offset of its header, type, version and body."""

    at: int
    kind: int
    version: bytes
    body: bytes

    @property
    def end(self) -> int:
        """Offset behind it."""
        return self.at + HEADER + len(self.body)


@dataclass(frozen=True, slots=True)
class Message:
    """A handshake message in the clear; `places` are the offsets of its bytes in the stream."""

    kind: int
    body: bytes
    places: tuple[int, ...]
    """Of the message header's four bytes, too."""


def plain_records(data: bytes) -> list[Record]:
    """All handshake records from the first hello on to the first record of another type."""
    found = OPENER.search(data)
    records, at = [], found.start() if found else len(data)
    while at + HEADER <= len(data) and data[at] == HANDSHAKE:
        (size,) = struct.unpack_from(">H", data, at + 3)
        body = data[at + HEADER : at + HEADER + size]
        if len(body) < size:
            break
        records.append(Record(at, HANDSHAKE, data[at + 1 : at + 3], body))
        at += HEADER + size
    return records


def messages(data: bytes) -> Iterator[Message]:
    """Give the handshake messages in the clear of one direction."""
    records = plain_records(data)
    joined = b"".join(record.body for record in records)
    places = [at for record in records for at in range(record.at + HEADER, record.end)]
    at = 0
    while at + 4 <= len(joined):
        stop = at + 4 + int.from_bytes(joined[at + 1 : at + 4], "big")
        if stop > len(joined):
            return
        yield Message(joined[at], joined[at + 4 : stop], tuple(places[at:stop]))
        at = stop


def certificates(message: Message) -> list[tuple[bytes, int]]:
    """Each certificate of a Certificate message (RFC 5246 7.4.2), and the stream's offset behind its last byte."""
    found, at = [], 3
    while at < len(message.body):
        stop = at + 3 + int.from_bytes(message.body[at : at + 3], "big")
        found.append((message.body[at + 3 : stop], message.places[4 + stop - 1] + 1))
        at = stop
    return found


def _flights(connection: Sequence[Segment], source: End, first: int) -> set[int]:
    """Offsets at which one end goes on after it heard the other: no record may reach over them."""
    turns, last = set(), None
    for one in connection:
        if one.payload:
            if one.source == source and last != source:
                turns.add((one.first_byte - first) % CIRCLE)
            last = one.source
    return turns


def _framed(body: bytes, version: bytes, random: Random, largest: int) -> bytes:
    """Put bytes into records of 1 to `largest` bytes."""
    out, at = b"", 0
    while at < len(body):
        part = body[at : at + random.randint(1, largest)]
        out += bytes((HANDSHAKE,)) + version + len(part).to_bytes(2, "big") + part
        at += len(part)
    return out


def _regions(
    connection: Sequence[Segment], source: End, random: Random, largest: int
) -> tuple[int, bytes, list[tuple[int, int, bytes]]]:
    """First sequence number and bytes of a stream, and what is to stand for [start, stop) of it."""
    first, data = stream(connection, source)
    turns = _flights(connection, source, first)
    regions: list[tuple[int, int, bytes]] = []
    runs: list[list[Record]] = []
    for record in plain_records(data):
        if runs and record.at not in turns and runs[-1][-1].version == record.version:
            runs[-1].append(record)
        else:
            runs.append([record])
    for run in runs:
        body = b"".join(record.body for record in run)
        regions.append((run[0].at, run[-1].end, _framed(body, run[0].version, random, largest)))
    return first, data, regions


def _mapping(regions: Sequence[tuple[int, int, bytes]]) -> Callable[[int], int]:
    """Old offset to new offset: never falls, and exact at the ends of regions."""

    def place(offset: int) -> int:
        moved = 0
        for start, stop, new in regions:
            if offset >= stop:
                moved += len(new) - (stop - start)
            elif offset > start:
                return start + moved + min(offset - start, len(new))
        return offset + moved

    return place


def reframed(connection: Sequence[Segment], random: Random, largest: int) -> list[Segment]:
    """Put the same messages into other records, up to each side's change of keys; sequence numbers follow."""
    places: dict[End, Callable[[int], int]] = {}
    data: dict[End, bytes] = {}
    begins: dict[End, int] = {}
    for source in {one.source for one in connection}:
        begins[source], old, regions = _regions(connection, source, random, min(largest, MAX_RECORD))
        places[source] = _mapping(regions)
        new, at = b"", 0
        for start, stop, body in regions:
            new += old[at:start] + body
            at = stop
        data[source] = new + old[at:]

    def moved(source: End, number: int) -> int:
        """Sequence number to new sequence number; those of SYN and FIN lie just outside the stream."""
        offset = (number - begins[source] + 1) % CIRCLE - 1
        return (begins[source] + (places[source](offset) if offset >= 0 else offset)) % CIRCLE

    out = []
    for one in connection:
        sequence, stop = moved(one.source, one.sequence), moved(one.source, one.first_byte + len(one.payload))
        acknowledged = moved(one.target, one.acknowledged) if one.acknowledged and one.target in begins else 0
        start = moved(one.source, one.first_byte)
        payload = data[one.source][(start - begins[one.source]) % CIRCLE :][: (stop - start) % CIRCLE]
        out.append(replace(one, sequence=sequence, acknowledged=acknowledged, payload=payload if one.payload else b""))
    return out


def opens(one: Segment) -> bool:
    """Tell whether a hello, or a Certificate message that is not empty, begins the payload."""
    head = one.payload[:15]
    empty = head[5:6] == b"\x0b" and head[6:9] < b"\x00\x00\x10"
    return head[:2] == b"\x16\x03" and head[5:7] in {b"\x01\x00", b"\x02\x00", b"\x0b\x00"} and not empty
