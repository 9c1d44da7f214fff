"""intercepted: a tool that opens TLS on its way stands between a machine of ours and its peer."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict, presented

LEAF = CertificateRecipe(name="shop.example", issuer="mitm")
TOOL = CertificateRecipe(name="mitm", subject="CN=mitmproxy,O=mitmproxy", is_ca=True)
PLAIN = CertificateRecipe(name="plain.example", issuer="plain-root")
PLAIN_CA = CertificateRecipe(name="plain-root", is_ca=True)
ALIKE = CertificateRecipe(name="alike.example", issuer="alike")
ALIKE_CA = CertificateRecipe(name="alike", subject="CN=mitmproxy user,O=mitmproxy", is_ca=True)

RULE = Rule(
    id="intercepted",
    title="'opens TLS on its way: ' || splitByString(', by the name', assumeNotNull(class_reason))[1]",
    summary="Certificates are issued by a tool that intercepts TLS.",
    subject=Subject.ISSUER,
    severity=Severity.MEDIUM,
    applies="NOT self_signed",
    fails="class = 'intercepted'",
    evidence=("name", "class_reason", "certificate_count", "holder_count", "networks", "first_seen", "last_seen"),
    why="Someone reads and can change what these machines say to each other. If it is your own inspection, it should "
    "be known as such; if it is not, it is an attack or a developer's tool left running.",
    action="Find the tool. If it is sanctioned, name its CA with --trust; if not, switch it off and renew the secrets "
    "that went through it.",
    references=("NIST SP 800-52r2 3.2", "RFC 5280 6.1"),
    examples=(
        Example(
            "fires",
            "The CA has the name that mitmproxy gives to its own.",
            presented(LEAF, TOOL),
            Finds(Severity.MEDIUM, "opens TLS on its way: mitmproxy"),
        ),
        Example("silent", "A CA of any other name.", presented(PLAIN, PLAIN_CA), Verdict.PASS),
        Example("boundary", "The name only begins alike.", presented(ALIKE, ALIKE_CA), Verdict.PASS),
    ),
    never_unknown="Every certificate that was derived has a class; one that no marker speaks of is not intercepted.",
)
