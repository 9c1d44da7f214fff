"""ip-in-dns-san: an IP address is written where a DNS name belongs."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict, presented
from rules.sql import DNS_NAMES

# Written in both places it is meant for old clients, and does no harm.
AS_NAMES = f"arrayFilter(name -> isIPv4String(name) OR isIPv6String(name), {DNS_NAMES})"
WANTED = f"arrayMap(name -> concat('ip:', name), {AS_NAMES})"


def named(*sans: str, damage: str | None = None) -> CertificateRecipe:
    """Give a certificate with these alternative names."""
    return CertificateRecipe(sans=sans, damage=damage)


RULE = Rule(
    id="ip-in-dns-san",
    title="'IP address written as a DNS name'",
    summary="An IP address stands among the DNS names of a certificate and not among its addresses.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    applies="presented_as_leaf",
    fails=f"if(sans_known, NOT hasAll(sans, {WANTED}), NULL)",
    evidence=("subject", "issuer", "sans", "not_after"),
    why="A client that calls the device by its address looks among the addresses only: it does not find this one and "
    "refuses the certificate.",
    action="Have the next certificate made with the address as an address (`IP:10.0.0.10`, not `DNS:10.0.0.10`).",
    references=("RFC 5280 4.2.1.6", "RFC 9525 6.4"),
    examples=(
        Example(
            "fires",
            "Only as a DNS name.",
            presented(named("dns:10.0.0.10")),
            Finds(Severity.LOW, "IP address written as a DNS name"),
        ),
        Example("silent", "As an address.", presented(named("ip:10.0.0.10")), Verdict.PASS),
        Example("unknown", "Not readable.", presented(named(damage="bad_extension")), Verdict.UNKNOWN),
        Example("boundary", "As both.", presented(named("dns:10.0.0.10", "ip:10.0.0.10")), Verdict.PASS),
        Example(
            "boundary-digits", "Digits alone are no address.", presented(named("dns:10.0.0.10.example")), Verdict.PASS
        ),
    ),
)
