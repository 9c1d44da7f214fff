"""Report `shadow`: who issues to machines of ours without sanction, what, to whom, since when, and whether it grows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from analytics import shadow
from analytics.documents.document import Section, held_by
from analytics.report import text
from analytics.report.bars import bars

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from analytics.documents.document import Value
    from analytics.report.model import CertificateRow, ShadowIssuer
    from analytics.store import Store

_WIDTH = 1076
_COLUMNS = ("name", "ends", "key", "holders", "first_seen", "last_seen", "sha256")
_ISSUERS = (
    *("issuer", "class", "why", "certificates", "holders", "networks", "first_seen", "last_seen"),
    *(f"new_in_{shadow.GROWTH.days}_days", "names", "issuer_key", "key_seen"),
)
_ISSUED = """
SELECT issuer_key, certificates FROM issuer(loads = [], home = {home:Array(String)})
WHERE has({keys:Array(String)}, issuer_key)
"""
_SELF_SIGNED = "self-signed"


def sections(
    store: Store, rows: Iterable[CertificateRow], *, home: Sequence[str], at: datetime
) -> tuple[str, tuple[Section, ...]]:
    """Give the sentence and the tables about issuers to machines of ours, as of `at`. StoreError."""
    found = shadow.shadow(store, loads=(), home=home, at=at, any_ours=True)
    known = {row.sha256: row for row in rows if row.ours and row.leaf}
    named = {one.issuer_key: one.name for one in found}
    issued = [
        (named[key], known[sha256])
        for key, shas in store.query(_ISSUED, {"home": list(home), "keys": list(named)})
        for sha256 in shas
        if sha256 in known
    ]
    issued.sort(key=lambda pair: (pair[0], *_order(pair[1])))
    own = sorted((row for row in known.values() if row.kind == _SELF_SIGNED), key=_order)
    sentence = (
        f"{text.counted(len(found), 'issuer')} that nobody sanctioned, behind "
        f"{text.counted(len({row.sha256 for _, row in issued}), 'certificate')} of ours; "
        f"{text.counted(len(own), 'more signs itself', 'more sign themselves')}."
    )
    return sentence, (
        Section(
            "issuers",
            "Who issues here without sanction",
            "By key: neither public, nor yours, nor of a vendor you accept. What is theirs and yours after all belongs "
            "under trust in the policy.",
            _ISSUERS,
            tuple(_issuer(one) for one in found),
        ),
        _growth([row for _, row in issued]),
        Section(
            "issued",
            "What they issued",
            "Certificates that machines of yours present as their own.",
            ("issuer", *_COLUMNS),
            tuple((issuer, *_certificate(row)) for issuer, row in issued),
        ),
        Section(
            "self-signed",
            "What signs itself",
            "Nobody issued these; each is its own authority.",
            _COLUMNS,
            tuple(_certificate(row) for row in own),
        ),
    )


def _growth(rows: Iterable[CertificateRow]) -> Section:
    """Count certificates by the month in which each was first seen."""
    distinct = {row.sha256: row.first_seen for row in rows if row.first_seen}
    new = Counter((seen.year, seen.month) for seen in distinct.values())
    counted: list[tuple[str, int, int]] = []
    whole = 0
    for year, month in sorted(new):
        whole += new[year, month]
        counted.append((f"{year}-{month:02}", new[year, month], whole))
    return Section(
        "growth",
        "By month",
        "Certificates of these issuers by the month in which each was first seen here, and how many were known by "
        "then. A month without a new one is left out.",
        ("month", "new", "known"),
        tuple(counted),
        bars(
            [(month, known) for month, _, known in counted],
            _WIDTH,
            "Certificates known by month; the table has the numbers",
        )
        if counted
        else None,
    )


def _order(row: CertificateRow) -> tuple[bool, float, str, str]:
    """By end, those that cannot be read last."""
    return row.not_after is None, row.not_after.timestamp() if row.not_after else 0.0, row.name, row.sha256


def _issuer(one: ShadowIssuer) -> tuple[Value, ...]:
    return (
        *(one.name, one.kind, one.reason, one.certificates, one.holders, one.networks),
        *(one.first_seen, one.last_seen, one.new, one.names, one.issuer_key, "yes" if one.key_seen else "no"),
    )


def _certificate(row: CertificateRow) -> tuple[Value, ...]:
    return row.name, row.not_after, row.key, held_by(row), row.first_seen, row.last_seen, row.sha256
