"""What joins certificates into chains: names, key identifiers, keys and signatures, and whether one key signed another.

Read by our own walker, so that version 1 certificates, SHA-1, MD5 and keys of 1024 bits are linked as well as others.
Names are compared as encoded: two that differ in a string type are different names here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sensor.certificate import read_certificate
from sensor.certificate_algorithms import read_signature_algorithm
from sensor.certificate_defects import Notes
from sensor.certificate_keys import read_key
from sensor.certificate_signature import verifies
from sensor.certificate_tbs import split
from sensor.der import SEQUENCE, Der

if TYPE_CHECKING:
    from sensor.certificate_algorithms import Signature
    from sensor.certificate_keys import Key
    from sensor.events import Certificate

__all__ = ["Link", "facts", "read_link", "signed_by"]


@dataclass(frozen=True, slots=True)
class Link:
    """The two ends of one certificate. Names and key are as encoded."""

    issuer: bytes
    subject: bytes
    spki: bytes
    key: Key | None
    """None: a key that cannot be read."""
    signed: bytes
    """The bytes under the signature."""
    signature: Signature | None
    """None: an algorithm that cannot be read."""
    value: bytes

    @property
    def spki_sha256(self) -> bytes:
        """Name of the key, as `Certificate.spki_sha256`."""
        return hashlib.sha256(self.spki).digest()


def read_link(der: bytes) -> Link | None:
    """Read one certificate; None when its names, key or signature are not where they belong. Never raises."""
    notes = Notes()
    return notes.guard("certificate", "not_der", _read, Der(der, notes))


def signed_by(link: Link, issuer: Link) -> bool | None:
    """Tell whether the issuer's key made the signature; None: it cannot be verified here."""
    if link.signature is None or issuer.key is None:
        return None
    return verifies(link.signature, link.value, link.signed, issuer.key, issuer.spki)


def facts(der: bytes) -> Certificate:
    """Read all facts of a certificate that no sensor saw, such as a root of a trust store."""
    return read_certificate(der)


def _read(der: Der) -> Link | None:
    outer = der.need(der.element(0, len(der.data)), SEQUENCE, "a SEQUENCE")
    tbs, *behind = der.children(outer)
    parts = split(der, der.need(tbs, SEQUENCE, "a SEQUENCE in a SEQUENCE"))
    found = parts.required
    if len(behind) < 2 or "subjectPublicKeyInfo" not in found:  # noqa: PLR2004  algorithm and value
        return None
    key = found["subjectPublicKeyInfo"]
    signature: Any = der.notes.guard("signatureAlgorithm", "bad_algorithm", read_signature_algorithm, der, behind[0])
    return Link(
        issuer=der.raw(found["issuer"]),
        subject=der.raw(found["subject"]),
        spki=der.raw(key),
        key=der.notes.guard("tbs.subjectPublicKeyInfo", "bad_key", read_key, der, key),
        signed=der.raw(tbs),
        signature=signature,
        value=der.content(der.whole_bytes(behind[1], "a signature")),
    )
