"""server-name-mismatch: clients ask for a name and get, and take, a certificate that is not for it."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Rule, Severity, Subject, Verdict

OF = "arrayFilter(m -> m.verdict = '{}', name_checks)"
WRONG, UNTOLD = OF.format("mismatch"), OF.format("unknown")


def asks(
    name: str | None, *sans: str, subject: str = "CN=device", ends_after: str | None = None
) -> tuple[ExampleSession, ...]:
    """Let a client ask for a name, and a server present a certificate with these alternative names."""
    device = CertificateRecipe(subject=subject, sans=sans)
    return (ExampleSession(server_chain=(device,), server_name=name, ends_after=ends_after),)


def finds(name: str) -> Finds:
    """Give what is expected where this is the wrong name."""
    return Finds(Severity.MEDIUM, f"its certificate is not for the name that clients ask for: {name}")


BROKEN = ExampleSession(server_chain=(CertificateRecipe(damage="bad_extension"),), server_name="a.example")
FINDS = finds("a.example")
WILD, AN_IP = ("dns:*.example",), "10.0.0.10"

RULE = Rule(
    id="server-name-mismatch",
    title="concat('its certificate is not for the name that clients ask for: ', "
    f"arrayStringConcat(arraySort(arrayDistinct({WRONG}.server_name)), ', '))",
    summary="Clients asked for a name, and completed the handshake with a certificate that is not for it.",
    subject=Subject.ENDPOINT,
    view="endpoint_names",
    severity=Severity.MEDIUM,
    # A certificate that has nothing but the right common name lacks the alternative name: that is another finding.
    applies="arrayExists(m -> m.verdict != 'no_name', name_checks)",
    fails=f"multiIf(notEmpty({WRONG}), true, notEmpty({UNTOLD}), NULL, false)",
    evidence=(f"arrayMap(m -> (m.server_name, lower(hex(m.sha256)), m.names), {WRONG}) AS mismatches", "sessions"),
    why="Clients that check the name would have refused. These went on: they take any certificate, and so an "
    "impostor's, or they know this very one beforehand.",
    action="Issue a certificate with the name that clients use, or let them use a name that is in it; then see to it "
    "that they check.",
    references=("RFC 9525 6.3", "RFC 9525 6.5", "RFC 6066 3"),
    examples=(
        Example("fires", "Another name.", asks("a.example", "dns:b.example"), FINDS),
        Example(
            "fires-cn",
            "The common name does not count.",
            asks("a.example", "dns:b.example", subject="CN=a.example"),
            FINDS,
        ),
        Example("fires-no-san", "No name at all.", asks("a.example"), FINDS),
        Example("fires-deep", "An asterisk is one label.", asks("a.b.example", *WILD), finds("a.b.example")),
        Example("fires-ip", "An address in a dNSName is none.", asks(AN_IP, f"dns:{AN_IP}"), finds(AN_IP)),
        Example(
            "silent", "The name, in other letters.", asks("A.Example.", "dns:x.example", "dns:a.eXample"), Verdict.PASS
        ),
        Example("silent-ip", "An address.", asks(AN_IP, f"ip:{AN_IP}"), Verdict.PASS),
        Example("silent-no-name", "Nobody asked for a name.", asks(None, "dns:b.example"), Verdict.NOT_APPLICABLE),
        Example(
            "silent-cn-only",
            "Only a common name, the right one.",
            asks("a.example", subject="CN=a.example"),
            Verdict.NOT_APPLICABLE,
        ),
        Example(
            "unknown",
            "The client did not go on.",
            asks("a.example", "dns:b.example", ends_after="server_hello_done"),
            Verdict.UNKNOWN,
        ),
        Example("silent-unnamed", "An address, and no name to compare.", asks(AN_IP), Verdict.NOT_APPLICABLE),
        Example("unknown-names", "The names cannot be read.", (BROKEN,), Verdict.UNKNOWN),
        Example("boundary", "A wildcard for one label.", asks("a.example", *WILD), Verdict.PASS),
        Example("boundary-bare", "... and not for none.", asks("example", *WILD), finds("example")),
        Example("boundary-part", "... nor for a part of one.", asks("a.example", "dns:a*.example"), FINDS),
    ),
)
