"""Distinguished names and alternative names, from DER to text (RFC 5280 4.1.2.4 and 4.2.1.6, RFC 4514).

Values are kept as they are, control characters included: outputs escape. All text is valid Unicode without surrogates.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final, NamedTuple

from sensor.certificate_defects import DerError, quote
from sensor.certificate_oids import ATTRIBUTES, RFC4514_ATTRIBUTES
from sensor.der import OID, SEQUENCE, SET

if TYPE_CHECKING:
    from collections.abc import Callable

    from sensor.der import Der, Element

UTF8_STRING: Final = 0x0C
NUMERIC_STRING: Final = 0x12
PRINTABLE_STRING: Final = 0x13
TELETEX_STRING: Final = 0x14
IA5_STRING: Final = 0x16
VISIBLE_STRING: Final = 0x1A
UNIVERSAL_STRING: Final = 0x1C
BMP_STRING: Final = 0x1E

_VISIBLE = bytes(range(0x20, 0x7F))
_ALLOWED: Final = {
    NUMERIC_STRING: b"0123456789 ",
    PRINTABLE_STRING: b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?",
    IA5_STRING: bytes(range(0x80)),
    VISIBLE_STRING: _VISIBLE,
}
"""X.680 41: the characters of each restricted string type."""
_WIDE: Final = {BMP_STRING: "utf-16-be", UNIVERSAL_STRING: "utf-32-be"}

_ESCAPED = str.maketrans({**{char: f"\\{char}" for char in '\\"+,;<>'}, "\0": "\\00"})
"""RFC 4514 2.4."""


class Name(NamedTuple):
    """One distinguished name, in the two forms of `Certificate`."""

    text: str
    """RFC 4514: last relative name first."""
    attributes: tuple[str, ...]
    """In the order of the DER."""


def read_name(der: Der, element: Element) -> Name:
    """Read a Name: a SEQUENCE OF SET OF (type, value)."""
    texts: list[str] = []
    attributes: list[str] = []
    for relative in der.sequence(element, "a SEQUENCE of relative names"):
        members = der.children(der.need(relative, SET, "a SET of attributes"))
        if not members:
            raise DerError(relative.head, "at least one attribute", "an empty SET")
        if len(members) > 1:
            _check_order(der, members)
        pairs = [_read_attribute(der, member) for member in members]
        texts.append("+".join(text for text, _ in pairs))
        attributes.extend(attribute for _, attribute in pairs)
    return Name(",".join(reversed(texts)), tuple(attributes))


def _check_order(der: Der, members: list[Element]) -> None:
    """Note a SET OF that is not sorted by its members' encodings."""
    encoded = [der.raw(member) for member in members]
    if encoded != sorted(encoded):
        der.notes.add("unsorted_set", members[0].head, None, None)


def _read_attribute(der: Der, element: Element) -> tuple[str, str]:
    """Give an attribute as RFC 4514 text and as plain `<name>=<value>`."""
    parts = der.sequence(element, "an attribute of type and value")
    if len(parts) != 2:  # noqa: PLR2004  type and value
        raise DerError(element.head, "an attribute of type and value", f"{len(parts)} members")
    oid = der.oid(parts[0], "an attribute type")
    value = read_string(der, parts[1])
    if value is None:
        value = escaped = "#" + der.raw(parts[1]).hex()
    else:
        escaped = _escape(value)
    return f"{RFC4514_ATTRIBUTES.get(oid, oid)}={escaped}", f"{ATTRIBUTES.get(oid, oid)}={value}"


def _escape(value: str) -> str:
    """Escape a value for RFC 4514 text."""
    escaped = value.translate(_ESCAPED)
    if value[:1] in {"#", " "}:
        escaped = "\\" + escaped
    if value.endswith(" ") and len(value) > 1:
        escaped = escaped[:-1] + "\\ "
    return escaped


def read_string(der: Der, element: Element) -> str | None:
    """Decode a string of any type; None when it is no string. What its type forbids is noted and kept legible."""
    content = der.content(element)
    tag = element.tag
    allowed = _ALLOWED.get(tag)
    if allowed is not None:
        if wrong := content.translate(None, allowed):
            der.notes.add("bad_string", element.head, f"characters of string type {tag:02x}", quote(wrong))
        return _utf8(content)
    if tag == UTF8_STRING:
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            der.notes.add("bad_string", element.start + error.start, "UTF-8", quote(content[error.start :]))
            return _utf8(content)
    if tag == TELETEX_STRING:
        return _teletex(content)
    if tag in _WIDE:
        return _wide(der, element, content)
    return None


def _utf8(content: bytes) -> str:
    return content.decode(errors="backslashreplace")


def _teletex(content: bytes) -> str:
    """Decode what calls itself T.61: in practice UTF-8 or Latin-1, and no byte is wrong in it."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _wide(der: Der, element: Element, content: bytes) -> str:
    encoding = _WIDE[element.tag]
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        der.notes.add("bad_string", element.start + error.start, encoding, quote(content[error.start :]))
        return content.decode(encoding, errors="backslashreplace")


_IP: Final = 0x87
_ADDRESS_BYTES: Final = (4, 16)
_SUBNET_BYTES: Final = (8, 32)


def read_general_names(der: Der, names: list[Element], *, subnets: bool = False) -> tuple[str, ...]:
    """Give each GeneralName as `<kind>:<value>`; one that cannot be read becomes `invalid:#<hex>`, with a note.

    `subnets`: an iPAddress holds address and mask, as in name constraints (RFC 5280 4.2.1.10).
    """
    return tuple(read_general_name(der, name, subnets=subnets) for name in names)


def read_general_name(der: Der, name: Element, *, subnets: bool = False) -> str:
    """Give one GeneralName as `<kind>:<value>`."""
    try:
        if name.tag == _IP:
            return f"ip:{_address(der, name, subnets=subnets)}"
        return _READERS.get(name.tag, _unknown)(der, name)
    except DerError as error:
        der.notes.add("bad_general_name", error.offset, error.need, error.got)
        return f"invalid:#{der.raw(name).hex()}"


def _unknown(_: Der, name: Element) -> str:
    raise DerError(name.head, "a kind of alternative name", f"tag {name.tag:02x}")


def _ia5(der: Der, name: Element) -> str:
    content = der.content(name)
    if not content.isascii():
        der.notes.add("bad_string", name.head, "ASCII", quote(content))
    return _utf8(content)


def _raw(der: Der, name: Element) -> str:
    return f"#{der.raw(name).hex()}"


def _address(der: Der, name: Element, *, subnets: bool) -> str:
    content = der.content(name)
    sizes = _SUBNET_BYTES if subnets else _ADDRESS_BYTES
    if len(content) not in sizes:
        raise DerError(name.head, f"an address of {sizes[0]} or {sizes[1]} bytes", f"{len(content)} bytes")
    if not subnets:
        return str(ipaddress.ip_address(content))
    half = len(content) // 2
    address, mask = content[:half], int.from_bytes(content[half:], "big")
    ones = mask.bit_count()
    prefix = mask == (1 << half * 8) - (1 << half * 8 - ones)
    return f"{ipaddress.ip_address(address)}/{ones if prefix else ipaddress.ip_address(content[half:])}"


def _directory_name(der: Der, name: Element) -> str:
    return f"dirname:{read_name(der, der.inner(name)).text}"


def _registered_id(der: Der, name: Element) -> str:
    return f"rid:{der.oid(name._replace(tag=OID), 'a registered id')}"


def _other_name(der: Der, name: Element) -> str:
    """Give `othername:<OID>:<value>` of [0] IMPLICIT SEQUENCE { type, [0] EXPLICIT value }; no text: `#<hex>`."""
    parts = der.children(name)
    oid = der.oid(parts[0] if parts else None, "an other name's type")
    if len(parts) != 2 or parts[1].tag != 0xA0:  # noqa: PLR2004  type and value
        raise DerError(name.head, "an other name of type and value", f"{len(parts)} members")
    value = der.inner(parts[1])
    text = None if value.tag == SEQUENCE else read_string(der, value)
    return f"othername:{oid}:{text if text is not None else '#' + der.raw(value).hex()}"


_READERS: Final[dict[int, Callable[[Der, Element], str]]] = {
    0xA0: _other_name,
    0x81: lambda der, name: f"email:{_ia5(der, name)}",
    0x82: lambda der, name: f"dns:{_ia5(der, name)}",
    0xA3: lambda der, name: f"x400:{_raw(der, name)}",
    0xA4: _directory_name,
    0xA5: lambda der, name: f"edi:{_raw(der, name)}",
    0x86: lambda der, name: f"uri:{_ia5(der, name)}",
    0x88: _registered_id,
}
"""By tag; the address, which needs to know more, apart."""
