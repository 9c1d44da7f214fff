"""bad-dns-name: what stands among the DNS names is none."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict, presented
from rules.sql import DNS_NAMES

# What is not ASCII is a defect already, addresses have `ip-in-dns-san`. Underscores are no host names, but they work.
BAD = (
    "arrayFilter(name -> match(name, '^[[:ascii:]]*$') AND NOT isIPv6String(name) "
    f"AND match(name, '[^a-z0-9._*-]|^[.]|[.][.]|^$'), {DNS_NAMES})"
)


def named(name: str, damage: str | None = None) -> CertificateRecipe:
    """Give a certificate with this alternative name."""
    return CertificateRecipe(sans=(f"dns:{name}",), damage=damage)


FINDS = Finds(Severity.LOW, "a DNS name that can be none")

RULE = Rule(
    id="bad-dns-name",
    title="'a DNS name that can be none'",
    summary="A certificate has, as a DNS name, text that cannot be one: a URL, a port, blanks.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    applies="presented_as_leaf",
    fails=f"if(sans_known, notEmpty({BAD}), NULL)",
    evidence=("subject", "issuer", f"{BAD} AS names", "not_after"),
    why="No client can ever call the device by this, so the certificate is not good for what somebody wanted of it.",
    action="Have the next certificate made with the bare host name: no `https://`, no port, no blanks.",
    references=("RFC 5280 4.2.1.6", "RFC 1034 3.5"),
    examples=(
        Example("fires", "A URL.", presented(named("https://device.example/")), FINDS),
        Example("fires-port", "A port.", presented(named("device.example:8443")), FINDS),
        Example("silent", "A host name.", presented(named("device-4.example")), Verdict.PASS),
        Example("unknown", "Not readable.", presented(named("x", "bad_extension")), Verdict.UNKNOWN),
        Example(
            "boundary",
            "An underscore is seen often, and works.",
            presented(named("pump_4.device.example")),
            Verdict.PASS,
        ),
        Example("boundary-dot", "Two dots are none.", presented(named("pump..example")), FINDS),
    ),
)
