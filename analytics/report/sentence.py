"""The whole run in one sentence: what is broken, what breaks next, what is weak."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from analytics.report import text
from rules.rule import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analytics.finding import Finding
    from analytics.report.model import Run

WEEK = 7
"""Days."""
_SAID = (
    ("broken", "is", "are", "broken now"),
    ("soon", "breaks", "break", "within 7 days"),
    ("forgeable", "is", "are", "easy to forge"),
    ("weak", "is", "are", "below policy"),
)
"""Class, verb for one, verb for many, what."""


def sentence(run: Run) -> str:
    """Say what matters, worst first. Every subject is counted once, under the worst that is true of it."""
    if not run.coverage.handshakes:
        packets = sum(capture.packets for capture in run.provenance.inputs)
        return f"No TLS handshake was found in {text.counted(packets, 'packet')}."
    classes = _classes(run.scope)
    parts: list[str] = []
    spoken = ""
    for name, one, many, what in _SAID:
        kinds = {kind: count for (found, kind), count in sorted(classes.items()) if found == name}
        if not kinds:
            continue
        *first, last = (text.counted(count, kind) for kind, count in kinds.items())
        nouns = f"{', '.join(first)} and {last}" if first else last
        if spoken in kinds and len(kinds) == 1:
            nouns = text.number(kinds[spoken])
        spoken = next(iter(kinds)) if len(kinds) == 1 else ""
        parts.append(f"{nouns} {one if sum(kinds.values()) == 1 else many} {what}")
    if not parts:
        return _nothing(run)
    return ", ".join(parts[:-1]) + (", and " if len(parts) > 1 else "") + parts[-1] + "."


def _classes(findings: Iterable[Finding]) -> Counter[tuple[str, str]]:
    """Count subjects by the worst class that holds for them, and by kind (docs/DESIGN.md says what severities mean)."""
    order = [name for name, *_ in _SAID]
    worst: dict[tuple[str, str], str] = {}
    for finding in findings:
        found = _class(finding)
        key = (finding.subject_kind, finding.subject)
        if found and (key not in worst or order.index(found) < order.index(worst[key])):
            worst[key] = found
    return Counter((found, kind) for (kind, _), found in worst.items())


def _class(finding: Finding) -> str | None:
    severity = finding.severity - finding.shift  # what is so, not how much it matters here
    if severity == Severity.CRITICAL:
        return "broken"
    if finding.step is not None and finding.step <= WEEK:
        return "soon"
    if severity == Severity.HIGH:
        return "forgeable"
    return "weak" if severity == Severity.MEDIUM else None


def _nothing(run: Run) -> str:
    """Nothing wrong is not the same as nothing seen."""
    seen, blind = run.coverage.certificates, len(run.coverage.blind)
    if not seen:
        return "No certificate could be seen, so nothing can be said about any."
    unseen = f"; {text.counted(blind, 'endpoint')} never showed one" if blind else ""
    return f"Nothing broken or below policy was found in {text.counted(seen, 'certificate')}{unseen}."
