"""unsanctioned-issuer: someone issues certificates to machines of ours, and nobody said that they may."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict, presented

LEAF = CertificateRecipe(name="pump-7", issuer="lab-root")
CA = CertificateRecipe(name="lab-root", is_ca=True)
OWN = CertificateRecipe(name="pump-8")
STAGED = CertificateRecipe(name="pump-9", issuer="stage")
STAGING = CertificateRecipe(name="stage", subject="CN=(STAGING) Pretend Pear X1", is_ca=True)
CLIENT = CertificateRecipe(name="pump-10", issuer="far-root")
FAR = CertificateRecipe(name="far-root", is_ca=True)
UNREADABLE = CertificateRecipe(name="pump-11", issuer="odd-root", damage="unknown_signature")
ODD = CertificateRecipe(name="odd-root", is_ca=True)
BY_NOBODY = Finds(Severity.MEDIUM, "sanctioned by nobody")

RULE = Rule(
    id="unsanctioned-issuer",
    title="'sanctioned by nobody'",
    summary="A CA that is neither public nor yours nor accepted issues certificates to machines of yours.",
    subject=Subject.ISSUER,
    severity=Severity.MEDIUM,
    # Self-signed ones, test CAs and interception have rules of their own.
    applies="ours AND NOT self_signed AND class NOT IN ('test', 'intercepted', 'self-signed')",
    # A chain that ends in the open, of certificates built as public CAs build them, may end at a public root.
    fails="multiIf(class IN ('public', 'corporate', 'vendor'), false, "
    "may_be_public OR has(signers, 'unknown'), NULL, true)",
    evidence=(
        "name",
        "class",
        "class_reason",
        "issuer_key_seen",
        "certificate_count",
        "holder_count",
        "networks",
        "first_seen",
    ),
    why="Whoever holds this CA's key can make an identity for any of your machines. Nobody here decided that, nobody "
    "renews what it issued, and nobody can say how well the key is kept.",
    action="Find out who runs it. Name your own CAs with --trust and vendors you accept with --vendor-trust; replace "
    "the others' certificates by your own CA's.",
    references=("NIST SP 1800-16B 4.3", "RFC 5280 6.1"),
    examples=(
        Example("fires", "A CA of the lab, seen for the first time.", presented(LEAF, CA), BY_NOBODY),
        Example("silent", "Self-signed is another fault.", presented(OWN), Verdict.NOT_APPLICABLE),
        Example(
            "silent-test",
            "A test CA has a rule of its own.",
            presented(STAGED, STAGING),
            Verdict.NOT_APPLICABLE,
        ),
        Example("unknown", "Nobody can verify who signed.", presented(UNREADABLE, ODD), Verdict.UNKNOWN),
        Example(
            "boundary",
            "The issuer's certificate is not sent; it names no place of a public CA.",
            presented(CLIENT, hidden=(FAR,)),
            BY_NOBODY,
        ),
    ),
)
