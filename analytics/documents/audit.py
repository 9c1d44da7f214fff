"""Report `audit`: what is wrong, with whom, what was accepted, what is there, and what could not be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.documents.document import Section, held_by
from analytics.network import endpoint
from analytics.report import charts, text
from analytics.report.bars import bars
from analytics.report.group import rests_on
from analytics.report.sentence import sentence
from rules.rule import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from analytics.documents.document import Value
    from analytics.finding import Finding
    from analytics.report.model import CertificateRow, Run

_WIDTH = 1076
_FINDINGS = ("severity", "rule", "title", "name", "holders", "owners", "ends", "last_seen", "subject")


def sections(run: Run) -> tuple[str, tuple[Section, ...]]:
    """Give the sentence and the tables; the numbers are those of every other output of the run."""
    known = {row.sha256: row for row in run.certificates}
    rest = [finding for finding in run.findings if finding not in run.scope]
    return sentence(run), (
        _severities(run),
        Section(
            "causes",
            "Causes",
            "Findings of one cause are one line; the gravest first.",
            ("severity", "rule", "cause", "subjects", "names", "places", "action"),
            tuple(
                (str(one.severity), one.rule, one.headline, one.subjects, one.names, one.places, one.action)
                for one in run.groups
                if one.ours or not run.any_ours
            ),
        ),
        Section("findings", "Findings", "", _FINDINGS, tuple(_findings(run.scope, known))),
        Section(
            "waived",
            "Waived",
            "Accepted until a day; in no number above.",
            (*_FINDINGS, "waived_until", "waiver_owner", "waiver_reason"),
            tuple(_waived(run.waived, known)),
        ),
        Section("others", "Findings about others", "In no number above.", _FINDINGS, tuple(_findings(rest, known))),
        _ends(run),
        _certificates(run),
        _issuers(run),
        *_coverage(run),
        Section(
            "rule-errors",
            "Rules that could not judge",
            "What they would have found is not known.",
            ("rule", "message"),
            tuple((error.rule, error.message) for error in run.rule_errors),
        ),
    )


def _severities(run: Run) -> Section:
    gravest = sorted(Severity, reverse=True)
    counts = {one: sum(finding.severity == one for finding in run.scope) for one in gravest}
    whose = "Findings about machines of yours." if run.any_ours else "Nothing is in a network of yours: all findings."
    return Section(
        "severities",
        "Findings by severity",
        whose,
        ("severity", "findings", "rules"),
        tuple(
            (str(one), counts[one], len({finding.rule for finding in run.scope if finding.severity == one}))
            for one in gravest
        ),
        bars(
            [(str(one), counts[one]) for one in gravest], _WIDTH // 2, "Findings by severity; the table has the numbers"
        ),
    )


def _findings(findings: Iterable[Finding], known: Mapping[str, CertificateRow]) -> Iterator[tuple[Value, ...]]:
    for finding in findings:
        rows = rests_on(finding, known)
        ends = {row.not_after for row in rows}
        yield (
            str(finding.severity),
            finding.rule,
            finding.title,
            tuple(sorted({row.name for row in rows})),
            tuple(endpoint(holder.address, holder.port) for holder in finding.holders),
            tuple(owner.business for owner in finding.owners),
            ends.pop() if len(ends) == 1 else None,
            finding.last_seen,
            finding.subject,
        )


def _waived(findings: Iterable[Finding], known: Mapping[str, CertificateRow]) -> Iterator[tuple[Value, ...]]:
    for finding in findings:
        if (waiver := finding.waiver) is not None:
            [row] = _findings([finding], known)
            yield *row, waiver.until, waiver.owner, waiver.reason


def _ends(run: Run) -> Section:
    """Give the bands of the certificates of ours that a holder presents as its own."""
    at = run.provenance.clock.at
    rows = [row for row in run.certificates if row.leaf and (row.ours or not run.any_ours)] if at else []
    line = charts.expiry(rows, at) if at else None
    return Section(
        "bands",
        "When certificates end",
        f"{charts.DAYS} days from {text.day(at)}." if at else "",
        ("band", "certificates"),
        tuple((band.label, band.count) for band in line.bands) if line else (),
        charts.expiry_line(line, _WIDTH) if line else None,
    )


def _certificates(run: Run) -> Section:
    return Section(
        "certificates",
        "Certificates",
        "Ours first, then by their end.",
        ("name", "class", "issuer", "key", "signature_hash", "ends", "ours", "holders", "last_seen", "sha256"),
        tuple(
            (
                *(row.name, row.kind, row.issuer_name, row.key, row.signature_hash, row.not_after),
                *("yes" if row.ours else "no", held_by(row), row.last_seen, row.sha256),
            )
            for row in run.certificates
        ),
    )


def _issuers(run: Run) -> Section:
    return Section(
        "issuers",
        "Issuers",
        "",
        ("name", "classes", "certificates", "of_ours", "holders", "first_seen", "last_seen", "next_end"),
        tuple(
            (
                *(row.name, row.kinds, row.certificates, row.our_certificates, row.holders),
                *(row.first_seen, row.last_seen, row.next_end),
            )
            for row in run.issuers
        ),
    )


def _coverage(run: Run) -> tuple[Section, ...]:
    seen = run.coverage
    visible = tuple((f"server certificate {name}", count) for name, count in sorted(seen.server.items()))
    presented = tuple((f"client certificate {name}", count) for name, count in sorted(seen.client.items()))
    return (
        Section(
            "coverage",
            "What was seen",
            "Handshakes by what could be seen of each side's certificate.",
            ("what", "number"),
            (
                *(("handshakes", seen.handshakes), ("of ours", seen.our_handshakes), *visible, *presented),
                *(("endpoints", seen.endpoints), ("endpoints of ours", seen.our_endpoints)),
                *(("certificates", seen.certificates), ("certificates of ours", seen.our_certificates)),
            ),
        ),
        Section(
            "blind",
            "Endpoints that never showed a certificate",
            "certspan export blind lists them for a scanner.",
            ("endpoint", "ours", "handshakes", "why", "server_names", "last_seen"),
            tuple(
                (
                    *(one.endpoint, "yes" if one.ours else "no", one.sessions, tuple(sorted(one.reasons))),
                    *(one.server_names, one.last_seen),
                )
                for one in seen.blind
            ),
        ),
    )
