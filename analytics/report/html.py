"""The report: one HTML file that loads nothing, for a screen, a phone or paper.

Its own style and script are allowed by their hashes alone (Content-Security-Policy), so that even markup which slipped
through the template's escaping could neither run nor load anything. All captured text passes `text.inert` on top.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from analytics.network import endpoint
from analytics.report import charts, compress, text, words
from analytics.report.sentence import sentence
from rules.rule import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from analytics.finding import Finding
    from analytics.report.model import CertificateRow, Group, Run

MAX_CERTIFICATES = 5_000
"""Rows of the certificate table; the JSON document and the store have them all."""
MAX_SUBJECTS = 200
"""Rows told of one rule in one group."""
_MAX_BLIND = 500
_FOLDER = Path(__file__).parent
_SHADES = 4
"""Of one tone in the style sheet."""
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")
_WIDE, _NARROW = 1076, 340
"""Pixels of the expiry line on a screen and on a phone."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one rule says inside a group."""

    rule: str
    severity: Severity
    step: int | None
    why: str
    action: str
    evidence: tuple[str, ...]
    """Names of the facts shown."""
    findings: tuple[Finding, ...]
    left: int
    """Findings beyond `MAX_SUBJECTS`."""
    varied: bool
    """Their titles are not all the same."""


@dataclass(frozen=True, slots=True)
class Tile:
    """Number of one severity on the first screen."""

    severity: Severity
    findings: int
    groups: int


@dataclass(frozen=True, slots=True)
class Reason:
    """A line of a coverage bar's legend."""

    kind: str
    """Class of the style sheet: tone and shade."""
    count: int
    word: words.Word


@dataclass(frozen=True, slots=True)
class Side:
    """Visibility of one side's certificates."""

    name: str
    bar: Markup
    legend: tuple[Reason, ...]
    total: int


def render(run: Run) -> str:
    """Give the whole page."""
    style, script = ((_FOLDER / name).read_text("utf-8") for name in ("report.css", "report.js"))
    inside = [group for group in run.groups if group.ours or not run.any_ours]
    scope = [row for row in run.certificates if row.ours or not run.any_ours]
    at = run.provenance.clock.at
    page = _environment().get_template("report.html.j2")
    return page.render(
        run=run,
        made=run.provenance,
        seen=run.coverage,
        sentence=sentence(run),
        style=Markup(style),  # noqa: S704  our own file
        script=Markup(script),  # noqa: S704  our own file
        policy=_policy(style, script),
        tiles=_tiles(inside),
        groups=inside,
        others=[group for group in run.groups if run.any_ours and not group.ours],
        line=charts.expiry((row for row in scope if row.leaf), at) if at else None,
        sides=_sides(run),
        certificates=run.certificates[:MAX_CERTIFICATES],
        listed={row.sha256: row for row in run.certificates[:MAX_CERTIFICATES]},
        blind=run.coverage.blind[:_MAX_BLIND],
        packets=sum(capture.packets for capture in run.provenance.inputs),
    )


def _policy(style: str, script: str) -> str:
    """Allow nothing but our own style and script."""
    hashes = (base64.b64encode(hashlib.sha256(own.encode()).digest()).decode() for own in (style, script))
    return (
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'".format(
            *hashes
        )
    )


def _environment() -> jinja2.Environment:
    """Escape everything; an unknown name in the template is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "inert": text.inert,
        "number": text.number,
        "size": text.size,
        "day": text.day,
        "moment": text.moment,
        "rfc3339": text.rfc3339,
        "value": value,
        "is_time": lambda shown: bool(_TIME.fullmatch(shown)),
        "left": left,
        "compressed": lambda names: compress.shown(compress.names(names), 8),
        "holder": lambda holder: endpoint(holder.address, holder.port),
    }
    environment.globals |= {
        "counted": text.counted,
        "span": text.span,
        "share": text.share,
        "parts": parts,
        "places": places,
        "charts": charts,
        "server_word": lambda reason: words.word(reason, words.SERVER),
        "client_word": lambda reason: words.word(reason, words.CLIENT),
        "wide": _WIDE,
        "narrow": _NARROW,
        "long": text.LONG,
    }
    return environment


def _tiles(groups: Sequence[Group]) -> list[Tile]:
    """Count findings by their own severity, worst first; zeros too, for their absence is news."""
    tiles: list[Tile] = []
    for severity in sorted(Severity, reverse=True):
        found = sum(finding.severity == severity for group in groups for finding in group.findings)
        tiles.append(Tile(severity, found, sum(group.severity == severity for group in groups)))
    return tiles


def _sides(run: Run) -> list[Side]:
    """Give servers' and clients' visibility as a bar and its legend."""
    seen = run.coverage
    return [_side("servers", seen.server, words.SERVER), _side("clients", seen.client, words.CLIENT)]


def _side(name: str, counts: Mapping[str, int], table: dict[str, words.Word]) -> Side:
    legend: list[Reason] = []
    shades: dict[str, int] = {}
    for reason, count in words.ranked(counts, table):
        word = words.word(reason, table)
        shade = shades.get(word.tone, 0)
        shades[word.tone] = min(shade + 1, _SHADES - 1)
        legend.append(Reason(f"{word.tone}{shade}", count, word))
    bar = charts.stacked([(one.kind, one.count, f"{one.count:,} {one.word.short}") for one in legend])
    return Side(name, bar, tuple(legend), sum(one.count for one in legend))


def parts(group: Group) -> list[Part]:
    """Split a group's findings by rule; the rule that leads comes first."""
    by_rule: dict[tuple[str, Severity, int | None], list[Finding]] = {}
    for finding in group.findings:
        by_rule.setdefault((finding.rule, finding.severity, finding.step), []).append(finding)
    made: list[Part] = []
    for (rule, severity, step), found in by_rule.items():
        facts = tuple(name for name in found[0].evidence if name != "certificates")
        shown = tuple(found[:MAX_SUBJECTS])
        first = found[0]
        varied = len({finding.title for finding in found}) > 1
        made.append(Part(rule, severity, step, first.why, first.action, facts, shown, len(found) - len(shown), varied))
    return made


def places(holders: Iterable[tuple[str, str, int | None]], show: int | None = None) -> str:
    """Write (role, address, port) of holders in short."""
    return compress.shown(compress.addresses((address, port) for _, address, port in holders), show)


def value(fact: object, limit: int = text.LIMIT) -> str:
    """Write a fact of a finding's evidence; unknown is said, not left empty."""
    if fact is None:
        return "not known"
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    if isinstance(fact, dict):
        return value([f"{name} {value(one, limit)}" for name, one in fact.items()], limit)
    if isinstance(fact, list | tuple):
        return text.inert(text.listed((value(one, limit) for one in fact), 8) or "none", limit)
    return text.inert(str(fact), limit)


def left(row: CertificateRow, run: Run) -> str:
    """Say how long a certificate lasts from the run's clock: `in 6 days`, `11 days ago`."""
    at = run.provenance.clock.at
    if row.not_after is None or at is None:
        return ""
    days = (row.not_after - at).total_seconds() / 86_400
    if -1 < days < 1:
        return "within a day" if days >= 0 else "less than a day ago"
    return f"in {text.counted(int(days), 'day')}" if days > 0 else f"{text.counted(int(-days), 'day')} ago"
