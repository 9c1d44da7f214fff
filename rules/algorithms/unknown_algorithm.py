"""unknown-algorithm: a key or a signature of a kind that certspan does not know."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict, presented

NUMBERS = "[0-9]+([.][0-9]+)+"
KEY, SIGNATURE = f"match(key_algorithm, '^{NUMBERS}$')", f"match(signature_algorithm, '^{NUMBERS}$')"


def with_damage(damage: str | None) -> CertificateRecipe:
    """Give a certificate with this one thing wrong."""
    return CertificateRecipe(damage=damage)


RULE = Rule(
    id="unknown-algorithm",
    title=f"if({KEY}, 'a kind of key that nobody here knows', 'a kind of signature that nobody here knows')",
    summary="A certificate's key or signature is of a kind that has no name here, only a number.",
    subject=Subject.CERTIFICATE,
    severity=Severity.INFO,
    applies="true",
    fails=f"{KEY} OR {SIGNATURE}",
    evidence=("subject", "issuer", "key_algorithm", "signature_algorithm", "not_after"),
    why="Whether it is strong cannot be told, and clients that do not know it either refuse the certificate.",
    action="Ask the maker what it is. National and very new algorithms are lawful; what nobody can name is not safe.",
    references=("RFC 5280 4.1.1.2", "RFC 5280 4.1.2.7"),
    examples=(
        Example(
            "fires",
            "A kind of key.",
            presented(with_damage("unknown_key")),
            Finds(Severity.INFO, "a kind of key that nobody here knows"),
        ),
        Example(
            "fires-signature",
            "A kind of signature.",
            presented(with_damage("unknown_signature")),
            Finds(Severity.INFO, "a kind of signature that nobody here knows"),
        ),
        Example("silent", "ECDSA.", presented(with_damage(None)), Verdict.PASS),
        Example("unknown", "No number either.", presented(with_damage("bad_algorithm")), Verdict.UNKNOWN),
        Example("boundary", "Known, and of the newer ones.", presented(CertificateRecipe(key="ed25519")), Verdict.PASS),
    ),
)
