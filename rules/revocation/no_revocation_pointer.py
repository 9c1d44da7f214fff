"""no-revocation-pointer: a certificate does not say where one can ask whether it has been revoked."""

from __future__ import annotations

from rules.rule import (
    CertificateRecipe,
    Example,
    ExampleSession,
    Finds,
    Parameter,
    Rule,
    Severity,
    Subject,
    Verdict,
    presented,
)
from rules.sql import LIFE, MAY_HAVE_EXTENSIONS, SELF_SIGNED

CRL = "http://ca.example/list.crl"
CA = CertificateRecipe(name="ca", is_ca=True)


def issued(**more: object) -> tuple[ExampleSession, ...]:
    """Give a certificate that a CA signed, from 1 January on."""
    recipe = CertificateRecipe(issuer="ca", not_before="2026-01-01T00:00:00Z", **more)  # type: ignore[arg-type]
    return presented(recipe, hidden=(CA,))


RULE = Rule(
    id="no-revocation-pointer",
    title="'no CRL, no OCSP'",
    summary="A certificate that a CA signed names neither a revocation list nor an OCSP responder.",
    subject=Subject.CERTIFICATE,
    severity=Severity.INFO,
    # A list that is named otherwise than by an address is a list. Short-lived ones end sooner than they are revoked.
    applies=f"presented_as_leaf AND NOT {SELF_SIGNED} AND {MAY_HAVE_EXTENSIONS} "
    f"AND ifNull({LIFE} > toInt64({{days:UInt32}}) * 86400, true)",
    fails="ocsp_url_count = 0 AND crl_url_count = 0 AND if(extensions_known, NOT has(extensions, '2.5.29.31'), NULL)",
    evidence=("subject", "issuer", "serial", "crl_urls", "ocsp_urls", "not_after"),
    why="When the device is stolen or its key is lost, its certificate stays good to its end: nobody can be told.",
    action="Let your CA publish a revocation list and write its address into what it issues, or issue for days only. "
    "For makers' certificates: keep a list in your own gateways of those that are no longer yours.",
    references=("RFC 5280 4.2.1.13", "RFC 5280 4.2.2.1", "NIST SP 800-52r2 3.2", "IEC 62443-3-3 SR 1.9"),
    parameters=(Parameter("days", "UInt32", 10, "days", "What lives no longer need not be revoked."),),
    examples=(
        Example("fires", "Neither.", issued(), Finds(Severity.INFO, "no CRL, no OCSP")),
        Example("silent", "A list.", issued(crl_urls=(CRL,)), Verdict.PASS),
        Example("silent-ocsp", "A responder.", issued(ocsp_urls=("http://ca.example/",)), Verdict.PASS),
        Example("silent-self-signed", "Nobody could.", presented(CertificateRecipe()), Verdict.NOT_APPLICABLE),
        Example("unknown", "Not readable.", issued(damage="lost_extension"), Verdict.UNKNOWN),
        Example("boundary", "Ten days.", issued(not_after="2026-01-11T00:00:00Z"), Verdict.NOT_APPLICABLE),
        Example(
            "boundary-after",
            "A second more.",
            issued(not_after="2026-01-11T00:00:01Z"),
            Finds(Severity.INFO, "no CRL, no OCSP"),
        ),
    ),
)
