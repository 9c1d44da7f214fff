"""client-certificate-not-required: where policy demands mutual TLS, clients are let in without a certificate."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Parameter, Rule, Severity, Subject, Verdict
from rules.sql import within

DEVICE = CertificateRecipe()
NOBODY_ASKED, NOTHING_SENT = ExampleSession((DEVICE,)), ExampleSession((DEVICE,), client_chain=())
ASKED = ExampleSession((DEVICE,), client_chain=(CertificateRecipe(name="badge"),))
HIDDEN, RESUMED = ExampleSession((DEVICE,), version="TLSv1.3"), ExampleSession(None)
DEMANDED = (("mtls_networks", ("10.0.0.0/24", "fd00::/8")),)
ELSEWHERE, ALONE = (("mtls_networks", ("10.0.1.0/24",)),), (("mtls_networks", ("10.0.0.10/32",)),)
NOT_ASKED = Finds(Severity.MEDIUM, "does not ask clients for a certificate")

RULE = Rule(
    id="client-certificate-not-required",
    title="if(unasked_sessions > 0, 'does not ask clients for a certificate', 'lets clients in without a certificate')",
    summary="In a network where mutual TLS is demanded, an endpoint let a client in that showed no certificate.",
    subject=Subject.ENDPOINT,
    severity=Severity.MEDIUM,
    applies=f"{within('mtls_networks')} AND answered",
    # Resumed sessions ask for nothing: what counted was asked in the first one. TLS 1.3 hides the question.
    fails="multiIf(unasked_sessions + empty_handed_sessions > 0, true, untold_sessions > 0, NULL, asked_sessions > 0, "
    "false, NULL)",
    evidence=("asked_sessions", "unasked_sessions", "empty_handed_sessions", "empty_handed_clients", "server_names"),
    why="In this network machines are to prove to each other who they are. Whoever reaches this endpoint can talk to "
    "it.",
    action="Make the server demand a client certificate, after checking that every client has one.",
    references=("RFC 8446 4.3.2", "RFC 5246 7.4.4"),
    parameters=(
        Parameter("mtls_networks", "Array(String)", (), "CIDRs", "Where mutual TLS is demanded; none: nowhere."),
    ),
    examples=(
        Example("fires", "It never asks.", (ASKED, NOBODY_ASKED), NOT_ASKED, parameters=DEMANDED),
        Example(
            "fires-empty",
            "It asks, gets an empty list, and goes on.",
            (NOTHING_SENT,),
            Finds(Severity.MEDIUM, "lets clients in without a certificate"),
            parameters=DEMANDED,
        ),
        Example("silent", "It asks and gets one.", (ASKED,), Verdict.PASS, parameters=DEMANDED),
        Example("silent-elsewhere", "Another network.", (NOBODY_ASKED,), Verdict.NOT_APPLICABLE, parameters=ELSEWHERE),
        Example("silent-nowhere", "Nothing is demanded.", (NOBODY_ASKED,), Verdict.NOT_APPLICABLE),
        Example("unknown", "TLS 1.3 encrypts the question.", (HIDDEN,), Verdict.UNKNOWN, parameters=DEMANDED),
        Example("unknown-resumed", "Only a resumed session.", (RESUMED,), Verdict.UNKNOWN, parameters=DEMANDED),
        Example("boundary", "A network of one address.", (NOBODY_ASKED,), NOT_ASKED, parameters=ALONE),
    ),
)
