"""weak-group: keys are agreed on over an elliptic curve of fewer than 224 bits."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Rule, Severity, Subject, Verdict
from rules.sql import some

# Registry "TLS Supported Groups": sect163k1 to sect193r2, secp160k1 to secp192r1. The rest up to 41 is larger.
SMALL = [1, 2, 3, 4, 5, 15, 16, 17, 18, 19]
SOUND = [
    *range(6, 15),
    *range(20, 42),
    *range(0x100, 0x105),
    0x200,
    0x201,
    0x202,
    0x11EB,
    0x11EC,
    0x11ED,
    0x6399,
    0x639A,
]


DEVICE = CertificateRecipe(key="rsa2048")


def exchanges(group: int) -> tuple[ExampleSession, ...]:
    """One handshake over this group."""
    return (ExampleSession(server_chain=(DEVICE,), suite=0xC02F, group=group),)


STATIC = ExampleSession(server_chain=(DEVICE,), suite=0x009C)

RULE = Rule(
    id="weak-group",
    title="concat('agrees on keys over ', arrayStringConcat(arrayMap(m -> m.name, arrayFilter(m -> m.code IN "
    f"{SMALL}, named_groups)), ', '))",
    summary="An endpoint agreed on keys over an elliptic curve of fewer than 224 bits.",
    subject=Subject.ENDPOINT,
    severity=Severity.MEDIUM,
    applies="notEmpty(named_groups)",
    fails=some("named_groups", f"multiIf(m.code IN {SMALL}, true, m.code IN {SOUND}, false, NULL)"),
    evidence=("named_groups.name AS groups", "cipher_suites.name AS suites", "versions", "sessions"),
    why="Such small curves are below what is held to be safe today: whoever records the traffic can hope to read it.",
    action="Allow P-256, P-384 or X25519 only in the server's settings.",
    references=("RFC 8422 5.1.1", "RFC 9325 4.2.1", "NIST SP 800-57 part 1"),
    examples=(
        Example("fires", "P-192.", exchanges(19), Finds(Severity.MEDIUM, "agrees on keys over secp192r1")),
        Example("silent", "P-256.", exchanges(23), Verdict.PASS),
        Example("silent-static", "RSA needs no group.", (STATIC,), Verdict.NOT_APPLICABLE),
        Example("unknown", "A group that nobody has registered.", exchanges(0x1234), Verdict.UNKNOWN),
        Example("boundary", "P-224 is the smallest that is not too small.", exchanges(21), Verdict.PASS),
        Example("boundary-below", "193 bits.", exchanges(5), Finds(Severity.MEDIUM, "agrees on keys over sect193r2")),
    ),
)
