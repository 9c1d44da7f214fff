"""no-server-auth: a server presents a certificate that was made for other purposes only."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Rule, Severity, Subject, Verdict, presented

# Old gateways of browsers for strong cryptography are servers, too (netscape and Microsoft SGC).
SERVES = "hasAny(extended_key_usage, ['serverAuth', 'anyExtendedKeyUsage', 'msSGC', 'nsSGC'])"


def good_for(*eku: str, damage: str | None = None) -> tuple[ExampleSession, ...]:
    """Give a server with a certificate for these purposes."""
    return presented(CertificateRecipe(eku=eku, damage=damage))


RULE = Rule(
    id="no-server-auth",
    title="'not made for servers'",
    summary="A server's certificate lists its purposes, and being a server is not among them.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    applies="presented_as_leaf AND has(roles, 'server') AND extended_key_usage_count > 0",  # without a list: for all
    fails=f"NOT {SERVES}",
    evidence=("subject", "issuer", "extended_key_usage", "adcs_template", "not_after"),
    why="Clients that check refuse it. That it works today means that they do not check, and would take an impostor's "
    "as well.",
    action="Have a certificate made from a template for servers (`serverAuth`).",
    references=("RFC 5280 4.2.1.12", "NIST SP 800-52r2 3.2", "CA/Browser Forum Baseline Requirements 7.1.2.7"),
    examples=(
        Example("fires", "For clients.", good_for("clientAuth"), Finds(Severity.LOW, "not made for servers")),
        Example("silent", "For both.", good_for("serverAuth", "clientAuth"), Verdict.PASS),
        Example("silent-none", "For whatever you like.", good_for(), Verdict.NOT_APPLICABLE),
        Example("unknown", "Not readable.", good_for(damage="lost_extension"), Verdict.UNKNOWN),
        Example("boundary", "Any purpose is this one, too.", good_for("anyExtendedKeyUsage"), Verdict.PASS),
    ),
)
