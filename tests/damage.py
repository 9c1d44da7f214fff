"""Surgery on DER for tests: build elements, find them by path, put others in their place. Knows nothing of certspan.

A path is the places of an element within its parents, counted from 0: (0, 4, 1) is notAfter of a certificate with an
explicit version. OCTET STRINGs can be walked into, too; of a BIT STRING the count of unused bits is skipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BIT_STRING = 0x03

TBS = (0,)
VERSION = (0, 0)
SERIAL = (0, 1)
TBS_ALGORITHM = (0, 2)
ISSUER = (0, 3)
VALIDITY = (0, 4)
NOT_BEFORE = (0, 4, 0)
NOT_AFTER = (0, 4, 1)
SUBJECT = (0, 5)
SPKI = (0, 6)
EXTENSIONS = (0, 7, 0)
ALGORITHM = (1,)
SIGNATURE = (2,)


@dataclass(frozen=True)
class Place:
    """Where one element lies; offsets from the start of the whole."""

    head: int
    start: int
    stop: int


def length(size: int) -> bytes:
    """Encode a length in DER."""
    if size < 0x80:
        return bytes([size])
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def tlv(tag: int, *content: bytes) -> bytes:
    """Encode one element."""
    joined = b"".join(content)
    return bytes([tag]) + length(len(joined)) + joined


def sequence(*content: bytes) -> bytes:
    """Encode a SEQUENCE."""
    return tlv(0x30, *content)


def integer(value: int) -> bytes:
    """Encode an INTEGER."""
    return tlv(0x02, value.to_bytes((value if value >= 0 else ~value).bit_length() // 8 + 1, "big", signed=True))


def oid(dotted: str) -> bytes:
    """Encode an OBJECT IDENTIFIER."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    octets = bytearray()
    for arc in (40 * first + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(0x80 | arc & 0x7F)
        octets += bytes(reversed(septets))
    return tlv(0x06, bytes(octets))


def extension(dotted: str, value: bytes, *, flag: bytes = b"") -> bytes:
    """Encode an extension; `flag` is the BOOLEAN's DER, if any."""
    return sequence(oid(dotted), flag, tlv(0x04, value))


def common_name(value: bytes) -> bytes:
    """Encode a Name of one common name, whose value is given as an element."""
    return sequence(tlv(0x31, sequence(oid("2.5.4.3"), value)))


def element(data: bytes, at: int) -> Place:
    """Measure the element at an offset of good DER."""
    start = at + 2
    size = data[at + 1]
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[at + 2 : start], "big")
    return Place(at, start, start + size)


def children(data: bytes, parent: Place) -> Iterator[Place]:
    """Measure the elements within another."""
    at = parent.start + (data[parent.head] == BIT_STRING)
    while at < parent.stop:
        place = element(data, at)
        yield place
        at = place.stop


def find(data: bytes, *path: int) -> Place:
    """Find an element by its path."""
    place = element(data, 0)
    for step in path:
        place = list(children(data, place))[step]
    return place


def raw(data: bytes, *path: int) -> bytes:
    """Give an element's bytes."""
    place = find(data, *path)
    return data[place.head : place.stop]


def replace(data: bytes, path: tuple[int, ...], new: bytes) -> bytes:
    """Put other bytes (or none) in the place of an element; all lengths around it are made to fit."""
    if not path:
        return new
    parent = find(data, *path[:-1])
    old = find(data, *path)
    content = data[parent.start : old.head] + new + data[old.stop : parent.stop]
    return replace(data, path[:-1], tlv(data[parent.head], content))


def insert(data: bytes, path: tuple[int, ...], new: bytes) -> bytes:
    """Put bytes behind an element."""
    return replace(data, path, raw(data, *path) + new)
