"""flapping: two certificates for one name are in service at one endpoint, in turn."""

from __future__ import annotations

from rules.renewals import CHANGE, OLD, SPARE, STRANGER, UNREADABLE, shows
from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict

RSA = CertificateRecipe(name="new", subject="CN=device", issuer="ca", key="rsa2048")
FIRST, THIRD = shows(OLD, "2026-01-10"), shows(OLD, "2026-01-12")
TURNS = "arrayFilter(m -> m.relation = 'alternating', successions)"

RULE = Rule(
    id="flapping",
    title="'presents two certificates in turn'",
    summary="An endpoint presents two certificates for one name and of one kind of key, now this one, now that one.",
    subject=Subject.ENDPOINT,
    view="endpoint_history",
    severity=Severity.INFO,
    applies="notEmpty(successions)",
    # An RSA and an EC certificate side by side are usual, and so is one for each name.
    fails=f"multiIf(notEmpty({TURNS}), true, arrayExists(m -> m.relation IN ('followed', 'unread'), successions), "
    "NULL, false)",
    evidence=(f"arrayMap(m -> {CHANGE}, {TURNS}) AS pairs", "server_names"),
    why="Several machines answer at this address, each with a certificate of its own: each must be renewed by itself. "
    "Or "
    "two machines have one address by mistake.",
    action="If it is a load balancer, note how many certificates there are to renew. Else look for the second machine.",
    references=("NIST SP 1800-16B",),
    examples=(
        Example(
            "fires",
            "This, that, this.",
            (FIRST, shows(SPARE, "2026-01-11"), THIRD),
            Finds(Severity.INFO, "presents two certificates in turn"),
        ),
        Example("silent", "An RSA and an EC certificate.", (FIRST, shows(RSA, "2026-01-11"), THIRD), Verdict.PASS),
        Example("silent-names", "For different names.", (FIRST, shows(STRANGER, "2026-01-11"), THIRD), Verdict.PASS),
        Example("silent-single", "One only.", (FIRST, THIRD), Verdict.NOT_APPLICABLE),
        Example(
            "unknown",
            "Which one is newer cannot be read.",
            (FIRST, shows(UNREADABLE, "2026-01-11"), THIRD),
            Verdict.UNKNOWN,
        ),
        Example("boundary", "The first one does not come back.", (FIRST, shows(SPARE, "2026-01-11")), Verdict.UNKNOWN),
    ),
)
