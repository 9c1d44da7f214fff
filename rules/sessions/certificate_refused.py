"""certificate-refused: a client broke the handshake off because of the endpoint's certificate."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Grade, Rule, Severity, Subject, Verdict

# RFC 8446 6.2: bad, unsupported, revoked, expired, unknown certificate, unknown CA, bad status. TLS 1.3 encrypts them.
REFUSALS = "arrayFilter(a -> match(a, '^client fatal .*[(](42|43|44|45|46|48|113)[)]$'), mapKeys(alerts))"
WORDS = f"arraySort(arrayMap(a -> extract(a, '^client fatal (.*)[(]'), {REFUSALS}))"
TAKEN_SINCE = f"ifNull(established_last_seen > arrayMax(arrayMap(a -> alert_last_seen[a], {REFUSALS})), false)"

DEVICE = CertificateRecipe()
TAKEN = ExampleSession(server_chain=(DEVICE,), time="2026-01-01T01:00:00Z")
REFUSED = ExampleSession(server_chain=(DEVICE,), refusal="client 48")
OTHERWISE = ExampleSession(server_chain=(DEVICE,), refusal="client 40")
CUT = ExampleSession(server_chain=(DEVICE,), ends_after="server_hello_done")
TOO_OLD = ExampleSession(server_chain=(DEVICE,), refusal="client 45", time="2026-01-01T02:00:00Z")

RULE = Rule(
    id="certificate-refused",
    title=f"concat(if({TAKEN_SINCE}, 'some clients refuse', 'clients refuse'), ' its certificate: ', "
    f"arrayStringConcat({WORDS}, ', '))",
    summary="A client ended the handshake with an alert about the endpoint's certificate.",
    subject=Subject.ENDPOINT,
    severity=(Grade(TAKEN_SINCE, Severity.LOW), Grade("true", Severity.MEDIUM)),
    applies="answered",
    fails=f"multiIf(notEmpty({REFUSALS}), true, isNotNull(established_last_seen), false, NULL)",
    evidence=("alerts", "alert_last_seen", "established_last_seen", "server_names", "sessions", "clients"),
    why="Whatever this client wanted there did not happen: it does not know the issuer, or the certificate has ended "
    "or is "
    "made wrongly.",
    action="Find the client in the sessions. It lacks the CA's certificate, or the endpoint needs another "
    "certificate: the "
    "alert's name says which.",
    references=("RFC 8446 6.2", "RFC 5246 7.2.2"),
    examples=(
        Example(
            "fires",
            "The CA is not known to it.",
            (REFUSED,),
            Finds(Severity.MEDIUM, "clients refuse its certificate: unknown_ca"),
        ),
        Example(
            "fires-since",
            "Taken before, refused now.",
            (TAKEN, TOO_OLD),
            Finds(Severity.MEDIUM, "clients refuse its certificate: certificate_expired"),
        ),
        Example(
            "fires-some",
            "Others take it.",
            (REFUSED, TAKEN),
            Finds(Severity.LOW, "some clients refuse its certificate: unknown_ca"),
        ),
        Example("silent", "The handshake ends well.", (TAKEN,), Verdict.PASS),
        Example("unknown", "The capture ends before the client says anything.", (CUT,), Verdict.UNKNOWN),
        Example("boundary", "handshake_failure may mean anything.", (OTHERWISE, TAKEN), Verdict.PASS),
    ),
)
