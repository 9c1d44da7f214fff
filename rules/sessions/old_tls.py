"""old-tls: an endpoint negotiates a version of TLS, or SSL, that has been retired."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Rule, Severity, Subject, Verdict

DEVICE = CertificateRecipe(key="rsa2048")


def speaks(version: str) -> ExampleSession:
    """One handshake of this version."""
    return ExampleSession(server_chain=(DEVICE,), version=version)


ONE_WAY = ExampleSession(server_chain=(DEVICE,), version="TLSv1.0", mirrored="client")
UNANSWERED = ExampleSession(version="TLSv1.0", ends_after="client_hello")

RULE = Rule(
    id="old-tls",
    title="concat('negotiates ', weakest_version)",
    summary="An endpoint negotiated a version before TLS 1.2.",
    subject=Subject.ENDPOINT,
    severity=Severity.MEDIUM,
    applies="answered",  # a server that never answered has negotiated nothing
    # One old handshake is enough, and no number of newer ones makes up for it. Known only where a ServerHello was seen.
    fails="weakest_version_code < 0x0303",
    evidence=("versions", "weakest_version", "latest_version", "server_names", "sessions"),
    why="SSL and TLS before 1.2 can be attacked in known ways, are forbidden by their own makers, and current software "
    "no longer speaks them: some day the clients are updated and the device goes silent.",
    action="Switch the old versions off in the server's settings, after checking which clients still use them. If the "
    "device knows nothing newer, update it or put a TLS proxy before it.",
    references=("RFC 8996", "RFC 7568", "RFC 6176", "RFC 9325 3.1.1"),
    examples=(
        Example("fires", "TLS 1.0.", (speaks("TLSv1.0"),), Finds(Severity.MEDIUM, "negotiates TLSv1.0")),
        Example("fires-ssl", "SSL 3.0.", (speaks("SSLv3"),), Finds(Severity.MEDIUM, "negotiates SSLv3")),
        Example(
            "fires-mixed",
            "One old handshake among new ones.",
            (speaks("TLSv1.3"), speaks("TLSv1.1"), speaks("TLSv1.2")),
            Finds(Severity.MEDIUM, "negotiates TLSv1.1"),
        ),
        Example("silent", "TLS 1.3.", (speaks("TLSv1.3"),), Verdict.PASS),
        Example("silent-unanswered", "A client asked, nothing answered.", (UNANSWERED,), Verdict.NOT_APPLICABLE),
        Example("unknown", "Only the client's side is mirrored.", (ONE_WAY,), Verdict.UNKNOWN),
        Example("boundary", "TLS 1.2 is the oldest that is not retired.", (speaks("TLSv1.2"),), Verdict.PASS),
    ),
)
