"""not-yet-valid: a certificate is presented before its first valid second."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict, presented
from rules.sql import MATTERS_ON_PATH, NOW, span

UNTIL = span(f"dateDiff('second', {NOW}, not_before)")

BEFORE, START = "2026-03-01T11:59:59.999Z", "2026-03-01T12:00:00Z"
DEVICE = CertificateRecipe(not_before=START)
UNREADABLE = CertificateRecipe(damage="bad_not_before")
LEAF, ROOT = CertificateRecipe(issuer="root"), CertificateRecipe(name="root", is_ca=True, not_before=START)

RULE = Rule(
    id="not-yet-valid",
    title=f"concat('its validity starts only in ', {UNTIL})",
    summary="A certificate is presented before its notBefore.",
    subject=Subject.CERTIFICATE,
    severity=Severity.CRITICAL,
    applies=MATTERS_ON_PATH,
    fails=f"{NOW} < not_before",
    evidence=("subject", "issuer", "serial", "not_before", "not_after"),
    why="Software that checks certificates refuses it today. Usually the clock of the device or its issuer is wrong: "
    "then its expiry is wrong as well.",
    action="Set the clock of the device and of the issuer (NTP), then issue the certificate again.",
    references=("RFC 5280 4.1.2.5", "RFC 5280 6.1.3 (a)(2)"),
    examples=(
        Example(
            "fires",
            "Presented twelve hours and three days early.",
            presented(DEVICE),
            Finds(Severity.CRITICAL, "its validity starts only in 3 days"),
            "2026-02-26T00:00:00Z",
        ),
        Example("silent", "A day later.", presented(DEVICE), Verdict.PASS, "2026-03-02T12:00:00Z"),
        Example(
            "silent-root",
            "A root sent along above the leaf is nobody's trust anchor.",
            presented(LEAF, ROOT),
            Verdict.NOT_APPLICABLE,
            "2026-02-26T00:00:00Z",
            about="root",
        ),
        Example("unknown", "Its notBefore cannot be read.", presented(UNREADABLE), Verdict.UNKNOWN, START),
        Example("boundary", "The second of notBefore is valid.", presented(DEVICE), Verdict.PASS, START),
        Example(
            "boundary-before",
            "A millisecond before it is not.",
            presented(DEVICE),
            Finds(Severity.CRITICAL, "its validity starts only in less than two hours"),
            BEFORE,
        ),
    ),
)
