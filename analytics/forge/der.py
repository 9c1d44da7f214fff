"""A DER writer as small as a forge needs (ITU-T X.690): values in, bytes out; nothing is ever parsed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

NULL = b"\x05\x00"
TRUE = b"\x01\x01\xff"

_LONG_FORM = 0x80
_LAST_UTC_YEAR = 2049


def tlv(tag: int, content: bytes) -> bytes:
    """Tag, length in as few bytes as possible, content."""
    length = len(content)
    if length < _LONG_FORM:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG_FORM | len(octets))) + octets + content


def sequence(*parts: bytes) -> bytes:
    """SEQUENCE (or SEQUENCE OF) of encoded parts."""
    return tlv(0x30, b"".join(parts))


def integer(value: int) -> bytes:
    """INTEGER, two's complement, as short as possible; negative ones too."""
    magnitude = value if value >= 0 else ~value
    return tlv(0x02, value.to_bytes(magnitude.bit_length() // 8 + 1, "big", signed=True))


def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER from dotted text."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return tlv(0x06, b"".join(_base128(arc) for arc in (40 * first + second, *rest)))


def _base128(value: int) -> bytes:
    octets = [value & 0x7F]
    while value := value >> 7:
        octets.append(value & 0x7F | 0x80)
    return bytes(reversed(octets))


def octet_string(content: bytes) -> bytes:
    """OCTET STRING."""
    return tlv(0x04, content)


def bit_string(content: bytes, unused: int = 0) -> bytes:
    """BIT STRING with so many unused bits at its end."""
    return tlv(0x03, bytes((unused,)) + content)


def named_bits(bits: Iterable[int]) -> bytes:
    """BIT STRING of a named bit list: trailing zero bits are cut (X.690 11.2.2)."""
    ones = set(bits)
    if not ones:
        return bit_string(b"")
    length = max(ones) + 1
    value = sum(1 << (length - 1 - bit) for bit in ones)
    unused = -length % 8
    return bit_string((value << unused).to_bytes((length + unused) // 8, "big"), unused)


def tagged(number: int, content: bytes, *, constructed: bool = True) -> bytes:
    """Context tag [number]: EXPLICIT around an encoding, or IMPLICIT primitive around bare content."""
    return tlv(0x80 | (0x20 if constructed else 0) | number, content)


def time(moment: dt.datetime) -> bytes:
    """Time as RFC 5280 4.1.2.5 wants it: UTCTime up to 2049, GeneralizedTime from then on."""
    if moment.year <= _LAST_UTC_YEAR:
        return tlv(0x17, f"{moment:%y%m%d%H%M%S}Z".encode())
    return tlv(0x18, f"{moment.year:04}{moment:%m%d%H%M%S}Z".encode())
