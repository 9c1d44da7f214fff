"""client-refused: a server breaks handshakes off because of the client's certificate, or for want of one."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Rule, Severity, Subject, Verdict

DEVICE, BADGE = CertificateRecipe(), CertificateRecipe(name="badge")
SHOWN, UNASKED = ExampleSession((DEVICE,), client_chain=(BADGE,)), ExampleSession((DEVICE,))
REFUSED = ExampleSession((DEVICE,), client_chain=(BADGE,), refusal="server 48")
EMPTY = ExampleSession((DEVICE,), client_chain=(), refusal="server 40")
NO_SUITE = ExampleSession((DEVICE,), client_chain=(BADGE,), refusal="server 40")
HIDDEN = ExampleSession((DEVICE,), version="TLSv1.3")
FINDS = Finds(Severity.LOW, "turns clients away for their certificates")

RULE = Rule(
    id="client-refused",
    title="'turns clients away for their certificates'",
    summary="A server ended the handshake with an alert about the client's certificate, or because it had none.",
    subject=Subject.ENDPOINT,
    severity=Severity.LOW,
    applies="turned_away_sessions + asked_sessions + untold_sessions > 0",
    fails="multiIf(turned_away_sessions > 0, true, asked_sessions > 0, false, NULL)",
    evidence=("turned_away_sessions", "turned_away_clients", "asked_sessions", "alerts", "server_names"),
    why="A machine wants in and is not let in: its certificate has ended, comes from another issuer, or was never "
    "installed. Or somebody tries the door.",
    action="Find the clients in the sessions. If they are yours, give them a certificate that this server takes.",
    references=("RFC 8446 6.2", "RFC 5246 7.2.2"),
    examples=(
        Example("fires", "Its issuer is not known to the server.", (SHOWN, REFUSED), FINDS),
        Example("fires-empty", "It has no certificate.", (EMPTY,), FINDS),
        Example("silent", "The client is let in.", (SHOWN,), Verdict.PASS),
        Example("silent-unasked", "The server asks for none.", (UNASKED,), Verdict.NOT_APPLICABLE),
        Example("unknown", "TLS 1.3 encrypts the question.", (HIDDEN,), Verdict.UNKNOWN),
        Example(
            "boundary", "With a certificate, handshake_failure may mean anything.", (SHOWN, NO_SUITE), Verdict.PASS
        ),
    ),
)
