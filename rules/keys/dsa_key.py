"""dsa-key: a key of an algorithm that has been withdrawn."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict, presented

RULE = Rule(
    id="dsa-key",
    title="concat('DSA key', ifNull(concat(' of ', toString(key_bits), ' bits'), ''), "
    "', an algorithm that was withdrawn')",
    summary="A DSA key of 2048 bits or more: its length would do, its algorithm was withdrawn.",
    subject=Subject.KEY,
    severity=Severity.MEDIUM,
    applies="key_algorithm = 'DSA' AND ifNull(key_bits, 2048) >= 2048",  # shorter ones are weak-key's
    fails="true",
    evidence=("subjects", "key_bits", "lower(hex(spki_sha256)) AS spki_sha256"),
    why="Standards withdrew DSA for signatures in 2023, TLS 1.3 cannot use it, and browsers have long stopped: such a "
    "device can only be reached by old software over old TLS.",
    action="Make a new key (P-256, or RSA of 2048 bits and more) and have a certificate issued for it.",
    references=("FIPS 186-5", "NIST SP 800-131A", "RFC 8446 4.2.3"),
    examples=(
        Example(
            "fires",
            "2048 bits.",
            presented(CertificateRecipe(key="dsa2048")),
            Finds(Severity.MEDIUM, "DSA key of 2048 bits, an algorithm that was withdrawn"),
        ),
        Example("silent", "Another algorithm.", presented(CertificateRecipe()), Verdict.NOT_APPLICABLE),
        Example(
            "boundary",
            "1024 bits are left to weak-key.",
            presented(CertificateRecipe(key="dsa1024")),
            Verdict.NOT_APPLICABLE,
        ),
    ),
    never_unknown="A key whose algorithm cannot be read has no bounds either, and so is no key here.",
)
