"""Findings as JSON lines: one whole finding a line, with the clock it was judged at, for pipes and log shippers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.report import json, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics.report.model import Run


def lines(run: Run) -> Iterator[str]:
    """Give each finding as a line with its newline; the fields of `findings` in the JSON document and `judged_at`.

    Those that somebody waived come last; `waiver` is not null there.
    """
    judged_at = text.rfc3339(run.provenance.clock.at)
    for finding in (*run.findings, *run.waived):
        yield json.dumps({"judged_at": judged_at, **json.finding(finding)}) + "\n"
