"""Findings as a list: what a store holds of them, filtered, with the waivers that hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analytics.finding import plain
from analytics.inventory.ask import Listing
from analytics.inventory.kinds import Column, Type
from analytics.life.waivers import Held, read
from analytics.store import QueryError, StoreError
from rules.rule import Severity

if TYPE_CHECKING:
    from datetime import datetime

    from analytics.store import Store

_TEXT, _TIME, _TRUTH, _NUMBER = Type.TEXT, Type.TIME, Type.TRUTH, Type.NUMBER
_STORED = (
    ("id", _TEXT),
    ("severity", _TEXT),
    ("state", _TEXT),
    ("rule", _TEXT),
    ("title", _TEXT),
    ("subject_kind", _TEXT),
    ("subject", _TEXT),
    ("step", _NUMBER),
    ("ours", _TRUTH),
    ("confirmed", _TRUTH),
    ("first_seen", _TIME),
    ("last_seen", _TIME),
    ("opened_at", _TIME),
    ("changed_at", _TIME),
    ("resolved_at", _TIME),
    ("resolution", _TEXT),
    ("stale_since", _TIME),
    ("reopened", _NUMBER),
    ("holders", _TEXT),
    ("evidence", _TEXT),
)
_BRIEF = frozenset({"id", "severity", "state", "rule", "title", "subject", "last_seen", "waived_until"})
COLUMNS = tuple(
    Column(name, name, kind, brief=name in _BRIEF)
    for name, kind in (*_STORED, ("waived_until", _TIME), ("waiver_owner", _TEXT), ("waiver_reason", _TEXT))
)
"""Of a list of findings; the last three are NULL where no waiver holds."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which findings to list; None and () leave the choice open."""

    states: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    severity: str | None = None
    """At least this."""
    subject: str | None = None
    """The subject, how it begins, or the address of a holder."""
    ours: bool | None = None
    waived: bool | None = None
    id: str | None = None
    """How the id begins."""


def ask(store: Store, wanted: Wanted, now: datetime) -> Listing:
    """List findings, the gravest first, with what is waived at `now`. StoreError."""
    if not store.query("SELECT 1 FROM system.tables WHERE database = currentDatabase() AND name = 'finding'"):
        raise StoreError(f"{store.name}: made by an older certspan; certspan check --store {store.name} brings it up")
    conditions, parameters = _conditions(wanted)
    ranks = ", ".join(f"'{severity}'" for severity in sorted(Severity, reverse=True))
    columns = ", ".join(name for name, _ in _STORED)
    rows = store.query(
        f"SELECT {columns} FROM finding WHERE {' AND '.join(conditions)} "
        f"ORDER BY state = 'resolved', indexOf([{ranks}], severity), rule, subject",
        parameters,
    )
    held = Held(read(store), now)
    listed = []
    for row in rows:
        named = dict(zip((name for name, _ in _STORED), row, strict=True))
        waiver = held.of(named["rule"], named["subject"])
        if wanted.waived is None or wanted.waived == (waiver is not None):
            end = (waiver.until, waiver.owner, waiver.reason) if waiver else (None, None, None)
            listed.append([plain(bool(v) if kind is _TRUTH else v) for v, (_, kind) in zip(row, _STORED, strict=True)])
            listed[-1] += [plain(value) for value in end]
    return Listing(COLUMNS, listed, len(listed))


def one(store: Store, prefix: str, now: datetime) -> dict[str, Any]:
    """Give the one finding whose id begins so. QueryError: none does, or several do."""
    found = ask(store, Wanted(id=prefix.lower()), now).rows if prefix else []
    if len(found) != 1:
        told = "several findings' ids begin so" if found else "no finding's id begins so"
        raise QueryError(f"{prefix}: {told}; certspan findings list --store {store.name} shows them")
    return dict(zip((column.name for column in COLUMNS), found[0], strict=True))


def _conditions(wanted: Wanted) -> tuple[list[str], dict[str, Any]]:
    conditions = ["true"]
    parameters: dict[str, Any] = {}
    if wanted.states:
        conditions.append("has({states:Array(String)}, state)")
        parameters["states"] = list(wanted.states)
    if wanted.rules:
        conditions.append("has({rules:Array(String)}, rule::String)")
        parameters["rules"] = list(wanted.rules)
    if wanted.severity:
        least = Severity[wanted.severity.upper()]
        conditions.append("has({severities:Array(String)}, severity)")
        parameters["severities"] = [str(severity) for severity in Severity if severity >= least]
    if wanted.subject:
        conditions.append(
            "(startsWith(subject, {subject:String}) OR "
            "has(JSONExtract(holders, 'Array(Tuple(address String))').1, {subject:String}))"
        )
        parameters["subject"] = wanted.subject
    if wanted.ours is not None:
        conditions.append("ours" if wanted.ours else "NOT ours")
    if wanted.id is not None:
        conditions.append("startsWith(id, {id:String})")
        parameters["id"] = wanted.id
    return conditions, parameters
