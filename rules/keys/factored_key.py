"""factored-key: an RSA modulus shares a prime with another one, so both are factored."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Rule, Severity, Subject, Verdict, presented


def device(name: str, key: str, address: str = "10.0.0.10:443", damage: str | None = None) -> ExampleSession:
    """One device that presents a certificate of the vendor's CA."""
    leaf = CertificateRecipe(name=name, key=key, issuer="ca", damage=damage)
    return ExampleSession((leaf, CertificateRecipe(name="ca", is_ca=True)), server=address)


PAIR = (device("meter-1", "rsa1024-shared"), device("meter-2", "rsa1024-shared", "10.0.0.11:443"))

RULE = Rule(
    id="factored-key",
    title="""concat('RSA key is factored: it shares a prime with ', multiIf(
        NOT ifNull(shares_prime, false), 'keys that are known to the world',
        shares_prime_count = 1, '1 other key seen here',
        concat(toString(shares_prime_count), ' other keys seen here')))""",
    summary="An RSA key shares a prime with another key, of this network or known to the world: both are factored.",
    subject=Subject.KEY,
    severity=Severity.CRITICAL,
    applies="key_algorithm = 'RSA'",
    fails="""multiIf(
        ifNull(shares_prime, false) OR has(weaknesses, 'known-prime'), true,
        shares_prime IS NULL OR NOT weaknesses_known, NULL,
        false)""",
    evidence=(
        "subjects",
        "key_bits",
        "factor_p",
        "factor_q",
        "shares_prime_with",
        "lower(hex(spki_sha256)) AS spki_sha256",
    ),
    why="Two devices made their keys from the same bad randomness, as small ones do right after they start. "
    "One division of the two public keys gives both private ones, to anybody.",
    action="Update the firmware of all devices named, then replace their keys: a device that makes its key again from "
    "the same randomness makes the same fault.",
    references=("NIST SP 800-57 part 1", "NIST SP 800-131A"),
    examples=(
        Example(
            "fires",
            "Two devices whose moduli have a prime in common.",
            PAIR,
            Finds(Severity.CRITICAL, "RSA key is factored: it shares a prime with 1 other key seen here"),
        ),
        Example("silent", "A key of its own.", presented(CertificateRecipe(key="rsa1024")), Verdict.PASS),
        Example("silent-ec", "Elliptic curves have no primes.", presented(CertificateRecipe()), Verdict.NOT_APPLICABLE),
        Example(
            "unknown", "The modulus cannot be read.", (device("lock", "rsa1024", damage="bad_key"),), Verdict.UNKNOWN
        ),
        Example(
            "boundary",
            "The same modulus in two certificates is one key, which shares with no other.",
            (device("pump-1", "rsa1024@pump"), device("pump-2", "rsa1024@pump", "10.0.0.11:443")),
            Verdict.PASS,
        ),
    ),
)
