"""version-1: a certificate in the form of 1988, which can say hardly anything."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict, presented


def of_version(version: int, damage: str | None = None) -> CertificateRecipe:
    """Give a certificate of this version."""
    return CertificateRecipe(version=version, damage=damage)


RULE = Rule(
    id="version-1",
    title="concat('X.509 version ', toString(version))",
    summary="A certificate is of version 1 or 2 and so has no extensions.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    applies="presented_as_leaf",
    fails="version < 3",  # numbers that do not exist are a matter of `malformed-certificate`
    evidence=("subject", "issuer", "version", "serial", "not_after"),
    why="It cannot say for which server it is, what its key may do, or that it is no CA's: current clients refuse it, "
    "and some old ones take it for a CA's.",
    action="Have a certificate of version 3 made for the device, with a subject alternative name.",
    references=("RFC 5280 4.1.2.1", "CA/Browser Forum Baseline Requirements 7.1.1"),
    examples=(
        Example("fires", "Version 1.", presented(of_version(1)), Finds(Severity.LOW, "X.509 version 1")),
        Example("silent", "Version 3.", presented(of_version(3)), Verdict.PASS),
        Example("unknown", "No number.", presented(of_version(3, "bad_version")), Verdict.UNKNOWN),
        Example("boundary", "Version 2.", presented(of_version(2)), Finds(Severity.LOW, "X.509 version 2")),
    ),
)
