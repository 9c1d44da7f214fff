"""certificate-replaced: an endpoint has a new certificate, with a new key, from the same issuer."""

from __future__ import annotations

from rules.renewals import (
    CHANGE,
    DOWNGRADED,
    ISSUER_CHANGED,
    KEY_KEPT,
    NEW,
    OLD,
    REPLACED,
    SAME_KEY,
    SPARE,
    STRANGER,
    UNREADABLE,
    renewed,
    shows,
)
from rules.rule import Example, Finds, Rule, Severity, Subject, Verdict

OTHERWISE = f"arrayExists(m -> ifNull({KEY_KEPT} OR {DOWNGRADED} OR {ISSUER_CHANGED}, false), {REPLACED})"

BEFORE, AFTER = shows(OLD, "2026-01-10"), shows(NEW, "2026-02-10")
FINDS = Finds(Severity.INFO, "has a new certificate")

RULE = Rule(
    id="certificate-replaced",
    title="'has a new certificate'",
    summary="An endpoint presents a new certificate where it presented another before.",
    subject=Subject.ENDPOINT,
    view="endpoint_history",
    severity=Severity.INFO,
    # What is remarkable about a change is said by key-kept, algorithm-downgraded, issuer-changed.
    applies=f"notEmpty(leaves) AND NOT {OTHERWISE}",
    # Seen one after the other, and it cannot be told whether both are in service: no answer.
    fails=renewed("true"),
    evidence=(f"arrayMap(m -> {CHANGE}, {REPLACED}) AS changes", "server_names"),
    why="Renewed as it should be. If nobody on your side did it, somebody else has.",
    action="Nothing, if it was you. Else ask the owner.",
    references=("NIST SP 1800-16B",),
    examples=(
        Example("fires", "Renewed in February.", (BEFORE, AFTER), FINDS),
        Example("silent", "The same all the time.", (BEFORE, shows(OLD, "2026-02-10")), Verdict.PASS),
        Example("silent-kept", "The key stays.", (BEFORE, shows(SAME_KEY, "2026-02-10")), Verdict.NOT_APPLICABLE),
        Example(
            "silent-both", "The old one is back: not over.", (BEFORE, AFTER, shows(OLD, "2026-02-11")), Verdict.PASS
        ),
        Example("unknown", "Its notBefore cannot be read.", (BEFORE, shows(UNREADABLE, "2026-02-10")), Verdict.UNKNOWN),
        Example("unknown-spare", "Both may be in service.", (BEFORE, shows(SPARE, "2026-02-10")), Verdict.UNKNOWN),
        Example("unknown-other", "Another device, perhaps.", (BEFORE, shows(STRANGER, "2026-02-10")), Verdict.UNKNOWN),
        Example(
            "boundary",
            "Each had a day by itself.",
            (BEFORE, shows(OLD, "2026-01-11"), shows(SPARE, "2026-02-10"), shows(SPARE, "2026-02-11")),
            FINDS,
        ),
    ),
)
