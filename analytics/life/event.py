"""What happens to a finding, and what is known of it before: plain values, no store and no clock."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from analytics.finding import Finding
    from rules.rule import Verdict


class State(enum.StrEnum):
    """Where a finding is in its life."""

    OPEN = "open"
    STALE = "stale"
    """Nobody has seen its subject for a while: neither there nor mended."""
    RESOLVED = "resolved"


class Kind(enum.StrEnum):
    """What can happen to a finding."""

    OPENED = "opened"
    CHANGED = "changed"
    RESOLVED = "resolved"
    STALE = "stale"
    REOPENED = "reopened"
    WAIVED = "waived"
    WAIVER_ENDED = "waiver_ended"


class Reason(enum.StrEnum):
    """Why a finding is resolved."""

    REPLACED = "replaced"
    """Every holder has presented another certificate since."""
    MENDED = "mended"
    """The subject was seen again, and the rule finds nothing any more."""
    NOT_APPLICABLE = "not_applicable"
    """The rule is not about the subject any more."""


@dataclass(frozen=True, slots=True)
class Past:
    """A finding as its events left it."""

    finding: str
    events: int
    """How many there are; the next one has the number after it."""
    state: State
    rule: str
    severity: str
    title: str
    """As its last event has it."""
    subject_kind: str
    subject: str
    step: int | None
    ours: bool
    last_seen: datetime | None
    """Latest session of the subject that the last evaluation that found it knew."""
    waiver: str | None


@dataclass(frozen=True, slots=True)
class Now:
    """What this evaluation says of a finding."""

    finding: Finding | None = None
    """There if the rule fails."""
    verdict: Verdict | None = None
    """None: the rule was not asked, or the subject is not in the store."""
    last_seen: datetime | None = None
    """Latest session of the subject; None: not in the store."""
    replaced: bool = False
    """Every holder has presented another certificate since."""
    waiver: str | None = None
    """Waiver that holds."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event in the life of a finding; the row of `finding_events`."""

    finding: str
    ordinal: int
    at: datetime
    kind: Kind
    state: State
    reason: Reason | None
    rule: str
    severity: str
    title: str
    subject_kind: str
    subject: str
    step: int | None
    ours: bool
    last_seen: datetime | None
    waiver: str | None
