"""expired: the last valid second of a presented certificate has passed."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Grade, Rule, Severity, Subject, Verdict, presented
from rules.sql import MATTERS_ON_PATH, NOW, THIS_SECOND, span

# In use means that someone presented it when it had already ended. An old capture judged today shows only that the
# certificate has ended since; whether a device still presents it, nobody knows.
IN_USE = "toStartOfSecond(last_seen) > not_after"
AGO = span(f"dateDiff('second', not_after, {NOW})")

END = "2026-03-01T12:00:00Z"
DEVICE = CertificateRecipe(not_after=END)
UNREADABLE = CertificateRecipe(damage="bad_not_after")
LEAF, ROOT = CertificateRecipe(issuer="root"), CertificateRecipe(name="root", is_ca=True, not_after=END)

RULE = Rule(
    id="expired",
    title=f"concat('expired ', {AGO}, ' ago, ', if({IN_USE}, 'still in use when last seen', 'not seen since'))",
    summary="A certificate is past its notAfter.",
    subject=Subject.CERTIFICATE,
    severity=(Grade(IN_USE, Severity.CRITICAL), Grade("true", Severity.MEDIUM)),
    applies=MATTERS_ON_PATH,
    fails=f"not_after < {THIS_SECOND}",
    evidence=("subject", "issuer", "serial", "not_before", "not_after"),
    why="Software that checks certificates refuses this one: connections fail, or someone has switched the check off "
    "and an impostor would go unnoticed.",
    action="Renew it and install the new one on every holder listed; where a device cannot renew by itself, put the "
    "next date into its maintenance plan. If nothing uses it any more, switch the service off.",
    references=("RFC 5280 4.1.2.5", "RFC 5280 6.1.3 (a)(2)"),
    examples=(
        Example(
            "fires",
            "Presented a month after its end: it is broken now.",
            presented(DEVICE, at="2026-04-01T00:00:00Z"),
            Finds(Severity.CRITICAL, "expired 30 days ago, still in use when last seen"),
            "2026-04-01T00:00:01Z",
        ),
        Example(
            "fires-idle",
            "Seen while it was valid, judged after its end.",
            presented(DEVICE),
            Finds(Severity.MEDIUM, "expired 30 hours ago, not seen since"),
            "2026-03-02T18:00:00Z",
        ),
        Example("silent", "Judged while it is valid.", presented(DEVICE), Verdict.PASS, "2026-02-01T00:00:00Z"),
        Example(
            "silent-root",
            "A root sent along above the leaf is nobody's trust anchor.",
            presented(LEAF, ROOT),
            Verdict.NOT_APPLICABLE,
            "2026-04-01T00:00:00Z",
            about="root",
        ),
        Example("unknown", "Its notAfter cannot be read.", presented(UNREADABLE), Verdict.UNKNOWN, END),
        Example("boundary", "The second of notAfter is still valid.", presented(DEVICE), Verdict.PASS, END),
        Example("boundary-end", "... to its end.", presented(DEVICE), Verdict.PASS, "2026-03-01T12:00:00.999Z"),
        Example(
            "boundary-after",
            "One second later it has expired.",
            presented(DEVICE),
            Finds(Severity.MEDIUM, "expired less than two hours ago, not seen since"),
            "2026-03-01T12:00:01Z",
        ),
    ),
)
