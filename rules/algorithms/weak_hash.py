"""weak-hash: a certificate on the path is signed over a hash for which collisions can be made."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict, presented
from rules.sql import MATTERS_ON_PATH

# These algorithms have a hash built in and name none. Another that names none, or one by number only, is unknown.
BUILT_IN = "match(signature_algorithm, '^(Ed25519|Ed448|ML-DSA-.*|SLH-DSA-.*)$')"
WEAK = "transform(signature_hash, ['sha1', 'md5', 'md4', 'md2'], ['SHA-1', 'MD5', 'MD4', 'MD2'], '')"

LEAF = CertificateRecipe(issuer="ca")
ROOT = CertificateRecipe(name="root", key="rsa2048", is_ca=True)
CA = CertificateRecipe(name="ca", issuer="root", key="rsa2048", is_ca=True)
SHA1, MD5 = CertificateRecipe(issuer="ca", hash="sha1"), CertificateRecipe(issuer="ca", hash="md5")
SHA1_CA = CertificateRecipe(name="ca", issuer="root", key="rsa2048", is_ca=True, hash="sha1")
SHA1_ROOT = CertificateRecipe(name="root", key="rsa2048", is_ca=True, hash="sha1")
SELF_MADE = CertificateRecipe(key="rsa1024", hash="sha1")
ED25519, UNKNOWN = CertificateRecipe(key="ed25519"), CertificateRecipe(damage="unknown_signature")
BY_SHA1, BY_MD5 = Finds(Severity.HIGH, "signed with SHA-1"), Finds(Severity.HIGH, "signed with MD5")

RULE = Rule(
    id="weak-hash",
    title=f"concat('signed with ', {WEAK})",
    summary="A leaf or intermediate certificate is signed with SHA-1, MD5 or an older hash.",
    subject=Subject.CERTIFICATE,
    severity=Severity.HIGH,
    # The signature of a root is never checked. A leaf counts whoever signed it: on a self-signed one the hash protects
    # nothing, but clients that refuse SHA-1 refuse it there too, and it shows what the device goes on making.
    applies=MATTERS_ON_PATH,
    fails=f"""multiIf(
        {WEAK} != '', true,
        match(signature_hash, '^[0-9.]+$'), NULL,
        signature_hash IS NOT NULL OR {BUILT_IN}, false,
        NULL)""",
    evidence=("subject", "issuer", "signature_algorithm", "signature_hash", "tbs_signature_hash", "not_after"),
    why="Whoever can make two texts with one hash can take the signature of a harmless certificate over to a forged "
    "one. For MD5 and SHA-1 this has been done; current software refuses both.",
    action="Have it issued again with SHA-256. If the issuer can't, replace the issuer: all it signs is weak.",
    references=("RFC 6151", "RFC 6194", "RFC 8446 4.4.2.4", "CA/Browser Forum Baseline Requirements 7.1.3.2"),
    examples=(
        Example("fires", "SHA-1 under a leaf.", presented(SHA1, CA, ROOT), BY_SHA1),
        Example("fires-md5", "MD5 under a leaf.", presented(MD5, CA, ROOT), BY_MD5),
        Example(
            "fires-intermediate",
            "The leaf is fine, its CA is not.",
            presented(LEAF, SHA1_CA, ROOT),
            BY_SHA1,
            about="ca",
        ),
        Example("fires-self-signed", "A device's own certificate.", presented(SELF_MADE), BY_SHA1),
        Example("silent", "SHA-256.", presented(LEAF, CA, ROOT), Verdict.PASS),
        Example("silent-ed25519", "Ed25519 has a sound hash built in.", presented(ED25519), Verdict.PASS),
        Example("unknown", "Nobody knows this algorithm.", presented(UNKNOWN), Verdict.UNKNOWN),
        Example(
            "boundary",
            "A SHA-1 root above the chain it anchors: its signature is never checked.",
            presented(LEAF, CA, SHA1_ROOT),
            Verdict.NOT_APPLICABLE,
            about="root",
        ),
        Example("boundary-ca", "The intermediate below it.", presented(LEAF, CA, SHA1_ROOT), Verdict.PASS, about="ca"),
    ),
)
