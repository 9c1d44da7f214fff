"""key-kept: a renewed certificate has the key of the one before."""

from __future__ import annotations

from rules.renewals import CHANGE, KEY_KEPT, NEW, OLD, REPLACED, SAME_KEY, SPARE, renewed, shows
from rules.rule import Example, Finds, Rule, Severity, Subject, Verdict
from rules.sql import shown

BEFORE = shows(OLD, "2026-01-10")

RULE = Rule(
    id="key-kept",
    title="'renewed with the same key'",
    summary="An endpoint has a new certificate for the key that it had before.",
    subject=Subject.ENDPOINT,
    view="endpoint_history",
    severity=Severity.LOW,
    applies="notEmpty(successions)",
    fails=renewed(KEY_KEPT),
    evidence=(f"{shown(REPLACED, KEY_KEPT, CHANGE)} AS changes", "server_names"),
    why="A renewal is the occasion to get rid of a key that may have been copied from the device in the meantime. "
    "Here it "
    "stays, with all its copies.",
    action="Let the device make a new key at each renewal. If clients pin this key, that is a reason to keep it.",
    references=("NIST SP 800-57 part 1", "NIST SP 1800-16B"),
    examples=(
        Example(
            "fires",
            "Renewed for the same key.",
            (BEFORE, shows(SAME_KEY, "2026-02-10")),
            Finds(Severity.LOW, "renewed with the same key"),
        ),
        Example("silent", "A new key.", (BEFORE, shows(NEW, "2026-02-10")), Verdict.PASS),
        Example("silent-single", "Never renewed.", (BEFORE,), Verdict.NOT_APPLICABLE),
        Example(
            "unknown",
            "Two in service, seen in turn: perhaps no renewal.",
            (BEFORE, shows(SPARE, "2026-01-11")),
            Verdict.UNKNOWN,
        ),
        Example(
            "boundary",
            "... and the first one again: surely none.",
            (BEFORE, shows(SPARE, "2026-01-11"), shows(OLD, "2026-01-12")),
            Verdict.PASS,
        ),
    ),
)
