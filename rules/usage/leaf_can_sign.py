"""leaf-can-sign: a certificate that is no CA's may sign certificates."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict, presented


def may(*usage: str, is_ca: bool = False, damage: str | None = None) -> CertificateRecipe:
    """Give a certificate with this key usage."""
    return CertificateRecipe(key_usage=usage, is_ca=is_ca, damage=damage)


FINDS = Finds(Severity.LOW, "may sign certificates, and is no CA's")

RULE = Rule(
    id="leaf-can-sign",
    title="'may sign certificates, and is no CA''s'",
    summary="A certificate's key usage allows it to sign certificates, but it is not a CA's.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    applies="NOT is_ca",
    fails="can_sign_certificates",
    evidence=("subject", "issuer", "key_usage", "is_ca", "not_after"),
    why="It says two things that exclude each other. Strict clients refuse it; careless ones accept what its key "
    "signs, so that a stolen device could issue certificates.",
    action="Have the next one made without `keyCertSign`, and mend the template it comes from.",
    references=("RFC 5280 4.2.1.3", "RFC 5280 4.2.1.9"),
    examples=(
        Example("fires", "It may.", presented(may("digitalSignature", "keyCertSign")), FINDS),
        Example("silent", "It may not.", presented(may("digitalSignature")), Verdict.PASS),
        Example("silent-ca", "A CA's.", presented(may("keyCertSign", is_ca=True)), Verdict.NOT_APPLICABLE),
        Example("unknown", "Not readable.", presented(may(damage="lost_extension")), Verdict.UNKNOWN),
        Example("boundary", "Lists of what is revoked are something else.", presented(may("cRLSign")), Verdict.PASS),
        Example("boundary-absent", "It does not say.", presented(may()), Verdict.PASS),
    ),
)
