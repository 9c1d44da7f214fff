"""below-128-bit-after-2030: a certificate outlives the years in which a key of its length will do."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Parameter, Rule, Severity, Subject, Verdict, presented
from rules.sql import MATTERS_ON_PATH

# Strength in bits by NIST SP 800-57 part 1, table 2. Below 112 bits `weak-key` fires already.
FACTORING, CURVES = "key_algorithm IN ('RSA', 'DSA')", "key_algorithm = 'EC'"
WEAK = f"multiIf({FACTORING}, key_bits < 2048, {CURVES}, key_bits < 224, false)"
SHORT = f"multiIf({FACTORING}, key_bits < 3072, {CURVES}, key_bits < 256, key_algorithm IS NULL, NULL, false)"


def until(not_after: str, key: str = "rsa2048", damage: str | None = None) -> CertificateRecipe:
    """Give a certificate with this end and key."""
    return CertificateRecipe(not_after=not_after, key=key, damage=damage)


RULE = Rule(
    id="below-128-bit-after-2030",
    title="concat(key_algorithm, ' key of ', toString(key_bits), ' bits to be used beyond ', toString({year:UInt32}))",
    summary="A certificate with a key of less than 128 bits of strength (RSA below 3072) is valid beyond 2030.",
    subject=Subject.CERTIFICATE,
    severity=Severity.INFO,
    applies=f"{MATTERS_ON_PATH} AND NOT {WEAK}",
    fails=f"toYear(not_after) > {{year:UInt32}} AND {SHORT}",
    evidence=("subject", "issuer", "key_algorithm", "key_bits", "key_curve", "is_ca", "not_after"),
    why="From 2031 on keys of this length count as too short. They are good today, but this certificate is to be in "
    "use then.",
    action="Make the next one with P-256 or RSA 3072, and let it end before 2031 where the device can do neither.",
    references=("NIST SP 800-57 part 1 5.6", "NIST SP 800-131A"),
    parameters=(Parameter("year", "UInt32", 2030, "year", "The last one in which 112 bits of strength will do."),),
    examples=(
        Example(
            "fires",
            "RSA 2048 into 2035.",
            presented(until("2035-01-01T00:00:00Z")),
            Finds(Severity.INFO, "RSA key of 2048 bits to be used beyond 2030"),
        ),
        Example("silent", "It ends before.", presented(until("2030-01-01T00:00:00Z")), Verdict.PASS),
        Example(
            "silent-weak",
            "Too short already.",
            presented(until("2035-01-01T00:00:00Z", "rsa1024")),
            Verdict.NOT_APPLICABLE,
        ),
        Example(
            "unknown",
            "No end to be read.",
            presented(until("2035-01-01T00:00:00Z", damage="bad_not_after")),
            Verdict.UNKNOWN,
        ),
        Example("boundary", "P-256 has 128 bits.", presented(until("2035-01-01T00:00:00Z", "p256")), Verdict.PASS),
        Example("boundary-last", "To the end of 2030.", presented(until("2030-12-31T23:59:59Z")), Verdict.PASS),
        Example(
            "boundary-after",
            "A second more.",
            presented(until("2031-01-01T00:00:00Z")),
            Finds(Severity.INFO, "RSA key of 2048 bits to be used beyond 2030"),
        ),
    ),
)
