"""missing-intermediate: a server or client does not send a CA that its chain needs."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Rule, Severity, Subject, Verdict, presented

ROOT = CertificateRecipe(name="mi-root", is_ca=True)
CA = CertificateRecipe(name="mi-ca", issuer="mi-root", is_ca=True)
BARE = CertificateRecipe(name="mi-bare", issuer="mi-ca")
WHOLE = CertificateRecipe(name="mi-whole", issuer="mi-ca")
BELOW = CertificateRecipe(name="mi-below", issuer="mi-root")
ALONE = CertificateRecipe(name="mi-alone", issuer="mi-far")
FAR = CertificateRecipe(name="mi-far", is_ca=True)
OTHER = ExampleSession(server_chain=(WHOLE, CA, ROOT), server="10.0.0.11:443")

RULE = Rule(
    id="missing-intermediate",
    title="'an intermediate CA is not sent'",
    summary="A chain was sent without a CA certificate that lies between it and its root.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    applies="presented_as_leaf AND signer != 'self'",
    # The root may be left out (RFC 8446 4.4.2). Where the issuer was never seen, nobody knows whether it is a root.
    fails="chain_lacks",
    evidence=("subject", "issuer", "class", "chain_lacking", "path"),
    why="A peer that does not hold the missing CA refuses the connection, and another accepts it: faults that "
    "come and go and are hard to find.",
    action="Configure the full chain: the certificate, then each CA up to the root, the root left out.",
    references=("RFC 8446 4.4.2", "RFC 5246 7.4.2"),
    examples=(
        Example(
            "fires",
            "The CA is known from another server, this one does not send it.",
            (ExampleSession(server_chain=(BARE,), hidden=(CA, ROOT)), OTHER),
            Finds(Severity.LOW, "an intermediate CA is not sent"),
        ),
        Example("silent", "All of the chain is sent.", (OTHER,), Verdict.PASS),
        Example("unknown", "Its issuer was never seen.", presented(ALONE, hidden=(FAR,)), Verdict.UNKNOWN),
        Example(
            "boundary",
            "Only the root is left out, as it may be.",
            (ExampleSession(server_chain=(BELOW,), hidden=(ROOT,)), OTHER),
            Verdict.PASS,
        ),
    ),
)
