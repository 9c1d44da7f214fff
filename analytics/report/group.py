"""One cause, one line: findings that share a cause become one group, never one line a certificate.

Findings of one rule, severity and step belong together when the certificates come from one issuer (or the endpoints
have the same thing wrong). Groups about exactly the same subjects are one again: 24 cameras with three faults each are
one line. Every finding is in exactly one group, so numbers add up.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from analytics.report import compress, text
from analytics.report.model import Group

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from analytics.finding import Finding
    from analytics.report.model import CertificateRow

_SHOW_FAMILIES = 3
_NAME = 80
"""Characters of one name."""
_NUMBER = re.compile(r"[0-9]+")
_Key = tuple[object, ...]


def groups(findings: Iterable[Finding], certificates: Mapping[str, CertificateRow]) -> tuple[Group, ...]:
    """Group findings; ours first, then most severe, then what touches most. `certificates` are by SHA-256."""
    causes: dict[_Key, list[Finding]] = {}
    for finding in findings:
        causes.setdefault(_cause(finding, certificates), []).append(finding)
    same: dict[_Key, list[list[Finding]]] = {}
    for members in causes.values():
        first = members[0]
        subjects = frozenset(finding.subject for finding in members)
        same.setdefault((first.subject_kind, first.ours, first.confirmed, subjects), []).append(members)
    made = [_group(lists, certificates) for lists in same.values()]
    return tuple(sorted(made, key=_order))


def rests_on(finding: Finding, certificates: Mapping[str, CertificateRow]) -> list[CertificateRow]:
    """Give the certificates that stand for the subject: itself, or those of a key; none for an endpoint, which has a
    place of its own.
    """
    if finding.subject_kind == "endpoint":
        return []
    return [certificates[sha256] for sha256 in finding.evidence["certificates"] if sha256 in certificates]


def _cause(finding: Finding, certificates: Mapping[str, CertificateRow]) -> _Key:
    """Give what must be equal within a group; issuers with the same thing wrong are one cause, whoever signed them."""
    rows = [] if finding.subject_kind == "issuer" else rests_on(finding, certificates)
    issuer = tuple(sorted({"itself" if row.self_issued else str(row.issuer) for row in rows})) or finding.title
    likeness = _NUMBER.sub("#", text.inert(finding.title)) if rows else ""
    return (finding.rule, finding.severity, finding.step, finding.ours, finding.confirmed, issuer, likeness)


def _order(group: Group) -> tuple[object, ...]:
    return (not group.ours, -group.severity, not group.confirmed, group.step or 0, -group.subjects, group.headline)


def _group(lists: Sequence[Sequence[Finding]], certificates: Mapping[str, CertificateRow]) -> Group:
    """Make one group of lists of findings about the same subjects; the gravest list leads."""
    ranked = sorted(lists, key=lambda members: (-members[0].severity, members[0].step or 99, members[0].rule))
    lead = ranked[0]
    first = lead[0]
    names = compress.names(_names(lead, certificates))
    places = _places(lead)
    return Group(
        rule=first.rule,
        severity=first.severity,
        step=first.step,
        subject_kind=first.subject_kind,
        ours=first.ours,
        confirmed=first.confirmed,
        headline=headline(lead),
        also=tuple(f"{other[0].severity}: {fault(other)} ({other[0].rule})" for other in ranked[1:]),
        subjects=len({finding.subject for finding in lead}),
        names=compress.shown(names),
        short_names=compress.shown(names, _SHOW_FAMILIES),
        places=compress.shown(places),
        short_places=compress.shown(places, _SHOW_FAMILIES),
        issuer=_issuer(lead, certificates),
        why=first.why,
        action=first.action,
        owners=tuple(
            dict.fromkeys(text.inert(owner.business) for members in ranked for one in members for owner in one.owners)
        ),
        findings=tuple(
            finding for members in ranked for finding in sorted(members, key=lambda one: _place(one, certificates))
        ),
    )


def _places(findings: Iterable[Finding]) -> list[compress.Family]:
    """Addresses of all holders, compressed: servers with their ports, then clients."""
    holders = [holder for finding in findings for holder in finding.holders]
    servers = compress.addresses((holder.address, holder.port) for holder in holders if holder.role != "client")
    clients = compress.addresses((holder.address, None) for holder in holders if holder.role == "client")
    word = {True: "clients", False: "client"}
    return [*servers, *(compress.Family(f"{one.text} ({word[one.size > 1]})", one.size) for one in clients)]


def _place(finding: Finding, certificates: Mapping[str, CertificateRow]) -> tuple[object, ...]:
    """Sort within a group by name, numbers as numbers, then by subject."""
    rows = rests_on(finding, certificates)
    name = rows[0].name if rows else finding.subject
    words = _NUMBER.split(name)
    numbers = [int(found) for found in _NUMBER.findall(name)]
    return words[0], numbers[:1], words[1:], numbers, finding.subject


def _names(findings: Iterable[Finding], certificates: Mapping[str, CertificateRow]) -> set[str]:
    """Names of the subjects, harmless: of their certificates, of issuers, of endpoints those that were asked for."""
    found: set[str] = set()
    for finding in findings:
        if finding.subject_kind == "issuer":
            found.add(text.inert(str(finding.evidence.get("name") or finding.subject), _NAME))
            continue
        found.update(text.inert(row.name, _NAME) for row in rests_on(finding, certificates))
        if finding.subject_kind == "endpoint":
            found.update(text.inert(name, _NAME) for holder in finding.holders for name in holder.server_names)
    return found


def _issuer(findings: Sequence[Finding], certificates: Mapping[str, CertificateRow]) -> str | None:
    """Name the one issuer of all, or say that each signed itself."""
    rows = [row for finding in findings for row in rests_on(finding, certificates)]
    if not rows or any(finding.subject_kind == "issuer" for finding in findings):
        return None
    if all(row.self_issued for row in rows):
        return "itself" if len(rows) == 1 else "themselves"
    issuers = {row.issuer_name for row in rows}
    return text.inert(issuers.pop()) if len(issuers) == 1 else None


def headline(findings: Sequence[Finding]) -> str:
    """Say what is wrong with how many, harmless."""
    count = len({finding.subject for finding in findings})
    return f"{text.counted(count, findings[0].subject_kind)}: {fault(findings)}"


def fault(findings: Sequence[Finding]) -> str:
    """Make one title of all, harmless. Within a cause titles differ in numbers only."""
    return merge(sorted({text.inert(finding.title) for finding in findings}))


def merge(titles: Sequence[str]) -> str:
    """Make one of titles that differ in numbers only: `ends in 3 days`, `ends in 5 days` -> `ends in 3 to 5 days`."""
    words = _NUMBER.split(titles[0])
    numbers = [sorted({int(found) for found in column}) for column in zip(*map(_NUMBER.findall, titles), strict=True)]
    spans = [str(values[0]) if len(values) == 1 else f"{values[0]} to {values[-1]}" for values in numbers]
    return "".join(piece for pair in zip(words, [*spans, ""], strict=True) for piece in pair)
