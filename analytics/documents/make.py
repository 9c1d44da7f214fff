"""Puts a report together: asks the store, and says how it was made."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from analytics import coverage
from analytics.documents import clauses, crypto, expiry
from analytics.documents.document import Document
from analytics.network import display_network
from analytics.report import tally
from rules.clauses import standards
from rules.pack import load_rules

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from analytics.documents.document import Section, Value
    from analytics.store import Store

_TITLES = {
    "expiry": "When certificates end",
    "crypto": "Cryptography in use",
    "clauses": "Evidence for clauses of standards",
}
_SEEN = """
SELECT (SELECT count() FROM session(loads = [], home = {home:Array(String)})),
    (SELECT countIf(server_visibility NOT IN ('visible', 'decrypted'))
        FROM session(loads = [], home = {home:Array(String)}))
"""


def make(
    store: Store, kind: str, *, now: dt.datetime, since: dt.datetime | None = None, home: Sequence[str]
) -> Document:
    """Make one report about ours, as of `now`. StoreError."""
    sentence, sections = _sections(store, kind, now, since, home)
    return Document(kind, _TITLES[kind], sentence, sections, _made(store, now, home))


def _sections(
    store: Store, kind: str, now: dt.datetime, since: dt.datetime | None, home: Sequence[str]
) -> tuple[str, tuple[Section, ...]]:
    if kind == "clauses":
        known = standards()
        counts = clauses.in_scope(store, load_rules(), known, now=now, home=home)
        return clauses.sections(known, counts, clauses.blind(store, home))
    rows = coverage.certificates(store, loads=(), home=home)
    if kind == "expiry":
        return expiry.sections((row for row in rows if row.ours), now)
    spoken = coverage.versions(store, loads=(), home=home)
    return crypto.sections(store, tally.posture(rows, spoken), home=home, since=since)


def _made(store: Store, now: dt.datetime, home: Sequence[str]) -> tuple[tuple[str, Value], ...]:
    """Say how: whoever files the report must be able to make it again."""
    pack = load_rules()
    [(handshakes, hidden)] = store.query(_SEEN, {"home": list(home)})
    return (
        ("judged as of", now),
        ("store", store.name),
        ("home networks", tuple(display_network(network) for network in home)),
        ("handshakes", handshakes),
        ("handshakes without a visible server certificate", hidden),
        ("endpoints of ours that never showed one", clauses.blind(store, home)),
        ("rules", f"version {pack.version}, {pack.sha256}"),
        ("certspan", version("certspan")),
    )
