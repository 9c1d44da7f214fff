"""The summary on the terminal: what is wrong, where, how bad, what next. Colour only repeats what words say."""

from __future__ import annotations

import io
import re
from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from analytics.report import compress, text, words
from analytics.report.sentence import sentence
from rules.rule import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from analytics.report.model import Group, Run

_STYLE = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "blue",
    Severity.INFO: "dim",
}
_LABEL = 10
"""Columns."""
_MAX_GROUPS = 20
"""Groups told one by one unless all are asked for."""
_MAX_ALIKE = 4
"""Of them, groups of one rule and severity."""
_MAX_DAMAGED = 5
_MAX_NAMES = 3
_MAX_OWNERS = 10
_MAX_SHADOW = 3
"""Issuers nobody sanctioned that are told one by one."""
_MAX_COMMAND = 60
"""Characters of the captures' names in a command that is proposed."""
_SHOW_BLIND = 5
_SPAN_DAYS = 366
"""Captures that lie further apart than this are hardly one observation."""
_NONE: Mapping[str, str] = MappingProxyType({})
_TRAILING = re.compile(r"[ ]*((?:\x1b\[0m)?)[ ]*$", re.MULTILINE)
"""Blanks that fill a line up, also inside of a style."""

_Line = tuple[Text | str, Text | str, str]
"""Label, body, what stands on the right."""


def render(
    run: Run, *, everything: bool, width: int, colour: bool, asked: str = "CAPTURE", written: Mapping[str, str] = _NONE
) -> str:
    """Give the summary for a terminal of `width` columns; `everything` leaves nothing out.

    `asked` is how the user named the captures, `written` the outputs already there, kind -> path.
    """
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, force_terminal=colour, no_color=not colour, highlight=False, emoji=False, markup=False
    )
    parts: list[Sequence[_Line]] = [
        list(_head(run)),
        list(_coverage(run, everything=everything)),
        [*_findings(run, everything=everything), *_waived(run)],
        list(_shadow(run, everything=everything)),
        list(_owners(run, everything=everything)),
        list(_trouble(run, everything=everything)),
        list(_next(run, asked, written, everything=everything)),
    ]
    for part in parts:
        if part:
            console.print(_grid(part, width))
            console.print()
    return _TRAILING.sub(r"\1", stream.getvalue()).rstrip("\n") + "\n"


def _grid(lines: Sequence[_Line], width: int) -> Table:
    """Lay lines out: labels on the left, bodies beside them; without any label, bodies alone."""
    labelled = any(label for label, _, _ in lines)
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True, pad_edge=False)
    if labelled:
        grid.add_column(width=_LABEL - 2, no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    for label, body, side in lines:
        whole = _sided(body, side, width - _LABEL) if side else body
        grid.add_row(*([label] if labelled else []), whole)
    return grid


def _sided(body: Text | str, side: str, width: int) -> Text:
    """Put `side` at the right edge, or behind the body where both do not fit into one line."""
    text_ = Text(body) if isinstance(body, str) else body
    gap = width - text_.cell_len - len(side)
    return Text.assemble(text_, " " * gap, side) if gap > 1 else Text.assemble(text_, f" [{side}]")


def _head(run: Run) -> Iterator[_Line]:
    """Which captures, and judged when; then the one sentence."""
    made = run.provenance
    inputs = made.inputs
    names = ", ".join(text.inert(capture.name) for capture in inputs)
    if len(inputs) > _MAX_NAMES:
        names = text.counted(len(inputs), "joined capture" if made.joined else "capture")
    elif made.joined:
        names += " (joined)"
    sizes = [capture.size for capture in inputs if capture.size is not None]
    first = min((capture.first_packet for capture in inputs if capture.first_packet), default=None)
    last = max((capture.last_packet for capture in inputs if capture.last_packet), default=None)
    facts = [text.counted(sum(capture.packets for capture in inputs), "packet"), text.span(first, last)]
    facts = [text.size(sum(sizes)), *facts] if sizes else facts
    yield "", f"certspan {made.certspan}   {names}   {', '.join(facts)}", ""
    how = {"capture": "last packet; --at now for today", "now": "now", "time": "--at"}
    if made.policy:
        off = f", {text.counted(len(made.policy.disabled), 'rule')} switched off" if made.policy.disabled else ""
        yield "", f"policy {text.inert(made.policy.name)}, SHA-256 {made.policy.sha256[:16]}…{off}", ""
    if made.clock.at:
        yield "", f"judged as of {text.moment(made.clock.at)} ({how[made.clock.how]})", ""
    if first and last and (last - first).days > _SPAN_DAYS:
        yield "", f"packets lie {(last - first).days // 365} years apart: --at sets another time to judge at", ""
    known = sum(capture.state == "known" for capture in inputs)
    if known:
        yield "", f"{text.counted(known, 'capture')} already in the store: nothing added", ""
    yield "", "", ""
    yield "", Text(sentence(run), style="bold"), ""


def _coverage(run: Run, *, everything: bool) -> Iterator[_Line]:
    """Tell what was seen: numbers that add up to all handshakes, on both sides."""
    seen = run.coverage
    holders = seen.holders
    if not seen.handshakes:
        return
    if run.any_ours:
        found = _held(holders.our_servers, holders.our_clients, seen.our_certificates, seen.our_issuers)
        yield Text("OURS", style="bold"), found, ""
        if holders.others:
            yield (
                Text("OTHERS", style="bold"),
                f"{text.counted(holders.others, 'holder')} outside the home networks",
                "",
            )
    else:
        yield Text("OURS", style="bold"), "nothing here is in the home networks (--home CIDR), so all is shown", ""
        found = _held(holders.other_servers, holders.other_clients, seen.certificates, seen.issuers)
        yield Text("OTHERS", style="bold"), found, ""
    total = text.counted(seen.handshakes, "handshake")
    yield Text("SEEN", style="bold"), f"{total}, servers: {_reasons(seen.server, words.SERVER)}", ""
    yield "", f"clients: {_reasons(seen.client, words.CLIENT)}", ""
    if seen.blind:
        yield "", _blind(run, everything=everything), ""


def _blind(run: Run, *, everything: bool) -> str:
    """Name endpoints that never showed a certificate, ours first."""
    blind = run.coverage.blind
    ours = [one for one in blind if one.ours]
    theirs = [one for one in blind if not one.ours]
    places = [family for some in (ours, theirs) for family in compress.addresses(_place(one.endpoint) for one in some)]
    yours = f", {text.number(len(ours))} of them yours" if ours and theirs else ""
    shown = compress.shown(places, None if everything else _SHOW_BLIND)
    return f"{text.counted(len(blind), 'endpoint')} never showed a certificate{yours}: {shown}"


def _place(endpoint: str) -> tuple[str, int]:
    """`[2001:db8::1]:443` -> address and port."""
    address, _, port = endpoint.rpartition(":")
    return address.strip("[]"), int(port)


def _held(servers: int, clients: int, certificates: int, issuers: int) -> str:
    """`53 holders (41 servers, 12 clients)   61 certificates   7 issuers`."""
    who = f"{text.counted(servers, 'server')}, {text.counted(clients, 'client')}"
    holders = text.counted(servers + clients, "holder")
    return f"{holders} ({who})   {text.counted(certificates, 'certificate')}   {text.counted(issuers, 'issuer')}"


def _reasons(counts: Mapping[str, int], table: dict[str, words.Word]) -> str:
    """`121 with certificate, 44 resumed`."""
    ranked = words.ranked(counts, table)
    return ", ".join(f"{text.number(count)} {words.word(reason, table).short}" for reason, count in ranked)


def _findings(run: Run, *, everything: bool) -> Iterator[_Line]:
    """Tell groups one by one down to medium, the rest of each severity summed up; then others' in one line."""
    inside = [group for group in run.groups if group.ours or not run.any_ours]
    others = [group for group in run.groups if run.any_ours and not group.ours]
    told = inside if everything else _told(inside)
    said: set[str] = set()
    for severity in sorted(Severity, reverse=True):
        here = [group for group in inside if group.severity == severity]
        for group in here:
            if group in told:
                yield from _group(group, everything=everything, said=said)
        rest = [group for group in here if group not in told]
        if rest:
            yield Text(str(severity).upper(), style=_STYLE[severity]), _summed(rest), "--all shows them"
    if others and everything:
        yield Text("OTHERS", style="bold"), "what was seen of machines outside the home networks", ""
        for group in others:
            yield from _group(group, everything=everything, said=said)
    elif others:
        yield Text("OTHERS", style="bold"), _summed(others), "--all shows them"


def _owners(run: Run, *, everything: bool) -> Iterator[_Line]:
    """Tell whose the findings are, where a policy says so."""
    shown = run.owners if everything else run.owners[:_MAX_OWNERS]
    for place, row in enumerate(shown):
        told = ", ".join(f"{text.number(count)} {severity}" for severity, count in row.severities.items())
        ways = f"   renewal: {text.listed(map(text.inert, row.renewal), 2)}" if row.renewal else ""
        who = f" ({text.listed(map(text.inert, row.technical), 2)})" if row.technical else ""
        yield Text("OWNERS" if not place else "", style="bold"), f"{text.inert(row.name)}{who}: {told}{ways}", ""
    left = len(run.owners) - len(shown)
    if left:
        yield "", f"and {text.counted(left, 'more owner')}", "--all shows them"


def _waived(run: Run) -> Iterator[_Line]:
    """Tell in one line what someone has accepted for now."""
    rules = Counter(one.rule for one in run.waived)
    if rules:
        counted = text.listed((f"{rule} {text.number(count)}" for rule, count in sorted(rules.items())), 6)
        body = f"{text.counted(len(run.waived), 'finding')}, accepted for now: {counted}"
        yield Text("WAIVED", style="bold"), body, "certspan waive --list"


def _shadow(run: Run, *, everything: bool) -> Iterator[_Line]:
    """Tell who issues here without sanction: the largest, or all."""
    shown = run.shadow if everything else run.shadow[:_MAX_SHADOW]
    for place, one in enumerate(shown):
        growth = f", {text.number(one.new)} new in 30 days" if one.new is not None else ""
        unseen = "" if one.key_seen else ", its key was not seen"
        held = f"{text.counted(one.certificates, 'certificate')} at {text.counted(one.holders, 'holder')}"
        body = f"{text.inert(one.name, 80)} ({one.kind}): {held} since {text.day(one.first_seen)}{growth}{unseen}"
        yield Text("SHADOW" if not place else "", style="bold"), body, ""
    if left := len(run.shadow) - len(shown):
        yield "", f"and {text.counted(left, 'issuer')} more that nobody sanctioned", "--all shows them"


def _told(groups: Sequence[Group]) -> list[Group]:
    """Choose the groups told one by one: the gravest, and not too many alike."""
    loud = [group for group in groups if group.severity >= Severity.MEDIUM] or groups
    alike: Counter[tuple[str, Severity]] = Counter()
    chosen: list[Group] = []
    for group in loud:
        alike[group.rule, group.severity] += 1
        if alike[group.rule, group.severity] <= _MAX_ALIKE:
            chosen.append(group)
    return chosen[:_MAX_GROUPS]


def _summed(groups: Sequence[Group]) -> str:
    """`9 findings in 3 groups: no-san 5, too-long 4`."""
    by_rule: dict[str, int] = {}
    for group in groups:
        for finding in group.findings:
            by_rule[finding.rule] = by_rule.get(finding.rule, 0) + 1
    rules = text.listed((f"{rule} {text.number(count)}" for rule, count in by_rule.items()), 6)
    findings = text.counted(sum(by_rule.values()), "finding")
    return f"{findings} in {text.counted(len(groups), 'group')}: {rules}"


def _group(group: Group, *, everything: bool, said: set[str]) -> Iterator[_Line]:
    """One cause: what, where, what else is wrong with the same, and, the first time a rule speaks, what to do."""
    rule = group.rule if group.step is None else f"{group.rule} ({group.step})"
    yield Text(str(group.severity).upper(), style=_STYLE[group.severity]), Text(group.headline, style="bold"), rule
    names = group.names if everything else group.short_names
    places = group.places if everything else group.short_places
    issuer = f"issued by {group.issuer}" if group.issuer else ""
    where = [part for part in (names, issuer, places) if part]
    if where:
        yield "", ", ".join(where), ""
    if group.owners:
        yield "", f"owned by {text.listed(group.owners, None if everything else _MAX_NAMES)}", ""
    if not group.confirmed:
        yield "", "unconfirmed: the peers did not prove to be there; anyone can forge this", ""
    if group.also:
        yield "", f"also {'; '.join(group.also)}", ""
    if group.action not in said:
        said.add(group.action)
        yield "", f"-> {_first_sentence(group.action)}", ""


def _first_sentence(action: str) -> str:
    """Shorten; the report has the rest."""
    return text.inert(action.partition(". ")[0].strip().removesuffix("."), 240)


def _trouble(run: Run, *, everything: bool) -> Iterator[_Line]:
    """Tell what went wrong, and what could not be judged."""
    for error in run.rule_errors:
        yield Text("ERROR", style="bold red"), f"rule {text.inert(error.rule)}: {text.inert(error.message, 400)}", ""
    damages = [(capture.name, damage.message) for capture in run.provenance.inputs for damage in capture.damage]
    for name, message in damages if everything else damages[:_MAX_DAMAGED]:
        yield Text("DAMAGED", style="bold red"), f"{text.inert(name)}: {text.inert(message, 400)}", ""
    left = len(damages) - _MAX_DAMAGED
    if left > 0 and not everything:
        yield "", f"and {text.number(left)} more", "--all shows them"
    unknown = [f"{verdict.rule} {text.number(verdict.unknown)}" for verdict in run.verdicts if verdict.unknown]
    if unknown:
        yield Text("UNKNOWN", style="bold"), f"facts are missing to judge: {', '.join(unknown)}", ""
    seen = run.coverage
    if seen.sessions_with_loss:
        part = text.share(seen.sessions_with_loss, seen.handshakes)
        lost = f"{seen.sessions_with_loss:,} of {text.counted(seen.handshakes, 'handshake')} ({part})"
        body = f"{lost} lost packets before certspan saw them, {text.size(seen.bytes_lost)} in all"
        yield Text("LOST", style="bold"), body, ""
    cut = seen.counters.get("frames_cut_payload", 0)
    if cut:
        body = f"{text.counted(cut, 'packet')} cut by the recorder: capture with snap length 0"
        yield Text("CUT", style="bold"), body, ""
    if seen.lacking:
        yield Text("LACKING", style="bold"), f"{text.counted(seen.lacking, 'certificate')} not in the store", ""
    limits = [f"{name} {text.number(count)}" for name, count in seen.limits_hit.items()]
    if limits:
        yield Text("LIMITS", style="bold"), f"own limits were hit: {', '.join(limits)}", ""


def _next(run: Run, asked: str, written: Mapping[str, str], *, everything: bool) -> Iterator[_Line]:
    """Give two or three commands that lead on."""
    again = asked if asked == text.inert(asked, _MAX_COMMAND) else "CAPTURE..."
    again = f"--joined {again}" if run.provenance.joined else again
    steps: list[tuple[str, str]] = []
    if "report" in written:
        steps.append((f"open {text.inert(written['report'])}", "with the evidence"))
    else:
        steps.append((f"certspan audit {again} --report report.html", "with the evidence"))
    if not everything and run.findings:
        steps.append((f"certspan audit {again} --all", "nothing left out"))
    steps.append((f"certspan extract --certificates {again}", "certificates as JSON"))
    wide = max(len(command) for command, _ in steps)
    for place, (command, gain) in enumerate(steps):
        yield Text("NEXT" if not place else "", style="bold"), f"{command:<{wide}}   {gain}", ""
