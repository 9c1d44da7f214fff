"""The shape of DER: tags and object identifiers without values, alike siblings told once (docs/csf1.md)."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from sensor.certificate_defects import DerError
from sensor.der import BOOLEAN, INTEGER, OCTET_STRING, OID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sensor.der import Der, Element

UNREADABLE: Final = "?"
MAX_DEPTH: Final = 12
MAX_CHILDREN: Final = 256
"""Members of one element that are looked at."""
_CONSTRUCTED: Final = 0x20
_CLASS: Final = 0xC0
_NUMBER: Final = 0x1F
_CLASSES: Final = MappingProxyType({0x40: "application ", 0x80: "", 0xC0: "private "})
_NAMES: Final[Mapping[int, str]] = MappingProxyType(
    {
        0x01: "BOOLEAN",
        0x02: "INTEGER",
        0x03: "BIT STRING",
        0x04: "OCTET STRING",
        0x05: "NULL",
        0x06: "OID",
        0x0A: "ENUMERATED",
        0x0C: "UTF8String",
        0x12: "NumericString",
        0x13: "PrintableString",
        0x14: "TeletexString",
        0x16: "IA5String",
        0x17: "UTCTime",
        0x18: "GeneralizedTime",
        0x1A: "VisibleString",
        0x1C: "UniversalString",
        0x1E: "BMPString",
        0x30: "SEQUENCE",
        0x31: "SET",
    }
)


def named(tag: int) -> str:
    """Name a tag by its first byte: `UTF8String`, `[0]`, `universal 9`; a tag of several bytes is `[?]`."""
    if tag in _NAMES:
        return _NAMES[tag]
    number = UNREADABLE if tag & _NUMBER == _NUMBER else str(tag & _NUMBER)
    return f"[{_CLASSES.get(tag & _CLASS, 'universal ')}{number}]"


def shape(der: Der, element: Element, *, lengths: bool = False, values: bool = False, depth: int = 0) -> str:
    """Write tags, with members in braces; OIDs as they are; a run of members of the same shape once.

    With `lengths` byte strings have theirs behind them, with `values` booleans and integers have theirs.
    """
    name = named(element.tag)
    if element.tag == OID:
        try:
            return der.oid(element, "an OID")
        except DerError:
            return f"OID{UNREADABLE}"
    if element.tag & _CONSTRUCTED:
        return f"{name}{{{_members(der, element, lengths=lengths, values=values, depth=depth)}}}"
    content = der.content(element)
    if values and element.tag in (BOOLEAN, INTEGER):
        return f"{name}={content[:8].hex()}"
    if lengths and (element.tag == OCTET_STRING or element.tag & _CLASS):
        return f"{name}*{len(content)}"
    return name


def _members(der: Der, element: Element, *, lengths: bool, values: bool, depth: int) -> str:
    if depth == MAX_DEPTH:
        return UNREADABLE
    written: list[str] = []
    at = element.start
    for _ in range(MAX_CHILDREN):
        if at >= element.stop:
            break
        try:
            one = der.element(at, element.stop)
        except DerError:
            written.append(UNREADABLE)
            break
        told = shape(der, one, lengths=lengths, values=values, depth=depth + 1)
        if told not in written[-1:]:
            written.append(told)
        at = one.stop
    return " ".join(written)
