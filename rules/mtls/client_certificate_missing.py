"""client-certificate-missing: a server asks for certificates and lets clients in that have none."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Parameter, Rule, Severity, Subject, Verdict
from rules.sql import within

DEVICE, BADGE = CertificateRecipe(), CertificateRecipe(name="badge")
NOBODY_ASKED, NOTHING_SENT = ExampleSession((DEVICE,)), ExampleSession((DEVICE,), client_chain=())
SHOWN = ExampleSession((DEVICE,), client_chain=(BADGE,))
REFUSED = ExampleSession((DEVICE,), client_chain=(), refusal="server 40")
HIDDEN = ExampleSession((DEVICE,), version="TLSv1.3")
FINDS = Finds(Severity.INFO, "asks for client certificates, and does without")

RULE = Rule(
    id="client-certificate-missing",
    title="'asks for client certificates, and does without'",
    summary="A server asked for a client certificate, got an empty list, and let the client in.",
    subject=Subject.ENDPOINT,
    severity=Severity.INFO,
    # Where certificates are demanded it is graver: client-certificate-not-required.
    applies=f"asked_sessions + untold_sessions > 0 AND NOT {within('mtls_networks')}",
    fails="multiIf(empty_handed_sessions > 0, true, untold_sessions > 0, NULL, false)",
    evidence=("asked_sessions", "empty_handed_sessions", "empty_handed_clients", "server_names"),
    why="The certificate is wished for, not required: either the clients prove who they are in another way, or someone "
    "believes in a protection that is not there.",
    action="Ask the owner whether that is meant. If certificates are the protection, make the server demand them.",
    references=("RFC 5246 7.4.6", "RFC 8446 4.4.2"),
    parameters=(
        Parameter("mtls_networks", "Array(String)", (), "CIDRs", "Where mutual TLS is demanded; none: nowhere."),
    ),
    examples=(
        Example("fires", "Once of two times.", (SHOWN, NOTHING_SENT), FINDS),
        Example("silent", "The client shows one.", (SHOWN,), Verdict.PASS),
        Example("silent-unasked", "The server asks for none.", (NOBODY_ASKED,), Verdict.NOT_APPLICABLE),
        Example(
            "silent-demanded",
            "Policy demands one: the other rule.",
            (NOTHING_SENT,),
            Verdict.NOT_APPLICABLE,
            parameters=(("mtls_networks", ("10.0.0.0/8",)),),
        ),
        Example("unknown", "TLS 1.3 encrypts the question.", (HIDDEN,), Verdict.UNKNOWN),
        Example("boundary", "Who has none is turned away.", (SHOWN, REFUSED), Verdict.PASS),
    ),
)
