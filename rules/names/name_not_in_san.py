"""name-not-in-san: the common name is a host name, and the subject alternative names leave it out."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict, presented
from rules.sql import COMMON_NAMES, DNS_NAMES, SERVER_LEAF

HOST = "match(name, '^([*][.])?([a-z0-9_]([a-z0-9_-]*[a-z0-9])?[.])+[a-z][a-z0-9-]*[a-z0-9]$')"
STAR = "concat('*', substring(name, position(name, '.')))"
COVERED = f"hasAny({DNS_NAMES}, [name, {STAR}])"
LEFT_OUT = (
    f"arrayFilter(name -> ({HOST} AND NOT {COVERED}) OR (isIPv4String(name) AND NOT hasAny(sans, "
    f"[concat('ip:', name), concat('dns:', name)])), arrayMap(name -> lower(name), {COMMON_NAMES}))"
)


def named(name: str, *sans: str, damage: str | None = None) -> CertificateRecipe:
    """Give a certificate with this common name and these alternative names."""
    return CertificateRecipe(subject=f"CN={name}", sans=sans, damage=damage)


OTHER = named("pump.example", "dns:device.example")
BROKEN = named("pump.example", damage="bad_extension")
FINDS = Finds(Severity.LOW, "its common name is missing from its alternative names")

RULE = Rule(
    id="name-not-in-san",
    title="'its common name is missing from its alternative names'",
    summary="A server's certificate has a host name as common name that its alternative names do not hold.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    applies=f"{SERVER_LEAF} AND NOT is_ca AND san_count > 0 AND subject_attributes_known",
    fails=f"notEmpty({LEFT_OUT})",
    evidence=("subject", "issuer", "sans", f"{LEFT_OUT} AS missing", "not_after"),
    why="People read the common name, programs only the alternative names: who calls the server by the name that "
    "people read gets an error.",
    action="Have the next certificate made with that name among the alternative names, or without a common name.",
    references=("RFC 9525 6.3", "CA/Browser Forum Baseline Requirements 7.1.4.3"),
    examples=(
        Example("fires", "Another host.", presented(OTHER), FINDS),
        Example("silent", "The same.", presented(named("device.example", "dns:device.example")), Verdict.PASS),
        Example(
            "silent-text", "A title is no host name.", presented(named("Pump 4", "dns:device.example")), Verdict.PASS
        ),
        Example("unknown", "Not readable.", presented(BROKEN), Verdict.UNKNOWN),
        Example("boundary", "Case is nothing.", presented(named("Device.Example", "dns:dEVICE.eXAMPLE")), Verdict.PASS),
        Example(
            "boundary-star",
            "A star covers one label.",
            presented(named("a.b.example", "dns:*.b.example")),
            Verdict.PASS,
        ),
        Example("boundary-deep", "... not two.", presented(named("a.b.c.example", "dns:*.c.example")), FINDS),
    ),
)
