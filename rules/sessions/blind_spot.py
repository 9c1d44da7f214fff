"""blind-spot: an endpoint talks TLS, and in no handshake could its certificate be seen."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Rule, Severity, Subject, Verdict
from rules.sql import IMPORTED, NOW

# What hides a certificate that is there, with words for the title; the first that occurs is named.
HIDERS = {
    "encrypted": "TLS 1.3 encrypts it",
    "resumed": "only resumed sessions",
    "one_way": "only one direction is mirrored",
    "lost": "packets lost",
    "unsupported": "in a form that certspan cannot read",
    "evicted": "a limit of certspan was reached",
}
REASONS = f"arrayFilter(reason -> has(mapKeys(visibilities), reason), {list(HIDERS)})"
CUT = "has(mapKeys(visibilities), 'truncated')"
# An endpoint that uses shared keys or sends nothing has no certificate to hide: the rule is not about it.
HAS_ONE = f"certificate_seen OR notEmpty({REASONS}) OR {CUT}"

DEVICE = CertificateRecipe()
FULL, RESUMED = ExampleSession(server_chain=(DEVICE,)), ExampleSession(server_chain=None)
HIDDEN, LOSSY = ExampleSession(version="TLSv1.3"), ExampleSession(server_chain=(DEVICE,), lost=True)
FROM_CLIENT = ExampleSession(server_chain=(DEVICE,), mirrored="client")
UNANSWERED = ExampleSession(server_chain=(DEVICE,), ends_after="client_hello")
CUT_OFF = ExampleSession(server_chain=(DEVICE,), ends_after="server_hello")


def finds(reason: str) -> Finds:
    """Give what is expected where this hides the certificate."""
    return Finds(Severity.INFO, f"certificate never seen: {HIDERS[reason]}")


RULE = Rule(
    id="blind-spot",
    title=f"concat('certificate never seen: ', transform({REASONS}[1], {list(HIDERS)}, {list(HIDERS.values())}, ''))",
    summary="An endpoint whose certificate could not be seen in any handshake.",
    subject=Subject.ENDPOINT,
    severity=Severity.INFO,
    # What a scanner found and somebody imported is known, whatever the handshakes hide.
    applies=f"answered AND ({HAS_ONE}) AND NOT {IMPORTED}",
    # A handshake that was still going on when the capture ended decides nothing.
    fails=f"multiIf(certificate_seen, false, notEmpty({REASONS}), true, NULL)",
    observed=f"if({IMPORTED}, toDateTime64({NOW}, 6, 'UTC'), last_seen)",
    evidence=("visibilities", "versions", "server_names", "sessions"),
    why="Nothing can be said about this endpoint: its certificate may have expired or belong to somebody else. Silence "
    "here is not health.",
    action="Ask the endpoint itself with a scanner (certspan export blind) and import what it finds, watch for longer "
    "(resumed sessions), or mend the mirror port (one direction, lost packets).",
    references=("RFC 8446 2", "RFC 8446 4.4.2", "RFC 5246 7.3"),
    examples=(
        Example("fires", "TLS 1.3 only.", (HIDDEN, HIDDEN), finds("encrypted")),
        Example("fires-resumed", "The full handshake was before the capture.", (RESUMED,), finds("resumed")),
        Example("fires-one-way", "The mirror port copies clients only.", (FROM_CLIENT,), finds("one_way")),
        Example("fires-lost", "The packets with the certificate are missing.", (LOSSY,), finds("lost")),
        Example("silent", "The certificate was seen.", (FULL,), Verdict.PASS),
        Example("silent-unanswered", "Nothing ever answered.", (UNANSWERED,), Verdict.NOT_APPLICABLE),
        Example("unknown", "The capture ends in mid-handshake.", (CUT_OFF,), Verdict.UNKNOWN),
        Example("boundary", "One look among many is enough.", (HIDDEN, RESUMED, FULL), Verdict.PASS),
    ),
)
