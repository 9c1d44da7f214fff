"""shared-certificate: many servers present one and the same certificate."""

from __future__ import annotations

from rules.rule import (
    CertificateRecipe,
    Example,
    ExampleSession,
    Finds,
    Grade,
    Parameter,
    Rule,
    Severity,
    Subject,
    Verdict,
)
from rules.sql import SELF_SIGNED

SERVERS = "arrayUniq(arrayMap(h -> h.2, arrayFilter(h -> h.1 = 'server' AND (position(h.2, ':') > 0) = {}, holders)))"
MACHINES = f"greatest({SERVERS.format('true')}, {SERVERS.format('false')})"
"""Addresses of servers; a machine with both an IPv4 and an IPv6 address counts once."""

CA = CertificateRecipe(name="ca", is_ca=True)


def fleet(recipe: CertificateRecipe, servers: int) -> tuple[ExampleSession, ...]:
    """So many servers with this certificate."""
    chain = (recipe,) if recipe.issuer is None else (recipe, CA)
    return tuple(ExampleSession(chain, server=f"10.0.0.{number}:443") for number in range(11, 11 + servers))


SERVICE, DEVICE = CertificateRecipe(name="service", issuer="ca"), CertificateRecipe(name="device")

RULE = Rule(
    id="shared-certificate",
    title=f"concat('one certificate on ', toString({MACHINES}), ' servers')",
    summary="Three or more servers present the same certificate.",
    subject=Subject.CERTIFICATE,
    severity=(Grade("self_signed", Severity.LOW), Grade("true", Severity.INFO)),
    # a CA certificate is sent along by whomever it issued to; many devices mark their self-signed one so, too
    applies=f"presented_as_leaf AND (NOT ifNull(is_ca, false) OR ifNull({SELF_SIGNED}, false))",
    fails=f"{MACHINES} >= {{servers:UInt32}}",
    evidence=("subject", "issuer", "sans", "holder_count", "spki_sha256"),
    why="A service behind a load balancer looks so, and this only says which machines must be renewed together. "
    "Devices look so that keep the certificate of their firmware: then all have the same private key.",
    action="If it is one service, note its machines for the next renewal. If these are devices, give each one a "
    "certificate of its own.",
    references=("NIST SP 1800-16", "NIST SP 800-57 part 1"),
    parameters=(Parameter("servers", "UInt32", 3, "servers", "As many, or more, are told."),),
    examples=(
        Example(
            "fires",
            "Four servers of one service.",
            fleet(SERVICE, 4),
            Finds(Severity.INFO, "one certificate on 4 servers"),
        ),
        Example(
            "fires-default",
            "Devices with the self-signed certificate of their firmware.",
            fleet(DEVICE, 3),
            Finds(Severity.LOW, "one certificate on 3 servers"),
        ),
        Example("silent", "One server.", fleet(SERVICE, 1), Verdict.PASS),
        Example(
            "silent-ca",
            "The issuer's certificate, which all three send along.",
            fleet(SERVICE, 3),
            Verdict.NOT_APPLICABLE,
            about="ca",
        ),
        Example("boundary", "Two are a pair.", fleet(SERVICE, 2), Verdict.PASS),
        Example(
            "boundary-three", "Three are many.", fleet(SERVICE, 3), Finds(Severity.INFO, "one certificate on 3 servers")
        ),
    ),
    never_unknown="It only counts servers; what does not say whether it is a CA counts as a leaf.",
)
