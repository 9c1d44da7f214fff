"""zone-hash-not-allowed: a certificate is signed over a hash that its zone of the policy does not allow."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Parameter, Rule, Severity, Subject, Verdict, presented
from rules.sql import MATTERS_ON_PATH
from rules.zones import of_holders, zones_of

ZONES = zones_of("hashes Array(String)")
HERE = of_holders(ZONES)
BUILT_IN = "match(signature_algorithm, '^(Ed25519|Ed448|ML-DSA-.*|SLH-DSA-.*)$')"
BROKEN = f"arrayFirst(zone -> notEmpty(zone.hashes) AND NOT has(zone.hashes, signature_hash), {HERE})"

STRICT = (("zones", (("plant", ("10.0.0.0/24",), (), (), ("sha384", "sha512")),)),)


def signed(hash_name: str, key: str = "rsa2048") -> tuple[CertificateRecipe, ...]:
    """Give a chain of one, signed with this hash."""
    return (CertificateRecipe(issuer="ca", hash=hash_name), CertificateRecipe(name="ca", key=key, is_ca=True))


RULE = Rule(
    id="zone-hash-not-allowed",
    title=f"concat('signed with ', signature_hash, ', which zone ', {BROKEN}.name, ' does not allow')",
    summary="A certificate is signed with a hash that its zone of the policy does not allow.",
    subject=Subject.CERTIFICATE,
    severity=Severity.MEDIUM,
    # What `weak-hash` says already is not said again.
    applies=f"""{MATTERS_ON_PATH} AND arrayExists(zone -> notEmpty(zone.hashes), {HERE})
        AND NOT ifNull(has({{weak:Array(String)}}, signature_hash), false)""",
    fails=f"""multiIf(
        {BUILT_IN}, false,
        signature_hash IS NULL OR match(signature_hash, '^[0-9.]+$'), NULL,
        arrayExists(zone -> notEmpty(zone.hashes) AND NOT has(zone.hashes, signature_hash), {HERE}))""",
    evidence=("subject", "issuer", "signature_algorithm", "signature_hash", f"{BROKEN}.name AS zone", "not_after"),
    why="The policy says which hashes are good enough here; a certificate with another one was made past it.",
    action="Have the certificate issued again with a hash that the zone allows, and set the issuer's template to it.",
    references=("NIST SP 800-57 part 1", "IEC 62443-3-3 SR 4.3"),
    parameters=(
        Parameter("zones", ZONES, (), "zones", "Zones of the policy: hashes that are allowed."),
        Parameter("weak", "Array(String)", ("sha1", "md5", "md4", "md2"), "hashes", "These are left to weak-hash."),
    ),
    examples=(
        Example(
            "fires",
            "SHA-256 where SHA-384 is the least.",
            presented(*signed("sha256")),
            Finds(Severity.MEDIUM, "signed with sha256, which zone plant does not allow"),
            parameters=STRICT,
        ),
        Example("silent", "SHA-384.", presented(*signed("sha384")), Verdict.PASS, parameters=STRICT),
        Example(
            "silent-built-in",
            "Ed25519 has a hash built in.",
            presented(CertificateRecipe(key="ed25519")),
            Verdict.PASS,
            parameters=STRICT,
        ),
        Example("silent-weak", "weak-hash's.", presented(*signed("sha1")), Verdict.NOT_APPLICABLE, parameters=STRICT),
        Example("silent-no-policy", "Nobody demands.", presented(*signed("sha256")), Verdict.NOT_APPLICABLE),
        Example(
            "unknown",
            "Its signature algorithm is not known.",
            presented(CertificateRecipe(damage="unknown_signature")),
            Verdict.UNKNOWN,
            parameters=STRICT,
        ),
        Example(
            "boundary", "The last of the allowed ones.", presented(*signed("sha512")), Verdict.PASS, parameters=STRICT
        ),
    ),
)
