"""zone-mtls-missing: a server does not make sure of its clients' certificates, where the policy demands it."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Parameter, Rule, Severity, Subject, Verdict
from rules.zones import of_endpoint, zones_of

ZONES = zones_of("mtls Bool")
ZONE = of_endpoint(ZONES)


def saw(condition: str) -> str:
    """Tell whether some session of the endpoint is so; where no zone demands it, no session is looked at."""
    sessions = "session(loads = {loads:Array(String)}, home = {home:Array(String)})"
    demanded = f"arrayExists(zone -> zone.mtls, {{zones:{ZONES}}})"
    here = f"SELECT scope, server, server_port FROM {sessions} WHERE {demanded} AND ({condition})"
    return f"(scope, address, port) IN ({here})"


LET_IN = saw("client_certificate_requested AND client_visibility = 'none_sent' AND established")
ASKED = saw("client_certificate_requested")
DID_NOT_ASK = saw("NOT client_certificate_requested")

DEVICE, CLIENT = CertificateRecipe(key="rsa2048"), CertificateRecipe(name="client", key="rsa2048")
DEMANDED = (("zones", (("plant", ("10.0.0.0/24",), (), (), True),)),)
MUTUAL = ExampleSession(server_chain=(DEVICE,), client_chain=(CLIENT,))
PLAIN = ExampleSession(server_chain=(DEVICE,))
EMPTY = ExampleSession(server_chain=(DEVICE,), client_chain=())
HIDDEN = ExampleSession(server_chain=(DEVICE,), client_chain=(CLIENT,), version="TLSv1.3")

RULE = Rule(
    id="zone-mtls-missing",
    title=f"concat(if({LET_IN}, 'lets clients in without a certificate, zone ', 'asks no client for a certificate, "
    f"zone '), {ZONE}.name, ' demands one')",
    summary="A server takes clients without a certificate where its zone of the policy demands one.",
    subject=Subject.ENDPOINT,
    severity=Severity.MEDIUM,
    applies=f"answered AND {ZONE}.mtls",
    # Who asks in some handshakes only may do so by path or by renegotiation, which travels encrypted.
    fails=f"multiIf({LET_IN}, true, {ASKED}, false, {DID_NOT_ASK}, true, NULL)",
    evidence=("server_names", "versions", "sessions", "clients", f"{ZONE}.name AS zone"),
    why="The policy demands that clients prove who they are with a certificate; here a password, or nothing, will do.",
    action="Switch client certificates on at the server and make them required, not optional.",
    references=("RFC 8446 4.3.2", "IEC 62443-3-3 SR 1.2", "NIST SP 800-52r2 3.5"),
    parameters=(Parameter("zones", ZONES, (), "zones", "Zones of the policy: client certificates are demanded."),),
    examples=(
        Example(
            "fires",
            "It asks for none.",
            (PLAIN,),
            Finds(Severity.MEDIUM, "asks no client for a certificate, zone plant demands one"),
            parameters=DEMANDED,
        ),
        Example(
            "fires-optional",
            "It asks, gets none, and goes on.",
            (MUTUAL, EMPTY),
            Finds(Severity.MEDIUM, "lets clients in without a certificate, zone plant demands one"),
            parameters=DEMANDED,
        ),
        Example("silent", "A client shows its certificate.", (MUTUAL,), Verdict.PASS, parameters=DEMANDED),
        Example("silent-no-policy", "Nobody demands it.", (PLAIN,), Verdict.NOT_APPLICABLE),
        Example("unknown", "TLS 1.3 hides whether it asks.", (HIDDEN,), Verdict.UNKNOWN, parameters=DEMANDED),
        Example("boundary", "It asks in one of two handshakes.", (PLAIN, MUTUAL), Verdict.PASS, parameters=DEMANDED),
    ),
)
