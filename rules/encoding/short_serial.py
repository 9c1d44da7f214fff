"""short-serial: a certificate that is public, or calls itself so, has a serial number that can be guessed."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Parameter, Rule, Severity, Subject, Verdict, presented
from rules.sql import IS_PUBLIC, SAYS_PUBLIC

# A random number of 64 bits is shorter than seven octets once in 65,536.
OCTETS = "intDiv(length(replaceRegexpOne(serial, '^(00)+', '')), 2)"
DAY = "toDateTime64('2016-09-30 00:00:00', 3, 'UTC')"


def numbered(serial: str, **more: object) -> CertificateRecipe:
    """Give a certificate with this serial number and the policy of domain-validated ones."""
    return CertificateRecipe(serial=serial, **({"policies": ("2.23.140.1.2.1",)} | more))  # type: ignore[arg-type]


RULE = Rule(
    id="short-serial",
    title=f"concat(if({IS_PUBLIC}, 'is', 'says it is'), ' public, and its serial number has ', "
    f"toString({OCTETS} * 8), ' bits at most')",
    summary="A certificate is public, or says so, and its serial number is too short to be random.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    # Private CAs may count. A number that is zero or negative is a matter of `malformed-certificate`.
    applies=f"{SAYS_PUBLIC} AND not_before >= {DAY} AND NOT match(serial, '^(00)*$|^[89a-f]')",
    fails=f"{OCTETS} < {{octets:UInt32}}",
    evidence=("subject", "issuer", "class", "serial", "policies", "not_before"),
    why="Public CAs must number at random, so that nobody can prepare a forgery in advance. This issuer does not: it "
    "is careless, or no public CA.",
    action="Look at who issued it. Your own CA should number at random, and leave out the policy of public CAs.",
    references=("CA/Browser Forum Baseline Requirements 7.1", "RFC 5280 4.1.2.2"),
    parameters=(Parameter("octets", "UInt32", 7, "octets", "A serial number of fewer can hardly be random."),),
    examples=(
        Example(
            "fires",
            "Number 4711.",
            presented(numbered("1267")),
            Finds(Severity.LOW, "says it is public, and its serial number has 16 bits at most"),
        ),
        Example("silent", "Sixteen octets.", presented(numbered("4f3a" * 8)), Verdict.PASS),
        Example(
            "silent-private", "A CA that counts.", presented(numbered("1267", policies=())), Verdict.NOT_APPLICABLE
        ),
        Example("unknown", "No number.", presented(numbered("", damage="bad_serial")), Verdict.UNKNOWN),
        Example("boundary", "Seven octets, and one for the sign.", presented(numbered("00" + "8f" * 7)), Verdict.PASS),
        Example(
            "boundary-below",
            "Six.",
            presented(numbered("00" + "8f" * 6)),
            Finds(Severity.LOW, "says it is public, and its serial number has 48 bits at most"),
        ),
    ),
)
