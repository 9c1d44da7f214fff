"""conflicting-bytes: parts of a handshake came twice and were different."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Rule, Severity, Subject, Verdict

DEVICE = CertificateRecipe()
CLEAN = ExampleSession(server_chain=(DEVICE,))
TWICE = ExampleSession(server_chain=(DEVICE,), conflicting=True)

RULE = Rule(
    id="conflicting-bytes",
    title="'bytes of handshakes came again and were different'",
    summary="In a handshake with this endpoint bytes came again, before it ended, and were different.",
    subject=Subject.ENDPOINT,
    severity=Severity.INFO,
    applies="true",
    fails="conflicting_sessions > 0",
    evidence=("conflicting_sessions", "sessions", "server_names"),
    why="Somebody on the way, or a broken mirror port, sends other bytes than the endpoint. What came first was read: "
    "what "
    "is said of this endpoint's certificate may be about a forged one.",
    action="Look at the frames of these sessions. If many endpoints are concerned, mend the mirror port first.",
    references=("RFC 9293 3.10.7.4",),
    never_unknown="Bytes that differ are counted when they are seen; that none were seen is all that can be known.",
    examples=(
        Example(
            "fires",
            "The ServerHello comes again and differs in its last byte.",
            (CLEAN, TWICE),
            Finds(Severity.INFO, "bytes of handshakes came again and were different"),
        ),
        Example("silent", "Nothing comes twice.", (CLEAN,), Verdict.PASS),
        Example(
            "boundary",
            "One of a thousand would do; here one of one.",
            (TWICE,),
            Finds(Severity.INFO, "bytes of handshakes came again and were different"),
        ),
    ),
)
