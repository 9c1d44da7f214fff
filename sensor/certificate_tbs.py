"""The signed part of a certificate, member by member (RFC 5280 4.1): where each is, and the simple ones."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final, NamedTuple

from sensor.certificate_defects import DerError, quote
from sensor.certificate_times import read_time

if TYPE_CHECKING:
    from datetime import datetime

    from sensor.der import Der, Element

MAX_SERIAL_BYTES: Final = 20
"""RFC 5280 4.1.2.2."""
MAX_KEPT_SERIAL_BYTES: Final = 1024
"""A longer one is not kept as text."""
MAX_VERSION_BYTES: Final = 4
"""A longer version number is not kept."""

_REQUIRED: Final = ("serialNumber", "signature", "issuer", "validity", "subject", "subjectPublicKeyInfo")
_CONTEXT: Final = 0x80
"""Tags from here on are given by the standard that uses them."""
_VERSION: Final = 0xA0
_UNIQUE_IDS: Final = (0x81, 0x82, 0xA1, 0xA2)
_EXTENSIONS: Final = 0xA3
_VERSIONS: Final = (1, 2, 3)


class Parts(NamedTuple):
    """The members of TBSCertificate, as far as they are there."""

    version: Element | None
    required: dict[str, Element]
    """By their names in the RFC."""
    unique_ids: list[Element]
    extensions: Element | None
    whole: bool
    """No member is missing, or hidden behind a broken one."""


def split(der: Der, tbs: Element) -> Parts:
    """Find the members of TBSCertificate by their places and tags."""
    members = der.children(tbs, partial=True)
    unbroken = not der.is_cut(tbs) and bool(members) and members[-1].stop == tbs.stop
    version = members.pop(0) if members and members[0].tag == _VERSION else None
    # The required members have universal tags: when one is missing, those behind keep their meaning.
    required = dict(zip(_REQUIRED, itertools.takewhile(lambda member: member.tag < _CONTEXT, members), strict=False))
    if unbroken and len(required) < len(_REQUIRED):
        der.notes.add("missing_field", tbs.stop, ", ".join(_REQUIRED[len(required) :]), "nothing")
    extensions: Element | None = None
    unique_ids: list[Element] = []
    for member in members[len(required) :]:
        if member.tag == _EXTENSIONS and extensions is None:
            extensions = member
        elif member.tag in _UNIQUE_IDS and extensions is None:
            unique_ids.append(member)
        else:
            der.notes.add("trailing_bytes", member.head, "no such member here", f"tag {member.tag:02x}")
    return Parts(version, required, unique_ids, extensions, unbroken and len(required) == len(_REQUIRED))


def read_version(der: Der, parts: Parts) -> int | None:
    """Give 1, 2 or 3, or what else is stated; note what the version does not allow."""
    version: int | None = 1 if parts.required else None
    if parts.version is not None:
        version = der.notes.guard("tbs.version", "bad_version", _read_explicit_version, der, parts.version)
    if version in (1, 2) and parts.extensions is not None:
        der.notes.add("version_mismatch", parts.extensions.head, "version 3 for extensions", str(version))
    if version == 1 and parts.unique_ids:
        der.notes.add("version_mismatch", parts.unique_ids[0].head, "version 2 for unique identifiers", "1")
    return version


def _read_explicit_version(der: Der, wrapper: Element) -> int:
    """Read [0] EXPLICIT Version DEFAULT v1; on the wire it counts from 0."""
    element = der.inner(wrapper)
    number = der.integer(element, "a version")
    if element.stop - element.start > MAX_VERSION_BYTES:
        raise DerError(element.head, "0, 1 or 2", quote(der.content(element)))
    if number + 1 not in _VERSIONS:
        der.notes.add("bad_version", element.head, "0, 1 or 2", str(number))
    if number == 0:
        der.notes.add("explicit_default", wrapper.head, "no version", "version 1 written out")
    return number + 1


def self_issued(der: Der, parts: Parts) -> bool | None:
    """Tell whether subject and issuer are the same name, as encoded."""
    issuer, subject = parts.required.get("issuer"), parts.required.get("subject")
    return None if issuer is None or subject is None else der.raw(issuer) == der.raw(subject)


def read_serial(der: Der, element: Element, *, root: bool) -> str:
    """Give the serial number's content bytes in hexadecimal.

    `root`: a self-issued one may be zero. Many public roots are, and no other of the same issuer can be meant.
    """
    number = der.integer(element, "a serial number")
    content = der.content(element)
    if number < 0:
        der.notes.add("negative_serial", element.head, "a positive number", quote(content))
    if number == 0 and not root:
        der.notes.add("zero_serial", element.head, "a positive number", "0")
    # The sign's zero byte is not part of the value: 20 random bytes may need 21.
    size = (number.bit_length() + 7) // 8
    if size > MAX_SERIAL_BYTES:
        der.notes.add("long_serial", element.head, f"at most {MAX_SERIAL_BYTES} bytes", f"{size}")
    if len(content) > MAX_KEPT_SERIAL_BYTES:
        raise DerError(element.head, f"at most {MAX_KEPT_SERIAL_BYTES} bytes", f"{len(content)}", "limit_reached")
    return content.hex()


def read_validity(der: Der, element: Element) -> list[datetime | None]:
    """Read Validity ::= SEQUENCE { notBefore Time, notAfter Time }, each time for itself."""
    members = der.sequence(element, "a SEQUENCE of two times")
    der.end(members, 2)
    names = ("tbs.validity.notBefore", "tbs.validity.notAfter")
    if len(members) < len(names):
        der.notes.add("bad_time", element.head, "two times", f"{len(members)}")
    return [der.notes.guard(name, "bad_time", read_time, der, one) for name, one in zip(names, members, strict=False)]
