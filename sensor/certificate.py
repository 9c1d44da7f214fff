"""DER -> Certificate: every fact on its own, what is malformed as defects, and never an exception.

Structure, names, times and extensions are read by our own walker (`sensor.der`): libraries refuse a certificate, a name
or all extensions for one fault, and do not say where. Signatures are verified by `cryptography`, which is also the
second opinion that the tests compare with.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from sensor.certificate_algorithms import read_signature_algorithm
from sensor.certificate_defects import DEFECTS, Notes, quote
from sensor.certificate_extensions import NONE, UNKNOWN, read_extensions
from sensor.certificate_forms import certificate_json, certificate_rows
from sensor.certificate_keys import read_key
from sensor.certificate_names import read_name
from sensor.certificate_signature import verifies
from sensor.certificate_tbs import read_serial, read_validity, read_version, self_issued, split
from sensor.der import SEQUENCE, Der
from sensor.events import Certificate

if TYPE_CHECKING:
    from collections.abc import Callable

    from sensor.certificate_tbs import Parts
    from sensor.der import Element

__all__ = ["DEFECTS", "certificate_json", "certificate_rows", "read_certificate"]

T = TypeVar("T")


def read_certificate(der: bytes) -> Certificate:
    """Read all facts of one certificate. Never raises, whatever the bytes."""
    notes = Notes()
    facts: dict[str, Any] = notes.guard("certificate", "not_der", _read, Der(der, notes)) or {}
    return Certificate(
        sha256=hashlib.sha256(der).digest(),
        sha1=hashlib.sha1(der, usedforsecurity=False).digest(),
        der_length=len(der),
        **facts,
        defects=notes.found(),
    )


def _read(der: Der) -> dict[str, Any]:
    """Read Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue } (RFC 5280 4.1)."""
    outer = der.need(der.element(0, len(der.data), cut=True), SEQUENCE, "a SEQUENCE")
    if outer.stop < len(der.data):
        der.notes.add("trailing_bytes", outer.stop, None, quote(der.data[outer.stop :]))
    tbs = der.need(der.element(outer.start, outer.stop, cut=True), SEQUENCE, "a SEQUENCE in a SEQUENCE")
    behind = der.children(outer._replace(start=tbs.stop), partial=True)
    der.end(behind, 2)
    missing = ("signatureAlgorithm", "signatureValue")[len(behind) :]
    if missing and not der.cut:
        der.notes.add("missing_field", outer.stop, ", ".join(missing), "nothing")
    parts = der.notes.guard("tbs", "broken_structure", split, der, tbs)
    if parts is None:
        return {}
    own = self_issued(der, parts)
    return (
        {
            "version": der.notes.guard("tbs", "bad_version", read_version, der, parts),
            "serial": _part(der, parts, "serialNumber", "bad_serial", partial(read_serial, root=own is True)),
            "self_issued": own,
        }
        | _names(der, parts)
        | _validity(der, parts)
        | _key_and_signatures(der, parts, tbs, behind)
        | _extensions(der, parts)
    )


def _part(der: Der, parts: Parts, name: str, code: str, reader: Callable[[Der, Element], T]) -> T | None:
    """Read one required member; None with a defect when it is broken, None when it is missing."""
    element = parts.required.get(name)
    return None if element is None else der.notes.guard(f"tbs.{name}", code, reader, der, element)


def _names(der: Der, parts: Parts) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for field in ("issuer", "subject"):
        name = _part(der, parts, field, "bad_name", read_name)
        if name is not None:
            facts |= {field: name.text, f"{field}_attributes": name.attributes}
    if facts.get("issuer") == "":
        der.notes.add("empty_issuer", parts.required["issuer"].head, where="tbs.issuer")
    return facts


def _validity(der: Der, parts: Parts) -> dict[str, Any]:
    times = _part(der, parts, "validity", "bad_time", read_validity) or []
    return dict(zip(("not_before", "not_after"), times, strict=False))


def _key_and_signatures(der: Der, parts: Parts, tbs: Element, behind: list[Element]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    inside = _part(der, parts, "signature", "bad_algorithm", read_signature_algorithm)
    if inside is not None:
        facts |= {"tbs_signature_algorithm": inside.name, "tbs_signature_hash": inside.hash}
    outside = _outer(der, "signatureAlgorithm", "bad_algorithm", read_signature_algorithm, behind[:1])
    if outside is not None:
        facts |= {"signature_algorithm": outside.name, "signature_hash": outside.hash}
    if inside is not None and outside is not None and inside.algorithm.raw != outside.algorithm.raw:
        got = outside.name if outside.name != inside.name else "other parameters"
        der.notes.add("algorithm_mismatch", behind[0].head, inside.name, got, where="signatureAlgorithm")
    key = _part(der, parts, "subjectPublicKeyInfo", "bad_key", read_key)
    if key is None:
        return facts
    spki = der.raw(parts.required["subjectPublicKeyInfo"])
    exponent = None if key.exponent is None else str(key.exponent)
    facts |= {"key_algorithm": key.algorithm, "key_bits": key.bits, "key_curve": key.curve, "key_exponent": exponent}
    facts["spki_sha256"] = hashlib.sha256(spki).digest()
    value = _outer(der, "signatureValue", "bad_signature", _signature_value, behind[1:])
    if outside is not None and value is not None:
        facts["self_signed"] = verifies(outside, value, der.raw(tbs), key, spki)
    return facts


def _outer(der: Der, where: str, code: str, reader: Callable[[Der, Element], T], elements: list[Element]) -> T | None:
    """Read a member of the outermost SEQUENCE, if it is there."""
    return der.notes.guard(where, code, reader, der, elements[0]) if elements else None


def _signature_value(der: Der, element: Element) -> bytes:
    return der.content(der.whole_bytes(element, "a signature"))


def _extensions(der: Der, parts: Parts) -> dict[str, Any]:
    if parts.extensions is None:
        return NONE if parts.whole else UNKNOWN
    return der.notes.guard("tbs.extensions", "bad_extension", read_extensions, der, parts.extensions) or UNKNOWN
