"""bad-exponent: the public exponent of an RSA key is 1, even, too small or absurdly long."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Grade, Rule, Severity, Subject, Verdict, presented

EVEN = "substring(key_exponent, -1) IN ('0', '2', '4', '6', '8')"
LONG = "length(key_exponent) > 78"  # digits of 2 to the 256th


def key(exponent: int) -> CertificateRecipe:
    """Give a certificate whose key has this exponent, signed by a sound one."""
    return CertificateRecipe(key=f"rsa1024-e{exponent}", issuer="ca")


CA = CertificateRecipe(name="ca", is_ca=True)
HUGE = CertificateRecipe(key="rsa1024", damage="huge_exponent", issuer="ca")

RULE = Rule(
    id="bad-exponent",
    title=f"""multiIf(
        key_exponent = '1', 'RSA exponent of 1: signatures prove nothing',
        {EVEN}, 'RSA exponent that is even: no private key belongs to it',
        {LONG}, concat('RSA exponent of ', toString(length(key_exponent)), ' digits'),
        concat('RSA exponent of ', key_exponent, ', below 65537'))""",
    summary="An RSA public exponent that is 1, even, below 65537, or longer than 256 bits.",
    subject=Subject.KEY,
    severity=(
        Grade("key_exponent = '1'", Severity.CRITICAL),
        Grade(EVEN, Severity.MEDIUM),
        Grade("true", Severity.LOW),
    ),
    applies="key_algorithm = 'RSA'",
    fails=f"{EVEN} OR {LONG} OR length(key_exponent) < 5 OR (length(key_exponent) = 5 AND key_exponent < '65537')",
    evidence=("subjects", "key_exponent", "key_bits", "lower(hex(spki_sha256)) AS spki_sha256"),
    why="With an exponent of 1 anybody can sign as this device. With an even one the key cannot work at all, so it was "
    "written wrongly. 3 and its like break when software pads carelessly, and many programs refuse long ones.",
    action="Make a new key with the exponent 65537, which every tool takes unless told otherwise.",
    references=("CA/Browser Forum Baseline Requirements 6.1.6", "NIST SP 800-56B", "FIPS 186-5"),
    examples=(
        Example("fires", "3.", presented(key(3), CA), Finds(Severity.LOW, "RSA exponent of 3, below 65537")),
        Example(
            "fires-one",
            "1: the signature is the message.",
            presented(key(1), CA),
            Finds(Severity.CRITICAL, "RSA exponent of 1: signatures prove nothing"),
        ),
        Example(
            "fires-even",
            "4.",
            presented(key(4), CA),
            Finds(Severity.MEDIUM, "RSA exponent that is even: no private key belongs to it"),
        ),
        Example(
            "fires-long",
            "Of 265 bits.",
            presented(key(2**264 + 1), CA),
            Finds(Severity.LOW, "RSA exponent of 80 digits"),
        ),
        Example("silent", "65537.", presented(CertificateRecipe(key="rsa1024")), Verdict.PASS),
        Example("unknown", "An exponent too long to write out.", presented(HUGE, CA), Verdict.UNKNOWN),
        Example("boundary", "65539 is above it.", presented(key(65539), CA), Verdict.PASS),
        Example(
            "boundary-below",
            "65535 is not.",
            presented(key(65535), CA),
            Finds(Severity.LOW, "RSA exponent of 65535, below 65537"),
        ),
    ),
)
