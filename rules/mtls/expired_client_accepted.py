"""expired-client-accepted: a server lets a client in with a certificate that had ended."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Rule, Severity, Subject, Verdict
from rules.sql import shown, some

END = "2026-03-01T12:00:00Z"
DEVICE, BADGE = CertificateRecipe(), CertificateRecipe(name="badge", not_after=END)
UNREADABLE = CertificateRecipe(name="badge", damage="bad_not_after")


def lets_in(badge: CertificateRecipe, time: str, refusal: str | None = None) -> tuple[ExampleSession, ...]:
    """Let a client show this certificate at this time."""
    return (ExampleSession((DEVICE,), client_chain=(badge,), time=time, refusal=refusal),)


LATER, AFTER = "2026-04-01T00:00:00Z", "2026-03-01T12:00:01Z"
TAKEN = Finds(Severity.MEDIUM, "lets a client in whose certificate had ended")

RULE = Rule(
    id="expired-client-accepted",
    title="'lets a client in whose certificate had ended'",
    summary="A server let a client in with a certificate that was past its notAfter at that moment.",
    subject=Subject.ENDPOINT,
    view="endpoint_clients",
    severity=Severity.MEDIUM,
    applies="notEmpty(let_in)",
    fails=some("let_in", "m.overdue"),
    evidence=(
        f"{shown('let_in', 'm.overdue', '(lower(hex(m.sha256)), m.subject, m.issuer)')} AS clients_let_in",
        "server_names",
    ),
    why="The server does not check the dates of certificates. Who was to be shut out by letting theirs run out is "
    "still "
    "let in.",
    action="Renew the clients' certificates first, else they are locked out; then make the server check the dates.",
    references=("RFC 5280 6.1.3 (a)(2)",),
    examples=(
        Example("fires", "A month late.", lets_in(BADGE, LATER), TAKEN, LATER),
        Example("silent", "In time.", lets_in(BADGE, "2026-02-01T00:00:00Z"), Verdict.PASS),
        Example("silent-refused", "Not let in.", lets_in(BADGE, LATER, "server 45"), Verdict.NOT_APPLICABLE, LATER),
        Example("unknown", "Its notAfter cannot be read.", lets_in(UNREADABLE, LATER), Verdict.UNKNOWN, LATER),
        Example("boundary", "The second of notAfter is still valid.", lets_in(BADGE, END), Verdict.PASS, LATER),
        Example("boundary-after", "The next one is not.", lets_in(BADGE, AFTER), TAKEN, LATER),
    ),
)
