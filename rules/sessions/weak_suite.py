"""weak-suite: an endpoint chooses a cipher suite that protects little or nothing."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Grade, Rule, Severity, Subject, Verdict
from rules.sql import some
from rules.suites import KNOWN, OPEN_TO_ANYONE, RETIRED

OPEN = sorted({code for codes in OPEN_TO_ANYONE.values() for code in codes})
WEAK = sorted({*OPEN, *(code for codes in RETIRED.values() for code in codes)})
FAULT = f"if(m.code IN {list(KNOWN)}, m.code IN {WEAK}, NULL)"
CHOSEN = f"arrayFilter(m -> m.code IN {WEAK}, cipher_suites)"
KIND = " ".join(
    f"arrayExists(m -> m.code IN {list(codes)}, cipher_suites), '{kind}',"
    for kind, codes in {**OPEN_TO_ANYONE, **RETIRED}.items()
)

DEVICE = CertificateRecipe(key="rsa2048")


def chooses(suite: int | None) -> tuple[ExampleSession, ...]:
    """One handshake with this suite."""
    return (ExampleSession(server_chain=(DEVICE,), suite=suite),)


HALF = ExampleSession(server_chain=(DEVICE,), mirrored="client")
UNANSWERED = ExampleSession(server_chain=(DEVICE,), ends_after="client_hello")

RULE = Rule(
    id="weak-suite",
    title=f"concat('negotiates ', multiIf({KIND} ''))",
    summary="An endpoint negotiated a cipher suite without encryption or authentication, or with a broken cipher.",
    subject=Subject.ENDPOINT,
    severity=(
        Grade(f"arrayExists(m -> m.code IN {OPEN}, cipher_suites)", Severity.HIGH),
        Grade("true", Severity.MEDIUM),
    ),
    applies="answered",
    # One weak handshake is enough. A number that nobody has registered says nothing.
    fails=f"if(empty(cipher_suites), NULL, {some('cipher_suites', FAULT)})",
    evidence=(
        f"arrayMap(m -> m.name, {CHOSEN}) AS weak_suites",
        "cipher_suites.name AS all_suites",
        "versions",
        "sessions",
    ),
    why="What goes over this connection can be read, and with some of these suites changed, by whoever sits on the "
    "way, "
    "although it looks encrypted.",
    action="Take these suites out of the server's settings, after checking which clients still ask for them. Mail "
    "servers "
    "that encrypt whenever they can do choose anonymous suites among themselves: there it is a decision.",
    references=("RFC 9325 4.1", "RFC 7465", "RFC 5469", "NIST SP 800-52r2 3.3.1"),
    examples=(
        Example(
            "fires", "No encryption.", chooses(0x0002), Finds(Severity.HIGH, "negotiates a suite without encryption")
        ),
        Example(
            "fires-anonymous",
            "Neither side shows a certificate.",
            chooses(0x0034),
            Finds(Severity.HIGH, "negotiates an anonymous suite"),
        ),
        Example("fires-export", "40 bits.", chooses(0x0008), Finds(Severity.HIGH, "negotiates an export suite")),
        Example("fires-des", "56 bits.", chooses(0x0009), Finds(Severity.HIGH, "negotiates DES")),
        Example("fires-rc4", "RC4.", chooses(0x0005), Finds(Severity.MEDIUM, "negotiates RC4")),
        Example(
            "fires-3des", "One of two.", chooses(0x000A) + chooses(None), Finds(Severity.MEDIUM, "negotiates 3DES")
        ),
        Example("silent", "AES-GCM.", chooses(0xC02F), Verdict.PASS),
        Example("silent-unanswered", "Nothing answered.", (UNANSWERED,), Verdict.NOT_APPLICABLE),
        Example("unknown", "Only the client's side is mirrored.", (HALF,), Verdict.UNKNOWN),
        Example("unknown-number", "A suite that nobody has registered.", chooses(0xEEEE), Verdict.UNKNOWN),
        Example("boundary", "Old, but nothing is known against AES with CBC here.", chooses(0x0035), Verdict.PASS),
    ),
)
