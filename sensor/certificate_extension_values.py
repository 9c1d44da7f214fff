"""What the extensions say that certspan keeps: one reader each, from the value's DER to fields of `Certificate`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sensor.certificate_defects import DerError, quote
from sensor.certificate_names import read_general_name, read_general_names, read_string
from sensor.certificate_oids import KEY_PURPOSES
from sensor.der import BOOLEAN, INTEGER, OCTET_STRING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sensor.der import Der, Element

MAX_PATH_LENGTH: Final = 2**31 - 1

Facts = dict[str, Any]

_KEY_USAGES: Final = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)
_OCSP: Final = "1.3.6.1.5.5.7.48.1"
_CA_ISSUERS: Final = "1.3.6.1.5.5.7.48.2"
_CONTEXT_0: Final = 0x80
_CONTEXT_0_NESTED: Final = 0xA0
_CONTEXT_1_NESTED: Final = 0xA1
_URI: Final = "uri:"


class Reader(NamedTuple):
    """How one kind of extension is read."""

    read: Callable[[Der, Element], Facts]
    """Gives all fields of `absent`; raises DerError."""
    absent: Facts
    """The fields it fills, with their values when there is no such extension."""


def _sans(der: Der, value: Element) -> Facts:
    """SubjectAltName ::= SEQUENCE SIZE (1..MAX) OF GeneralName (4.2.1.6)."""
    names = _listed(der, value, "alternative names")
    return {"sans": read_general_names(der, names)}


def _listed(der: Der, value: Element, what: str) -> list[Element]:
    """Give the members of a SEQUENCE SIZE (1..MAX); note an empty one."""
    members = der.sequence(value, f"a SEQUENCE of {what}")
    if not members:
        der.notes.add("bad_extension", value.head, f"at least one of {what}", "none")
    return members


def _basic_constraints(der: Der, value: Element) -> Facts:
    """BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL } (4.2.1.9)."""
    parts = der.sequence(value, "basic constraints")
    is_ca, path_length = False, None
    if parts and parts[0].tag == BOOLEAN:
        first = parts.pop(0)
        is_ca = der.boolean(first)
        if not is_ca:
            der.notes.add("explicit_default", first.head, "no cA FALSE", None)
    if parts and parts[0].tag == INTEGER:
        first = parts.pop(0)
        path_length = der.integer(first, "a path length")
        if not 0 <= path_length <= MAX_PATH_LENGTH:
            der.notes.add("bad_extension", first.head, "a path length from 0", quote(der.content(first)))
            path_length = None
    der.end(parts, 0)
    return {"is_ca": is_ca, "path_length": path_length}


def _key_usage(der: Der, value: Element) -> Facts:
    """KeyUsage ::= BIT STRING, named bits from 0 on (4.2.1.3)."""
    start, unused = der.bits(value, "key usage")
    flags = int.from_bytes(der.data[start : value.stop], "big") >> unused
    size = (value.stop - start) * 8 - unused
    if not flags:
        der.notes.add("bad_extension", value.head, "at least one bit", "none")
    elif not flags & 1:
        der.notes.add("bad_bits", value.head, "no trailing zero bits", quote(der.content(value)))
    set_bits = (name for bit, name in enumerate(_KEY_USAGES) if bit < size and flags >> size - 1 - bit & 1)
    return {"key_usage": tuple(set_bits)}


def _extended_key_usage(der: Der, value: Element) -> Facts:
    """ExtKeyUsageSyntax ::= SEQUENCE SIZE (1..MAX) OF OBJECT IDENTIFIER (4.2.1.12)."""
    oids = [der.oid(member, "a key purpose") for member in _listed(der, value, "key purposes")]
    return {"extended_key_usage": tuple(KEY_PURPOSES.get(oid, oid) for oid in oids)}


def _subject_key_id(der: Der, value: Element) -> Facts:
    """SubjectKeyIdentifier ::= OCTET STRING (4.2.1.2)."""
    return {"subject_key_id": der.content(der.need(value, OCTET_STRING, "a key identifier")).hex()}


def _authority_key_id(der: Der, value: Element) -> Facts:
    """AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0] OCTET STRING OPTIONAL, ... } (4.2.1.1)."""
    parts = der.sequence(value, "an authority key identifier")
    found = [der.content(part).hex() for part in parts if part.tag == _CONTEXT_0]
    return {"authority_key_id": found[0] if found else None}


def _policies(der: Der, value: Element) -> Facts:
    """CertificatePolicies ::= SEQUENCE SIZE (1..MAX) OF SEQUENCE { policyIdentifier OID, ... } (4.2.1.4)."""
    parts = [der.sequence(member, "a policy") for member in _listed(der, value, "policies")]
    return {"policies": tuple(der.oid(part[0] if part else None, "a policy's identifier") for part in parts)}


def _information_access(der: Der, value: Element) -> Facts:
    """AuthorityInfoAccess ::= SEQUENCE SIZE (1..MAX) OF SEQUENCE { method OID, location GeneralName } (4.2.2.1)."""
    urls: dict[str, list[str]] = {_OCSP: [], _CA_ISSUERS: []}
    for member in _listed(der, value, "descriptions"):
        parts = der.sequence(member, "an access description")
        oid = der.oid(parts[0] if parts else None, "an access method")
        if len(parts) != 2:  # noqa: PLR2004  method and location
            raise DerError(member.head, "a method and a location", f"{len(parts)} members")
        location = read_general_name(der, parts[1])
        if oid in urls and location.startswith(_URI):
            urls[oid].append(location.removeprefix(_URI))
    return {"ocsp_urls": tuple(urls[_OCSP]), "ca_issuer_urls": tuple(urls[_CA_ISSUERS])}


def _distribution_points(der: Der, value: Element) -> Facts:
    """CRLDistributionPoints ::= SEQUENCE SIZE (1..MAX) OF SEQUENCE { point [0] OPTIONAL, ... } (4.2.1.13)."""
    names: list[str] = []
    for member in _listed(der, value, "distribution points"):
        for part in der.sequence(member, "a distribution point"):
            if part.tag == _CONTEXT_0_NESTED:
                name = der.inner(part)
                if name.tag == _CONTEXT_0_NESTED:
                    names.extend(read_general_names(der, der.children(name)))
    return {"crl_urls": tuple(name.removeprefix(_URI) for name in names if name.startswith(_URI))}


def _timestamps(der: Der, value: Element) -> Facts:
    """SignedCertificateTimestampList: an OCTET STRING of length-prefixed items, in TLS's own form (RFC 6962 3.3)."""
    value = der.need(value, OCTET_STRING, "a list of timestamps")
    content = der.content(value)
    if len(content) - 2 != int.from_bytes(content[:2], "big"):
        raise DerError(value.start, "a length of two bytes and as much content", quote(content))
    count, at = 0, 2
    while at < len(content):
        at += 2 + int.from_bytes(content[at : at + 2], "big")
        count += 1
    if at != len(content):
        raise DerError(value.start, "timestamps that fill their list", f"{at - len(content)} bytes too few")
    return {"sct_count": count}


def _template_name(der: Der, value: Element) -> Facts:
    """Version 1 template: its name, a BMPString ([MS-WCCE] 2.2.2.7.7.1)."""
    text = read_string(der, value)
    if text is None:
        raise DerError(value.head, "a template's name", f"tag {value.tag:02x}")
    return {"adcs_template": text}


def _template(der: Der, value: Element) -> Facts:
    """CertificateTemplateOID ::= SEQUENCE { templateID OID, major, minor INTEGER OPTIONAL } ([MS-WCCE] 2.2.2.7.7.2)."""
    parts = der.sequence(value, "a template")
    return {"adcs_template": der.oid(parts[0] if parts else None, "a template's identifier")}


def _name_constraints(der: Der, value: Element) -> Facts:
    """NameConstraints ::= SEQUENCE { permitted [0], excluded [1] SEQUENCE OF SEQUENCE { base, ... } } (4.2.1.10)."""
    found: list[str] = []
    for part in der.sequence(value, "name constraints"):
        kind = {_CONTEXT_0_NESTED: "permitted", _CONTEXT_1_NESTED: "excluded"}.get(part.tag)
        if kind is None:
            raise DerError(part.head, "permitted or excluded subtrees", f"tag {part.tag:02x}")
        for subtree in der.children(part):
            base = der.sequence(subtree, "a subtree")
            if not base:
                raise DerError(subtree.head, "a base name", "nothing")
            found.append(f"{kind}:{read_general_name(der, base[0], subnets=True)}")
    return {"name_constraints": tuple(found)}


READERS: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "2.5.29.17": Reader(_sans, {"sans": ()}),
        "2.5.29.19": Reader(_basic_constraints, {"is_ca": False, "path_length": None}),
        "2.5.29.15": Reader(_key_usage, {"key_usage": ()}),
        "2.5.29.37": Reader(_extended_key_usage, {"extended_key_usage": ()}),
        "2.5.29.14": Reader(_subject_key_id, {"subject_key_id": None}),
        "2.5.29.35": Reader(_authority_key_id, {"authority_key_id": None}),
        "2.5.29.32": Reader(_policies, {"policies": ()}),
        "1.3.6.1.5.5.7.1.1": Reader(_information_access, {"ocsp_urls": (), "ca_issuer_urls": ()}),
        "2.5.29.31": Reader(_distribution_points, {"crl_urls": ()}),
        "1.3.6.1.4.1.11129.2.4.2": Reader(_timestamps, {"sct_count": 0}),
        # A certificate may have both templates: the name, which people know, stands last and wins.
        "1.3.6.1.4.1.311.21.7": Reader(_template, {"adcs_template": None}),
        "1.3.6.1.4.1.311.20.2": Reader(_template_name, {"adcs_template": None}),
        "2.5.29.30": Reader(_name_constraints, {"name_constraints": ()}),
    }
)
"""OID -> reader."""
