"""localhost-name: a server shows others a certificate that is good for itself alone."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Parameter, Rule, Severity, Subject, Verdict
from rules.sql import COMMON_NAMES, SERVER_LEAF

# The alternative names count where there are any, as clients do it.
KNOWN = "sans_known AND subject_attributes_known"
KINDS = "arrayFilter(text -> startsWith(text, 'dns:') OR startsWith(text, 'ip:'), sans)"
OTHERS = f"arrayMap(text -> lower(substring(text, position(text, ':') + 1)), {KINDS})"
NAMES = f"if(notEmpty({KINDS}), {OTHERS}, arrayMap(name -> lower(name), {COMMON_NAMES}))"
ADDRESSES, ROLES = "tupleElement(holders, 'address')", "tupleElement(holders, 'role')"
LOOP = "(startsWith(address, '127.') OR address = '::1')"
AFAR = f"arrayExists((address, role) -> role = 'server' AND NOT {LOOP}, {ADDRESSES}, {ROLES})"
LOCAL = ("localhost", "localhost.localdomain", "localhost4", "localhost6", "127.0.0.1", "::1", "*.localhost")


def server(address: str, *sans: str, name: str = "localhost", damage: str | None = None) -> tuple[ExampleSession, ...]:
    """Give a server at this address with this common name and these alternative names."""
    chain = (CertificateRecipe(subject=f"CN={name}", sans=sans, damage=damage),)
    return (ExampleSession(server_chain=chain, server=f"{address}:443"),)


FINDS = Finds(Severity.LOW, "only good for localhost, and shown to others")

RULE = Rule(
    id="localhost-name",
    title="'only good for localhost, and shown to others'",
    summary="A server that others call has a certificate for localhost only.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    applies=f"{SERVER_LEAF} AND {AFAR}",
    fails=f"if({KNOWN}, notEmpty({NAMES}) AND hasAll({{local:Array(String)}}, {NAMES}), NULL)",
    evidence=("subject", "issuer", "sans", "self_signed", "not_after"),
    why="It was made by an installer and never replaced. No client can check it, so the connection is open to whoever "
    "puts himself in between.",
    action="Give the server a certificate with the name that its clients use.",
    references=("RFC 9525 6.3", "RFC 6761 6.3"),
    parameters=(Parameter("local", "Array(String)", LOCAL, "names", "What means the machine itself."),),
    examples=(
        Example("fires", "From an installer.", server("10.0.0.10"), FINDS),
        Example("silent", "A name of its own.", server("10.0.0.10", name="device"), Verdict.PASS),
        Example("silent-inside", "It is called by itself.", server("127.0.0.1"), Verdict.NOT_APPLICABLE),
        Example("unknown", "Not readable.", server("10.0.0.10", damage="bad_extension"), Verdict.UNKNOWN),
        Example("boundary", "Among others.", server("10.0.0.10", "dns:localhost", "dns:nas"), Verdict.PASS),
        Example(
            "boundary-all",
            "All of them.",
            server("10.0.0.10", "dns:LOCALHOST", "ip:127.0.0.1", "ip:::1", name="nas"),
            FINDS,
        ),
    ),
)
