r"""Findings as CSV (RFC 4180), one row a finding, for spreadsheets.

A cell that a spreadsheet would take for a formula (`=`, `+`, `-`, `@`, also in full width) gets an apostrophe in front,
which spreadsheets show as text; what does not show itself (line breaks, control and direction marks) is written out as
`\u{202e}`; all cells are quoted, and the longest are shortened. The JSON document has every text unchanged.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from analytics.network import endpoint
from analytics.report import text
from analytics.report.group import rests_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from analytics.finding import Finding
    from analytics.report.model import CertificateRow, Run

COLUMNS = (
    "severity",
    "rule",
    "title",
    "subject_kind",
    "subject",
    "ours",
    "confirmed",
    "step",
    "name",
    "issuer",
    "not_after",
    "holder_count",
    "holders",
    "server_names",
    "first_seen",
    "last_seen",
    "certificates",
    "action",
    "why",
    "zones",
    "owners",
    "technical_owners",
    "renewal",
    "waived_until",
    "waiver_owner",
    "waiver_reason",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_CELL = 32_000
"""Characters; the common spreadsheets cut a cell at 32,767."""
_BETWEEN = " | "


def lines(run: Run) -> Iterator[str]:
    """Give the header and each finding as a line with its CRLF; those that somebody waived come last."""
    certificates = {row.sha256: row for row in run.certificates}
    yield line(COLUMNS)
    for finding in (*run.findings, *run.waived):
        yield line(_row(finding, certificates))


def cell(value: str) -> str:
    """Make one cell harmless."""
    shown = text.inert(value, _CELL)
    return "'" + shown if value.startswith(_FORMULA) or shown.startswith(_FORMULA) else shown


def shown(value: object) -> str:
    """Write one JSON-ready value: what is unknown is an empty cell, members of a list stand between bars."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _BETWEEN.join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def line(values: Iterable[str]) -> str:
    """Make one line, with its CRLF."""
    stream = io.StringIO()
    csv.writer(stream, quoting=csv.QUOTE_ALL).writerow(map(cell, values))
    return stream.getvalue()


def _row(finding: Finding, certificates: Mapping[str, CertificateRow]) -> tuple[str, ...]:
    """Cells in the order of `COLUMNS`; "" where there is nothing to say."""
    rows = rests_on(finding, certificates)
    ends = {text.rfc3339(row.not_after) or "" for row in rows}
    server_names = sorted({name for holder in finding.holders for name in holder.server_names})
    waiver = finding.waiver
    return (
        str(finding.severity),
        finding.rule,
        finding.title,
        finding.subject_kind,
        finding.subject,
        "yes" if finding.ours else "no",
        "yes" if finding.confirmed else "no",
        "" if finding.step is None else str(finding.step),
        _BETWEEN.join(sorted({row.name for row in rows})),
        _BETWEEN.join(sorted({row.issuer or "" for row in rows})),
        ends.pop() if len(ends) == 1 else "",
        str(len(finding.holders)),
        _BETWEEN.join(endpoint(holder.address, holder.port) for holder in finding.holders),
        _BETWEEN.join(server_names),
        text.rfc3339(finding.first_seen) or "",
        text.rfc3339(finding.last_seen) or "",
        " ".join(finding.evidence["certificates"]),
        finding.action,
        finding.why,
        _BETWEEN.join(finding.zones),
        _BETWEEN.join(owner.business for owner in finding.owners),
        _BETWEEN.join(owner.technical for owner in finding.owners if owner.technical),
        _BETWEEN.join(owner.renewal for owner in finding.owners if owner.renewal),
        *(("", "", "") if waiver is None else (text.rfc3339(waiver.until) or "", waiver.owner, waiver.reason)),
    )
