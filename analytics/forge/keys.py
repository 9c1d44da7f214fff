"""Key pairs that follow from a name, weak ones included, and signatures with retired hashes.

`cryptography` neither makes RSA keys below 1024 bits nor signs with MD5; both are a few lines of arithmetic
(RFC 8017 8.2, FIPS 186-4 4.6). Nothing here is constant-time, secret or fit for any use but examples.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import math
from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from analytics.forge import der

_EXPONENT = 65537
_SMALL_PRIMES = math.prod(n for n in range(3, 2000, 2) if all(n % d for d in range(3, math.isqrt(n) + 1, 2)))
_DSA_Q_BITS = {1024: 160, 2048: 256}

# RFC 8017 9.2 note 1 and RFC 3279 2.2: the hash's OID, and the OIDs of its signature algorithms.
_HASH_OID = {
    "md5": "1.2.840.113549.2.5",
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
_RSA_OID = {
    "md5": "1.2.840.113549.1.1.4",
    "sha1": "1.2.840.113549.1.1.5",
    "sha256": "1.2.840.113549.1.1.11",
    "sha384": "1.2.840.113549.1.1.12",
    "sha512": "1.2.840.113549.1.1.13",
}
_ECDSA_OID = {
    "sha1": "1.2.840.10045.4.1",
    "sha256": "1.2.840.10045.4.3.2",
    "sha384": "1.2.840.10045.4.3.3",
    "sha512": "1.2.840.10045.4.3.4",
}
_DSA_OID = {"sha1": "1.2.840.10040.4.3", "sha256": "2.16.840.1.101.3.4.3.2"}
_ED25519_OID = "1.3.101.112"
_CURVES: dict[str, type[ec.EllipticCurve]] = {
    "p192": ec.SECP192R1,
    "p224": ec.SECP224R1,
    "p256": ec.SECP256R1,
    "p384": ec.SECP384R1,
    "p521": ec.SECP521R1,
    "k256": ec.SECP256K1,
}
_PREHASHED = {
    "sha1": Prehashed(hashes.SHA1()),  # noqa: S303  retired on purpose: rules must find it
    "sha256": Prehashed(hashes.SHA256()),
    "sha384": Prehashed(hashes.SHA384()),
    "sha512": Prehashed(hashes.SHA512()),
}


class Key(Protocol):
    """A key pair: its SubjectPublicKeyInfo, and signatures with it."""

    @property
    def spki(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""

    def algorithm(self, digest: str) -> bytes:
        """AlgorithmIdentifier of a signature made with this hash, DER. KeyError: not a pair one can sign with."""

    def sign(self, data: bytes, digest: str) -> bytes:
        """Signature value, as it stands in a certificate's BIT STRING."""


@dataclass(frozen=True, slots=True)
class RsaKey:
    """An RSA key pair: modulus, private exponent, public exponent."""

    n: int
    d: int
    e: int = _EXPONENT

    @property
    def spki(self) -> bytes:
        """RFC 3279 2.3.1."""
        return self.with_exponent(self.e)

    def with_exponent(self, exponent: int) -> bytes:
        """SubjectPublicKeyInfo with another public exponent, whether it fits or not."""
        public = der.sequence(der.integer(self.n), der.integer(exponent))
        return der.sequence(der.sequence(der.oid("1.2.840.113549.1.1.1"), der.NULL), der.bit_string(public))

    def algorithm(self, digest: str) -> bytes:
        """With the NULL parameters that RFC 4055 section 5 demands."""
        return der.sequence(der.oid(_RSA_OID[digest]), der.NULL)

    def sign(self, data: bytes, digest: str) -> bytes:
        """RSASSA-PKCS1-v1_5 (RFC 8017 8.2.1). ValueError when the modulus is too short for the hash."""
        value = hashlib.new(digest, data, usedforsecurity=False).digest()
        info = der.sequence(der.sequence(der.oid(_HASH_OID[digest]), der.NULL), der.octet_string(value))
        length = (self.n.bit_length() + 7) // 8
        padding = length - len(info) - 3
        if padding < 8:  # noqa: PLR2004  RFC 8017 9.2 step 3
            raise ValueError(f"{digest} needs a longer modulus than {self.n.bit_length()} bits")
        block = b"\x00\x01" + b"\xff" * padding + b"\x00" + info
        return pow(int.from_bytes(block, "big"), self.d, self.n).to_bytes(length, "big")


@dataclass(frozen=True, slots=True)
class EcKey:
    """A key pair on a named curve."""

    private: ec.EllipticCurvePrivateKey
    written_out: bytes | None = None
    """SubjectPublicKeyInfo, where it is not the usual one."""

    @property
    def spki(self) -> bytes:
        """RFC 5480."""
        if self.written_out is not None:
            return self.written_out
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def algorithm(self, digest: str) -> bytes:
        """Without parameters (RFC 5758 3.2)."""
        return der.sequence(der.oid(_ECDSA_OID[digest]))

    def sign(self, data: bytes, digest: str) -> bytes:
        """ECDSA with the nonce of RFC 6979: the same bytes each time."""
        value = hashlib.new(digest, data, usedforsecurity=False).digest()
        return self.private.sign(value, ec.ECDSA(_PREHASHED[digest], deterministic_signing=True))


@dataclass(frozen=True, slots=True)
class Ed25519Key:
    """An Ed25519 key pair; it has its own hash, so `digest` is not looked at (RFC 8410)."""

    private: ed25519.Ed25519PrivateKey

    @property
    def spki(self) -> bytes:
        """RFC 8410 section 4."""
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def algorithm(self, digest: str) -> bytes:
        """Give the one OID there is, without parameters."""
        del digest
        return der.sequence(der.oid(_ED25519_OID))

    def sign(self, data: bytes, digest: str) -> bytes:
        """Sign; Ed25519 is deterministic."""
        del digest
        return self.private.sign(data)


@dataclass(frozen=True, slots=True)
class DsaKey:
    """A DSA key pair: domain parameters, private value."""

    p: int
    q: int
    g: int
    x: int

    @property
    def spki(self) -> bytes:
        """RFC 3279 2.3.2."""
        parameters = der.sequence(der.integer(self.p), der.integer(self.q), der.integer(self.g))
        public = der.integer(pow(self.g, self.x, self.p))
        return der.sequence(der.sequence(der.oid("1.2.840.10040.4.1"), parameters), der.bit_string(public))

    def algorithm(self, digest: str) -> bytes:
        """Without parameters (RFC 3279 2.2.2)."""
        return der.sequence(der.oid(_DSA_OID[digest]))

    def sign(self, data: bytes, digest: str) -> bytes:
        """FIPS 186-4 4.6, the nonce made from key and message."""
        value = hashlib.new(digest, data, usedforsecurity=False).digest()
        k = 1 + number(f"nonce {self.x} {value.hex()}", self.q.bit_length() + 64) % (self.q - 1)
        r = pow(self.g, k, self.p) % self.q
        h = int.from_bytes(value[: self.q.bit_length() // 8], "big")
        s = pow(k, -1, self.q) * (h + self.x * r) % self.q
        return der.sequence(der.integer(r), der.integer(s))


@functools.cache
def forge_key(kind: str, name: str) -> Key:
    """Make the key pair of this kind (`rsa1024`, `p256`, `ed25519`, `dsa1024`) that belongs to this name.

    The same arguments give the same key on every machine. `p256@firmware` is the key of another name, whoever has it;
    for `rsa1024-close`, `p256-explicit` and the like see `analytics.forge.weak_keys`. ValueError: no such kind.
    """
    kind, _, owner = kind.partition("@")
    name = owner or name
    if "-" in kind:
        from analytics.forge.weak_keys import forge_weak_key  # noqa: PLC0415  it is made of what is here

        return forge_weak_key(kind, name)
    if kind in _CURVES:
        curve = _CURVES[kind]()
        order_bits = curve.key_size - 1  # surely below the group's order
        return EcKey(ec.derive_private_key(1 + number(f"{kind} {name}", order_bits), curve))
    if kind == "ed25519":
        return Ed25519Key(ed25519.Ed25519PrivateKey.from_private_bytes(number(name, 256).to_bytes(32, "big")))
    if kind.startswith("rsa") and kind[3:].isdigit():
        bits = int(kind[3:])
        return rsa(prime(f"rsa{bits} {name} p", (bits + 1) // 2), prime(f"rsa{bits} {name} q", bits // 2))
    if kind.startswith("dsa") and kind[3:].isdigit() and int(kind[3:]) in _DSA_Q_BITS:
        p, q, g = _dsa_domain(int(kind[3:]))
        return DsaKey(p, q, g, x=1 + number(f"{kind} {name}", 384) % (q - 1))
    raise ValueError(f"no such kind of key: {kind!r}")


def rsa(p: int, q: int) -> RsaKey:
    """Make the key pair of two primes."""
    return RsaKey(n=p * q, d=pow(_EXPONENT, -1, math.lcm(p - 1, q - 1)))


@functools.cache
def _dsa_domain(bits: int) -> tuple[int, int, int]:
    q = prime(f"dsa{bits} q", _DSA_Q_BITS[bits])
    first = (3 << (bits - 2)) // (2 * q)
    p = next(n for k in itertools.count(first + 1) if is_prime(n := 2 * k * q + 1))
    return p, q, pow(2, (p - 1) // q, p)


def number(seed: str, bits: int) -> int:
    """Give `bits` bits that follow from the seed."""
    octets = hashlib.shake_256(f"certspan forge: {seed}".encode()).digest((bits + 7) // 8)
    return int.from_bytes(octets, "big") >> (-bits % 8)


def prime(seed: str, bits: int) -> int:
    """Give a prime of exactly `bits` bits whose two top bits are set: a product of two such has all its bits."""
    start = number(seed, bits) | 3 << (bits - 2) | 1
    return next(n for n in itertools.count(start, 2) if is_prime(n) and (n - 1) % _EXPONENT)


def is_prime(n: int) -> bool:
    """Tell whether n is a probable prime: good enough for numbers that no one chose to deceive."""
    return math.gcd(n, _SMALL_PRIMES) == 1 and all(pow(base, n - 1, n) == 1 for base in (2, 3, 5))
