"""breakable-key: the key was made in a way that gives the private half away."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Grade, Rule, Severity, Subject, Verdict, presented

TOLD = {
    "close-primes": "RSA primes that lie side by side (Fermat)",
    "small-private-exponent": "RSA key with a small private exponent (Wiener)",
    "small-factor": "RSA modulus with a small factor",
    "roca": "RSA key made by a faulty library (ROCA, CVE-2017-15361)",
    "zero-pattern": "RSA primes with runs of zeros",
    "corrupt-modulus": "RSA modulus that is corrupt: it has small factors",
    "sparse-dsa": "DSA prime that is nearly all zeros",
    "own-generator": "elliptic curve with a generator of its own (CVE-2020-0601)",
}
ALL = ", ".join(f"'{weakness}'" for weakness in TOLD)
BROKEN = "hasAny(weaknesses, ['close-primes', 'small-private-exponent', 'small-factor'])"


def key(kind: str) -> CertificateRecipe:
    """Give a certificate with this kind of key, signed by a sound one."""
    return CertificateRecipe(key=kind, issuer="ca")


CA = CertificateRecipe(name="ca", is_ca=True)
UNREADABLE = CertificateRecipe(key="rsa1024", damage="bad_key", issuer="ca")

RULE = Rule(
    id="breakable-key",
    title="multiIf("
    + ", ".join(f"has(weaknesses, '{weakness}'), '{words}'" for weakness, words in TOLD.items())
    + ", 'a key that can be broken')",
    summary="A key whose primes, private exponent or parameters follow a pattern that gives the private key away.",
    subject=Subject.KEY,
    severity=(Grade(BROKEN, Severity.CRITICAL), Grade("true", Severity.HIGH)),
    applies="true",
    fails=f"multiIf(hasAny(weaknesses, [{ALL}]), true, weaknesses_known, false, NULL)",
    evidence=(
        "subjects",
        "weaknesses",
        "key_bits",
        "factor_p",
        "factor_q",
        "unchecked",
        "lower(hex(spki_sha256)) AS spki_sha256",
    ),
    why="The device or its chip made the key so badly that the private one can be computed from the public one: in a "
    "moment where factors are shown, with money and days otherwise.",
    action="Update the firmware or library that made the key, make a new one, and have a certificate issued for it.",
    references=("CA/Browser Forum Baseline Requirements 6.1.1.3", "NIST SP 800-56B", "FIPS 186-5"),
    examples=(
        Example(
            "fires",
            "Fermat's method finds the primes.",
            presented(key("rsa1024-close"), CA),
            Finds(Severity.CRITICAL, TOLD["close-primes"]),
        ),
        Example("fires-roca", "ROCA.", presented(key("rsa1024-roca"), CA), Finds(Severity.HIGH, TOLD["roca"])),
        Example(
            "fires-small",
            "251 divides it.",
            presented(key("rsa1024-small"), CA),
            Finds(Severity.CRITICAL, TOLD["small-factor"]),
        ),
        Example(
            "fires-curve",
            "P-256 with another generator.",
            presented(key("p256-own"), CA),
            Finds(Severity.HIGH, TOLD["own-generator"]),
        ),
        Example("silent", "A sound key.", presented(key("rsa1024"), CA), Verdict.PASS),
        Example("unknown", "The key's bits are no key.", presented(UNREADABLE, CA), Verdict.UNKNOWN),
        Example("boundary", "P-256 written out as it is.", presented(key("p256-explicit"), CA), Verdict.PASS),
    ),
)
