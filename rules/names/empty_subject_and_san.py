"""empty-subject-and-san: a certificate that names nobody."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict, presented

NOBODY = CertificateRecipe(subject="")
BROKEN = CertificateRecipe(subject="", damage="bad_extension")

RULE = Rule(
    id="empty-subject-and-san",
    title="'names nobody'",
    summary="A certificate has neither a subject nor a subject alternative name.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    applies="presented_as_leaf",
    fails="subject = '' AND san_count = 0",
    evidence=("issuer", "serial", "spki_sha256", "not_after"),
    why="It proves that somebody holds a key, but not who. No list of devices can be kept by it, and no client can "
    "tell the right one from another.",
    action="Find the device by the addresses listed, and have a certificate made with its name as alternative name.",
    references=("RFC 5280 4.1.2.6", "RFC 5280 4.2.1.6"),
    examples=(
        Example("fires", "Nothing.", presented(NOBODY), Finds(Severity.LOW, "names nobody")),
        Example("silent", "It has a subject.", presented(CertificateRecipe()), Verdict.PASS),
        Example("unknown", "Its alternative names cannot be read.", presented(BROKEN), Verdict.UNKNOWN),
        Example(
            "boundary",
            "An alternative name alone is enough.",
            presented(CertificateRecipe(subject="", sans=("dns:device.example",))),
            Verdict.PASS,
        ),
    ),
)
