"""wrong-issuer: the CA that a certificate names, or that is sent with it, did not sign it."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict, presented

CA = CertificateRecipe(name="wi-ca", is_ca=True)
RIGHT = CertificateRecipe(name="wi-right", issuer="wi-ca")
FORGED = CertificateRecipe(name="wi-forged", issuer="wi-ca", damage="bad_signature")
NAMESAKE = CertificateRecipe(name="wi-old", subject="CN=wi-twin", is_ca=True)
REAL = CertificateRecipe(name="wi-new", subject="CN=wi-twin", is_ca=True)
MIXED = CertificateRecipe(name="wi-mixed", issuer="wi-new")
ODD = CertificateRecipe(name="wi-odd", issuer="wi-ca", damage="unknown_signature")
STRANGER = CertificateRecipe(name="wi-stranger", subject="CN=wi-lone", is_ca=True)
TRUE_CA = CertificateRecipe(name="wi-true", subject="CN=wi-lone", is_ca=True)
LONE = CertificateRecipe(name="wi-lone-leaf", issuer="wi-true")
BY_OTHER = Finds(Severity.HIGH, "not signed by the CA that it names")

RULE = Rule(
    id="wrong-issuer",
    title="'not signed by the CA that it names'",
    summary="The issuer named by a certificate is here, and its key did not make the signature.",
    subject=Subject.CERTIFICATE,
    severity=Severity.HIGH,
    applies="presented_as_leaf AND signer != 'self'",
    # A CA of the same name that nobody sent along may be another generation of it: then the right one was not seen.
    fails="multiIf(signer = 'verified', false, signer = 'wrong', true, "
    "signer = 'namesake' AND chain_namesake, true, NULL)",
    evidence=("subject", "issuer", "authority_key_id", "signer", "class_reason", "not_after"),
    why="No one who checks will accept it. Either somebody forged it, or the wrong CA was configured after a renewal.",
    action="Compare it with what the CA issued. If the CA did not issue it, treat the device as impersonated; else "
    "install the CA certificate that belongs to it. One capture alone may be damaged: look at a second one.",
    references=("RFC 5280 6.1.3", "RFC 5280 4.2.1.1"),
    examples=(
        Example("fires", "A signature with a flipped bit.", presented(FORGED, CA), BY_OTHER),
        Example(
            "fires-twin",
            "A CA of that name is sent, with another key.",
            presented(LONE, STRANGER, hidden=(TRUE_CA,)),
            BY_OTHER,
        ),
        Example("silent", "The CA signed it.", presented(RIGHT, CA), Verdict.PASS),
        Example("unknown", "Its algorithm is unknown.", presented(ODD, CA), Verdict.UNKNOWN),
        Example(
            "boundary",
            "Two CAs of one name are sent; one of them signed.",
            presented(MIXED, REAL, NAMESAKE),
            Verdict.PASS,
        ),
    ),
)
