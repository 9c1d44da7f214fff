"""The numbers of a public key, out of a certificate's DER: what checks and blocklists look at."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sensor.certificate_algorithms import read_algorithm
from sensor.certificate_defects import DerError, Notes
from sensor.certificate_keys import read_key
from sensor.certificate_tbs import split
from sensor.der import SEQUENCE, Der

if TYPE_CHECKING:
    from sensor.certificate_keys import Key
    from sensor.der import Element

MAX_BITS: Final = 16_384
"""Of a modulus: checks of longer ones take seconds each, and nothing honest has them."""
_RAW: Final = ("Ed25519", "Ed448", "X25519", "X448", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87")
_INTEGERS: Final = ("Ed25519", "Ed448", "X25519", "X448")
"""Of those, the ones that blocklists count as numbers: without leading zero bytes."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """A public key as numbers; None where its kind has none of that name."""

    algorithm: str
    number: bytes | None = None
    """What names the key in a blocklist: RSA modulus, EC x, DSA y, bytes of an Edwards key; no leading zero bytes."""
    modulus: int | None = None
    """RSA: n. DSA: p."""
    exponent: int | None = None
    curve: str | None = None
    explicit: tuple[int, int] | None = None
    """A curve over a prime field whose numbers are written out: the field's prime, x of the generator."""

    @property
    def number_sha256(self) -> bytes | None:
        """What lists of badkeys are made of, before it is cut."""
        return None if self.number is None else hashlib.sha256(self.number).digest()


def read_numbers(certificate: bytes) -> Numbers | str:
    """Read the public key of a certificate; a text says why there is none. Never raises, whatever the bytes."""
    notes = Notes()
    der = Der(certificate, notes)
    found = notes.guard("subjectPublicKeyInfo", "bad_key", _read, der)
    if found is not None:
        return found
    defects = notes.found()
    return f"the key cannot be read: need {defects[0].need}, got {defects[0].got}" if defects else "there is no key"


def _read(der: Der) -> Numbers:
    outer = der.need(der.element(0, len(der.data), cut=True), SEQUENCE, "a certificate")
    tbs = der.need(der.element(outer.start, outer.stop, cut=True), SEQUENCE, "a signed part")
    spki = split(der, tbs).required.get("subjectPublicKeyInfo")
    members = der.sequence(spki, "a public key")
    key = read_key(der, spki)
    bits = der.whole_bytes(members[1] if len(members) > 1 else None, "a public key's bits")
    if key.algorithm == "RSA":
        return _rsa(der, bits)
    if key.algorithm == "DSA":
        return _dsa(der, members[0], bits)
    if key.algorithm == "EC":
        return _ec(der, key, members[0], bits)
    raw = der.content(bits) if key.algorithm in _RAW else None
    if raw is not None and key.algorithm in _INTEGERS:
        raw = raw.lstrip(b"\0")
    return Numbers(key.algorithm, raw)


def _rsa(der: Der, bits: Element) -> Numbers:
    numbers = der.sequence(der.inner(bits), "an RSA public key")
    modulus, exponent = (_unsigned(der, numbers, at) for at in (0, 1))
    return Numbers("RSA", _bytes(modulus), modulus, exponent)


def _dsa(der: Der, algorithm: Element, bits: Element) -> Numbers:
    parameters = read_algorithm(der, algorithm).parameters
    prime = None if parameters is None else _unsigned(der, der.sequence(parameters, "DSA parameters"), 0)
    return Numbers("DSA", _bytes(_unsigned(der, [der.inner(bits)], 0)), prime)


def _ec(der: Der, key: Key, algorithm: Element, bits: Element) -> Numbers:
    point = der.content(bits)
    size = (len(point) - 1) // 2 if point[:1] == b"\x04" else len(point) - 1
    x = point[1 : 1 + size].lstrip(b"\0")
    parameters = read_algorithm(der, algorithm).parameters
    explicit = _explicit(der, parameters) if key.curve == "explicit" and parameters is not None else None
    return Numbers("EC", x or None, curve=key.curve, explicit=explicit)


def _explicit(der: Der, parameters: Element) -> tuple[int, int] | None:
    """Read prime and generator of SpecifiedECDomain ::= SEQUENCE { version, fieldID, curve, base, ... }."""
    members = der.sequence(parameters, "numbers of a curve")
    field = der.sequence(members[1] if len(members) > 1 else None, "a field")
    if der.oid(field[0] if field else None, "a kind of field") != "1.2.840.10045.1.1":
        return None
    prime = _unsigned(der, field, 1)
    base = der.content(members[3]) if len(members) > 3 else b""  # noqa: PLR2004  the fourth member
    size = (prime.bit_length() + 7) // 8
    return prime, int.from_bytes(base[1 : 1 + size], "big")


def _unsigned(der: Der, members: list[Element], at: int) -> int:
    """Give an INTEGER as it was meant: devices leave out the zero byte that makes it positive."""
    if len(members) <= at:
        raise DerError(None, "a number of the key", "nothing")
    der.integer(members[at], "a number of the key")
    return int.from_bytes(der.content(members[at]), "big")


def _bytes(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
