"""wildcard: one certificate is good for any host of a domain."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Grade, Rule, Severity, Subject, Verdict, presented
from rules.sql import DNS_NAMES, has_one

# The whole left-most label and nothing else may be a star, and two labels must follow it (RFC 9525 6.3).
ODD = f"arrayExists(name -> position(name, '*') > 0 AND NOT match(name, '^[*][.][^*.]+([.][^*.]+)+[.]?$'), {DNS_NAMES})"


def named(*names: str, damage: str | None = None) -> CertificateRecipe:
    """Give a certificate for these DNS names."""
    return CertificateRecipe(sans=tuple(f"dns:{name}" for name in names), damage=damage)


WIDE, UNEVEN = "'wildcard name'", "'wildcard name that clients read differently'"

RULE = Rule(
    id="wildcard",
    title=f"if({ODD}, {UNEVEN}, {WIDE})",
    summary="A certificate holds a wildcard name; low where many clients do not accept its star.",
    subject=Subject.CERTIFICATE,
    severity=(Grade(ODD, Severity.LOW), Grade("true", Severity.INFO)),
    applies="presented_as_leaf",
    fails=has_one(DNS_NAMES, "position(name, '*') > 0"),
    evidence=("subject", "issuer", "sans", "spki_sha256", "not_after"),
    why="Whoever takes its key from one of its holders can be every host of that domain, and when it ends all of them "
    "stop together.",
    action="Keep a list of all places where it is installed; give what matters a certificate of its own.",
    references=("RFC 9525 6.3", "RFC 9525 7.1"),
    examples=(
        Example("fires", "Any host.", presented(named("*.device.example")), Finds(Severity.INFO, "wildcard name")),
        Example(
            "fires-partial",
            "Only part of the label.",
            presented(named("cam*.device.example")),
            Finds(Severity.LOW, "wildcard name that clients read differently"),
        ),
        Example(
            "fires-bare",
            "Everything there is.",
            presented(named("*")),
            Finds(Severity.LOW, "wildcard name that clients read differently"),
        ),
        Example("silent", "One name.", presented(named("device.example")), Verdict.PASS),
        Example("unknown", "Not readable.", presented(named(damage="bad_extension")), Verdict.UNKNOWN),
        Example(
            "boundary",
            "Two labels.",
            presented(named("*.device.example", "*.b.example")),
            Finds(Severity.INFO, "wildcard name"),
        ),
        Example(
            "boundary-top",
            "A whole top-level domain.",
            presented(named("*.example")),
            Finds(Severity.LOW, "wildcard name that clients read differently"),
        ),
    ),
)
