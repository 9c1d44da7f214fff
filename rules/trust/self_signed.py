"""self-signed: a device or client presents, as its own, a certificate that its own key has signed."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict, presented
from rules.sql import SELF_SIGNED

DEVICE = CertificateRecipe()
ISSUED, CA = CertificateRecipe(issuer="ca"), CertificateRecipe(name="ca", is_ca=True)
NAMESAKE = CertificateRecipe(name="namesake", subject="CN=device", is_ca=True)
SIGNED_BY_NAMESAKE = CertificateRecipe(issuer="namesake")
UNVERIFIABLE = CertificateRecipe(damage="unknown_signature")

RULE = Rule(
    id="self-signed",
    title="'self-signed'",
    summary="A leaf certificate is signed with its own key.",
    subject=Subject.CERTIFICATE,
    severity=Severity.MEDIUM,
    applies="presented_as_leaf",  # a root above the leaf is self-signed by nature
    fails=SELF_SIGNED,
    evidence=("subject", "issuer", "self_issued", "self_signed", "is_ca", "not_after"),
    why="Nobody vouches for it: a client must know exactly this certificate beforehand, or take whatever it is shown "
    "and so an impostor's too. It cannot be revoked.",
    action="Issue a certificate of your own CA to the device. If it can't take one, pin its present certificate in its "
    "clients and keep it in a network of its own.",
    references=("RFC 5280 3.2", "NIST SP 800-52r2 3.2"),
    examples=(
        Example(
            "fires",
            "The signature verifies with the certificate's own key.",
            presented(DEVICE),
            Finds(Severity.MEDIUM, "self-signed"),
        ),
        Example("silent", "A CA has signed it.", presented(ISSUED, CA), Verdict.PASS),
        Example(
            "silent-root",
            "A root above the leaf is self-signed by nature.",
            presented(ISSUED, CA),
            Verdict.NOT_APPLICABLE,
            about="ca",
        ),
        Example("unknown", "It names itself, its algorithm is unknown.", presented(UNVERIFIABLE), Verdict.UNKNOWN),
        Example(
            "boundary",
            "Subject and issuer are the same name, but another key has signed.",
            presented(SIGNED_BY_NAMESAKE, hidden=(NAMESAKE,)),
            Verdict.PASS,
        ),
    ),
)
