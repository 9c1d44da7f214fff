"""Report `expiry`: what ended, what ends within 90 days, and the days on which many end together."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING

from analytics.documents.document import Section, held_by
from analytics.report import charts, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from analytics.documents.document import Value
    from analytics.report.model import CertificateRow

CLIFF = 5
"""Certificates of one issuer that end within one day: from here on it is a cliff, for they were made together."""
_WIDTH = 1076
_COLUMNS = ("name", "ends", "days_left", "issuer", "key", "holders", "last_seen", "sha256")
_DAY = 86_400


def sections(certificates: Iterable[CertificateRow], at: dt.datetime) -> tuple[str, tuple[Section, ...]]:
    """Give the sentence and the tables about leaf certificates; `at` is the clock."""
    rows = [row for row in certificates if row.leaf]
    line = charts.expiry(rows, at)
    ended = [row for row in rows if row.not_after is not None and row.not_after < at]
    horizon = at + dt.timedelta(days=charts.DAYS)
    soon = sorted(
        (row for row in rows if row.not_after is not None and at <= row.not_after < horizon),
        key=lambda row: (row.not_after, row.name),
    )
    bands = Section(
        "bands",
        f"{charts.DAYS} days from {text.day(at)}",
        "Each certificate that a holder presented as its own is in one band.",
        ("band", "certificates"),
        tuple((band.label, band.count) for band in line.bands),
        charts.expiry_line(line, _WIDTH),
    )
    found = cliffs(rows, at)
    sentence = (
        f"{text.counted(len(ended), 'certificate')} ended and still in use, "
        f"{text.counted(len(soon), 'ends', 'end')} within {charts.DAYS} days, {text.counted(len(found), 'cliff')}."
    )
    return sentence, (
        bands,
        Section("ended", "Ended, and seen in use", "", _COLUMNS, _listed(ended, at)),
        Section("next", f"Ends within {charts.DAYS} days", "The next one first.", _COLUMNS, _listed(soon, at)),
        Section(
            "cliffs",
            "Cliffs",
            f"{CLIFF} or more certificates of one issuer that end on one day (UTC) from now on: what was set up on one "
            "day stops on one day.",
            ("day", "issuer", "certificates", "names"),
            found,
        ),
    )


def cliffs(rows: Sequence[CertificateRow], at: dt.datetime) -> tuple[tuple[str, str, int, tuple[str, ...]], ...]:
    """Give day, issuer, number and names of each cliff that is still ahead, the next one first."""
    ends: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        if row.not_after is not None and row.not_after >= at:
            ends[text.day(row.not_after), row.issuer_name].append(row.name)
    found = [(day, issuer, len(names), tuple(sorted(names))) for (day, issuer), names in ends.items()]
    return tuple(sorted(one for one in found if one[2] >= CLIFF))


def _listed(rows: Iterable[CertificateRow], at: dt.datetime) -> tuple[tuple[Value, ...], ...]:
    return tuple(
        (
            row.name,
            row.not_after,
            int((row.not_after - at).total_seconds() / _DAY) if row.not_after else None,
            row.issuer_name,
            row.key,
            held_by(row),
            row.last_seen,
            row.sha256,
        )
        for row in rows
    )
