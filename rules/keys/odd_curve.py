"""odd-curve: an elliptic curve that TLS does not name, or one whose numbers are written out."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Parameter, Rule, Severity, Subject, Verdict, presented

NAMED = (
    "secp256r1",
    "secp384r1",
    "secp521r1",
    "brainpoolP256r1",
    "brainpoolP384r1",
    "brainpoolP512r1",
)

RULE = Rule(
    id="odd-curve",
    title="if(key_curve = 'explicit', 'elliptic curve whose numbers are written out', "
    "concat('elliptic curve ', key_curve, ', which TLS does not use for certificates'))",
    summary="An elliptic curve of at least 224 bits that is none of those TLS names for certificates.",
    subject=Subject.KEY,
    severity=Severity.LOW,
    # shorter ones are weak-key's; a standard curve with its own generator is breakable-key's
    applies="key_algorithm = 'EC' AND ifNull(key_bits, 224) >= 224 AND NOT has(weaknesses, 'own-generator')",
    fails="if(key_curve IS NULL, NULL, NOT has({curves:Array(String)}, key_curve))",
    evidence=("subjects", "key_curve", "key_bits", "lower(hex(spki_sha256)) AS spki_sha256"),
    why="Many programs cannot check signatures of such a key, so connections fail or are made without a check. Curves "
    "whose numbers are written out have been used to deceive Windows.",
    action="Make a new key on P-256 or P-384 and have a certificate issued for it.",
    references=("RFC 8422 5.1.1", "RFC 5480 2.1.1", "CA/Browser Forum Baseline Requirements 6.1.5"),
    parameters=(Parameter("curves", "Array(String)", NAMED, "names", "Curves that are not odd."),),
    examples=(
        Example(
            "fires",
            "The curve of Bitcoin.",
            presented(CertificateRecipe(key="k256")),
            Finds(Severity.LOW, "elliptic curve secp256k1, which TLS does not use for certificates"),
        ),
        Example(
            "fires-explicit",
            "P-256 written out.",
            presented(CertificateRecipe(key="p256-explicit")),
            Finds(Severity.LOW, "elliptic curve whose numbers are written out"),
        ),
        Example("silent", "P-384.", presented(CertificateRecipe(key="p384")), Verdict.PASS),
        Example("silent-rsa", "RSA has no curve.", presented(CertificateRecipe(key="rsa1024")), Verdict.NOT_APPLICABLE),
        Example("unknown", "No curve is named.", presented(CertificateRecipe(key="p256-nameless")), Verdict.UNKNOWN),
        Example(
            "boundary",
            "P-224 was taken out of TLS.",
            presented(CertificateRecipe(key="p224")),
            Finds(Severity.LOW, "elliptic curve secp224r1, which TLS does not use for certificates"),
        ),
        Example(
            "boundary-weak",
            "192 bits are left to weak-key.",
            presented(CertificateRecipe(key="p192")),
            Verdict.NOT_APPLICABLE,
        ),
    ),
)
