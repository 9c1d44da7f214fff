"""The extensions of a certificate (RFC 5280 4.2), each read on its own: a broken one leaves the others readable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sensor.certificate_extension_values import READERS
from sensor.certificate_oids import EXTENSIONS
from sensor.der import BOOLEAN, MAX_ELEMENTS, OCTET_STRING

if TYPE_CHECKING:
    from sensor.certificate_extension_values import Reader
    from sensor.der import Der, Element

ABSENT: Final[dict[str, Any]] = {field: value for reader in READERS.values() for field, value in reader.absent.items()}
"""Every field that an extension fills, as it is when there is no such extension."""
UNKNOWN: Final[dict[str, Any]] = dict.fromkeys((*ABSENT, "extensions", "critical_extensions", "unknown_extensions"))
"""All those fields, of a certificate whose extensions nobody can read."""
NONE: Final[dict[str, Any]] = {**ABSENT, "extensions": (), "critical_extensions": (), "unknown_extensions": ()}
"""All those fields, of a certificate without extensions."""


class Extension(NamedTuple):
    """One extension's envelope."""

    oid: str
    where: str
    critical: bool
    value: Element
    """The OCTET STRING that wraps it."""


def read_extensions(der: Der, wrapper: Element) -> dict[str, Any]:
    """Read [3] EXPLICIT SEQUENCE OF Extension; give the facts by field of `Certificate`.

    A fact is None when its extension is broken, occurs twice with different values, or may hide in what cannot be read.
    """
    members = der.sequence(der.inner(wrapper), "a SEQUENCE of extensions")
    if not members:
        der.notes.add("bad_extension", wrapper.head, "at least one extension", "none")
    found = [one for place, member in enumerate(members) if (one := _envelope(der, place, member)) is not None]
    facts = dict(UNKNOWN)
    if len(found) == len(members) < MAX_ELEMENTS:
        facts = dict(NONE)
        facts["extensions"] = tuple(one.oid for one in found)
        facts["critical_extensions"] = tuple(one.oid for one in found if one.critical)
        facts["unknown_extensions"] = tuple(one.oid for one in found if one.oid not in EXTENSIONS)
    named = _by_oid(der, found)
    for oid, reader in READERS.items():
        if oid in named:
            facts |= _read_values(der, reader, named[oid])
    return facts


def _envelope(der: Der, place: int, member: Element) -> Extension | None:
    where = f"tbs.extensions[{place}]"
    return der.notes.guard(where, "bad_extension", _read_envelope, der, where, member)


def _read_envelope(der: Der, where: str, member: Element) -> Extension:
    """Read Extension ::= SEQUENCE { extnID OID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }."""
    parts = der.sequence(member, "an extension")
    oid = der.oid(parts[0] if parts else None, "an extension's identifier")
    critical = False
    after = 1
    if len(parts) > 1 and parts[1].tag == BOOLEAN:
        critical = der.boolean(parts[1])
        after = 2
        if not critical:
            der.notes.add("explicit_default", parts[1].head, "no critical FALSE", None)
    value = der.need(parts[after] if len(parts) > after else None, OCTET_STRING, "an extension's value")
    der.end(parts, after + 1)
    return Extension(oid, where, critical, value)


def _by_oid(der: Der, found: list[Extension]) -> dict[str, list[Extension]]:
    """Group extensions of the same kind; note those that occur more than once."""
    named: dict[str, list[Extension]] = {}
    for one in found:
        same = named.setdefault(one.oid, [])
        same.append(one)
        if len(same) > 1:
            der.notes.add("duplicate_extension", one.value.head, None, one.oid, where=one.where)
    return named


def _read_values(der: Der, reader: Reader, same: list[Extension]) -> dict[str, Any]:
    """Read one kind of extension. Verifiers differ in which of several they believe: then nothing is known."""
    unknown: dict[str, Any] = dict.fromkeys(reader.absent)
    first = same[0]
    if any(der.content(one.value) != der.content(first.value) for one in same[1:]):
        return unknown
    return der.notes.guard(first.where, "bad_extension", _read_value, der, reader, first.value) or unknown


def _read_value(der: Der, reader: Reader, value: Element) -> dict[str, Any]:
    return reader.read(der, der.inner(value))
