"""The summary on the terminal: complete, in order, of the right width, the same without colour, and harmless."""

from __future__ import annotations

import dataclasses
import re
import unicodedata

import hostile_run
import pytest
import sample_run
from rich.cells import cell_len

from analytics.report import terminal
from analytics.report.model import Holders, Run
from rules.pack import RuleError
from rules.rule import Severity

RUN = sample_run.run()
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def summary(run: Run = RUN, *, everything: bool = False, width: int = 100, colour: bool = False) -> str:
    return terminal.render(run, everything=everything, width=width, colour=colour, asked="smart-building.pcap")


def test_it_tells_what_breaks_where_how_bad_and_what_next_in_this_order() -> None:
    told = summary()
    order = [
        "certspan 0.1.0   smart-building.pcap   18.2 MB, 41,233 packets, 2026-10-12 08:00 to 08:30 UTC",
        "judged as of 2026-10-12 08:30:00 UTC (last packet",
        "3 certificates are broken now",
        "OURS      53 holders (41 servers, 12 clients)   54 certificates   4 issuers",
        "SEEN      188 handshakes, servers: 121 with certificate, 44 resumed, 19 TLS 1.3 (encrypted), 4",
        "6 endpoints never showed a certificate: 10.20.1.30-35:443",
        "CRITICAL  3 certificates: expired 11 days ago, still in use",
        "door-ctl-{1,2,3}, issued by Acme Access CA, 10.20.4.11-13:4433",
        "-> Renew it on the device",
        "HIGH      6 certificates: signed with SHA-1",
        "MEDIUM    24 certificates",
        "INFO      6 findings in 1 group: blind-spot 6",
        "OTHERS    4 findings in 1 group",
        "DAMAGED   smart-building.pcap: the last packet is cut",
        "UNKNOWN   facts are missing to judge: expired 2",
        "LOST      4 of 188 handshakes (2.1%)",
        "LIMITS    own limits were hit: chain_too_long 2",
        "NEXT      certspan audit smart-building.pcap --report report.html",
    ]
    places = [told.find(piece) for piece in order]
    assert -1 not in places, order[places.index(-1)]
    assert places == sorted(places)


@pytest.mark.parametrize("width", [30, 48, 80, 100, 200])
@pytest.mark.parametrize("everything", [False, True])
def test_no_line_is_wider_than_the_terminal_nor_has_blanks_at_its_end(width: int, everything: bool) -> None:  # noqa: FBT001
    lines = summary(everything=everything, width=width).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert not [line for line in lines if line != line.rstrip()]


def test_colour_only_repeats_what_words_say() -> None:
    coloured = summary(colour=True)
    assert "\x1b[" in coloured
    plain = "\n".join(line.rstrip() for line in ESCAPE.sub("", coloured).splitlines())
    assert plain == summary().rstrip("\n")
    assert "\x1b" not in summary()


def test_all_tells_every_group_and_every_address() -> None:
    told = summary(everything=True)
    for group in RUN.groups:
        assert group.headline in told
    assert "10.20.1.35" in told or "10.20.1.30-35:443" in told
    assert "--all" not in told
    assert "old.partner.example" in told


def test_summed_up_findings_and_told_ones_add_up() -> None:
    told = summary()
    listed = sum(len(group.findings) for group in RUN.groups if group.ours and group.headline in told)
    summed = sum(int(found) for found in re.findall(r"(\d+) findings? in \d+ group", told))
    assert listed + summed == len(RUN.findings)


def test_many_of_a_kind_are_summed_up_and_still_add_up() -> None:
    devices = [dataclasses.replace(sample_run.DEVICES[0], name=f"d-{n}", issuer=f"ca-{n}") for n in "abcdefgh"]
    findings = [sample_run.finding("weak-hash", Severity.HIGH, "signed with SHA-1", device) for device in devices]
    told = summary(sample_run.run(findings, [sample_run.row(device) for device in devices]))
    assert told.count("HIGH      1 certificate: signed with SHA-1") == 4
    assert "HIGH      4 findings in 4 groups: weak-hash 4" in told


def test_many_damaged_captures_are_counted() -> None:
    many = tuple(dataclasses.replace(RUN.provenance.inputs[0], name=f"{n}.pcap") for n in range(9))
    made = dataclasses.replace(RUN, provenance=dataclasses.replace(RUN.provenance, inputs=many))
    assert summary(made).count("DAMAGED ") == 5
    assert "and 4 more" in summary(made)
    assert summary(made, everything=True).count("DAMAGED ") == 9
    assert summary(made).startswith("certspan 0.1.0   9 captures   ")


def test_captures_far_apart_in_time_are_remarked() -> None:
    old = dataclasses.replace(RUN.provenance.inputs[0], first_packet=sample_run.AT - 3660 * sample_run.DAY)
    made = dataclasses.replace(RUN, provenance=dataclasses.replace(RUN.provenance, inputs=(old,)))
    assert "packets lie 10 years apart: --at sets another time to judge at" in summary(made)
    assert "years apart" not in summary()


def test_nothing_of_ours_says_so_and_shows_all() -> None:
    seen = dataclasses.replace(RUN.coverage, our_endpoints=0, holders=Holders(other_servers=43))
    told = summary(dataclasses.replace(RUN, coverage=seen))
    assert "nothing here is in the home networks (--home CIDR), so all is shown" in told
    assert "old.partner.example" in told


def test_a_broken_rule_is_told() -> None:
    told = summary(dataclasses.replace(RUN, rule_errors=(RuleError("weak-key", "there is no column key_bitz"),)))
    assert "ERROR     rule weak-key: there is no column key_bitz" in told


def test_a_known_capture_is_said_to_add_nothing() -> None:
    known = dataclasses.replace(RUN.provenance.inputs[0], state="known")
    made = dataclasses.replace(RUN.provenance, inputs=(known,))
    assert "already in the store: nothing added" in summary(dataclasses.replace(RUN, provenance=made))


@pytest.mark.parametrize("hostile", hostile_run.TEXTS, ids=hostile_run.NAMES)
@pytest.mark.parametrize("everything", [False, True])
def test_hostile_text_is_inert(hostile: str, everything: bool) -> None:  # noqa: FBT001
    told = summary(hostile_run.run(hostile), everything=everything)
    categories = {unicodedata.category(char) for char in told if char != "\n"}
    assert not categories & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert len(told) < 12_000
    if hostile.isprintable() and len(hostile) < 30:
        assert hostile in told
