"""Report `owner`: what each owner of the policy answers for, what of it ends next, and what is wrong with it."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analytics.documents.document import Section, held_by
from analytics.finding import Holder
from analytics.keep import last_evaluation
from analytics.life import listing
from analytics.owners import NOBODY
from analytics.policy.place import owners_of
from analytics.report import text
from analytics.report.charts import DAYS
from rules.rule import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from analytics.documents.document import Value
    from analytics.finding import Ownership
    from analytics.policy.read import Policy
    from analytics.report.model import CertificateRow
    from analytics.store import Store

_SOON = 30
"""Days."""
_GRAVEST = tuple(str(severity) for severity in sorted(Severity, reverse=True))
_HOLDERS = """
SELECT lower(hex(sha256)), holders FROM certificate(loads = [], home = {home:Array(String)})
WHERE ours AND presented_as_leaf
"""
_OWNERS = (
    *("owner", "technical", "renewal", "certificates", "ended", f"ends_in_{_SOON}_days", f"ends_in_{DAYS}_days"),
    *(*_GRAVEST, "waived"),
)
_FINDINGS = ("owner", "severity", "state", "rule", "title", "subject", "last_seen")


@dataclass
class _Owned:
    """What one owner answers for."""

    ownerships: list[Ownership] = field(default_factory=list)
    certificates: list[CertificateRow] = field(default_factory=list)
    open: list[dict[str, Any]] = field(default_factory=list)
    waived: list[dict[str, Any]] = field(default_factory=list)


def sections(
    store: Store, rows: Iterable[CertificateRow], policy: Policy, *, home: Sequence[str], at: dt.datetime
) -> tuple[str, tuple[Section, ...]]:
    """Give the sentence and the tables about ours as of `at`; findings are those of the last check. StoreError."""
    owned: dict[str, _Owned] = defaultdict(_Owned)
    for row, owners in _certificates(store, rows, policy, home):
        for one in _named(owned, owners):
            one.certificates.append(row)
    for finding, owners in _findings(store, policy, home, at):
        for one in _named(owned, owners):
            (one.open if finding["waived_until"] is None else one.waived).append(finding)
    by_name = sorted(owned.items(), key=lambda pair: (pair[0] == NOBODY, pair[0]))
    return _sentence(by_name), (
        Section(
            "owners",
            "Who answers for what",
            _note(store),
            _OWNERS,
            tuple(_summed(name, one, at) for name, one in by_name),
        ),
        Section(
            "ends",
            f"Ended, or ends within {DAYS} days",
            "",
            ("owner", "name", "ends", "days_left", "key", "issuer", "holders", "sha256"),
            tuple(_ending(by_name, at)),
        ),
        Section("findings", "Findings", "Those that stand and nobody waived.", _FINDINGS, tuple(_listed(by_name))),
        Section(
            "waived",
            "Waived",
            "Accepted until a day; not counted above.",
            (*_FINDINGS, "waived_until", "waiver_owner", "waiver_reason"),
            tuple(_waived(by_name)),
        ),
    )


def _named(owned: Mapping[str, _Owned], owners: Sequence[Ownership]) -> Iterator[_Owned]:
    """Give what is kept for these owners, or for nobody."""
    for name in dict.fromkeys(owner.business for owner in owners) or (NOBODY,):
        one = owned[name]
        one.ownerships += [owner for owner in owners if owner.business == name]
        yield one


def _certificates(
    store: Store, rows: Iterable[CertificateRow], policy: Policy, home: Sequence[str]
) -> Iterator[tuple[CertificateRow, tuple[Ownership, ...]]]:
    held = {
        sha256: [_holder(one) for one in holders] for sha256, holders in store.query(_HOLDERS, {"home": list(home)})
    }
    leaves = [row for row in rows if row.sha256 in held]
    things = [(held[row.sha256], (row.sha256,)) for row in leaves]
    return zip(leaves, owners_of(store, things, policy, home=home), strict=True)


def _findings(
    store: Store, policy: Policy, home: Sequence[str], at: dt.datetime
) -> Iterator[tuple[dict[str, Any], tuple[Ownership, ...]]]:
    wanted = listing.Wanted(states=("open", "stale"), ours=True)
    found = listing.ask(store, wanted, at)
    names = [column.name for column in found.columns]
    rows = [dict(zip(names, row, strict=True)) for row in found.rows]
    things = [
        ([_holder(one) for one in json.loads(row["holders"])], json.loads(row["evidence"]).get("certificates", ()))
        for row in rows
    ]
    return zip(rows, owners_of(store, things, policy, home=home), strict=True)


def _holder(row: Mapping[str, Any]) -> Holder:
    return Holder(**{**row, "server_names": tuple(row["server_names"])})


def _note(store: Store) -> str:
    judged = last_evaluation(store, ())
    if judged is None:
        return "This store was never judged, so that there are no findings: certspan check does it."
    return f"Findings are those of {text.moment(judged)}, when the store was last judged."


def _sentence(by_name: Sequence[tuple[str, _Owned]]) -> str:
    unowned = dict(by_name).get(NOBODY, _Owned())
    return (
        f"{text.counted(sum(name != NOBODY for name, _ in by_name), 'owner')}; nobody answers for "
        f"{text.counted(len(unowned.certificates), 'certificate')} and {text.counted(len(unowned.open), 'finding')}."
    )


def _summed(name: str, one: _Owned, at: dt.datetime) -> tuple[Value, ...]:
    left = [(row.not_after - at).total_seconds() / 86_400 for row in one.certificates if row.not_after]
    by_severity = Counter(finding["severity"] for finding in one.open)
    return (
        name,
        tuple(sorted({owner.technical for owner in one.ownerships if owner.technical})),
        tuple(sorted({owner.renewal for owner in one.ownerships if owner.renewal})),
        len(one.certificates),
        sum(days < 0 for days in left),
        *(sum(0 <= days < limit for days in left) for limit in (_SOON, DAYS)),
        *(by_severity[severity] for severity in _GRAVEST),
        len(one.waived),
    )


def _ending(by_name: Iterable[tuple[str, _Owned]], at: dt.datetime) -> Iterator[tuple[Value, ...]]:
    horizon = at + dt.timedelta(days=DAYS)
    for name, one in by_name:
        ending = [(row.not_after, row) for row in one.certificates if row.not_after and row.not_after < horizon]
        for end, row in sorted(ending, key=lambda pair: (pair[0], pair[1].name, pair[1].sha256)):
            days = int((end - at).total_seconds() / 86_400)
            yield name, row.name, end, days, row.key, row.issuer_name, held_by(row), row.sha256


def _listed(by_name: Iterable[tuple[str, _Owned]]) -> Iterator[tuple[Value, ...]]:
    for name, one in by_name:
        for finding in one.open:
            yield name, *(finding[column] for column in _FINDINGS[1:])


def _waived(by_name: Iterable[tuple[str, _Owned]]) -> Iterator[tuple[Value, ...]]:
    for name, one in by_name:
        for finding in one.waived:
            told = ("waived_until", "waiver_owner", "waiver_reason")
            yield name, *(finding[column] for column in (*_FINDINGS[1:], *told))
