"""Puts a report together: asks the store, and says how it was made."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from analytics import coverage, judged
from analytics.documents import audit, clauses, crypto, expiry, owner, shadow
from analytics.documents.document import Document
from analytics.network import display_network
from analytics.policy.apply import rules_by
from analytics.report import tally
from rules.clauses import standards
from rules.pack import load_rules

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from analytics.documents.document import Section, Value
    from analytics.policy.read import Policy
    from analytics.store import Store
    from rules.pack import RulePack

_TITLES = {
    "audit": "What certificates this network runs, and what is wrong with them",
    "expiry": "When certificates end",
    "crypto": "Cryptography in use",
    "shadow": "Shadow PKI",
    "owner": "Owners and what they answer for",
    "clauses": "Evidence for clauses of standards",
}
_SEEN = """
SELECT (SELECT count() FROM session(loads = [], home = {home:Array(String)})),
    (SELECT countIf(server_visibility NOT IN ('visible', 'decrypted'))
        FROM session(loads = [], home = {home:Array(String)}))
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is to be about."""

    kind: str
    now: dt.datetime
    home: Sequence[str]
    """As `analytics.network.home_ranges` gives them."""
    since: dt.datetime | None = None
    """For `crypto`: what changed from then on."""
    policy: Policy | None = None
    """`owner` needs one."""


def make(store: Store, asked: Asked) -> Document:
    """Make one report about ours. StoreError."""
    sentence, sections = _sections(store, asked)
    return Document(asked.kind, _TITLES[asked.kind], sentence, sections, _made(store, asked))


def _sections(store: Store, asked: Asked) -> tuple[str, tuple[Section, ...]]:
    kind, now, home = asked.kind, asked.now, asked.home
    if kind == "audit":
        return audit.sections(judged.of_store(store, load_rules(), now=now, home=home, policy=asked.policy))
    if kind == "clauses":
        known = standards()
        counts = clauses.in_scope(store, _rules(asked), known, now=now, home=home)
        return clauses.sections(known, counts, clauses.blind(store, home))
    rows = coverage.certificates(store, loads=(), home=home)
    if kind == "expiry":
        return expiry.sections((row for row in rows if row.ours), now)
    if kind == "shadow":
        return shadow.sections(store, rows, home=home, at=now)
    if asked.policy is not None and kind == "owner":
        return owner.sections(store, rows, asked.policy, home=home, at=now)
    spoken = coverage.versions(store, loads=(), home=home)
    return crypto.sections(store, tally.posture(rows, spoken), home=home, since=asked.since)


def _rules(asked: Asked) -> RulePack:
    pack = load_rules()
    return pack if asked.policy is None else rules_by(asked.policy, pack)


def _made(store: Store, asked: Asked) -> tuple[tuple[str, Value], ...]:
    """Say how: whoever files the report must be able to make it again."""
    pack, policy, home = load_rules(), asked.policy, asked.home
    [(handshakes, hidden)] = store.query(_SEEN, {"home": list(home)})
    return (
        ("judged as of", asked.now),
        ("store", store.name),
        ("home networks", tuple(display_network(network) for network in home)),
        ("handshakes", handshakes),
        ("handshakes without a visible server certificate", hidden),
        ("endpoints of ours that never showed one", clauses.blind(store, home)),
        ("rules", f"version {pack.version}, {pack.sha256}"),
        ("policy", "none" if policy is None else f"{policy.name}, SHA-256 {policy.sha256}"),
        ("certspan", version("certspan")),
    )
