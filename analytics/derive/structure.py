"""The structure fingerprint csf1: how a certificate is built, as text, and the hash of the text (docs/csf1.md).

It follows from the order of fields, types of strings, order and criticality of extensions and the way parameters are
encoded, and from no name, time or key: certificates of one generator and one template have the same. Damaged DER gives
the text of what can be read. The page is the specification; a change of what is written here is another version.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from analytics.derive.structure_shape import UNREADABLE, named, shape
from sensor.certificate_defects import DerError, Notes
from sensor.certificate_tbs import Parts, split
from sensor.der import BIT_STRING, BOOLEAN, INTEGER, NULL, OCTET_STRING, OID, SEQUENCE, SET, Der, Element

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PREFIX: Final = "csf1:"
MAX_TEXT: Final = 32_768
"""Characters; a longer text is cut, and says so."""
_CUT: Final = "...\n"
_HASH_DIGITS: Final = 32
_SERIALS: Final = (32, 64, 128, 160)
"""Bits: a serial number is told by the first of these that it fits into."""
_MAX_PARAMETERS: Final = 128
"""Bytes of an algorithm's parameters that are written out."""
_ALL_BITS: Final = ("2.5.29.15", "2.16.840.1.113730.1.1")
"""keyUsage and Netscape's type: their bits are of the template."""
_LENGTHS: Final = ("2.5.29.14", "2.5.29.35")
"""Key identifiers: lengths tell how they are made."""
_BASIC_CONSTRAINTS: Final = "2.5.29.19"
_RSA: Final = ("1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10")
_EC: Final = "1.2.840.10045.2.1"
_DIGIT: Final = re.compile("[0-9]")


def structure(certificate: bytes) -> str | None:
    """Give the text of csf1; None if the bytes are no SEQUENCE in a SEQUENCE. Never raises, whatever the bytes."""
    notes = Notes()
    lines = notes.guard("certificate", "not_der", _lines, Der(certificate, notes))
    if lines is None:
        return None
    text = "\n".join(["csf1", *lines, ""])
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - len(_CUT)] + _CUT


def fingerprint(text: str) -> str:
    """Give the hash of a text of `structure`, as people hand it around: `csf1:` and 32 hexadecimal digits."""
    return PREFIX + hashlib.sha256(text.encode("ascii")).hexdigest()[:_HASH_DIGITS]


def _lines(der: Der) -> list[str]:
    outer = der.need(der.element(0, len(der.data), cut=True), SEQUENCE, "a SEQUENCE")
    tbs = der.need(der.element(outer.start, outer.stop, cut=True), SEQUENCE, "a SEQUENCE in a SEQUENCE")
    parts = split(der, tbs)
    lines = list(_members(der, parts, tbs))
    behind = der.children(outer._replace(start=tbs.stop), partial=True)
    names = ("signatureAlgorithm", "signatureValue")
    for at, element in enumerate(behind):
        name = names[at] if at < len(names) else "extra"
        lines.append(f"{name} {_guarded(der, _algorithm if at == 0 else shape, element)}")
    lines += [f"{name} missing" for name in names[len(behind) :]]
    if outer.stop < len(der.data):
        lines.append("behind bytes")
    return lines


def _members(der: Der, parts: Parts, tbs: Element) -> Iterator[str]:
    """Tell the members of the signed part in their order; those that are missing at its end."""
    names = {element.head: name for name, element in parts.required.items()}
    readers: dict[str, Callable[[Der, Element], str]] = {
        "serialNumber": _serial,
        "signature": _algorithm,
        "issuer": _name,
        "validity": _validity,
        "subject": _name,
        "subjectPublicKeyInfo": _key,
    }
    for element in der.children(tbs, partial=True):
        if parts.version is not None and element.head == parts.version.head:
            yield f"version {_guarded(der, _version, element)}"
        elif element.head in names:
            name = names[element.head]
            yield f"{name} {_guarded(der, readers[name], element)}"
        elif parts.extensions is not None and element.head == parts.extensions.head:
            yield from _extensions(der, element)
        else:
            yield f"member {_guarded(der, shape, element)}"
    if not parts.whole:
        yield "rest " + UNREADABLE


def _guarded(der: Der, reader: Callable[[Der, Element], str], element: Element) -> str:
    try:
        return reader(der, element)
    except DerError:
        return UNREADABLE


def _version(der: Der, element: Element) -> str:
    return der.content(der.need(der.inner(element), INTEGER, "a version")).hex()[:8]


def _serial(der: Der, element: Element) -> str:
    value = der.integer(element, "a serial number")
    size = next((f"{bits}" for bits in _SERIALS if value.bit_length() <= bits), "more")
    return f"{'negative ' if value < 0 else ''}{size}"


def _algorithm(der: Der, element: Element | None, *, of_key: bool = False) -> str:
    """Write an AlgorithmIdentifier: OID, then what stands behind it."""
    members = der.sequence(element, "an algorithm")
    oid = der.oid(members[0] if members else None, "an algorithm")
    return " ".join([oid, *(_parameters(der, one, of_key=of_key) for one in members[1:])]) + (
        "" if members[1:] else " absent"
    )


def _parameters(der: Der, element: Element, *, of_key: bool) -> str:
    """Write what stands behind the OID; those of a key (a curve, primes) may be the key's own, and are not told."""
    raw = der.raw(element)
    if element.tag in (NULL, OID) or of_key or len(raw) > _MAX_PARAMETERS:
        return shape(der, element)
    return raw.hex()


def _name(der: Der, element: Element) -> str:
    """Write a name: attribute and type of each value; `+` between those of one RDN, `,` between RDNs."""
    rdns = []
    for rdn in der.sequence(element, "a name"):
        pairs = [der.sequence(pair, "an attribute") for pair in der.children(der.need(rdn, SET, "an RDN"))]
        rdns.append("+".join(f"{der.oid(pair[0] if pair else None, 'a type')}:{_type(pair)}" for pair in pairs))
    return ",".join(rdns) or "empty"


def _type(pair: list[Element]) -> str:
    return "/".join(named(one.tag) for one in pair[1:]) or "missing"


def _validity(der: Der, element: Element) -> str:
    """Write the two times: type and form, digits as `d`."""
    return " ".join(_time(der, one) for one in der.sequence(element, "two times"))


def _time(der: Der, element: Element) -> str:
    text = der.content(element)[:32].decode("ascii", "replace")
    form = re.sub("d+", lambda run: f"d{len(run[0])}", _DIGIT.sub("d", text))
    return f"{named(element.tag)}:{form if re.fullmatch('[-+.:dZ0-9]*', form) else UNREADABLE}"


def _key(der: Der, element: Element) -> str:
    """Write a SubjectPublicKeyInfo: its algorithm, and how the key is encoded, but not the key."""
    members = der.sequence(element, "a public key")
    algorithm = _algorithm(der, members[0] if members else None, of_key=True)
    bits = der.whole_bytes(members[1] if len(members) > 1 else None, "a public key's bits")
    oid = algorithm.partition(" ")[0]
    if oid in _RSA:
        modulus, exponent = [*der.sequence(der.inner(bits), "an RSA key"), None, None][:2]
        number = der.content(der.need(modulus, INTEGER, "a modulus")).lstrip(b"\0")
        size = 8 * len(number)
        value = int.from_bytes(der.content(der.need(exponent, INTEGER, "an exponent")), "big")
        return f"{algorithm} rsa {size} {value if value.bit_length() <= _SERIALS[0] else 'long'}"
    if oid == _EC:
        return f"{algorithm} point {der.content(bits)[:1].hex().replace('03', '02') or 'empty'}"
    return f"{algorithm} {bits.stop - bits.start}"


def _extensions(der: Der, wrapper: Element) -> Iterator[str]:
    try:
        found = der.children(der.need(der.inner(wrapper), SEQUENCE, "extensions"), partial=True)
    except DerError:
        yield "extensions " + UNREADABLE
        return
    if not found:
        yield "extensions empty"
    for element in found:
        yield f"extension {_guarded(der, _extension, element)}"


def _extension(der: Der, element: Element) -> str:
    """Write one extension: OID, how its criticality is written, and the shape of its value."""
    members = der.sequence(element, "an extension")
    oid = der.oid(members.pop(0) if members else None, "an extension")
    critical = "-"
    if members and members[0].tag == BOOLEAN:
        critical = {b"\xff": "critical", b"\0": "false"}.get(der.content(members.pop(0)), "odd")
    value = der.need(members[0] if members else None, OCTET_STRING, "a value")
    return f"{oid} {critical} {_value(der, oid, value)}"


def _value(der: Der, oid: str, value: Element) -> str:
    try:
        inner = der.element(value.start, value.stop)
        if inner.stop != value.stop:
            return UNREADABLE
        if oid in _ALL_BITS and inner.tag == BIT_STRING:
            return f"BIT STRING={der.content(inner)[:8].hex()}"
        return shape(der, inner, lengths=oid in _LENGTHS, values=oid == _BASIC_CONSTRAINTS)
    except DerError:
        return UNREADABLE
