"""expiring: a presented certificate ends within 30 days; one finding, which steps through 30, 15, 7 and 1 days."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Grade, Parameter, Rule, Severity, Subject, Verdict, presented
from rules.sql import MATTERS_ON_PATH, NOW, SHORT_DAYS, SHORT_LIVED, THIS_SECOND, span

# A day is 86,400 seconds and the threshold itself counts: exactly 30 days before notAfter the finding opens.
CROSSED = f"arrayFilter(days -> not_after <= {NOW} + toIntervalDay(days), {{steps:Array(UInt32)}})"
STEP = f"arrayMin({CROSSED})"
LEFT = span(f"dateDiff('second', {NOW}, not_after)")

DEVICE = CertificateRecipe(not_after="2026-03-31T12:00:00Z")
MONTH = CertificateRecipe(not_before="2026-03-01T00:00:00Z", not_after="2026-03-31T00:00:00Z")
UNREADABLE = CertificateRecipe(damage="bad_not_after")

RULE = Rule(
    id="expiring",
    title=f"concat('ends in ', {LEFT})",
    summary="A certificate ends within 30 days.",
    subject=Subject.CERTIFICATE,
    severity=(Grade(f"{STEP} <= {{urgent:UInt32}}", Severity.HIGH, STEP), Grade("true", Severity.MEDIUM, STEP)),
    # What has ended is a matter of `expired`. What lives less than 90 days would fire all its life, or most of it: when
    # it is not renewed in time, `overdue-for-renewal` says so.
    applies=f"{MATTERS_ON_PATH} AND not_after >= {THIS_SECOND} AND NOT ifNull({SHORT_LIVED}, false)",
    fails=f"not_after <= {NOW} + toIntervalDay(arrayMax({{steps:Array(UInt32)}}))",
    evidence=("subject", "issuer", "serial", "not_before", "not_after"),
    why="On that day everything that depends on this certificate stops. Machines rarely renew by themselves.",
    action="Renew it now and check with the next capture that every holder presents the new one.",
    references=("RFC 5280 4.1.2.5", "NIST SP 1800-16B"),
    parameters=(
        Parameter("steps", "Array(UInt32)", (30, 15, 7, 1), "days", "A crossed threshold is a step of the finding."),
        Parameter("urgent", "UInt32", 7, "days", "From this step on the severity is high."),
        SHORT_DAYS,
    ),
    examples=(
        Example(
            "fires",
            "Ten days to go.",
            presented(DEVICE),
            Finds(Severity.MEDIUM, "ends in 10 days", step=15),
            "2026-03-21T12:00:00Z",
        ),
        Example(
            "fires-urgent",
            "Exactly one week to go: high from here.",
            presented(DEVICE),
            Finds(Severity.HIGH, "ends in 7 days", step=7),
            "2026-03-24T12:00:00Z",
        ),
        Example(
            "fires-last-day",
            "It ends tonight.",
            presented(DEVICE),
            Finds(Severity.HIGH, "ends in 12 hours", step=1),
            "2026-03-31T00:00:00Z",
        ),
        Example("silent", "Three months to go.", presented(DEVICE), Verdict.PASS, "2026-01-01T00:00:00Z"),
        Example("silent-expired", "Over.", presented(DEVICE), Verdict.NOT_APPLICABLE, "2026-03-31T12:00:01Z"),
        Example("silent-short", "It lives a month.", presented(MONTH), Verdict.NOT_APPLICABLE, "2026-03-30T00:00:00Z"),
        Example(
            "unknown", "Its notAfter cannot be read.", presented(UNREADABLE), Verdict.UNKNOWN, "2026-03-21T12:00:00Z"
        ),
        Example(
            "boundary",
            "Exactly 30 days, to the second.",
            presented(DEVICE),
            Finds(Severity.MEDIUM, "ends in 30 days", step=30),
            "2026-03-01T12:00:00Z",
        ),
        Example("boundary-before", "A second more.", presented(DEVICE), Verdict.PASS, "2026-03-01T11:59:59Z"),
    ),
)
