"""Tables made of the certificates of a run: who signs here, and what cryptography is in use."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from analytics.owners import NOBODY
from analytics.report.model import IssuerRow, OwnerRow, Posture, Share
from rules.rule import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from analytics.finding import Finding, Ownership
    from analytics.report.model import CertificateRow


def issuers(rows: Iterable[CertificateRow], at: datetime | None) -> tuple[IssuerRow, ...]:
    """One row an issuer name; who signs most for us first. Self-issued certificates are one row together."""
    by_name: dict[tuple[bool, str | None], list[CertificateRow]] = {}
    for row in rows:
        own = bool(row.self_issued)
        by_name.setdefault((own, None if own else row.issuer), []).append(row)
    made = [_issuer(own=own, rows=members, at=at) for (own, _), members in by_name.items()]
    return tuple(sorted(made, key=lambda row: (-row.our_certificates, -row.certificates, row.name)))


def _issuer(*, own: bool, rows: Sequence[CertificateRow], at: datetime | None) -> IssuerRow:
    ahead = [row.not_after for row in rows if row.not_after and at and row.not_after >= at]
    return IssuerRow(
        name="themselves (self-issued)" if own else rows[0].issuer_name,
        issuer=None if own else rows[0].issuer,
        certificates=len(rows),
        our_certificates=sum(row.ours for row in rows),
        holders=len({holder for row in rows for holder in row.holders}),
        self_issued=own,
        first_seen=min((row.first_seen for row in rows if row.first_seen), default=None),
        last_seen=max((row.last_seen for row in rows if row.last_seen), default=None),
        next_end=min(ahead, default=None),
        kinds=tuple(sorted({row.kind for row in rows if row.kind})),
    )


def owners(findings: Iterable[Finding]) -> tuple[OwnerRow, ...]:
    """One row an owner, whoever has the gravest and then the most findings first, nobody last."""
    by_name: dict[str, list[tuple[Finding, Ownership | None]]] = {}
    for finding in findings:
        for owner in finding.owners or (None,):
            by_name.setdefault(NOBODY if owner is None else owner.business, []).append((finding, owner))
    made = [_owner(name, found) for name, found in by_name.items()]
    gravest = sorted(Severity, reverse=True)
    return tuple(
        sorted(made, key=lambda row: (row.name == NOBODY, [-row.severities.get(one, 0) for one in gravest], row.name))
    )


def _owner(name: str, found: Sequence[tuple[Finding, Ownership | None]]) -> OwnerRow:
    counted = Counter({finding.id: finding.severity for finding, _ in found}.values())
    return OwnerRow(
        name=name,
        technical=tuple(sorted({owner.technical for _, owner in found if owner and owner.technical})),
        renewal=tuple(sorted({owner.renewal for _, owner in found if owner and owner.renewal})),
        findings=counted.total(),
        severities={severity: counted[severity] for severity in sorted(counted, reverse=True)},
    )


def posture(rows: Iterable[CertificateRow], versions: Iterable[tuple[str | None, bool, int]]) -> Posture:
    """Count certificates by key and hash, and handshakes by version: (version, ours, handshakes)."""
    keys: Counter[tuple[str, bool]] = Counter()
    hashes: Counter[tuple[str, bool]] = Counter()
    for row in rows:
        keys[row.key, row.ours] += 1
        hashes[row.signature_hash or "none named", row.ours] += 1
    spoken: Counter[tuple[str, bool]] = Counter()
    for version, ours, handshakes in versions:
        spoken[version or "not agreed", ours] += handshakes
    return Posture(keys=_shares(keys), hashes=_shares(hashes), versions=_shares(spoken))


def _shares(counts: Counter[tuple[str, bool]]) -> tuple[Share, ...]:
    """Order lines by their sum."""
    shares = [Share(label, counts[label, True], counts[label, False]) for label in {label for label, _ in counts}]
    return tuple(sorted(shares, key=lambda share: (-share.ours - share.others, share.label)))
