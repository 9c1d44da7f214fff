"""Facts of a SubjectPublicKeyInfo, by our own reading: libraries refuse keys that devices use all the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sensor.certificate_algorithms import PSS, PURE, check_parameters, read_algorithm
from sensor.certificate_defects import DerError
from sensor.certificate_oids import CURVES
from sensor.der import OID, SEQUENCE

if TYPE_CHECKING:
    from sensor.certificate_algorithms import Algorithm
    from sensor.der import Der, Element

MAX_EXPONENT_BITS: Final = 8192
"""Longer RSA exponents are not written out in decimal digits."""

MAX_DEGREE: Final = 65_536
"""Of a binary field given by its numbers; the largest in any standard is 571."""

_RSA: Final = ("1.2.840.113549.1.1.1", "1.2.840.113549.1.1.7", PSS, "2.5.8.1.1")
_EC: Final = "1.2.840.10045.2.1"
_DSA: Final = ("1.2.840.10040.4.1", "1.3.14.3.2.12")
_BARE: Final = {
    **PURE,
    "1.3.101.110": "X25519",
    "1.3.101.111": "X448",
    "2.16.840.1.101.3.4.4.1": "ML-KEM-512",
    "2.16.840.1.101.3.4.4.2": "ML-KEM-768",
    "2.16.840.1.101.3.4.4.3": "ML-KEM-1024",
}
"""Algorithms whose OID says everything: parameters must be absent."""
_OTHER_NAMES: Final = {
    "1.2.840.10046.2.1": "DH",
    "1.2.840.113549.1.3.1": "DH",
    "1.3.132.1.12": "ECDH",
    "1.2.643.2.2.19": "GOST-R-34.10-2001",
    "1.2.643.7.1.1.1.1": "GOST-R-34.10-2012-256",
    "1.2.643.7.1.1.1.2": "GOST-R-34.10-2012-512",
}
_PRIME_FIELD: Final = "1.2.840.10045.1.1"
_BINARY_FIELD: Final = "1.2.840.10045.1.2"
_UNCOMPRESSED: Final = 0x04


@dataclass(frozen=True, slots=True)
class Key:
    """As the fields `key_*` of `Certificate`."""

    algorithm: str
    bits: int | None = None
    curve: str | None = None
    exponent: int | None = None


def read_key(der: Der, element: Element | None) -> Key:
    """Read SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING }.

    What can be told of a key is told: a broken key of a known algorithm gives its name, with a defect.
    """
    members = der.sequence(element, "a public key")
    der.end(members, 2)
    algorithm = read_algorithm(der, members[0] if members else None)
    name = _name(algorithm.oid)
    try:
        bits = der.whole_bytes(members[1] if len(members) > 1 else None, "a public key's bits")
        return _read_bits(der, name, algorithm, bits)
    except DerError as error:
        der.notes.add("bad_key", error.offset, error.need, error.got)
        return Key(name)


def _name(oid: str) -> str:
    if oid in _RSA:
        return "RSA"
    if oid in _DSA:
        return "DSA"
    if oid == _EC:
        return "EC"
    return _BARE.get(oid) or _OTHER_NAMES.get(oid, oid)


def _read_bits(der: Der, name: str, algorithm: Algorithm, bits: Element) -> Key:
    if name == "RSA":
        return _read_rsa(der, algorithm, bits)
    if name == "EC":
        return _read_ec(der, algorithm, bits)
    if name == "DSA":
        return _read_dsa(der, algorithm)
    if algorithm.oid in _BARE:
        check_parameters(der, algorithm, "absent")
    return Key(name)


def _positive(der: Der, element: Element | None, what: str) -> int:
    """Give an INTEGER that cannot be negative; one without its leading zero byte is read as it was meant."""
    value = der.integer(element, what)
    if value < 0 and element is not None:
        der.notes.add("negative_integer", element.head, f"{what} with a leading zero byte", None)
        return int.from_bytes(der.content(element), "big")
    return value


def _read_rsa(der: Der, algorithm: Algorithm, bits: Element) -> Key:
    """Read RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017 A.1.1)."""
    if algorithm.oid != PSS:
        check_parameters(der, algorithm, "null")
    numbers = der.sequence(der.inner(bits), "an RSA public key")
    der.end(numbers, 2)
    modulus = _positive(der, numbers[0] if numbers else None, "a modulus")
    exponent = _positive(der, numbers[1] if len(numbers) > 1 else None, "a public exponent")
    if exponent.bit_length() > MAX_EXPONENT_BITS:
        limit = f"an exponent of at most {MAX_EXPONENT_BITS} bits"
        der.notes.add("limit_reached", numbers[1].head, limit, f"{exponent.bit_length()} bits")
        return Key("RSA", modulus.bit_length())
    return Key("RSA", modulus.bit_length(), exponent=exponent)


def _read_dsa(der: Der, algorithm: Algorithm) -> Key:
    """Read Dss-Parms ::= SEQUENCE { p, q, g INTEGER } (RFC 3279 2.3.2); absent, they are the issuer's."""
    if algorithm.parameters is None:
        return Key("DSA")
    numbers = der.sequence(algorithm.parameters, "DSA parameters")
    return Key("DSA", _positive(der, numbers[0] if numbers else None, "a prime").bit_length())


def _read_ec(der: Der, algorithm: Algorithm, bits: Element) -> Key:
    """Read ECParameters: a named curve, or all numbers of one (RFC 5480 2.1.1, RFC 3279 2.3.5)."""
    parameters = algorithm.parameters
    if parameters is not None and parameters.tag == SEQUENCE:
        return Key("EC", _explicit_bits(der, parameters), "explicit")
    if parameters is None or parameters.tag != OID:
        check_parameters(der, algorithm, "a named curve")
        return Key("EC")
    oid = der.oid(parameters, "a named curve")
    curve = CURVES.get(oid)
    if curve is None:
        return Key("EC", curve=oid)
    _check_point(der, bits, (curve.bits + 7) // 8)
    return Key("EC", curve.bits, curve.name)


def _explicit_bits(der: Der, parameters: Element) -> int | None:
    """Give the size of the field of SpecifiedECDomain ::= SEQUENCE { version, fieldID SEQUENCE { type, ANY }, ... }."""
    members = der.children(parameters)
    field = der.sequence(members[1] if len(members) > 1 else None, "a field")
    oid = der.oid(field[0] if field else None, "a kind of field")
    value = field[1] if len(field) > 1 else None
    if oid == _PRIME_FIELD:
        return _positive(der, value, "a prime").bit_length()
    if oid == _BINARY_FIELD:
        degree = der.sequence(value, "a binary field")
        bits = der.integer(degree[0] if degree else None, "a degree")
        return bits if 0 < bits <= MAX_DEGREE else None
    return None


def _check_point(der: Der, bits: Element, size: int) -> None:
    """Note a point whose length cannot be that of its curve (SEC 1, 2.3.3)."""
    length = bits.stop - bits.start
    first = der.data[bits.start] if length else None
    if length != (1 + 2 * size if first == _UNCOMPRESSED else 1 + size):
        der.notes.add("bad_key", bits.start, f"a point of {1 + 2 * size} or {1 + size} bytes", f"{length} bytes")
