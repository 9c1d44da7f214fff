"""weak-key: the public key of a presented certificate is too short."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Grade, Parameter, Rule, Severity, Subject, Verdict, presented

# Of a known strength without looking at a length. Any other algorithm that is not named below is unknown.
SOUND = "match(key_algorithm, '^(Ed25519|Ed448|X25519|X448|ML-DSA-.*|ML-KEM-.*|SLH-DSA-.*)$')"
FACTORING = "key_algorithm IN ('RSA', 'DSA')"

LEAF = CertificateRecipe(issuer="ca")
WEAK_CA = CertificateRecipe(name="ca", key="rsa1024", is_ca=True)
UNREADABLE, UNHEARD_OF = CertificateRecipe(damage="bad_key"), CertificateRecipe(damage="unknown_key")


def key(kind: str) -> CertificateRecipe:
    """Give a certificate with this kind of key."""
    return CertificateRecipe(key=kind)


RULE = Rule(
    id="weak-key",
    title="concat(key_algorithm, ' key of ', toString(key_bits), ' bits')",
    summary="An RSA or DSA key below 2048 bits, or an elliptic curve below 224 bits.",
    subject=Subject.CERTIFICATE,
    severity=(
        Grade(f"{FACTORING} AND key_bits < {{broken_bits:UInt32}}", Severity.HIGH),
        Grade("true", Severity.MEDIUM),
    ),
    applies="true",  # roots too: whoever factors the key of a root issues what they like
    fails=f"""multiIf(
        {FACTORING}, key_bits < {{rsa_bits:UInt32}},
        key_algorithm = 'EC', key_bits < {{ec_bits:UInt32}},
        {SOUND}, false,
        NULL)""",
    evidence=("subject", "issuer", "key_algorithm", "key_bits", "key_curve", "spki_sha256", "is_ca", "not_after"),
    why="Who computes the private key from such a short public one is this device to everybody. 512 bits take an "
    "afternoon, 768 have been done; 1024 are within reach of those who can pay.",
    action="Make a new key on the device (RSA 2048 or longer, or P-256) and have a certificate issued for it.",
    references=("NIST SP 800-131A", "NIST SP 800-57 part 1", "RFC 9325 4.5"),
    parameters=(
        Parameter("rsa_bits", "UInt32", 2048, "bits", "Shorter RSA and DSA keys are weak."),
        Parameter("ec_bits", "UInt32", 224, "bits", "Elliptic curves over smaller fields are weak."),
        Parameter("broken_bits", "UInt32", 1024, "bits", "Shorter RSA and DSA keys can be broken: severity high."),
    ),
    examples=(
        Example("fires", "512 bits.", presented(key("rsa512")), Finds(Severity.HIGH, "RSA key of 512 bits")),
        Example("fires-1024", "1024 bits.", presented(key("rsa1024")), Finds(Severity.MEDIUM, "RSA key of 1024 bits")),
        Example(
            "fires-dsa", "DSA likewise.", presented(key("dsa1024")), Finds(Severity.MEDIUM, "DSA key of 1024 bits")
        ),
        Example("fires-ec", "A small curve.", presented(key("p192")), Finds(Severity.MEDIUM, "EC key of 192 bits")),
        Example(
            "fires-root",
            "A root that is sent along counts.",
            presented(LEAF, WEAK_CA),
            Finds(Severity.MEDIUM, "RSA key of 1024 bits"),
            about="ca",
        ),
        Example("silent", "RSA 3072.", presented(key("rsa3072")), Verdict.PASS),
        Example("silent-ed25519", "Ed25519 has one length, and it is enough.", presented(key("ed25519")), Verdict.PASS),
        Example("unknown", "The key's bits are no key.", presented(UNREADABLE), Verdict.UNKNOWN),
        Example("unknown-algorithm", "Nobody knows this kind.", presented(UNHEARD_OF), Verdict.UNKNOWN),
        Example("boundary", "2048 bits are enough.", presented(key("rsa2048")), Verdict.PASS),
        Example(
            "boundary-below", "2047 are not.", presented(key("rsa2047")), Finds(Severity.MEDIUM, "RSA key of 2047 bits")
        ),
        Example("boundary-broken", "1023.", presented(key("rsa1023")), Finds(Severity.HIGH, "RSA key of 1023 bits")),
        Example("boundary-ec", "P-224.", presented(key("p224")), Verdict.PASS),
    ),
)
