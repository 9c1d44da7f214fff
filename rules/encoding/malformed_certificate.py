"""malformed-certificate: the bytes break the rules of DER or a MUST of RFC 5280."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict, presented

# Where one of certspan's own limits was hit, what lies beyond was not read, and that is no fault of the certificate.
OURS = "('limit_reached', 'unreadable', 'too_many_defects')"
CODES = "arrayMap(defect -> JSONExtractString(defect, 'code'), defects)"
THEIRS = f"arraySort(arrayDistinct(arrayFilter(code -> code NOT IN {OURS}, {CODES})))"
SHOWN = "concat(JSONExtractString(defect, 'code'), ' in ', JSONExtractString(defect, 'where'))"

NEVER_ENDS = CertificateRecipe(not_after="9999-12-31T23:59:59Z")
BEYOND_LIMITS = CertificateRecipe(key="rsa1024", damage="huge_exponent", issuer="ca")
CA = CertificateRecipe(name="ca", is_ca=True)


def with_damage(damage: str) -> CertificateRecipe:
    """Give a certificate with this one thing wrong."""
    return CertificateRecipe(damage=damage)


RULE = Rule(
    id="malformed-certificate",
    title=f"concat('malformed: ', replaceAll(arrayStringConcat({THEIRS}, ', '), '_', ' '))",
    summary="A certificate breaks the rules of its own format.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    applies="true",
    fails=f"multiIf(notEmpty({THEIRS}), true, notEmpty(defects), NULL, false)",
    evidence=("subject", "issuer", "serial", f"arrayMap(defect -> {SHOWN}, defects) AS defects", "not_after"),
    why="Strict software refuses such a certificate, lenient software guesses: the same device works with one client "
    "and not with the next. It also tells of a home-made certificate generator.",
    action="Report it to the maker of the device or of the CA, with the defects listed. Another CA's certificate "
    "usually mends it.",
    references=("ITU-T X.690", "RFC 5280 4.1"),
    examples=(
        Example(
            "fires",
            "Nobody can read when it ends.",
            presented(with_damage("bad_not_after")),
            Finds(Severity.LOW, "malformed: bad time"),
        ),
        Example(
            "fires-serial",
            "A serial number is positive.",
            presented(with_damage("negative_serial")),
            Finds(Severity.LOW, "malformed: negative serial"),
        ),
        Example(
            "fires-trailing",
            "Bytes after the end.",
            presented(with_damage("trailing_bytes")),
            Finds(Severity.LOW, "malformed: trailing bytes"),
        ),
        Example("silent", "Nothing is wrong with it.", presented(CertificateRecipe()), Verdict.PASS),
        Example("unknown", "Longer than certspan reads.", presented(BEYOND_LIMITS, CA), Verdict.UNKNOWN),
        Example("boundary", "The end of all time is a lawful end.", presented(NEVER_ENDS), Verdict.PASS),
    ),
)
