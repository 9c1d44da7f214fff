"""any-usage: a device's certificate is good for any purpose whatever."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Rule, Severity, Subject, Verdict, presented
from rules.sql import DEVICE


def good_for(*eku: str, damage: str | None = None) -> tuple[ExampleSession, ...]:
    """Give a server with a certificate for these purposes."""
    return presented(CertificateRecipe(eku=eku, damage=damage))


ANY = Finds(Severity.LOW, "made for any purpose")

RULE = Rule(
    id="any-usage",
    title="'made for any purpose'",
    summary="A certificate of a server or client says that it is good for any purpose.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    applies=DEVICE,
    fails="if(extended_key_usage_known, has(extended_key_usage, 'anyExtendedKeyUsage'), NULL)",
    evidence=("subject", "issuer", "extended_key_usage", "adcs_template", "not_after"),
    why="The certificate of a camera can then sign programs, or log a person in. Templates that allow this are a known "
    "way to take over a directory.",
    action="Name the purposes in the template: `serverAuth`, `clientAuth`.",
    references=("RFC 5280 4.2.1.12", "CA/Browser Forum Baseline Requirements 7.1.2.7"),
    examples=(
        Example("fires", "Any.", good_for("anyExtendedKeyUsage"), ANY),
        Example("silent", "A server.", good_for("serverAuth"), Verdict.PASS),
        Example("unknown", "Not readable.", good_for(damage="lost_extension"), Verdict.UNKNOWN),
        Example("boundary", "Any, among others.", good_for("serverAuth", "anyExtendedKeyUsage"), ANY),
        Example("boundary-none", "It does not say.", good_for(), Verdict.PASS),
    ),
)
