"""validity-too-long: a device's certificate is good for longer than anybody should wait before renewing it."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Parameter, Rule, Severity, Subject, Verdict, presented
from rules.sql import DEVICE, LIFE, LOOKS_PUBLIC

# A year has 365 days here, in the words only: twenty years are never said to be nineteen.
SPAN = f"intDiv({LIFE}, 86400)"
WORDS = f"if({SPAN} < 1460, concat(toString({SPAN}), ' days'), concat(toString(intDiv({SPAN}, 365)), ' years'))"
DV = "2.23.140.1.2.1"


def lasting(until: str, **more: object) -> CertificateRecipe:
    """Give a certificate that begins with March 2024."""
    return CertificateRecipe(not_before="2024-03-01T00:00:00Z", not_after=until, **more)  # type: ignore[arg-type]


CA = CertificateRecipe(name="ca", is_ca=True, not_after="2045-01-01T00:00:00Z")
LEAF = lasting("2026-03-01T00:00:00Z", issuer="ca")
LIFT = lasting("2044-02-29T00:00:00Z")
RULE = Rule(
    id="validity-too-long",
    title=f"concat('valid for ', {WORDS})",
    summary="A certificate of a device, server or client is valid for more than three years and a quarter.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    # Public ones have shorter limits of their own (`public-validity-too-long`), those without an end have `no-end`.
    applies=f"{DEVICE} AND toYear(not_after) < 9999 AND NOT {LOOKS_PUBLIC}",
    fails=f"{LIFE} > toInt64({{days:UInt32}}) * 86400",
    evidence=("subject", "issuer", "not_before", "not_after", f"{SPAN} AS validity_days"),
    why="The longer a certificate is good, the longer a stolen key is, and the surer nobody remembers how to renew it "
    "when it ends.",
    action="Have the next one issued for a year, or less where the device renews by itself. Where a maker's cannot "
    "be changed, note its end in the device's life-cycle plan.",
    references=("NIST SP 800-52r2 3.2", "NIST SP 1800-16B", "RFC 5280 4.1.2.5"),
    parameters=(
        Parameter("days", "UInt32", 1188, "days", "Three years, and three months to renew; 90 suits IoT that renews."),
    ),
    examples=(
        Example("fires", "Twenty years.", presented(LIFT), Finds(Severity.LOW, "valid for 20 years")),
        Example("silent", "Two years.", presented(lasting("2026-03-01T00:00:00Z")), Verdict.PASS),
        Example("silent-ca", "A CA lives longer.", presented(LEAF, CA), Verdict.NOT_APPLICABLE, about="ca"),
        Example(
            "silent-no-end",
            "An identity for the life of a device.",
            presented(lasting("9999-12-31T23:59:59Z")),
            Verdict.NOT_APPLICABLE,
        ),
        Example(
            "silent-public",
            "Public ones have their own limit.",
            presented(lasting("2044-02-29T00:00:00Z", policies=(DV,), scts=2)),
            Verdict.NOT_APPLICABLE,
        ),
        Example(
            "unknown", "No end to be read.", presented(lasting(LIFT.not_after, damage="bad_not_after")), Verdict.UNKNOWN
        ),
        Example("boundary", "1,188 days to the second.", presented(lasting("2027-06-02T00:00:00Z")), Verdict.PASS),
        Example(
            "boundary-after",
            "A second more.",
            presented(lasting("2027-06-02T00:00:01Z")),
            Finds(Severity.LOW, "valid for 1188 days"),
        ),
    ),
)
