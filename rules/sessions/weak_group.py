"""weak-group: keys are agreed on over a short prime or a small elliptic curve."""

from __future__ import annotations

from rules.rule import (
    CertificateRecipe,
    Example,
    ExampleSession,
    Finds,
    Grade,
    Parameter,
    Rule,
    Severity,
    Subject,
    Verdict,
)
from rules.sql import some
from rules.suites import FINITE_FIELD, codes

# Registry "TLS Supported Groups": sect163k1 to sect193r2, secp160k1 to secp192r1. What else has a name is larger.
SMALL = list(codes("0001-0005 000f-0013"))
SOUND = list(codes("0006-000e 0014-0029 0100-0104 0200-0202 11eb-11ed 6399-639a"))
CURVES = f"arrayFilter(m -> m.code IN {SMALL}, named_groups)"
PRIMES = f"arrayExists(m -> m.code IN {list(FINITE_FIELD)}, cipher_suites)"
SHORT = "ifNull(dh_bits < {prime_bits:UInt16}, false)"

DEVICE = CertificateRecipe(key="rsa2048")


def over(group: int = 0, bits: int = 0, ends_after: str | None = None) -> tuple[ExampleSession, ...]:
    """One handshake over this group, or over a prime of so many bits."""
    suite = 0x009E if bits else 0xC02F if group else 0x009C
    return (ExampleSession((DEVICE,), suite=suite, group=group, prime_bits=bits or 1024, ends_after=ends_after),)


def finds(what: str, severity: Severity = Severity.MEDIUM) -> Finds:
    """Give what is expected."""
    return Finds(severity, f"agrees on keys over {what}")


NAME = f"if({SHORT}, concat('a prime of ', toString(dh_bits), ' bits'), {CURVES}[1].name)"

RULE = Rule(
    id="weak-group",
    title=f"concat('agrees on keys over ', {NAME})",
    summary="An endpoint agreed on keys over a prime below 2048 bits or an elliptic curve below 224 bits.",
    subject=Subject.ENDPOINT,
    severity=(Grade("ifNull(dh_bits < {broken_bits:UInt16}, false)", Severity.HIGH), Grade("true", Severity.MEDIUM)),
    applies=f"notEmpty(named_groups) OR dh_bits IS NOT NULL OR {PRIMES}",
    fails=f"""multiIf(
        {SHORT} OR notEmpty({CURVES}), true,
        dh_bits IS NULL AND {PRIMES}, NULL,
        {some("named_groups", f"if(m.code IN {SOUND}, false, NULL)")})""",
    evidence=("dh_bits", "named_groups.name AS groups", "cipher_suites.name AS suites", "versions", "sessions"),
    why="Whoever records the traffic can hope to read it some day; over a prime of 512 or 768 bits those who have "
    "prepared for that prime read and forge it now.",
    action="Allow P-256, P-384 or X25519 in the server's settings; if it must be a prime, one of RFC 7919.",
    references=("RFC 7919", "RFC 8422 5.1.1", "RFC 9325 4.2", "NIST SP 800-57 part 1"),
    parameters=(
        Parameter("prime_bits", "UInt16", 2048, "bits", "Shorter primes are weak."),
        Parameter("broken_bits", "UInt16", 1024, "bits", "Shorter primes can be broken: severity high."),
    ),
    examples=(
        Example("fires", "P-192.", over(19), finds("secp192r1")),
        Example("fires-512", "512.", over(bits=512), finds("a prime of 512 bits", Severity.HIGH)),
        Example("silent", "P-256.", over(23), Verdict.PASS),
        Example("silent-static", "RSA needs no group.", over(), Verdict.NOT_APPLICABLE),
        Example("unknown", "A group that nobody has registered.", over(0x1234), Verdict.UNKNOWN),
        Example("unknown-cut", "It ends before the prime.", over(bits=2048, ends_after="certificate"), Verdict.UNKNOWN),
        Example("boundary", "P-224 is the smallest that is not too small.", over(21), Verdict.PASS),
        Example("boundary-curve", "193 bits.", over(5), finds("sect193r2")),
        Example("boundary-prime", "2048 bits.", over(bits=2048), Verdict.PASS),
        Example("boundary-below", "2040.", over(bits=2040), finds("a prime of 2040 bits")),
        Example("boundary-broken", "1024.", over(bits=1024), finds("a prime of 1024 bits")),
    ),
)
