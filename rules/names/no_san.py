"""no-san: a server's certificate has no subject alternative name."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Rule, Severity, Subject, Verdict, presented
from rules.sql import MAY_HAVE_EXTENSIONS, SERVER_LEAF

NAMELESS, NAMED = CertificateRecipe(), CertificateRecipe(sans=("dns:device.example",))
CLIENT = CertificateRecipe(name="client")
MUTUAL = (ExampleSession(server_chain=(NAMED,), client_chain=(CLIENT,)),)

RULE = Rule(
    id="no-san",
    title="'no alternative name'",
    summary="A server's certificate does not say in its alternative names for which server it is.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    # Version 1 has no room for it, a CA's certificate no use, an empty subject makes it graver: rules of their own.
    applies=f"{SERVER_LEAF} AND NOT is_ca AND {MAY_HAVE_EXTENSIONS} AND ifNull(subject != '', true)",
    fails="san_count = 0",
    evidence=("subject", "issuer", "not_after"),
    why="Clients look for the server's name there and nowhere else: current ones refuse this certificate, and where "
    "they do not, nobody checks whether it is the right server.",
    action="Have the next certificate made with the server's DNS name, or its address, as subject alternative name.",
    references=("RFC 9525 6.3", "RFC 2818 3.1", "NIST SP 800-52r2 3.2"),
    examples=(
        Example("fires", "Only a common name.", presented(NAMELESS), Finds(Severity.LOW, "no alternative name")),
        Example("silent", "It has one.", presented(NAMED), Verdict.PASS),
        Example("silent-client", "Clients are known by their subject.", MUTUAL, Verdict.NOT_APPLICABLE, about="client"),
        Example(
            "silent-version-1", "See `version-1`.", presented(CertificateRecipe(version=1)), Verdict.NOT_APPLICABLE
        ),
        Example("unknown", "Not readable.", presented(CertificateRecipe(damage="bad_extension")), Verdict.UNKNOWN),
        Example(
            "boundary", "An address is a name, too.", presented(CertificateRecipe(sans=("ip:10.0.0.10",))), Verdict.PASS
        ),
    ),
)
