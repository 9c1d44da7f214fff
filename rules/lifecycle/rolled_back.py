"""rolled-back: an older certificate is back where a newer one was in service."""

from __future__ import annotations

from rules.renewals import NEW, OLD, UNREADABLE, shows
from rules.rule import Example, Finds, Grade, Parameter, Rule, Severity, Subject, Verdict
from rules.sql import NOW

BEFORE, AFTER, BACK = shows(OLD, "2026-01-10"), shows(NEW, "2026-02-10"), shows(OLD, "2026-02-11")
TWICE = (shows(NEW, "2026-02-10"), shows(NEW, "2026-02-12"), shows(OLD, "2026-03-10"), shows(OLD, "2026-03-12"))
BACKS = "arrayFilter(m -> m.relation = 'rolled_back', successions)"
# Which of the two is the older one depends on whether it was seen before the newer one, too.
OLDER = f"arrayMap(m -> if(m.old.not_before < m.new.not_before, m.old, m.new), {BACKS})"
SOON = f"arrayExists(m -> ifNull(m.not_after <= {NOW} + toIntervalDay({{days:UInt32}}), false), {OLDER})"
FOUND, URGENT = (Finds(severity, "presents an older certificate again") for severity in (Severity.LOW, Severity.MEDIUM))

RULE = Rule(
    id="rolled-back",
    title="'presents an older certificate again'",
    summary="An endpoint went back to an older certificate, for a day at least, after a newer one was in service "
    "there.",
    subject=Subject.ENDPOINT,
    view="endpoint_history",
    severity=(Grade(SOON, Severity.MEDIUM), Grade("true", Severity.LOW)),
    applies="notEmpty(successions)",
    fails=f"multiIf(notEmpty({BACKS}), true, arrayExists(m -> m.relation IN ('followed', 'unread'), successions), "
    "NULL, false)",
    evidence=(
        f"arrayMap(m -> (lower(hex(m.sha256)), m.not_after, m.last_seen), {OLDER}) AS older",
        f"arrayMap(m -> (m.server_name, lower(hex(m.old.sha256)), lower(hex(m.new.sha256))), {BACKS}) AS pairs",
        "server_names",
    ),
    why="A backup was restored or a machine was replaced, and the renewal is undone: the old certificate ends sooner, "
    "and "
    "nobody expects it to.",
    action="Install the newer certificate again, and save a backup that holds it.",
    references=("NIST SP 1800-16B",),
    parameters=(Parameter("days", "UInt32", 30, "days", "If the older one ends within them, the severity is medium."),),
    examples=(
        Example(
            "fires", "Back the next day, and it ends in June.", (BEFORE, AFTER, BACK), FOUND, "2026-02-12T00:00:00Z"
        ),
        Example("fires-soon", "It ends in three weeks.", (BEFORE, AFTER, BACK), URGENT, "2026-05-11T00:00:00Z"),
        Example("fires-unseen", "The older one was not seen before.", TWICE, FOUND, "2026-03-12T13:00:00Z"),
        Example("silent", "Renewed.", (BEFORE, AFTER), Verdict.PASS),
        Example("silent-single", "Never renewed.", (BEFORE,), Verdict.NOT_APPLICABLE),
        Example(
            "unknown", "Which one is older cannot be read.", (BEFORE, shows(UNREADABLE, "2026-02-10")), Verdict.UNKNOWN
        ),
        Example(
            "boundary",
            "Back for less than a day: both may be in service.",
            (BEFORE, AFTER, shows(OLD, "2026-02-11T11:59:59Z")),
            Verdict.PASS,
        ),
    ),
)
