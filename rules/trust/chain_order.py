"""chain-order: certificates are sent that do not belong to the chain, or not in its order."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict, presented

ROOT = CertificateRecipe(name="co-root", is_ca=True)
CA = CertificateRecipe(name="co-ca", issuer="co-root", is_ca=True)
MIXED = CertificateRecipe(name="co-mixed", issuer="co-ca")
LOADED = CertificateRecipe(name="co-loaded", issuer="co-ca")
TIDY = CertificateRecipe(name="co-tidy", issuer="co-ca")
WITH_ROOT = CertificateRecipe(name="co-with-root", issuer="co-ca")
STRAY = CertificateRecipe(name="co-stray", is_ca=True)
ODD = CertificateRecipe(name="co-odd", issuer="co-ca", damage="unknown_signature")

RULE = Rule(
    id="chain-order",
    title="if(chain_extra > 0, 'certificates are sent that do not belong to the chain', "
    "'the chain is sent out of order')",
    summary="A chain was sent with certificates that are not above its leaf, or out of order.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    # Where the named CA did not sign, that is the cause, and told as wrong-issuer.
    applies="presented_as_leaf AND signer != 'wrong' AND NOT coalesce(signer = 'namesake' AND chain_namesake, false)",
    fails="chain_extra > 0 OR chain_misordered",
    evidence=("subject", "issuer", "class", "chain_extra", "chain_misordered", "path"),
    why="Some clients build the chain in the order that was sent and fail; TLS 1.2 demands the order. Stray "
    "certificates cost every handshake bytes, and tell strangers what else there is.",
    action="Write the chain file anew: the certificate first, then each CA above it, nothing else.",
    references=("RFC 5246 7.4.2", "RFC 8446 4.4.2"),
    examples=(
        Example(
            "fires",
            "A CA of another chain is sent along.",
            presented(LOADED, CA, STRAY, hidden=(ROOT,)),
            Finds(Severity.LOW, "certificates are sent that do not belong to the chain"),
        ),
        Example(
            "fires-order",
            "The root stands before the CA that it signed.",
            presented(MIXED, ROOT, CA),
            Finds(Severity.LOW, "the chain is sent out of order"),
        ),
        Example("silent", "Leaf, then its CA.", presented(TIDY, CA, hidden=(ROOT,)), Verdict.PASS),
        Example("unknown", "Nobody can verify who signed.", presented(ODD, CA, hidden=(ROOT,)), Verdict.UNKNOWN),
        Example("boundary", "The root may be sent, last.", presented(WITH_ROOT, CA, ROOT), Verdict.PASS),
    ),
)
