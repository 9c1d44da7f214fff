"""pin-broken: an endpoint presents another key than the one that policy pins."""

from __future__ import annotations

from rules.renewals import NEW, OLD, shows
from rules.rule import Example, ExampleSession, Finds, Parameter, Rule, Severity, Subject, Verdict
from rules.sql import some

# SHA-256 of the SubjectPublicKeyInfo that the forge makes for `old`, by openssl.
KEY = "41e363695e698447c85299d249e2f362b65da5cb1bb3a3db973e2b73c3078086"

BEFORE, HIDDEN = shows(OLD, "2026-01-10"), ExampleSession((OLD,), version="TLSv1.3")
PINNED, TWO = (("pins", (f"10.0.0.10:443 {KEY}",)),), (("pins", (f"10.0.0.10:443 {'0' * 64}", f"10.0.0.10:443 {KEY}")),)
WRONG, ELSEWHERE = (("pins", (f"10.0.0.10:443 {'0' * 64}",)),), (("pins", (f"10.0.0.10:8443 {'0' * 64}",)),)
# What has given way to another is no longer there to be right or wrong.
PRESENT = (
    "arrayFilter(l -> NOT arrayExists(s -> s.old.sha256 = l.sha256 AND s.relation = 'replaced', successions), leaves)"
)
OTHER = "NOT has({pins:Array(String)}, concat(shown, ' ', lower(hex(m.spki))))"
BROKEN = Finds(Severity.HIGH, "presents another key than the pinned one")

RULE = Rule(
    id="pin-broken",
    title="'presents another key than the pinned one'",
    summary="An endpoint whose key is pinned by policy presents a certificate with another key.",
    subject=Subject.ENDPOINT,
    view="endpoint_history",
    severity=Severity.HIGH,
    applies="arrayExists(pin -> startsWith(pin, concat(shown, ' ')), {pins:Array(String)})",
    fails=f"if(empty(leaves), NULL, {some(PRESENT, OTHER)})",
    evidence=(
        "arrayMap(m -> (m.server_name, lower(hex(m.sha256)), lower(hex(m.spki)), m.last_seen), leaves) AS presented",
        "server_names",
    ),
    why="Only this key was to answer here. Either it was renewed without telling, and clients that pin it fail, or "
    "somebody "
    "else answers.",
    action="Ask the owner. If the key was renewed, put the new pin into the policy and into the clients.",
    references=("RFC 7469 2.4",),
    parameters=(
        Parameter(
            "pins",
            "Array(String)",
            (),
            "address:port SHA-256",
            "Keys that an endpoint may have: hash of the SubjectPublicKeyInfo, lower-case hexadecimal.",
        ),
    ),
    examples=(
        Example("fires", "Another key.", (BEFORE,), BROKEN, parameters=WRONG),
        Example(
            "fires-later",
            "Renewed, and the pin was not.",
            (BEFORE, shows(NEW, "2026-02-10")),
            BROKEN,
            parameters=PINNED,
        ),
        Example("silent", "The pinned key.", (BEFORE,), Verdict.PASS, parameters=PINNED),
        Example(
            "silent-elsewhere",
            "Another port is pinned.",
            (BEFORE,),
            Verdict.NOT_APPLICABLE,
            parameters=ELSEWHERE,
        ),
        Example("silent-none", "No pins.", (BEFORE,), Verdict.NOT_APPLICABLE),
        Example("unknown", "The certificate cannot be seen.", (HIDDEN,), Verdict.UNKNOWN, parameters=PINNED),
        Example("boundary", "One of two that are allowed.", (BEFORE,), Verdict.PASS, parameters=TWO),
    ),
)
