"""Algorithm identifiers of signatures (RFC 3279, 4055, 5758, 8410, 9881, 9909): names, hashes, parameters."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from sensor.der import NULL, SEQUENCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sensor.der import Der, Element

HASHES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "1.2.840.113549.2.2": "md2",
        "1.2.840.113549.2.4": "md4",
        "1.2.840.113549.2.5": "md5",
        "1.3.14.3.2.26": "sha1",
        "2.16.840.1.101.3.4.2.1": "sha256",
        "2.16.840.1.101.3.4.2.2": "sha384",
        "2.16.840.1.101.3.4.2.3": "sha512",
        "2.16.840.1.101.3.4.2.4": "sha224",
        "2.16.840.1.101.3.4.2.5": "sha512-224",
        "2.16.840.1.101.3.4.2.6": "sha512-256",
        "2.16.840.1.101.3.4.2.7": "sha3-224",
        "2.16.840.1.101.3.4.2.8": "sha3-256",
        "2.16.840.1.101.3.4.2.9": "sha3-384",
        "2.16.840.1.101.3.4.2.10": "sha3-512",
        "2.16.840.1.101.3.4.2.11": "shake128",
        "2.16.840.1.101.3.4.2.12": "shake256",
        "1.3.36.3.2.1": "ripemd160",
    }
)


class Scheme(NamedTuple):
    """How one signature algorithm works, as far as we know it."""

    name: str
    hash: str | None
    family: str
    """rsa, pss, dsa, ecdsa, pure (the key's own algorithm, over the whole message) or "" (not verified here)."""
    key: str = ""
    """Algorithm that the signing key must have, as in `Certificate.key_algorithm`."""
    parameters: str = "any"
    """What the standard demands: null, absent, or any."""


def _rsa(name: str, digest: str) -> Scheme:
    return Scheme(name, digest, "rsa", "RSA", "null")


def _dsa(name: str, digest: str) -> Scheme:
    return Scheme(name, digest, "dsa", "DSA", "absent")


def _ecdsa(name: str, digest: str) -> Scheme:
    return Scheme(name, digest, "ecdsa", "EC", "absent")


_NIST = "2.16.840.1.101.3.4.3"
PSS: Final = "1.2.840.113549.1.1.10"
PURE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "1.3.101.112": "Ed25519",
        "1.3.101.113": "Ed448",
        f"{_NIST}.17": "ML-DSA-44",
        f"{_NIST}.18": "ML-DSA-65",
        f"{_NIST}.19": "ML-DSA-87",
        **{
            f"{_NIST}.{20 + place}": f"SLH-DSA-{digest}-{size}"
            for place, (digest, size) in enumerate(
                (digest, f"{bits}{speed}") for digest in ("SHA2", "SHAKE") for bits in (128, 192, 256) for speed in "sf"
            )
        },
    }
)
"""Signature algorithms whose one OID names key and signature alike; parameters must be absent."""

SCHEMES: Final[Mapping[str, Scheme]] = MappingProxyType(
    {
        "1.2.840.113549.1.1.2": _rsa("md2WithRSAEncryption", "md2"),
        "1.2.840.113549.1.1.3": _rsa("md4WithRSAEncryption", "md4"),
        "1.2.840.113549.1.1.4": _rsa("md5WithRSAEncryption", "md5"),
        "1.2.840.113549.1.1.5": _rsa("sha1WithRSAEncryption", "sha1"),
        "1.3.14.3.2.29": _rsa("sha1WithRSASignature", "sha1"),
        "1.2.840.113549.1.1.11": _rsa("sha256WithRSAEncryption", "sha256"),
        "1.2.840.113549.1.1.12": _rsa("sha384WithRSAEncryption", "sha384"),
        "1.2.840.113549.1.1.13": _rsa("sha512WithRSAEncryption", "sha512"),
        "1.2.840.113549.1.1.14": _rsa("sha224WithRSAEncryption", "sha224"),
        "1.2.840.113549.1.1.15": _rsa("sha512-224WithRSAEncryption", "sha512-224"),
        "1.2.840.113549.1.1.16": _rsa("sha512-256WithRSAEncryption", "sha512-256"),
        **{
            f"{_NIST}.{last}": _rsa(f"rsassa-pkcs1-v1-5-with-{digest}", digest)
            for last, digest in ((13, "sha3-224"), (14, "sha3-256"), (15, "sha3-384"), (16, "sha3-512"))
        },
        PSS: Scheme("RSASSA-PSS", None, "pss", "RSA"),
        "1.2.840.10040.4.3": _dsa("dsa-with-sha1", "sha1"),
        "1.3.14.3.2.27": _dsa("dsaWithSHA1", "sha1"),
        f"{_NIST}.1": _dsa("dsa-with-sha224", "sha224"),
        f"{_NIST}.2": _dsa("dsa-with-sha256", "sha256"),
        f"{_NIST}.3": _dsa("dsa-with-sha384", "sha384"),
        f"{_NIST}.4": _dsa("dsa-with-sha512", "sha512"),
        "1.2.840.10045.4.1": _ecdsa("ecdsa-with-SHA1", "sha1"),
        "1.2.840.10045.4.3.1": _ecdsa("ecdsa-with-SHA224", "sha224"),
        "1.2.840.10045.4.3.2": _ecdsa("ecdsa-with-SHA256", "sha256"),
        "1.2.840.10045.4.3.3": _ecdsa("ecdsa-with-SHA384", "sha384"),
        "1.2.840.10045.4.3.4": _ecdsa("ecdsa-with-SHA512", "sha512"),
        **{
            f"{_NIST}.{last}": _ecdsa(f"ecdsa-with-{digest}", digest)
            for last, digest in ((9, "sha3-224"), (10, "sha3-256"), (11, "sha3-384"), (12, "sha3-512"))
        },
        **{oid: Scheme(name, None, "pure", name, "absent") for oid, name in PURE.items()},
        # Named, not verified here.
        "1.3.36.3.3.1.2": Scheme("rsaSignatureWithripemd160", "ripemd160", ""),
        "1.2.156.10197.1.501": Scheme("SM2-with-SM3", "sm3", ""),
        "1.2.643.2.2.3": Scheme("GOST-R-34.11-94-with-GOST-R-34.10-2001", "gost94", ""),
        "1.2.643.7.1.1.3.2": Scheme("GOST-R-34.10-2012-256-with-Streebog", "streebog256", ""),
        "1.2.643.7.1.1.3.3": Scheme("GOST-R-34.10-2012-512-with-Streebog", "streebog512", ""),
    }
)


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One AlgorithmIdentifier."""

    oid: str
    raw: bytes
    """As encoded."""
    parameters: Element | None
    """None when absent."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature's algorithm, parameters considered."""

    algorithm: Algorithm
    name: str
    """Of the standard, or the OID."""
    hash: str | None
    scheme: Scheme | None
    """None for an OID that is not known here."""
    salt_length: int | None = None
    """Bytes; of PSS alone."""


def read_algorithm(der: Der, element: Element | None) -> Algorithm:
    """Read AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL }."""
    element = der.need(element, SEQUENCE, "an algorithm identifier")
    members = der.children(element)
    oid = der.oid(members[0] if members else None, "an algorithm")
    der.end(members, 2)
    return Algorithm(oid, der.raw(element), members[1] if len(members) > 1 else None)


def check_parameters(der: Der, algorithm: Algorithm, demanded: str) -> None:
    """Note parameters other than those demanded: null, absent or any."""
    found = algorithm.parameters
    got = "absent" if found is None else "null" if found.tag == NULL and found.start == found.stop else "others"
    if demanded not in ("any", got):
        der.notes.add("bad_parameters", None if found is None else found.head, demanded, got)


def read_signature_algorithm(der: Der, element: Element | None) -> Signature:
    """Read a signature's AlgorithmIdentifier; an unknown OID stands for itself."""
    algorithm = read_algorithm(der, element)
    scheme = SCHEMES.get(algorithm.oid)
    if scheme is None:
        return Signature(algorithm, algorithm.oid, None, None)
    if scheme.family == "pss":
        digest, salt_length = _read_pss(der, algorithm)
        return Signature(algorithm, scheme.name, digest, scheme, salt_length)
    check_parameters(der, algorithm, scheme.parameters)
    return Signature(algorithm, scheme.name, scheme.hash, scheme)


def _read_pss(der: Der, algorithm: Algorithm) -> tuple[str, int]:
    """Give hash and salt length of RSASSA-PSS-params (RFC 4055 3.1), whose defaults are SHA-1 and 20 bytes."""
    digest, salt_length = "sha1", 20
    if algorithm.parameters is None or algorithm.parameters.tag != SEQUENCE:
        check_parameters(der, algorithm, "RSASSA-PSS-params")
        return digest, salt_length
    for member in der.children(algorithm.parameters):
        if member.tag == 0xA0:  # noqa: PLR2004  [0] hashAlgorithm
            oid = read_algorithm(der, der.inner(member)).oid
            digest = HASHES.get(oid, oid)
        elif member.tag == 0xA2:  # noqa: PLR2004  [2] saltLength
            salt_length = der.integer(der.inner(member), "a salt length")
    return digest, salt_length
