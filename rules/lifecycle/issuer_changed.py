"""issuer-changed: a renewed certificate comes from another organization."""

from __future__ import annotations

from rules.renewals import CHANGE, ISSUER_CHANGED, OLD, REPLACED, renewed, shows
from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict
from rules.sql import shown


def by(issuer: str | None, day: str = "2026-02-01") -> CertificateRecipe:
    """Give a certificate of this issuer."""
    return CertificateRecipe(subject="CN=device", issuer=issuer, not_before=f"{day}T00:00:00Z")


BEFORE = shows(OLD, "2026-01-10")
FIRST = f"arrayFilter(m -> ifNull({ISSUER_CHANGED}, false), {REPLACED})[-1]"

RULE = Rule(
    id="issuer-changed",
    title=f"concat('has a certificate of another issuer: ', if({FIRST}.new.self_signed, 'itself', "
    f"{FIRST}.new.organization))",
    summary="An endpoint has a new certificate that another organization issued than the one before.",
    subject=Subject.ENDPOINT,
    view="endpoint_history",
    severity=Severity.INFO,
    applies="notEmpty(successions)",
    fails=renewed(ISSUER_CHANGED),
    evidence=(
        f"{shown(REPLACED, ISSUER_CHANGED, CHANGE)} AS changes",
        f"{shown(REPLACED, ISSUER_CHANGED, '(m.old.issuer, m.new.issuer)')} AS issuers",
        "server_names",
    ),
    why="Somebody decided that this endpoint gets its certificates from somewhere else now, or somebody else answers "
    "there.",
    action="Ask the owner whether the change was meant.",
    references=("NIST SP 1800-16B",),
    examples=(
        Example(
            "fires",
            "Another organization.",
            (BEFORE, shows(by("other"), "2026-02-10")),
            Finds(Severity.INFO, "has a certificate of another issuer: Nobody"),
        ),
        Example(
            "fires-self",
            "Its own.",
            (BEFORE, shows(by(None), "2026-02-10")),
            Finds(Severity.INFO, "has a certificate of another issuer: itself"),
        ),
        Example("silent", "The same issuer.", (BEFORE, shows(by("ca"), "2026-02-10")), Verdict.PASS),
        Example("silent-single", "Never renewed.", (BEFORE,), Verdict.NOT_APPLICABLE),
        Example(
            "unknown",
            "Two in service, seen in turn: perhaps no renewal.",
            (BEFORE, shows(by("other", "2025-06-01"), "2026-02-10")),
            Verdict.UNKNOWN,
        ),
        Example(
            "boundary",
            "The next CA of the same organization.",
            (BEFORE, shows(by("sister"), "2026-02-10")),
            Verdict.PASS,
        ),
    ),
)
