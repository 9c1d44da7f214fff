"""Makes the first inputs of the fuzz targets out of the captures in pcaps/: `fuzz_seeds.py FOLDER`.

One folder a target. Formats are told at the head of each check in sensor/rust/fuzz/src. No input is longer than
MAX_BYTES.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import struct
import sys
from functools import partial
from itertools import zip_longest
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import lz4.frame
import records
import wire
import wraps
from backports import zstd
from rewrite import CIRCLE, Packet, Segment, connections, cut, packets, pcap, pcapng, read, retime, segments, stream
from wraps_media import MEDIA

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
CAPTURES = sorted((ROOT / "pcaps").glob("*.pcap*"))
MAX_BYTES = 8_192
"""Of one input: short ones are tried more often."""
CONNECTIONS = 12
"""Taken of each capture, spread over it."""
WRAPS = (
    wraps.tagged((0x88A8, 100), (0x8100, 7)),
    wraps.padded(80),
    wraps.snap,
    wraps.cooked,
    wraps.cooked_2,
    wraps.raw,
    wraps.loopback("<", "linux"),
    wraps.extended,
)
HOW = {"client": 0, "server": 1, "chain": 2, "issuers": 3, "key": 4, "version 2": 5, "messages": 6, "text": 7}
"""First byte of the handshake target."""
KINDS = {1: "client", 2: "server", 11: "chain", 12: "key", 13: "issuers"}


def spread(whole: list[list[Segment]]) -> list[list[Segment]]:
    """Give some of many, evenly."""
    step = max(1, len(whole) // CONNECTIONS)
    return whole[::step][:CONNECTIONS]


def shortened(whole: Iterable[Packet], most: int) -> list[Packet]:
    """Give the first packets that fit into so many bytes of a capture."""
    kept, size = [], 100
    for packet in whole:
        size += len(packet.frame) + 40
        if size > most:
            break
        kept.append(packet)
    return kept


def captures(connection: list[Segment], random: Random) -> Iterator[bytes]:
    """Give captures of one connection, in formats of all kinds."""
    plain = shortened(packets(connection), MAX_BYTES // 2)
    order = random.choice("<>")
    yield pcap(plain, order, random.choice((1, 1_000)))
    whole = pcapng(plain, order, random.choice((6, 9)), section=random.choice((3, 1_000)))
    yield whole
    yield random.choice((partial(gzip.compress, mtime=0), zstd.compress, lz4.frame.compress))(whole)


def roads(connection: list[Segment], random: Random) -> Iterator[bytes]:
    """Give whole connections in short captures: as they were, wrapped, cut, out of order and in fragments."""
    kinds = [packets(connection), [random.choice(WRAPS)(one) for one in connection]]
    kinds.append(packets(cut(connection, random, 400)))
    kinds.append(wraps.in_fragments(connection, random, 60, mixed=False))
    mixed = packets(connection)
    for place in range(len(mixed) - 1):
        if random.random() < 0.3:
            mixed[place : place + 2] = reversed(mixed[place : place + 2])
    kinds.append(mixed)
    for kind in kinds:
        yield bytes((random.randrange(256),)) + pcapng(shortened(kind, MAX_BYTES - 100))


def crowd(whole: list[list[Segment]]) -> bytes:
    """Give connections packet by packet in turn, so that all are open at once."""
    turns = [one for turn in zip_longest(*whole) for one in turn if one]
    changed = retime(turns, [one.time_ns for one in turns])
    return b"\1" + pcapng(shortened(packets(changed), MAX_BYTES - 100))


def frames(connection: list[Segment], random: Random) -> Iterator[bytes]:
    """Give a few frames of each link layer, and one datagram in fragments."""
    for wrap in WRAPS:
        yield framed([wrap(one) for one in connection[:3]])
    longest = max(connection, key=lambda one: len(one.payload))
    for one in (longest, wraps.in_version_6(longest)):
        yield framed(wraps.fragments(one, 7, random, 40))


def media() -> Iterator[bytes]:
    """Give two frames of each medium that no capture here has."""
    connection = connections(segments(read(CAPTURES[0])))[0]
    for wrap, _ in MEDIA.values():
        yield framed([wrap(one) for one in connection[:2]])


def framed(whole: Iterable[Packet]) -> bytes:
    """Put frames behind their link type, seconds and length."""
    return b"".join(struct.pack(">HBH", one.link, 0, len(one.frame)) + one.frame for one in whole)


def streams(connection: list[Segment], random: Random) -> Iterator[bytes]:
    """Give the order, not the bytes, in which one direction came, and the same out of order."""
    source = connection[0].source
    sent = [one for one in connection if one.source == source and one.payload]
    first = min((one.first_byte for one in sent), default=0)
    steps = [((one.first_byte - first) % CIRCLE, len(one.payload)) for one in sent]
    small = [struct.pack(">BhB", 0, at % 30_000, size % 256) for at, size in steps]
    yield struct.pack(">BI", 0, first) + b"".join(small)
    random.shuffle(small)
    yield struct.pack(">BI", random.randrange(4), first) + b"".join(small) + b"\x0d\0\0\0"


def directions(connection: list[Segment]) -> Iterator[bytes]:
    """Give the bytes that each side sent, where none are missing."""
    for source in sorted({one.source for one in connection}):
        try:
            yield stream(connection, source)[1]
        except ValueError:
            continue


def messages(data: bytes, random: Random) -> Iterator[bytes]:
    """Give the messages of one direction, each for its own reader, and all together."""
    found = list(records.messages(data))
    for message in found:
        if message.kind in KINDS:
            yield bytes((HOW[KINDS[message.kind]],)) + random.randbytes(2) + message.body
    joined = b"".join(bytes((one.kind,)) + len(one.body).to_bytes(3, "big") + one.body for one in found)
    yield bytes((HOW["messages"],)) + random.randbytes(2) + joined


def made_by_hand() -> Iterator[tuple[str, bytes]]:
    """Give what the captures lack: the hello of SSL 2, alerts, drafts, plaintext before TLS."""
    version_2 = bytes((1, 3, 1, 0, 6, 0, 0, 0, 16, 1, 0, 128, 0, 0, 10)) + bytes(16)
    hello = wire.hello(b"seed.example")
    yield "handshake", bytes((HOW["version 2"], 0, 0)) + version_2
    yield "handshake", bytes((HOW["text"], 2, 40)) + "tür\xff".encode("latin-1")
    yield "record", b"\1" + bytes(4) + bytes((0x80, len(version_2))) + version_2
    yield "record", b"\2" + bytes(4) + hello + b"\x15\x03\x03\0\2\2\x28"
    for place, before in enumerate((b"", b"220 ready\r\nSTARTTLS\r\n", b"\x16\x03\x80\x16")):
        for start in (hello, bytes((0x80, len(version_2))) + version_2, b"\x15\x03\x03\0\2\2\x28"):
            yield "opening", bytes((place,)) + bytes(4) + before + start[:100]
    yield "opening", bytes(5) + bytes((22, 3, 3, 0, 90, 2, 0, 0, 86, 0x7F, 0x1C)) + bytes(60)
    yield "rows", bytes(range(256)) * 4
    yield "rows", bytes((0, 3)) + b"abc" + b"\1\3abc\0" + bytes(range(1, 200)) * 3
    for kind in range(7):
        yield "rows", bytes((1, 0, 0, 0, kind, 5)) + bytes(range(40))


def seeds() -> Iterator[tuple[str, bytes]]:
    """Give (target, input). The same each time."""
    random = Random(1)
    yield from made_by_hand()
    yield from (("frame", one) for one in media())
    for capture in CAPTURES:
        whole = read(capture)
        some = spread(connections(segments(whole)))
        yield from (("road", crowd(some[place : place + 3])) for place in range(0, len(some), 3))
        for connection in some:
            yield from (("capture", one) for one in captures(connection, random))
            yield from (("road", one) for one in roads(connection, random))
            yield from (("frame", one) for one in frames(connection, random))
            yield from (("stream", one) for one in streams(connection, random))
            for data in directions(connection):
                head = random.randbytes(4)
                yield "record", bytes((random.choice((0, 2, 4)),)) + head + data
                yield "opening", b"\0" + head + data[:400]
                yield from (("handshake", one) for one in messages(data, random))
        rows = capture.with_name(f"{capture.stem}.certificates.jsonl").read_text().splitlines()
        for row in rows:
            yield "certificate", der(json.loads(row))


def der(row: dict[str, str]) -> bytes:
    """Give the DER of an expected certificate."""
    return base64.b64decode(row["der"])


def write(folder: Path) -> dict[str, int]:
    """Write all inputs; gives how many there are for each target."""
    counts: dict[str, int] = {}
    for target, data in seeds():
        place = folder / target
        place.mkdir(parents=True, exist_ok=True)
        kept = data[:MAX_BYTES]
        path = place / hashlib.sha256(kept).hexdigest()[:16]
        if not path.exists():
            path.write_bytes(kept)
            counts[target] = counts.get(target, 0) + 1
    return counts


if __name__ == "__main__":
    for name, count in sorted(write(Path(sys.argv[1])).items()):
        sys.stdout.write(f"{name}: {count} seeds\n")
