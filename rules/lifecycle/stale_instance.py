"""stale-instance: an old certificate is still served where or although it has been renewed."""

from __future__ import annotations

from rules.renewals import NEW, OLD, STRANGER, UNREADABLE, shows
from rules.rule import Example, Finds, Grade, Parameter, Rule, Severity, Subject, Verdict
from rules.sql import NOW

SECOND = "10.0.0.11:443"

LAGS = shows(OLD, "2026-02-15")
# A second machine had the same certificate, and has been renewed, or is something else now.
BEFORE = shows(OLD, "2026-01-10", SECOND)
RENEWED, CHANGED = (BEFORE, shows(NEW, "2026-02-10", SECOND)), (BEFORE, shows(STRANGER, "2026-02-10", SECOND))
TURNS = (shows(OLD, "2026-01-10"), shows(NEW, "2026-02-10"), shows(OLD, "2026-02-10T18:00:00Z"))
UNREAD = (shows(OLD, "2026-01-10"), shows(UNREADABLE, "2026-02-10"), shows(OLD, "2026-02-11"))
# Not those that are over here, too.
ELSEWHERE = (
    "arrayFilter(m -> NOT arrayExists(s -> s.old.sha256 = m.sha256 AND s.relation IN ('replaced', 'followed'), "
    "successions), renewed_elsewhere)"
)
HALF = "arrayFilter(m -> m.relation = 'beside', successions)"
STALE = (
    f"arrayConcat(arrayMap(m -> (m.old.sha256, m.old.not_after), {HALF}), arrayMap(m -> (m.sha256, m.not_after), "
    f"{ELSEWHERE}))"
)
SOON = f"arrayExists(m -> ifNull(m.2 <= {NOW} + toIntervalDay({{days:UInt32}}), false), {STALE})"
FOUND, URGENT = (
    Finds(severity, "still presents a certificate that has been renewed")
    for severity in (Severity.LOW, Severity.MEDIUM)
)
AT, LATE = "2026-02-20T00:00:00Z", "2026-05-11T00:00:00Z"

RULE = Rule(
    id="stale-instance",
    title="'still presents a certificate that has been renewed'",
    summary="An endpoint still presents a certificate that was replaced by a newer one on another machine, or on a "
    "part of "
    "its own.",
    subject=Subject.ENDPOINT,
    view="endpoint_renewals",
    severity=(Grade(SOON, Severity.MEDIUM), Grade("true", Severity.LOW)),
    applies="notEmpty(leaves) AND NOT arrayExists(m -> m.relation = 'rolled_back', successions)",
    fails=f"multiIf(notEmpty({STALE}), true, arrayExists(m -> m.relation = 'unread', successions), NULL, false)",
    evidence=(
        f"arrayMap(m -> (lower(hex(m.sha256)), m.not_after, lower(hex(m.newer)), m.place), {ELSEWHERE}) AS renewed_on",
        f"arrayMap(m -> (lower(hex(m.old.sha256)), m.old.not_after, lower(hex(m.new.sha256))), {HALF}) AS beside",
        "server_names",
    ),
    why="The renewal did not reach every machine. When the old certificate ends, this one fails, although everybody "
    "believes that it is done.",
    action="Install the new certificate here, too; behind a load balancer, on every machine.",
    references=("NIST SP 1800-16B",),
    parameters=(Parameter("days", "UInt32", 30, "days", "If the old one ends within them, the severity is medium."),),
    examples=(
        Example("fires", "The second machine is renewed, this one is not.", (LAGS, *RENEWED), FOUND, AT),
        Example("fires-soon", "Three weeks before the end.", (shows(OLD, "2026-05-10"), *RENEWED), URGENT, LATE),
        Example("fires-half", "Both, in turn: one of two machines behind the address.", TURNS, FOUND, AT),
        Example("silent", "Renewed here, too.", (LAGS, shows(NEW, "2026-02-16"), *RENEWED), Verdict.PASS, AT),
        Example("silent-other", "The second machine is something else now.", (LAGS, *CHANGED), Verdict.PASS, AT),
        Example("unknown", "When the other one was issued cannot be read.", UNREAD, Verdict.UNKNOWN, AT),
        Example(
            "boundary",
            "Seen when the other was renewed, not later.",
            (shows(OLD, "2026-02-10"), *RENEWED),
            Verdict.PASS,
            AT,
        ),
    ),
)
