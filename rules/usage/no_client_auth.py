"""no-client-auth: a client presents a certificate that was made for other purposes only."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Rule, Severity, Subject, Verdict, presented

SERVER = CertificateRecipe(name="server", eku=("serverAuth",))


def good_for(*eku: str, damage: str | None = None) -> tuple[ExampleSession, ...]:
    """Give a client with a certificate for these purposes."""
    return (ExampleSession((SERVER,), (CertificateRecipe(name="client", eku=eku, damage=damage),)),)


RULE = Rule(
    id="no-client-auth",
    title="'not made for clients'",
    summary="A client's certificate lists its purposes, and being a client is not among them.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    applies="presented_as_leaf AND has(roles, 'client') AND extended_key_usage_count > 0",  # without a list: for all
    fails="NOT hasAny(extended_key_usage, ['clientAuth', 'anyExtendedKeyUsage'])",
    evidence=("subject", "issuer", "extended_key_usage", "adcs_template", "not_after"),
    why="Servers that check refuse it. That it works today means that they do not check who comes. Public CAs have "
    "stopped making certificates for clients: where one is used, the next renewal may break the connection.",
    action="Have a certificate made from a template for clients (`clientAuth`), by a CA of your own.",
    references=("RFC 5280 4.2.1.12",),
    examples=(
        Example(
            "fires", "For servers.", good_for("serverAuth"), Finds(Severity.LOW, "not made for clients"), about="client"
        ),
        Example("silent", "For both.", good_for("serverAuth", "clientAuth"), Verdict.PASS, about="client"),
        Example("silent-server", "A server's.", presented(SERVER), Verdict.NOT_APPLICABLE),
        Example("unknown", "Not readable.", good_for(damage="lost_extension"), Verdict.UNKNOWN, about="client"),
        Example(
            "boundary", "Any purpose is this one, too.", good_for("anyExtendedKeyUsage"), Verdict.PASS, about="client"
        ),
        Example("boundary-none", "For whatever you like.", good_for(), Verdict.NOT_APPLICABLE, about="client"),
    ),
)
