"""sha1-handshake-signature: a server signs its key exchange over SHA-1 or MD5."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Rule, Severity, Subject, Verdict
from rules.suites import SIGNED

# The first octet is the hash (RFC 5246 7.4.1.4.1): 1 MD5, 2 SHA-1. Two of these names are TLS 1.3's.
BROKEN = "m.code >= 0x0100 AND m.code < 0x0300"

DEVICE = CertificateRecipe(key="rsa2048")
OLD = ExampleSession(server_chain=(DEVICE,), version="TLSv1.1", suite=0xC013)
HALF = ExampleSession(server_chain=(DEVICE,), ends_after="certificate")
STATIC = ExampleSession(server_chain=(DEVICE,), suite=0x009C)


def signs(scheme: int) -> tuple[ExampleSession, ...]:
    """One handshake with this scheme."""
    return (ExampleSession(server_chain=(DEVICE,), signed=scheme),)


RULE = Rule(
    id="sha1-handshake-signature",
    title=f"concat('signs handshakes with ', arrayStringConcat(arrayMap(m -> m.name, arrayFilter(m -> {BROKEN}, "
    "signature_schemes)), ', '))",
    summary="A server signed its key exchange in TLS 1.2 over SHA-1 or MD5.",
    subject=Subject.ENDPOINT,
    severity=Severity.MEDIUM,
    # Versions before TLS 1.2 sign over both hashes and have no choice: that is old-tls. TLS 1.3 knows neither.
    applies=f"has(versions, 'TLSv1.2') AND arrayExists(m -> m.code IN {list(SIGNED)}, cipher_suites)",
    fails=f"multiIf(arrayExists(m -> {BROKEN}, signature_schemes), true, empty(signature_schemes), NULL, false)",
    evidence=("signature_schemes.name AS schemes", "cipher_suites.name AS suites", "server_names", "sessions"),
    why="With these hashes a handshake can be forged between two who trust each other, and current software refuses "
    "them: "
    "some day the clients are updated and the device goes silent.",
    action="Update the device, or allow SHA-256 signatures in its settings. If only one client gets SHA-1, it is that "
    "client which asks for nothing better.",
    references=("RFC 9155", "RFC 8446 4.2.3"),
    examples=(
        Example(
            "fires", "RSA with SHA-1.", signs(0x0201), Finds(Severity.MEDIUM, "signs handshakes with rsa_pkcs1_sha1")
        ),
        Example("fires-md5", "RSA with MD5.", signs(0x0101), Finds(Severity.MEDIUM, "signs handshakes with md5 rsa")),
        Example(
            "fires-once",
            "Once of two times.",
            signs(0x0401) + signs(0x0203),
            Finds(Severity.MEDIUM, "signs handshakes with ecdsa_sha1"),
        ),
        Example("silent", "SHA-256.", signs(0x0401), Verdict.PASS),
        Example("silent-old", "TLS 1.1 has no choice.", (OLD,), Verdict.NOT_APPLICABLE),
        Example("silent-static", "RSA key transport signs nothing.", (STATIC,), Verdict.NOT_APPLICABLE),
        Example("unknown", "The capture ends before the signature.", (HALF,), Verdict.UNKNOWN),
        Example("boundary", "SHA-224 is the next.", signs(0x0301), Verdict.PASS),
    ),
)
