"""served-while-expired: a certificate had ended when the endpoint presented it, although by the clock it has not."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict, presented
from rules.sql import THIS_SECOND, shown, some

LATE = "toStartOfSecond(m.last_seen) > m.not_after"

END = "2026-03-01T12:00:00Z"
DEVICE, UNREADABLE = CertificateRecipe(not_after=END), CertificateRecipe(damage="bad_not_after")

RULE = Rule(
    id="served-while-expired",
    title="'presented a certificate after its end'",
    summary="An endpoint presented a certificate after its notAfter, at a time that is still to come by the clock "
    "judged by.",
    subject=Subject.ENDPOINT,
    view="endpoint_history",
    severity=Severity.CRITICAL,
    # What has ended by the clock is a matter of `expired`, which says whether it was in use then. This is the rest: an
    # earlier clock (--at), or a clock of the sensor that runs ahead.
    applies=f"notEmpty(leaves) AND NOT arrayExists(m -> ifNull(m.not_after < {THIS_SECOND}, false), leaves)",
    fails=some("leaves", LATE),
    evidence=(
        f"{shown('leaves', LATE, '(lower(hex(m.sha256)), m.not_after, m.last_seen)')} AS presented",
        "server_names",
    ),
    why="Software that checks certificates refused this one at that moment: connections failed, or someone has "
    "switched "
    "the check off and an impostor would go unnoticed.",
    action="Renew it, and check the clocks of the device, of the sensor and of this audit against each other.",
    references=("RFC 5280 4.1.2.5",),
    examples=(
        Example(
            "fires",
            "Seen in April, judged as of February.",
            presented(DEVICE, at="2026-04-01T00:00:00Z"),
            Finds(Severity.CRITICAL, "presented a certificate after its end"),
            "2026-02-01T00:00:00Z",
        ),
        Example("silent", "Presented while it was valid.", presented(DEVICE), Verdict.PASS),
        Example(
            "silent-expired",
            "Judged after its end it is a matter of `expired`.",
            presented(DEVICE, at="2026-04-01T00:00:00Z"),
            Verdict.NOT_APPLICABLE,
            "2026-04-01T00:00:00Z",
        ),
        Example("unknown", "Its notAfter cannot be read.", presented(UNREADABLE), Verdict.UNKNOWN),
        Example("boundary", "The second of notAfter is still valid.", presented(DEVICE, at=END), Verdict.PASS),
        Example(
            "boundary-after",
            "One second later it has ended.",
            presented(DEVICE, at="2026-03-01T12:00:01Z"),
            Finds(Severity.CRITICAL, "presented a certificate after its end"),
        ),
    ),
)
