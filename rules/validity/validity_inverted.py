"""validity-inverted: a certificate ends before it begins, so that it is never valid."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict, presented


def device(not_after: str, damage: str | None = None) -> CertificateRecipe:
    """Give a certificate that begins on 1 March at noon."""
    return CertificateRecipe(not_before="2026-03-01T12:00:00Z", not_after=not_after, damage=damage)


RULE = Rule(
    id="validity-inverted",
    title="'ends before it begins'",
    summary="A certificate's notAfter lies before its notBefore.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    applies="true",
    fails="not_after < not_before",
    evidence=("subject", "issuer", "serial", "not_before", "not_after"),
    why="There is no moment at which this certificate is valid, so software that checks always refuses it. Who made it "
    "has a wrong clock or a broken program, and what else it made is doubtful too.",
    action="Renewing it the same way will not help: mend the program or the clock that issued it first.",
    references=("RFC 5280 4.1.2.5",),
    examples=(
        Example(
            "fires",
            "It ends a year before it begins.",
            presented(device("2025-03-01T12:00:00Z")),
            Finds(Severity.LOW, "ends before it begins"),
        ),
        Example("silent", "It is valid for a year.", presented(device("2027-03-01T12:00:00Z")), Verdict.PASS),
        Example(
            "unknown", "No end to be read.", presented(device("2027-03-01T12:00:00Z", "bad_not_after")), Verdict.UNKNOWN
        ),
        Example("boundary", "Valid for one second.", presented(device("2026-03-01T12:00:00Z")), Verdict.PASS),
        Example(
            "boundary-before",
            "A second less is none.",
            presented(device("2026-03-01T11:59:59Z")),
            Finds(Severity.LOW, "ends before it begins"),
        ),
    ),
)
