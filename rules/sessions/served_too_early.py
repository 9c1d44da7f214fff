"""served-too-early: a certificate was not yet valid when the endpoint presented it; by the clock it is by now."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Parameter, Rule, Severity, Subject, Verdict, presented
from rules.sql import NOW, shown, some

# Nobody issues certificates a season ahead: then it is the sensor that does not know what time it is.
EARLY = (
    "multiIf(m.first_seen + toIntervalSecond({tolerance:UInt32}) >= m.not_before, false, "
    "m.first_seen + toIntervalDay({ahead:UInt32}) >= m.not_before, true, NULL)"
)

START, LATER = "2026-03-01T12:00:00Z", "2026-04-01T00:00:00Z"
DEVICE, UNREADABLE = CertificateRecipe(not_before=START), CertificateRecipe(damage="bad_not_before")

RULE = Rule(
    id="served-too-early",
    title="'presented a certificate before its validity began'",
    summary="An endpoint presented a certificate before its notBefore, which has passed since.",
    subject=Subject.ENDPOINT,
    view="endpoint_history",
    severity=Severity.LOW,
    # What has not begun by the clock is a matter of `not-yet-valid`.
    applies=f"notEmpty(leaves) AND NOT arrayExists(m -> ifNull({NOW} < m.not_before, false), leaves)",
    fails=some("leaves", EARLY),
    evidence=(
        f"{shown('leaves', EARLY, '(lower(hex(m.sha256)), m.not_before, m.first_seen)')} AS presented",
        "server_names",
    ),
    why="For some time this certificate was refused by software that checks. The clock of the device, of its issuer or "
    "of the sensor is wrong: what else depends on it is wrong as well.",
    action="Set the clock of the device and of the issuer (NTP) before the next renewal.",
    references=("RFC 5280 4.1.2.5",),
    parameters=(
        Parameter("tolerance", "UInt32", 300, "seconds", "So much may clocks differ before it counts."),
        Parameter("ahead", "UInt32", 90, "days", "Earlier than this, the clock of the sensor is in doubt."),
    ),
    examples=(
        Example(
            "fires",
            "Presented a day early, judged in April.",
            presented(DEVICE, at="2026-02-28T12:00:00Z"),
            Finds(Severity.LOW, "presented a certificate before its validity began"),
            LATER,
        ),
        Example("silent", "Presented when it was valid.", presented(DEVICE, at=LATER), Verdict.PASS, LATER),
        Example(
            "silent-still",
            "As long as it has not begun it is a matter of `not-yet-valid`.",
            presented(DEVICE, at="2026-02-28T12:00:00Z"),
            Verdict.NOT_APPLICABLE,
            "2026-02-28T13:00:00Z",
        ),
        Example(
            "unknown-clock",
            "A capture that says it is from 1970.",
            presented(DEVICE, at="1970-01-01T00:00:00Z"),
            Verdict.UNKNOWN,
            LATER,
        ),
        Example("unknown", "Its notBefore cannot be read.", presented(UNREADABLE), Verdict.UNKNOWN, LATER),
        Example("boundary", "300 seconds early.", presented(DEVICE, at="2026-03-01T11:55:00Z"), Verdict.PASS, LATER),
        Example(
            "boundary-before",
            "301.",
            presented(DEVICE, at="2026-03-01T11:54:59Z"),
            Finds(Severity.LOW, "presented a certificate before its validity began"),
            LATER,
        ),
    ),
)
