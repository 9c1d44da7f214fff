"""ca-as-leaf: a device presents, as its own, a certificate that may sign others."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Grade, Rule, Severity, Subject, Verdict, presented
from rules.sql import SELF_SIGNED

ROOT = CertificateRecipe(name="root", is_ca=True)
SUB = CertificateRecipe(name="sub", issuer="root", is_ca=True)
LEAF, OWN = CertificateRecipe(issuer="root"), CertificateRecipe(is_ca=True)

RULE = Rule(
    id="ca-as-leaf",
    title="'a CA''s certificate on a device'",
    summary="A server or client presents a CA's certificate as its own.",
    subject=Subject.CERTIFICATE,
    severity=(Grade(f"NOT {SELF_SIGNED}", Severity.MEDIUM), Grade("true", Severity.LOW)),
    applies="presented_as_leaf",
    fails="is_ca",
    evidence=("subject", "issuer", "is_ca", "path_length", "key_usage", "self_signed", "not_after"),
    why="The key of a CA lies on a device: who takes the device can issue certificates for anything, and all who trust "
    "that CA will believe them.",
    action="Give the device a certificate that is no CA's. If it made this one itself, do not let clients trust it as "
    "a CA; if your CA signed it, revoke it.",
    references=("RFC 5280 4.2.1.9", "CA/Browser Forum Baseline Requirements 7.1.2.7"),
    examples=(
        Example(
            "fires", "Signed by a CA.", presented(SUB, ROOT), Finds(Severity.MEDIUM, "a CA's certificate on a device")
        ),
        Example("fires-own", "Self-made.", presented(OWN), Finds(Severity.LOW, "a CA's certificate on a device")),
        Example("silent", "A leaf.", presented(LEAF, ROOT), Verdict.PASS),
        Example(
            "unknown",
            "Nobody knows what it is.",
            presented(CertificateRecipe(damage="lost_extension")),
            Verdict.UNKNOWN,
        ),
        Example(
            "boundary", "Above a leaf it is in its place.", presented(LEAF, ROOT), Verdict.NOT_APPLICABLE, about="root"
        ),
    ),
)
