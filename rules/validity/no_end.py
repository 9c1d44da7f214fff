"""no-end: a certificate is made for as long as its device lives."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict, presented

FOREVER = CertificateRecipe(not_after="9999-12-31T23:59:59Z")
UNREADABLE = CertificateRecipe(damage="bad_not_after")

RULE = Rule(
    id="no-end",
    title="'never ends'",
    summary="A certificate has no end: its notAfter is the last second of the year 9999.",
    subject=Subject.CERTIFICATE,
    severity=Severity.INFO,
    applies="presented_as_leaf",
    fails="not_after >= toDateTime64('9999-12-31 23:59:59', 3, 'UTC')",
    evidence=("subject", "issuer", "serial", "not_before", "not_after", "key_algorithm", "key_bits"),
    why="Makers give such certificates to devices as an identity for life. It is a lawful form, but its key and its "
    "algorithms can only be replaced together with the device.",
    action="Use it to tell which device this is, and a certificate of your own, which ends, for everything else.",
    references=("RFC 5280 4.1.2.5", "IEEE 802.1AR 8.7"),
    examples=(
        Example("fires", "A device identity.", presented(FOREVER), Finds(Severity.INFO, "never ends")),
        Example("silent", "It ends.", presented(CertificateRecipe()), Verdict.PASS),
        Example("unknown", "Its notAfter cannot be read.", presented(UNREADABLE), Verdict.UNKNOWN),
        Example(
            "boundary",
            "A second before that is an end, however far.",
            presented(CertificateRecipe(not_after="9999-12-31T23:59:58Z")),
            Verdict.PASS,
        ),
    ),
)
