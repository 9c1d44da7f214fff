"""What is wrong with a key taken by itself: the checks of badkeys, listed one by one, under names of our own.

Never its `blocklist`, which ends the process when its data is not installed (see `analytics.derive.blocklist`), nor its
warnings and `pattern`, `xzbackdoor`: sizes and exponents are rules here, and the others cry wolf.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from analytics.derive.keys_numbers import MAX_BITS, Numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

RSA_CHECKS: Final[Mapping[str, str]] = {
    "fermat": "close-primes",
    "roca": "roca",
    "rsapoly": "zero-pattern",
    "sharedprimes": "known-prime",
    "smalld": "small-private-exponent",
    "smallfactors": "small-factor",
}
"""Check of badkeys -> weakness."""
WEAKNESSES: Final[Mapping[str, str]] = {
    "close-primes": "The two primes lie so close together that Fermat's method finds them in a hundred steps.",
    "roca": "Made by a library of Infineon whose primes follow a pattern (ROCA, CVE-2017-15361).",
    "zero-pattern": "The primes hold runs of zero bits; whoever knows the pattern factors the modulus.",
    "known-prime": "The modulus shares a prime with other keys that are known to the world.",
    "small-private-exponent": "The private exponent is small enough for Wiener's attack.",
    "small-factor": "The modulus is a small prime times a large one.",
    "corrupt-modulus": "The modulus has small factors, as a random number has: most often a bit was flipped in it.",
    "sparse-dsa": "The prime of the DSA parameters is nearly all zeros.",
    "own-generator": "A curve of the standards with another generator than theirs: whoever chose it knows the private "
    "key of any public one (CVE-2020-0601).",
}
"""Weakness -> sentence."""

_LEAST_SMALL_D: Final = 5
_PRIMES: Final = {
    "secp256r1": 2**256 - 2**224 + 2**192 + 2**96 - 1,
    "secp384r1": 2**384 - 2**128 - 2**96 + 2**32 - 1,
    "secp521r1": 2**521 - 1,
    "secp256k1": 2**256 - 2**32 - 977,
}


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks said of one key."""

    weaknesses: tuple[str, ...]
    """Of `WEAKNESSES`."""
    unchecked: str | None = None
    """Why not every check could be made; None: all were."""
    factors: tuple[int, int] | None = None
    """Primes of the modulus, where a check gave them."""


def check(numbers: Numbers) -> Checked:
    """Run every check that this kind of key has. Never raises for what a key holds."""
    if numbers.algorithm == "RSA":
        return _rsa(numbers)
    if numbers.algorithm == "DSA":
        return _dsa(numbers)
    if numbers.algorithm == "EC":
        return _ec(numbers)
    if numbers.number is not None:
        return Checked(())  # one length, no parameters: only blocklists know bad ones
    return Checked((), f"no check knows keys of the kind {numbers.algorithm}")


def _rsa(numbers: Numbers) -> Checked:
    n, e = numbers.modulus or 0, numbers.exponent or 0
    if n.bit_length() > MAX_BITS:
        return Checked((), f"a modulus of {n.bit_length()} bits; checks go up to {MAX_BITS}")
    if n <= _LEAST_SMALL_D:
        return Checked((), f"a modulus of {n}")
    found: list[str] = []
    failed: list[str] = []
    factors: tuple[int, int] | None = None
    for name, weakness in RSA_CHECKS.items():
        if name == "smalld" and not 0 < e < n:
            continue  # no private exponent belongs to it; bad-exponent tells
        answer = _run(name, n, e)
        if isinstance(answer, str):
            failed.append(answer)
        elif answer:
            pair = _factors(answer, n)
            factors = factors or pair
            if (told := _told(weakness, answer, pair)) and told not in found:
                found.append(told)
    return Checked(tuple(found), "; ".join(failed) or None, factors)


def _run(name: str, n: int, e: int) -> dict[str, Any] | str:
    """Run one check: what it found, {} for nothing, a text when it broke."""
    from badkeys.checks import checkrsa  # noqa: PLC0415  a quarter of a second

    try:
        answer = checkrsa(n, e=e, checks=[name]).get(name)
    except Exception as error:  # noqa: BLE001  written for keys, not for whatever hostile hosts send
        return f"the check {name} broke: {type(error).__name__}"
    return dict(answer) if answer else {}


def _factors(answer: Mapping[str, Any], n: int) -> tuple[int, int] | None:
    p, q = int(answer.get("p", 0)), int(answer.get("q", 0))
    return (min(p, q), max(p, q)) if p > 1 and q > 1 and p * q == n else None


def _told(weakness: str, answer: Mapping[str, Any], factors: tuple[int, int] | None) -> str | None:
    """Name what a check found; None for what proves nothing."""
    if weakness == "small-factor":
        return weakness if answer.get("subtest") == "valid" else "corrupt-modulus"
    if weakness == "close-primes":
        return weakness if factors else None  # a prime as modulus gives itself times one
    if weakness == "zero-pattern":
        return weakness if answer.get("subtest") else None  # few ones alone are no pattern
    return weakness


def _dsa(numbers: Numbers) -> Checked:
    from badkeys.checks import checkdsa  # noqa: PLC0415  a quarter of a second

    if numbers.modulus is None:
        return Checked((), "its parameters stand in the issuer's certificate")
    if numbers.modulus.bit_length() > MAX_BITS:
        return Checked((), f"a prime of {numbers.modulus.bit_length()} bits; checks go up to {MAX_BITS}")
    return Checked(("sparse-dsa",) if checkdsa(0, p=numbers.modulus, checks=["dsasparse"]) else ())


def _ec(numbers: Numbers) -> Checked:
    """Tell a standard curve with a generator of its own; of named curves there is nothing more to check."""
    if numbers.curve is None:
        return Checked((), "its curve cannot be read")
    if numbers.curve != "explicit":
        return Checked(())
    if numbers.explicit is None:
        return Checked((), "a curve whose numbers are written out, over a field that is not looked at")
    prime, x = numbers.explicit
    ours = [name for name, value in _PRIMES.items() if value == prime]
    if not ours:
        return Checked((), "a curve of its own, whose numbers are written out")
    return Checked(("own-generator",) if x not in {_generator(name) for name in ours} else ())


def _generator(name: str) -> int:
    """Give x of the generator, which is the public key of the private key 1."""
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415  only for curves written out

    curves: tuple[ec.EllipticCurve, ...] = (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.SECP256K1())
    curve = next(curve for curve in curves if curve.name == name)
    return ec.derive_private_key(1, curve).public_key().public_numbers().x
