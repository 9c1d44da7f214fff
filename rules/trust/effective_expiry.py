"""effective-expiry: a CA above a certificate ends before it, and soon or already."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Grade, Parameter, Rule, Severity, Subject, Verdict, presented
from rules.sql import NOW, THIS_SECOND

ROOT = CertificateRecipe(name="ee-root", is_ca=True)
ENDING = CertificateRecipe(name="ee-ca", issuer="ee-root", is_ca=True, not_after="2026-01-20T00:00:00Z")
LEAF = CertificateRecipe(name="ee-leaf", issuer="ee-ca")
LASTING = CertificateRecipe(name="ee-ca-2", issuer="ee-root", is_ca=True)
FINE = CertificateRecipe(name="ee-fine", issuer="ee-ca-2")
ALONE = CertificateRecipe(name="ee-alone", issuer="ee-far")
FAR = CertificateRecipe(name="ee-far", is_ca=True)
LEFT = f"dateDiff('second', {NOW}, effective_not_after)"
SAYS = "a CA above it ends in "

RULE = Rule(
    id="effective-expiry",
    title=f"if({LEFT} < 0, 'a CA above it has ended', concat('{SAYS}', toString(intDiv({LEFT}, 86400)), ' days'))",
    summary="A certificate's chain ends before the certificate itself.",
    subject=Subject.CERTIFICATE,
    severity=(
        Grade(f"effective_not_after < {THIS_SECOND}", Severity.CRITICAL, "0"),
        Grade(f"effective_not_after <= {NOW} + toIntervalDay(7)", Severity.HIGH, "7"),
        Grade("true", Severity.MEDIUM, "30"),
    ),
    # One that has ended itself, or ends first, is told by its own dates.
    applies=f"presented_as_leaf AND signer != 'self' AND not_after >= {THIS_SECOND}",
    fails=f"effective_not_after < not_after AND effective_not_after <= {NOW} + toIntervalDay({{days:UInt32}})",
    evidence=("subject", "issuer", "class", "not_after", "effective_not_after", "path"),
    why="A certificate dies with the first CA of its chain: all that the CA issued fails at the same second, though "
    "each of the certificates looks good for years.",
    action="Renew the CA's certificate and give it to everything that presents a chain, or issue from another CA.",
    references=("RFC 5280 6.1.3",),
    parameters=(Parameter("days", "UInt32", 30, "days", "How long before the end it is told."),),
    examples=(
        Example("fires", "19 days.", presented(LEAF, ENDING, ROOT), Finds(Severity.MEDIUM, SAYS + "19 days", 30)),
        Example(
            "fires-week",
            "Five days.",
            presented(LEAF, ENDING, ROOT),
            Finds(Severity.HIGH, SAYS + "5 days", 7),
            at="2026-01-15T00:00:00Z",
        ),
        Example("silent", "All of the chain outlives it.", presented(FINE, LASTING, ROOT), Verdict.PASS),
        Example("unknown", "Its issuer was never seen.", presented(ALONE, hidden=(FAR,)), Verdict.UNKNOWN),
        Example(
            "boundary",
            "The second after the CA's last.",
            presented(LEAF, ENDING, ROOT),
            Finds(Severity.CRITICAL, "a CA above it has ended", 0),
            at="2026-01-20T00:00:01Z",
        ),
        Example("boundary-before", "31 days.", presented(LEAF, ENDING, ROOT), Verdict.PASS, at="2025-12-20T00:00:00Z"),
    ),
)
