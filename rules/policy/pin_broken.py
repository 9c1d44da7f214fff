"""pin-broken: a server presents a certificate with another key than the policy pins to it."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Parameter, Rule, Severity, Subject, Verdict

PINS = "Array(Tuple(server String, names Array(String), address String, port UInt16, keys Array(String)))"
KEY = "lower(hex(spki_sha256))"
PINNED = f"""arrayFilter(pin -> arrayExists(h -> h.role = 'server' AND (
        (pin.address != '' AND h.address = pin.address AND h.port = pin.port)
        OR arrayExists(asked -> arrayExists(name -> lower(asked) LIKE name, pin.names), h.server_names)), holders),
    {{pins:{PINS}}})"""
BROKEN = f"arrayFirst(pin -> NOT has(pin.keys, {KEY}), {PINNED})"

RIGHT, OTHER = CertificateRecipe(name="right"), CertificateRecipe(name="other")
# SHA-256 of the public key that belongs to the name `right`, as `cryptography` computes it.
KEPT = "6b7f570dc8efd71c0bb2fb3626f5ba21023f64af918916a917f8ff28e2d483bd"
BY_ENDPOINT = (("pins", (("10.0.0.10:443", (), "10.0.0.10", 443, (KEPT,)),)),)
BY_NAME = (("pins", (("*.example", ("%.example",), "", 0, (KEPT, "0" * 64)),)),)
BROKEN_PIN = Finds(Severity.MEDIUM, "key of 10.0.0.10:443 is none of the 1 pinned")


def asked(name: str | None, leaf: CertificateRecipe, server: str = "10.0.0.10:443") -> tuple[ExampleSession, ...]:
    """One handshake with a server that clients ask for by this name."""
    return (ExampleSession(server_chain=(leaf,), server_name=name, server=server),)


RULE = Rule(
    id="pin-broken",
    title=f"concat('key of ', {BROKEN}.server, ' is none of the ', toString(length({BROKEN}.keys)), ' pinned')",
    summary="A server presents a certificate with another key than the policy pins to it.",
    subject=Subject.CERTIFICATE,
    severity=Severity.MEDIUM,
    applies=f"presented_as_leaf AND notEmpty({PINNED})",
    fails=f"if({KEY} IS NULL, NULL, arrayExists(pin -> NOT has(pin.keys, {KEY}), {PINNED}))",
    evidence=("subject", "issuer", f"{KEY} AS key", f"{BROKEN}.server AS pinned", f"{BROKEN}.keys AS keys"),
    why="Either the key was changed without a word to whoever keeps the pins, or somebody else answers in this "
    "server's place.",
    action="Ask who runs the server whether it has a new key. If so, pin that one too; if not, treat the server as "
    "taken over and look where the packets came from.",
    references=("RFC 7469 2.6", "IEC 62443-3-3 SR 1.8"),
    parameters=(Parameter("pins", PINS, (), "pins", "Servers by name or endpoint, and the keys they may have."),),
    never_unknown="the bytes of a key can be hashed even where nobody can read them",
    examples=(
        Example("fires", "Another key.", asked(None, OTHER), BROKEN_PIN, parameters=BY_ENDPOINT),
        Example(
            "fires-name",
            "Another key, under a pinned name.",
            asked("Pump.example", OTHER, "10.0.0.11:8443"),
            Finds(Severity.MEDIUM, "key of *.example is none of the 2 pinned"),
            parameters=BY_NAME,
        ),
        Example("silent", "The pinned key.", asked(None, RIGHT), Verdict.PASS, parameters=BY_ENDPOINT),
        Example("silent-name", "One of two pinned.", asked("a.example", RIGHT), Verdict.PASS, parameters=BY_NAME),
        Example("silent-no-policy", "Nothing is pinned.", asked(None, OTHER), Verdict.NOT_APPLICABLE),
        Example(
            "boundary",
            "The same address with another port is another endpoint.",
            asked(None, OTHER, "10.0.0.10:8443"),
            Verdict.NOT_APPLICABLE,
            parameters=BY_ENDPOINT,
        ),
    ),
)
