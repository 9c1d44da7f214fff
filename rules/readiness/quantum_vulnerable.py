"""quantum-vulnerable: a certificate outlives the years in which its kind of key will be allowed."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Parameter, Rule, Severity, Subject, Verdict, presented
from rules.sql import MATTERS_ON_PATH

BREAKS = "key_algorithm IN ('RSA', 'EC', 'DSA', 'DH', 'Ed25519', 'Ed448', 'X25519', 'X448')"
STAYS = "match(key_algorithm, '^(ML-DSA|ML-KEM|SLH-DSA)-')"
LAST = "toYear(not_after)"


def until(not_after: str, key: str = "p256", damage: str | None = None) -> CertificateRecipe:
    """Give a certificate with this end."""
    return CertificateRecipe(not_after=not_after, key=key, damage=damage)


RULE = Rule(
    id="quantum-vulnerable",
    title="concat(key_algorithm, ' key to be used beyond ', toString({year:UInt32}))",
    summary="A certificate with a key that quantum computers could break is valid beyond 2035.",
    subject=Subject.CERTIFICATE,
    severity=Severity.INFO,
    applies=MATTERS_ON_PATH,  # a root that is sent along is replaced where it is trusted, not here
    fails=f"{LAST} > {{year:UInt32}} AND multiIf({BREAKS}, true, {STAYS}, false, NULL)",
    evidence=("subject", "issuer", "key_algorithm", "key_bits", "key_curve", "is_ca", "not_after"),
    why="By then such keys are to be out of use. A device that is installed now and lives as long as its certificate "
    "must be able to take a new kind of key, or be replaced.",
    action="Ask the maker when the device will know ML-DSA and how it gets it. Buy nothing new that never will.",
    references=("NIST IR 8547 (draft of 2024)",),
    parameters=(Parameter("year", "UInt32", 2035, "year", "The last one in which such keys are to be in use."),),
    examples=(
        Example(
            "fires",
            "Into 2045.",
            presented(until("2045-01-01T00:00:00Z")),
            Finds(Severity.INFO, "EC key to be used beyond 2035"),
        ),
        Example("silent", "Five years.", presented(until("2031-01-01T00:00:00Z")), Verdict.PASS),
        Example(
            "unknown",
            "Nobody knows this kind.",
            presented(until("2045-01-01T00:00:00Z", damage="unknown_key")),
            Verdict.UNKNOWN,
        ),
        Example(
            "unknown-end",
            "No end to be read.",
            presented(until("2045-01-01T00:00:00Z", damage="bad_not_after")),
            Verdict.UNKNOWN,
        ),
        Example("boundary", "To the end of 2035.", presented(until("2035-12-31T23:59:59Z")), Verdict.PASS),
        Example(
            "boundary-after",
            "A second more.",
            presented(until("2036-01-01T00:00:00Z", key="ed25519")),
            Finds(Severity.INFO, "Ed25519 key to be used beyond 2035"),
        ),
    ),
)
