"""Keys with one known weakness each, that follow from a name as all others do: `rsa1024-close`, `p256-own`.

`rsa<bits>-<fault>`: `close` (primes side by side), `roca`, `small` (a small prime), `corrupt` (two of them), `shared`
(a prime that all keys of this kind have in common), `wiener` (small private exponent), `e<number>` (public exponent).
`p256-explicit`: the curve's numbers are written out; `p256-own`: they are, with another generator (CVE-2020-0601);
`p256-nameless`: no curve is named.
"""

from __future__ import annotations

import itertools
import math

from cryptography.hazmat.primitives.asymmetric import ec

from analytics.forge import der
from analytics.forge.keys import EcKey, Key, RsaKey, is_prime, number, prime, rsa

_EXPONENT = 65537
_ROCA_PRIMES = 39
"""The first so many primes make the modulus of ROCA's pattern, for RSA keys up to 960 bits; here for all."""

# FIPS 186-4 D.1.2.3.
_P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
_P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def forge_weak_key(kind: str, name: str) -> Key:
    """Make the key. ValueError: no such kind."""
    family, _, fault = kind.partition("-")
    if family == "p256" and fault in {"explicit", "own"}:
        return _explicit(name, own=fault == "own")
    if kind == "p256-nameless":
        private = ec.derive_private_key(1 + number(f"p256 {name}", 255), ec.SECP256R1())
        return _written(private, der.NULL)
    if not (family.startswith("rsa") and family[3:].isdigit()):
        raise ValueError(f"no such kind of key: {kind!r}")
    bits = int(family[3:])
    p, q = (prime(f"{kind} {name} {letter}", bits // 2) for letter in "pq")
    if fault.startswith("e") and fault[1:].isdigit():
        key = rsa(p, q)
        return RsaKey(key.n, key.d, int(fault[1:]))  # the private exponent stays that of the usual one
    makers = {
        "close": lambda: rsa(p, next(n for n in itertools.count(p + 2, 2) if is_prime(n))),
        "roca": lambda: rsa(_roca(f"{name} p", bits // 2), _roca(f"{name} q", bits // 2)),
        "small": lambda: rsa(251, prime(f"{kind} {name}", bits - 7)),
        "corrupt": lambda: rsa(251 * 263, prime(f"{kind} {name}", bits - 15)),
        "shared": lambda: rsa(p, prime(f"{kind} of all", bits // 2)),
        "wiener": lambda: _wiener(p, q, name),
    }
    if fault not in makers:
        raise ValueError(f"no such kind of key: {kind!r}")
    return makers[fault]()


def _roca(seed: str, bits: int) -> int:
    """Give a prime k * M + (65537 ** a mod M), M being a product of small primes (CVE-2017-15361)."""
    small = (n for n in itertools.count(2) if all(n % d for d in range(2, math.isqrt(n) + 1)))
    modulus = math.prod(itertools.islice(small, _ROCA_PRIMES))
    rest = pow(_EXPONENT, number(f"roca {seed} a", 200), modulus)
    first = (3 << (bits - 2)) // modulus + 1 + number(f"roca {seed} k", bits) % ((1 << (bits - 3)) // modulus)
    return next(n for k in itertools.count(first) if is_prime(n := k * modulus + rest))


def _wiener(p: int, q: int, name: str) -> RsaKey:
    order = math.lcm(p - 1, q - 1)
    d = next(n for n in itertools.count(number(f"wiener {name}", 64) | 1, 2) if math.gcd(n, order) == 1)
    return RsaKey(p * q, d, pow(d, -1, order))


def _explicit(name: str, *, own: bool) -> EcKey:
    """Write all numbers of P-256 out (SEC 1, C.2), with its generator or with the public point itself in its place."""
    private = ec.derive_private_key(1 + number(f"p256 {name}", 255), ec.SECP256R1())
    point = _point(private)
    generator = point if own else _point(ec.derive_private_key(1, ec.SECP256R1()))
    curve = der.sequence(*(der.octet_string(value.to_bytes(32, "big")) for value in (_P256 - 3, _P256_B)))
    field = der.sequence(der.oid("1.2.840.10045.1.1"), der.integer(_P256))
    numbers = (der.integer(1), field, curve, der.octet_string(generator), der.integer(_P256_ORDER), der.integer(1))
    return _written(private, der.sequence(*numbers))


def _written(private: ec.EllipticCurvePrivateKey, parameters: bytes) -> EcKey:
    """Make a key with these parameters in the place of its curve's name."""
    algorithm = der.sequence(der.oid("1.2.840.10045.2.1"), parameters)
    return EcKey(private, der.sequence(algorithm, der.bit_string(_point(private))))


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    numbers = key.public_key().public_numbers()
    return b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
