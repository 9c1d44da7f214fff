"""default-name: the name in a certificate is what a program fills in when nobody says anything."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Parameter, Rule, Severity, Subject, Verdict, presented

DEFAULTS = (
    "O=Internet Widgits Pty Ltd",  # openssl req
    "O=Default Company Ltd",  # the same on Red Hat and its kin
    "O=My Company Ltd",
    "O=SomeOrganization",  # mod_ssl as installed there
    "OU=SomeOrganizationalUnit",
    "O=Snake Oil, Ltd",  # samples of mod_ssl
    "OU=Automatically-generated IMAP SSL key",  # Courier
    "OU=Automatically-generated POP3 SSL key",
    "CN=SSL_Self_Signed_Fallback",  # Microsoft SQL Server without a certificate
    "CN=TRAEFIK DEFAULT CERT",
    "CN=Kubernetes Ingress Controller Fake Certificate",
    "O=Acme Co",  # Go's example program, and what was made after it
)
KNOWN = "arrayMap(known -> lower(known), {defaults:Array(String)})"
NAMES = f"arrayFilter(text -> has({KNOWN}, lower(trim(BOTH ' ' FROM text))), subject_attributes)"


def named(subject: str, damage: str | None = None) -> CertificateRecipe:
    """Give a certificate with this subject."""
    return CertificateRecipe(subject=subject, damage=damage)


WIDGITS = named("CN=pump,O=Internet Widgits Pty Ltd,ST=Some-State,C=AU")
FINDS = Finds(Severity.LOW, "its name is a program's default")

RULE = Rule(
    id="default-name",
    title="'its name is a program''s default'",
    summary="A certificate's subject holds what a program fills in when nobody answers its questions.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    applies="presented_as_leaf",
    fails=f"if(subject_attributes_known, notEmpty({NAMES}), NULL)",
    evidence=("subject", "issuer", f"{NAMES} AS defaults", "self_signed", "not_after"),
    why="Nobody decided about this certificate: it was made to get something running. Its key and its end were not "
    "decided about either, and thousands of other machines bear the same name.",
    action="Replace it by a certificate of your own CA with the device's name.",
    references=("NIST SP 1800-16B",),
    parameters=(Parameter("defaults", "Array(String)", DEFAULTS, "attributes", "What programs fill in."),),
    examples=(
        Example("fires", "As openssl proposes.", presented(WIDGITS), FINDS),
        Example("silent", "A name that somebody chose.", presented(named("CN=pump,O=Example Works")), Verdict.PASS),
        Example("unknown", "Not readable.", presented(named("", "broken_name")), Verdict.UNKNOWN),
        Example("boundary", "Case is nothing.", presented(named("CN=pump,O=INTERNET WIDGITS PTY LTD")), FINDS),
        Example("boundary-part", "A company called so.", presented(named("CN=pump,O=Acme Company")), Verdict.PASS),
    ),
)
