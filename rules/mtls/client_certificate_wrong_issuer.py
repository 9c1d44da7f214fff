"""client-certificate-wrong-issuer: a server lets a client in with a certificate that none of its issuers has signed."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Rule, Severity, Subject, Verdict
from rules.sql import shown, some

CHECKED, STRANGE = "arrayFilter(m -> m.listing, let_in)", "NOT m.listed"

DEVICE = CertificateRecipe()
CA, OTHER = (CertificateRecipe(name=name, is_ca=True) for name in ("ca", "other"))
BADGE, SELF_MADE = CertificateRecipe(name="badge", issuer="ca"), CertificateRecipe(name="badge")
STRANGER = CertificateRecipe(name="badge", issuer="sub")
SUB = CertificateRecipe(name="sub")  # no CA, so that the forge does not list it


def lets_in(*chain: CertificateRecipe, listed: tuple[CertificateRecipe, ...] = (CA,)) -> ExampleSession:
    """Let a server that names these issuers take this chain."""
    return ExampleSession((DEVICE,), client_chain=chain, hidden=listed)


TAKEN = Finds(Severity.MEDIUM, "lets a client in whose issuer it does not list")

RULE = Rule(
    id="client-certificate-wrong-issuer",
    title="'lets a client in whose issuer it does not list'",
    summary="A server named the issuers it accepts, and let a client in with a complete chain that leads to none of "
    "them.",
    subject=Subject.ENDPOINT,
    view="endpoint_clients",
    severity=Severity.MEDIUM,
    applies="arrayExists(m -> m.listing, let_in)",
    # A chain that does not reach a root may lead to a listed one beyond what was sent.
    fails=some(CHECKED, STRANGE),
    evidence=(
        f"{shown(CHECKED, STRANGE, '(lower(hex(m.sha256)), m.subject, m.issuer)')} AS clients_let_in",
        "server_names",
    ),
    why="The server asks for a certificate and does not check who has signed it, unless it knows this very one "
    "beforehand: anybody can make one for themselves.",
    action="Let the server verify client certificates against its list of issuers, or correct the list.",
    references=("RFC 5246 7.4.4", "RFC 8446 4.2.4"),
    examples=(
        Example("fires", "It has signed itself.", (lets_in(BADGE), lets_in(SELF_MADE)), TAKEN),
        Example("silent", "Signed by the issuer that is listed.", (lets_in(BADGE),), Verdict.PASS),
        Example(
            "silent-unlisted", "The server lists nobody.", (lets_in(SELF_MADE, listed=()),), Verdict.NOT_APPLICABLE
        ),
        Example(
            "unknown",
            "Its issuer was not sent along.",
            (lets_in(STRANGER, listed=(CA, SUB)),),
            Verdict.UNKNOWN,
        ),
        Example(
            "boundary",
            "Two issuers are listed; the second has signed.",
            (lets_in(BADGE, listed=(OTHER, CA)),),
            Verdict.PASS,
        ),
    ),
)
