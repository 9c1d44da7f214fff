"""public-validity-too-long: a public certificate lives longer than the CA/Browser Forum allows for its day of issue."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Parameter, Rule, Severity, Subject, Verdict, presented
from rules.sql import DEVICE, LIFE, LOOKS_PUBLIC

# A day is 86,400 seconds, notAfter's second counts, each part of a day is a day.
DAYS = f"intDiv({LIFE} + 1 + 86399, 86400)"
ISSUED = "not_before >= toDateTime64(concat(day, ' 00:00:00'), 3, 'UTC')"
LIMIT = f"arrayFilter((days, day) -> {ISSUED}, {{limits:Array(UInt32)}}, {{since:Array(String)}})[-1]"


def public(start: str, end: str, **more: object) -> CertificateRecipe:
    """Give a certificate with the markers of a public CA."""
    times = {"not_before": f"{start}T00:00:00Z", "not_after": end, "policies": ("2.23.140.1.2.1",), "scts": 2}
    return CertificateRecipe(**(times | more))  # type: ignore[arg-type]


LONG = public("2026-03-15", "2027-03-15T00:00:00Z")
PRIVATE = public("2026-03-15", LONG.not_after, scts=0)
ENDLESS = public("2026-03-15", LONG.not_after, damage="bad_not_after")
BEFORE = public("2026-03-14", "2027-04-15T23:59:59Z")
RULE = Rule(
    id="public-validity-too-long",
    title=f"concat('public, and valid for ', toString({DAYS}), ' days where ', toString({LIMIT}), ' are allowed')",
    summary="A certificate of a public CA, or with all the markers of one, is valid for longer than browsers accept.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    # Before that the forum counted otherwise. Those of that time have all ended.
    applies=f"{DEVICE} AND {LOOKS_PUBLIC} AND not_before >= toDateTime64('2020-09-01 00:00:00', 3, 'UTC')",
    fails=f"{DAYS} > {LIMIT}",
    evidence=(
        "subject",
        "issuer",
        "class",
        "not_before",
        "not_after",
        f"{DAYS} AS validity_days",
        f"{LIMIT} AS allowed_days",
    ),
    why="Browsers and phones refuse a public certificate that lives too long. Public CAs do not issue such: it may be "
    "an imitation.",
    action="Look at who issued it. Your own CA should leave out the policy of public CAs; else get a new one.",
    references=("CA/Browser Forum Baseline Requirements 6.3.2",),
    parameters=(
        Parameter(
            "since",
            "Array(String)",
            ("2020-09-01", "2026-03-15", "2027-03-15", "2029-03-15"),
            "days of issue",
            "From each of these days on the limit at the same place holds.",
        ),
        Parameter("limits", "Array(UInt32)", (398, 200, 100, 47), "days", "Longest validity."),
    ),
    examples=(
        Example(
            "fires",
            "A year, issued when 200 days were allowed.",
            presented(LONG),
            Finds(Severity.LOW, "public, and valid for 366 days where 200 are allowed"),
        ),
        Example("silent", "Ninety days.", presented(public("2026-03-15", "2026-06-12T23:59:59Z")), Verdict.PASS),
        Example("silent-private", "No public CA's markers.", presented(PRIVATE), Verdict.NOT_APPLICABLE),
        Example("unknown", "No end to be read.", presented(ENDLESS), Verdict.UNKNOWN),
        Example(
            "boundary", "200 days to the second.", presented(public("2026-03-15", "2026-09-30T23:59:59Z")), Verdict.PASS
        ),
        Example(
            "boundary-after",
            "Any second more is a further day.",
            presented(public("2026-03-15", "2026-10-01T00:00:00Z")),
            Finds(Severity.LOW, "public, and valid for 201 days where 200 are allowed"),
        ),
        Example("boundary-day-before", "Issued a day earlier.", presented(BEFORE), Verdict.PASS),
    ),
)
