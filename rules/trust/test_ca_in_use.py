"""test-ca-in-use: a CA made for tests issues what machines of ours present."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict, presented

LEAF = CertificateRecipe(name="www.plant.example", issuer="staging")
CA = CertificateRecipe(name="staging", subject="CN=(STAGING) False Fennel E6,O=Let's Encrypt", is_ca=True)
PLAIN = CertificateRecipe(name="www2.plant.example", issuer="works-root")
PLAIN_CA = CertificateRecipe(name="works-root", is_ca=True)
OWN = CertificateRecipe(name="ingress", subject="CN=TRAEFIK DEFAULT CERT")

RULE = Rule(
    id="test-ca-in-use",
    title="'made for tests: ' || splitByString(', by the name', assumeNotNull(class_reason))[1]",
    summary="Certificates in use are issued by a CA made for tests, or are placeholders.",
    subject=Subject.ISSUER,
    severity=Severity.MEDIUM,
    applies="NOT self_signed",  # a self-signed placeholder is told as self-signed
    fails="class = 'test'",
    evidence=("name", "class_reason", "certificate_count", "holder_count", "networks", "first_seen", "last_seen"),
    why="No client trusts a test CA unless somebody told it to; the keys of such CAs lie on developers' machines or "
    "are public, and whoever has one can be any machine.",
    action="Issue the certificate from the CA that was meant, and take the test CA out of the clients' trust stores.",
    references=("NIST SP 800-52r2 3.2", "RFC 5280 6.1"),
    examples=(
        Example(
            "fires",
            "The staging CA of Let's Encrypt.",
            presented(LEAF, CA),
            Finds(Severity.MEDIUM, "made for tests: Let's Encrypt staging"),
        ),
        Example("silent", "A CA of any other name.", presented(PLAIN, PLAIN_CA), Verdict.PASS),
        Example("boundary", "A placeholder that signed itself.", presented(OWN), Verdict.NOT_APPLICABLE),
    ),
    never_unknown="Every certificate that was derived has a class; one that no marker speaks of is no test.",
)
