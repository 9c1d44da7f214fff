"""One cause, one line: groups hold every finding once, lead with the worst, and say so in one sentence."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
import sample_run
from hypothesis import given
from hypothesis import strategies as st

from analytics.report import group
from analytics.report.sentence import sentence
from rules.rule import Severity

if TYPE_CHECKING:
    from analytics.finding import Finding

RUN = sample_run.run()


def test_the_building_has_one_line_a_cause() -> None:
    told = [(str(one.severity), one.rule, one.headline, one.names, one.issuer) for one in RUN.groups if one.ours]
    assert told == [
        (
            "critical",
            "expired",
            "3 certificates: expired 11 days ago, still in use",
            "door-ctl-{1,2,3}",
            "Acme Access CA",
        ),
        ("high", "weak-hash", "6 certificates: signed with SHA-1", "lock-{01-06}", "Acme Access CA"),
        ("high", "expiring", "1 certificate: ends in 0 days", "lift-1.example", "Building CA"),
        ("high", "expiring", "1 certificate: ends in 6 days", "hvac-gw.example", "Building CA"),
        ("medium", "weak-key", "24 certificates: weak key: RSA 1024 bits", "cam-{01-24}", "Vendor Cam Root"),
        ("medium", "old-tls", "2 endpoints: speaks TLS 1.0", "bms.example", None),
        ("medium", "self-signed", "1 certificate: signed by itself", "roof-antenna", "itself"),
        ("medium", "expiring", "1 certificate: ends in 12 days", "meter-hub.example", "Building CA"),
        ("medium", "expiring", "5 certificates: ends in 23 days", "light-{1-5}.example", "Building CA"),
        ("info", "blind-spot", "6 endpoints: certificate never seen: TLS 1.3", "bms.example", None),
    ]


def test_several_faults_of_the_same_devices_are_one_line() -> None:
    [cameras] = [one for one in RUN.groups if one.names == "cam-{01-24}"]
    assert cameras.also == ("low: valid for more than 10 years (too-long)",)
    assert len(cameras.findings) == 48
    [partner] = [one for one in RUN.groups if not one.ours]
    assert partner.rule == "expired"
    assert len(partner.also) == 3


@given(st.lists(st.sampled_from(sample_run.findings()), unique_by=lambda one: one.id))
def test_every_finding_is_in_exactly_one_group(findings: list[Finding]) -> None:
    made = group.groups(findings, {row.sha256: row for row in RUN.certificates})
    assert sorted(one.id for members in made for one in members.findings) == sorted(one.id for one in findings)
    for members in made:
        assert members.severity == max(one.severity for one in members.findings)
        assert {one.ours for one in members.findings} == {members.ours}
        assert members.subjects == len({one.subject for one in members.findings})


def test_ours_come_first_then_the_gravest() -> None:
    order = [(not one.ours, -one.severity) for one in RUN.groups]
    assert order == sorted(order)


def test_titles_that_differ_in_numbers_become_one() -> None:
    assert group.merge(["ends in 3 days", "ends in 5 days"]) == "ends in 3 to 5 days"
    assert group.merge(["signed with SHA-1"]) == "signed with SHA-1"


def test_clients_are_said_to_be_clients() -> None:
    device = next(one for one in sample_run.DEVICES if one.role == "client")
    finding = sample_run.finding("expired", Severity.CRITICAL, "expired", device)
    [made] = group.groups([finding], {})
    assert made.places == f"{device.address} (client)"


def test_the_sentence_counts_every_subject_once_under_its_worst() -> None:
    expected = (
        "3 certificates are broken now, 2 break within 7 days, 6 are easy to forge, "
        "and 31 certificates and 2 endpoints are below policy."
    )
    assert sentence(RUN) == expected


@pytest.mark.parametrize(
    ("severities", "said"),
    [
        ([Severity.CRITICAL], "1 certificate is broken now."),
        ([Severity.CRITICAL, Severity.HIGH], "1 certificate is broken now, and 1 is easy to forge."),
        (
            [Severity.LOW, Severity.INFO],
            "Nothing broken or below policy was found in 56 certificates; 6 endpoints never showed one.",
        ),
        ([], "Nothing broken or below policy was found in 56 certificates; 6 endpoints never showed one."),
    ],
)
def test_small_sentences(severities: list[Severity], said: str) -> None:
    pairs = zip(severities, sample_run.DEVICES, strict=False)
    findings = [sample_run.finding("r", severity, "t", device) for severity, device in pairs]
    assert sentence(sample_run.run(findings)) == said


def test_a_capture_without_handshakes_says_so() -> None:
    nothing = dataclasses.replace(sample_run.run([], []), coverage=type(RUN.coverage)())
    assert sentence(nothing) == "No TLS handshake was found in 41,233 packets."


def test_without_anything_of_ours_everything_counts() -> None:
    theirs = dataclasses.replace(RUN.coverage, our_endpoints=0, holders=type(RUN.coverage.holders)(other_servers=2))
    run = dataclasses.replace(RUN, coverage=theirs)
    assert run.scope == run.findings
    assert len(RUN.scope) < len(RUN.findings)
