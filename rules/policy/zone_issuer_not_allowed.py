"""zone-issuer-not-allowed: a certificate was issued by somebody whom its zone of the policy does not allow."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Parameter, Rule, Severity, Subject, Verdict, presented
from rules.zones import of_holders, zones_of

ZONES = zones_of("issuers Array(String), issuer_keys Array(String)")
HERE = of_holders(ZONES)
# Known by a verified signature only.
ISSUER_KEY = "if(self_signed, lower(hex(spki_sha256)), if(issuer_key_seen, issuer_key, NULL))"
STRANGE = f"""multiIf(
    empty(zone.issuers) AND empty(zone.issuer_keys) OR ifNull(has(zone.issuers, issuer), false), false,
    empty(zone.issuer_keys), if(issuer IS NULL, NULL, true),
    if({ISSUER_KEY} IS NULL, NULL, NOT has(zone.issuer_keys, {ISSUER_KEY})))"""
BROKEN = f"arrayFirst(zone -> ifNull({STRANGE}, false), {HERE})"
STATES = f"arrayMap(zone -> {STRANGE}, {HERE})"

CA, LAB = CertificateRecipe(name="ca", is_ca=True), CertificateRecipe(name="lab", is_ca=True)
LEAF, STRAY = CertificateRecipe(issuer="ca"), CertificateRecipe(issuer="lab")
OWN = CertificateRecipe(name="own")
SEEN_CA = CertificateRecipe(name="plant ca", is_ca=True)
UNSEEN = presented(CertificateRecipe(issuer="unseen ca"), hidden=(CertificateRecipe(name="unseen ca", is_ca=True),))
OF_SEEN_CA = presented(CertificateRecipe(issuer="plant ca"), SEEN_CA)
# SHA-256 of the public keys that belong to the names `own` and `plant ca`, as `cryptography` computes it.
OWN_KEY = "5d8e4d18ec7f86788413eb87e1e9b7d1960a32592dfa8c34f0e4a2b263d79db2"
SEEN_CA_KEY = "5603690358d08124e40bbf41460c3a55571b5b877a5c53064f0bf913bd4180aa"
BY_NAME = (("zones", (("plant", ("10.0.0.0/24",), (), (), ("CN=ca",), ()),)),)
BY_KEY = (("zones", (("plant", ("10.0.0.0/24",), (), (), (), (OWN_KEY,)),)),)
BY_CA_KEY = (("zones", (("plant", ("10.0.0.0/24",), (), (), (), (SEEN_CA_KEY,)),)),)
FOUND = Finds(Severity.MEDIUM, "issued by CN=lab, whom zone plant does not allow")

RULE = Rule(
    id="zone-issuer-not-allowed",
    title=f"concat('issued by ', if(self_signed, 'itself', ifNull(nullIf(issuer, ''), 'nobody named')), "
    f"', whom zone ', {BROKEN}.name, ' does not allow')",
    summary="A certificate's issuer is none of those that its zone of the policy allows.",
    subject=Subject.CERTIFICATE,
    severity=Severity.MEDIUM,
    applies=f"presented_as_leaf AND arrayExists(zone -> notEmpty(zone.issuers) OR notEmpty(zone.issuer_keys), {HERE})",
    fails=f"multiIf(has({STATES}, 1), true, has({STATES}, NULL), NULL, false)",
    evidence=("subject", "issuer", "self_signed", f"{BROKEN}.name AS zone", "not_after"),
    why="The policy says who may issue certificates here; this one came from somewhere else.",
    action="Find out who issued it and why. Issue one of an allowed authority instead, or add the issuer to the zone.",
    references=("NIST SP 1800-16B", "IEC 62443-3-3 SR 1.8"),
    parameters=(Parameter("zones", ZONES, (), "zones", "Zones of the policy: issuers by name, by hash of their key."),),
    examples=(
        Example("fires", "Another issuer.", presented(STRAY, hidden=(LAB,)), FOUND, parameters=BY_NAME),
        Example(
            "fires-key",
            "Self-signed with another key.",
            presented(CertificateRecipe()),
            Finds(Severity.MEDIUM, "issued by itself, whom zone plant does not allow"),
            parameters=BY_KEY,
        ),
        Example("silent", "An allowed name.", presented(LEAF, hidden=(CA,)), Verdict.PASS, parameters=BY_NAME),
        Example("silent-key", "An allowed key.", presented(OWN), Verdict.PASS, parameters=BY_KEY),
        Example("silent-ca-key", "Signed by an allowed key.", OF_SEEN_CA, Verdict.PASS, parameters=BY_CA_KEY),
        Example(
            "fires-ca-key",
            "Signed by a key that is not allowed, whatever its name.",
            OF_SEEN_CA,
            Finds(Severity.MEDIUM, "issued by CN=plant ca, whom zone plant does not allow"),
            parameters=BY_KEY,
        ),
        Example("silent-no-policy", "Anyone may.", presented(STRAY, hidden=(LAB,)), Verdict.NOT_APPLICABLE),
        Example("unknown", "The key of the issuer was never seen.", UNSEEN, Verdict.UNKNOWN, parameters=BY_KEY),
        Example(
            "boundary",
            "The name to the letter: another case is another name.",
            presented(LEAF, hidden=(CA,)),
            Finds(Severity.MEDIUM, "issued by CN=ca, whom zone plant does not allow"),
            parameters=(("zones", (("plant", ("10.0.0.0/24",), (), (), ("CN=Ca",), ()),)),),
        ),
    ),
)
