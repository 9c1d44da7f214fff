"""no-forward-secrecy: the keys of sessions hang on a secret that stays on the device."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Rule, Severity, Subject, Verdict
from rules.sql import some
from rules.suites import KNOWN, OPEN_TO_ANYONE, RETIRED, STATIC

GRAVER = {code for kinds in (OPEN_TO_ANYONE, RETIRED) for codes in kinds.values() for code in codes}
LASTING = [code for code in STATIC if code not in GRAVER]

FAULT = f"if(m.code IN {list(KNOWN)}, m.code IN {LASTING}, NULL)"

DEVICE = CertificateRecipe(key="rsa2048")
HALF = ExampleSession(server_chain=(DEVICE,), mirrored="client")


def chooses(suite: int) -> tuple[ExampleSession, ...]:
    """One handshake with this suite."""
    return (ExampleSession(server_chain=(DEVICE,), suite=suite),)


RULE = Rule(
    id="no-forward-secrecy",
    title="'negotiates keys without forward secrecy'",
    summary="An endpoint negotiated a cipher suite whose keys hang on its long-term key (static RSA or DH, a shared "
    "key).",
    subject=Subject.ENDPOINT,
    severity=Severity.LOW,
    # What is wrong with weak suites is said by weak-suite, and mended with them.
    applies=f"answered AND (empty(cipher_suites) OR arrayExists(m -> NOT m.code IN {sorted(GRAVER)}, cipher_suites))",
    fails=f"if(empty(cipher_suites), NULL, {some('cipher_suites', FAULT)})",
    evidence=(
        f"arrayMap(m -> m.name, arrayFilter(m -> m.code IN {LASTING}, cipher_suites)) AS suites",
        "cipher_suites.name AS all_suites",
        "versions",
        "sessions",
    ),
    why="Whoever records the traffic today and gets hold of the device's key some day, from a backup or a scrapped "
    "device, reads all of it.",
    action="Prefer suites with ECDHE in the server's settings. Mind that passive inspection which has the server's key "
    "stops working then.",
    references=("RFC 9325 4.1", "RFC 9325 7.3", "NIST SP 800-52r2 3.3.1"),
    examples=(
        Example(
            "fires",
            "Static RSA.",
            chooses(0x009C),
            Finds(Severity.LOW, "negotiates keys without forward secrecy"),
        ),
        Example(
            "fires-once",
            "One of two.",
            chooses(0xC02F) + chooses(0x002F),
            Finds(Severity.LOW, "negotiates keys without forward secrecy"),
        ),
        Example("silent", "ECDHE.", chooses(0xC02F), Verdict.PASS),
        Example("silent-weak", "RC4 is the graver matter.", chooses(0x0005), Verdict.NOT_APPLICABLE),
        Example("unknown", "Only the client's side is mirrored.", (HALF,), Verdict.UNKNOWN),
        Example("boundary", "DHE, its elder.", chooses(0x0033), Verdict.PASS),
    ),
)
