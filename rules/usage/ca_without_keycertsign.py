"""ca-without-keycertsign: a CA's certificate in a chain forbids its key to sign certificates."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Rule, Severity, Subject, Verdict, presented

LEAF = CertificateRecipe(issuer="ca")


def below(*usage: str, damage: str | None = None) -> tuple[ExampleSession, ...]:
    """Give a leaf below a CA with this key usage."""
    return presented(LEAF, CertificateRecipe(name="ca", is_ca=True, key_usage=usage, damage=damage))


RULE = Rule(
    id="ca-without-keycertsign",
    title="'a CA that may not sign certificates'",
    summary="A CA's certificate has a key usage that leaves out the signing of certificates.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    applies="is_ca AND NOT presented_as_leaf",
    fails="if(key_usage_count = 0, false, NOT can_sign_certificates)",  # who says nothing forbids nothing
    evidence=("subject", "issuer", "key_usage", "is_ca", "not_after"),
    why="Strict clients refuse every certificate below it, others do not look: the same device works with one client "
    "and not with the next.",
    action="Have the CA's certificate made again with `keyCertSign` (with the same key, so that what it signed stays "
    "good), and put it into the chains.",
    references=("RFC 5280 4.2.1.3", "RFC 5280 6.1.4 (n)"),
    examples=(
        Example(
            "fires",
            "It may not.",
            below("digitalSignature"),
            Finds(Severity.LOW, "a CA that may not sign certificates"),
            about="ca",
        ),
        Example("silent", "It may.", below("keyCertSign"), Verdict.PASS, about="ca"),
        Example("silent-leaf", "No CA's.", below("keyCertSign"), Verdict.NOT_APPLICABLE),
        Example("unknown", "Not readable.", below(damage="lost_extension"), Verdict.UNKNOWN, about="ca"),
        Example("boundary", "It does not say.", below(), Verdict.PASS, about="ca"),
    ),
)
