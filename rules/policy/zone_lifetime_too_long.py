"""zone-lifetime-too-long: a certificate is valid for longer than its zone of the policy allows."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Parameter, Rule, Severity, Subject, Verdict, presented
from rules.zones import of_holders, zones_of

ZONES = zones_of("days UInt32")
HERE = of_holders(ZONES)
# From one time to the other, as tools that make certificates count: 90 days are 7,776,000 seconds.
LIFETIME = "dateDiff('second', not_before, not_after)"
TOO_LONG = f"zone.days > 0 AND {LIFETIME} > zone.days * 86400"
BROKEN = f"arrayFirst(zone -> {TOO_LONG}, {HERE})"

QUARTER = (("zones", (("iot", ("10.0.0.0/24",), (), (), 90),)),)


def until(not_after: str) -> tuple[CertificateRecipe, ...]:
    """Give a chain of one that begins with the year 2026."""
    return (CertificateRecipe(not_before="2026-01-01T00:00:00Z", not_after=not_after),)


RULE = Rule(
    id="zone-lifetime-too-long",
    title=f"concat('valid for ', toString(intDiv({LIFETIME} + 86399, 86400)), ' days where zone ', {BROKEN}.name, "
    f"' allows ', toString({BROKEN}.days))",
    summary="A certificate is valid for longer than its zone of the policy allows.",
    subject=Subject.CERTIFICATE,
    severity=Severity.MEDIUM,
    applies=f"presented_as_leaf AND arrayExists(zone -> zone.days > 0, {HERE})",
    fails=f"if({LIFETIME} IS NULL, NULL, arrayExists(zone -> {TOO_LONG}, {HERE}))",
    evidence=("subject", "issuer", "not_before", "not_after", f"{BROKEN}.name AS zone", f"{BROKEN}.days AS allowed"),
    why="A certificate that lasts longer than the policy allows was issued past it, and a stolen key stays useful for "
    "as long.",
    action="Have it issued again for the time that the zone allows, and set the issuer's template to it.",
    references=("NIST SP 1800-16B", "CA/Browser Forum Baseline Requirements 6.3.2"),
    parameters=(Parameter("zones", ZONES, (), "zones", "Zones of the policy: longest life in days."),),
    examples=(
        Example(
            "fires",
            "A year where 90 days are allowed.",
            presented(*until("2027-01-01T00:00:00Z")),
            Finds(Severity.MEDIUM, "valid for 365 days where zone iot allows 90"),
            parameters=QUARTER,
        ),
        Example("silent", "30 days.", presented(*until("2026-01-31T00:00:00Z")), Verdict.PASS, parameters=QUARTER),
        Example(
            "silent-no-policy", "Nobody demands.", presented(*until("2046-01-01T00:00:00Z")), Verdict.NOT_APPLICABLE
        ),
        Example(
            "unknown",
            "Its end cannot be read.",
            presented(CertificateRecipe(damage="bad_not_after")),
            Verdict.UNKNOWN,
            parameters=QUARTER,
        ),
        Example(
            "boundary",
            "90 days to the second.",
            presented(*until("2026-04-01T00:00:00Z")),
            Verdict.PASS,
            parameters=QUARTER,
        ),
        Example(
            "boundary-after",
            "One second more is a ninety-first day.",
            presented(*until("2026-04-01T00:00:01Z")),
            Finds(Severity.MEDIUM, "valid for 91 days where zone iot allows 90"),
            parameters=QUARTER,
        ),
    ),
)
