"""new-ca-key: a key that was never seen before issues certificates to machines of ours."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Parameter, Rule, Severity, Subject, Verdict
from rules.sql import NOW

OLD = CertificateRecipe(name="gate-1", issuer="old-gate-ca")
OLD_CA = CertificateRecipe(name="old-gate-ca", is_ca=True)
NEW = CertificateRecipe(name="gate-2", issuer="new-gate-ca")
NEW_CA = CertificateRecipe(name="new-gate-ca", is_ca=True)
LONG_AGO = ExampleSession(server_chain=(OLD, OLD_CA), time="2026-01-01T00:00:00Z")
LATELY = ExampleSession(server_chain=(NEW, NEW_CA), time="2026-03-01T00:00:00Z", server="10.0.0.11:443")
RECENT = f"first_seen > {NOW} - toIntervalDay({{days:UInt32}})"

RULE = Rule(
    id="new-ca-key",
    title="'a CA key never seen before'",
    summary="A CA's key was seen here for the first time within the last days.",
    subject=Subject.ISSUER,
    severity=Severity.INFO,
    # Public CAs change their keys all the time; what signed only itself is no CA.
    applies="ours AND NOT self_signed AND class != 'public'",
    # A history that is as short as the span cannot tell new from old.
    fails=f"multiIf(NOT ({RECENT}), false, history_from > {NOW} - toIntervalDay({{days:UInt32}}), NULL, true)",
    evidence=("name", "class", "issuer_key_seen", "certificate_count", "holder_count", "networks", "first_seen"),
    why="A CA that appears is a decision somebody took: a new appliance, a lab, a change of the CA's key, or an "
    "intruder's own.",
    action="Ask who set it up. If it is yours, name it with --trust.",
    references=("NIST SP 1800-16B 4.3",),
    parameters=(Parameter("days", "UInt32", 14, "days", "How long a key counts as new."),),
    examples=(
        Example(
            "fires",
            "The history is two months long, the key ten days.",
            (LATELY, LONG_AGO),
            Finds(Severity.INFO, "a CA key never seen before"),
            at="2026-03-11T00:00:00Z",
        ),
        Example("silent", "It has been here for weeks.", (LATELY, LONG_AGO), Verdict.PASS, at="2026-04-11T00:00:00Z"),
        Example("unknown", "All history is ten days old.", (LATELY,), Verdict.UNKNOWN, at="2026-03-11T00:00:00Z"),
        Example(
            "boundary", "Fourteen days, to the second.", (LATELY, LONG_AGO), Verdict.PASS, at="2026-03-15T00:00:01Z"
        ),
    ),
)
