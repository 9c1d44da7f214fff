"""zone-key-too-short: a certificate is presented in a zone of the policy that demands longer keys."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Parameter, Rule, Severity, Subject, Verdict, presented
from rules.sql import MATTERS_ON_PATH
from rules.zones import of_holders, zones_of

ZONES = zones_of("rsa_bits UInt32, ec_bits UInt32")
HERE = of_holders(ZONES)
FACTORING = "key_algorithm IN ('RSA', 'DSA')"
BITS = "multiIf(key_algorithm IN ('Ed25519', 'X25519'), 256, key_algorithm IN ('Ed448', 'X448'), 456, key_bits)"
WANTED = f"if({FACTORING}, zone.rsa_bits, zone.ec_bits)"
BROKEN = f"arrayFirst(zone -> {BITS} < {WANTED}, {HERE})"
# What `weak-key` says already is not said again; the policy gives its thresholds, zero where it is switched off.
SAID = f"key_bits < multiIf({FACTORING}, {{weak_rsa_bits:UInt32}}, key_algorithm = 'EC', {{weak_ec_bits:UInt32}}, 0)"

PLANT = (("zones", (("plant", ("10.0.0.0/24",), (), (), 3072, 384),)),)
ELSEWHERE = (("zones", (("plant", ("10.0.1.0/24",), (), (), 3072, 384),)),)
SPARED = (("zones", (("lab", ("10.0.0.10/32",), (), (), 0, 0), *PLANT[0][1])),)


def key(kind: str) -> tuple[CertificateRecipe, ...]:
    """Give a chain of one, with this kind of key."""
    return (CertificateRecipe(key=kind),)


SHORT, UNREADABLE = key("rsa2048"), CertificateRecipe(damage="bad_key")


RULE = Rule(
    id="zone-key-too-short",
    title=f"concat(key_algorithm, ' key of ', toString({BITS}), ' bits where zone ', {BROKEN}.name, ' demands ', "
    f"toString(arrayMap(zone -> {WANTED}, [{BROKEN}])[1]))",
    summary="A key is shorter than its zone of the policy demands.",
    subject=Subject.CERTIFICATE,
    severity=Severity.MEDIUM,
    applies=f"""{MATTERS_ON_PATH} AND arrayExists(zone -> zone.rsa_bits > 0 OR zone.ec_bits > 0, {HERE})
        AND NOT ifNull({SAID}, false)""",
    fails=f"""multiIf(
        key_algorithm IN ('RSA', 'DSA', 'EC', 'Ed25519', 'X25519', 'Ed448', 'X448'),
            {BITS} < arrayMax(arrayMap(zone -> {WANTED}, {HERE})),
        match(key_algorithm, '^(ML-DSA|ML-KEM|SLH-DSA)-'), false,
        NULL)""",
    evidence=("subject", "issuer", "key_algorithm", "key_bits", "key_curve", f"{BROKEN}.name AS zone", "not_after"),
    why="The policy says how long keys have to be here, because what they protect outlives shorter ones.",
    action="Make a new key on the device that is as long as the zone demands, and have a certificate issued for it.",
    references=("NIST SP 800-57 part 1", "IEC 62443-3-3 SR 4.3"),
    parameters=(
        Parameter("zones", ZONES, (), "zones", "Zones of the policy: least bits of RSA and DSA keys, of curves."),
        Parameter("weak_rsa_bits", "UInt32", 2048, "bits", "Shorter RSA and DSA keys are left to weak-key."),
        Parameter("weak_ec_bits", "UInt32", 224, "bits", "Smaller curves are left to weak-key."),
    ),
    examples=(
        Example(
            "fires",
            "RSA 2048 where 3072 are demanded.",
            presented(*SHORT),
            Finds(Severity.MEDIUM, "RSA key of 2048 bits where zone plant demands 3072"),
            parameters=PLANT,
        ),
        Example(
            "fires-ed25519",
            "Ed25519 is as strong as a curve of 256 bits.",
            presented(*key("ed25519")),
            Finds(Severity.MEDIUM, "Ed25519 key of 256 bits where zone plant demands 384"),
            parameters=PLANT,
        ),
        Example("silent", "P-384.", presented(*key("p384")), Verdict.PASS, parameters=PLANT),
        Example("silent-weak", "weak-key's.", presented(*key("rsa1024")), Verdict.NOT_APPLICABLE, parameters=PLANT),
        Example("silent-elsewhere", "Not in it.", presented(*SHORT), Verdict.NOT_APPLICABLE, parameters=ELSEWHERE),
        Example("silent-spared", "A zone before it.", presented(*SHORT), Verdict.NOT_APPLICABLE, parameters=SPARED),
        Example("silent-no-policy", "Nobody demands anything.", presented(*SHORT), Verdict.NOT_APPLICABLE),
        Example("unknown", "The key is no key.", presented(UNREADABLE), Verdict.UNKNOWN, parameters=PLANT),
        Example("boundary", "Exactly as long as demanded.", presented(*key("rsa3072")), Verdict.PASS, parameters=PLANT),
    ),
)
