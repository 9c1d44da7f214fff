"""overdue-for-renewal: a short-lived certificate has spent two thirds of its life, when machines renew."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Grade, Parameter, Rule, Severity, Subject, Verdict, presented
from rules.sql import LIFE, MATTERS_ON_PATH, NOW, SHORT_DAYS, SHORT_LIVED, THIS_SECOND, span

LEFT = f"dateDiff('second', {NOW}, not_after)"
# The days of `expiring`: there is always one, for the last part of so short a life is shorter than thirty days.
STEP = f"arrayMin(arrayFilter(days -> {LEFT} <= days * 86400, {{steps:Array(UInt32)}}))"
URGENT = f"{LEFT} * {{urgent_part:UInt32}} < {LIFE} AND {STEP} <= 7"

MONTH = CertificateRecipe(not_before="2026-03-01T00:00:00Z", not_after="2026-03-31T00:00:00Z")
DAY = CertificateRecipe(not_before="2026-03-01T00:00:00Z", not_after="2026-03-02T00:00:00Z")
QUARTER = CertificateRecipe(not_before="2026-03-01T00:00:00Z", not_after="2026-05-30T00:00:00Z")
UNREADABLE = CertificateRecipe(not_before=MONTH.not_before, damage="bad_not_after")

RULE = Rule(
    id="overdue-for-renewal",
    title=f"concat('should have been renewed, ends in ', {span(LEFT)})",
    summary="A certificate that lives less than 90 days has spent two thirds of its life and was not renewed.",
    subject=Subject.CERTIFICATE,
    severity=(Grade(URGENT, Severity.HIGH, STEP), Grade("true", Severity.MEDIUM, STEP)),
    applies=f"{MATTERS_ON_PATH} AND not_after >= {THIS_SECOND} AND {SHORT_LIVED}",
    fails=f"{LEFT} * {{last_part:UInt32}} < {LIFE}",
    evidence=("subject", "issuer", "serial", "not_before", "not_after"),
    why="Short-lived certificates are renewed by a machine when a third of their life is left. This one was not: that "
    "machine has stopped, and soon everything behind it will.",
    action="Look at the renewal job (ACME client, cert-manager, agent) on the holder: its log says why it failed.",
    references=("RFC 5280 4.1.2.5", "NIST SP 1800-16B"),
    parameters=(
        SHORT_DAYS,
        Parameter("last_part", "UInt32", 3, "parts of life", "In the last of so many equal parts it is overdue."),
        Parameter("urgent_part", "UInt32", 6, "parts of life", "In the last of so many, and in the last week: high."),
        Parameter("steps", "Array(UInt32)", (30, 15, 7, 1), "days", "A crossed threshold is a step of the finding."),
    ),
    examples=(
        Example(
            "fires",
            "Eight of thirty days are left.",
            presented(MONTH),
            Finds(Severity.MEDIUM, "should have been renewed, ends in 8 days", step=15),
            "2026-03-23T00:00:00Z",
        ),
        Example(
            "fires-urgent",
            "Three hours of a day.",
            presented(DAY),
            Finds(Severity.HIGH, "should have been renewed, ends in 3 hours", step=1),
            "2026-03-01T21:00:00Z",
        ),
        Example("silent", "Half of its life.", presented(MONTH), Verdict.PASS, "2026-03-16T00:00:00Z"),
        Example(
            "silent-long",
            "People renew it: see `expiring`.",
            presented(QUARTER),
            Verdict.NOT_APPLICABLE,
            "2026-05-29T00:00:00Z",
        ),
        Example("unknown", "No end to be read.", presented(UNREADABLE), Verdict.UNKNOWN, "2026-03-23T00:00:00Z"),
        Example("boundary", "Two thirds to the second.", presented(MONTH), Verdict.PASS, "2026-03-21T00:00:00Z"),
        Example(
            "boundary-after",
            "A second later.",
            presented(MONTH),
            Finds(Severity.MEDIUM, "should have been renewed, ends in 9 days", step=15),
            "2026-03-21T00:00:01Z",
        ),
    ),
)
