"""`--joined` as people meet it: files in any order and form, what is broken among them, what cannot be joined, a store.

What is expected comes from the captures' truth files (pcaps/README.md); the files are those captures, cut by a writer
of our own or by editcap.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from command import CERTSPAN, certspan
from rewrite import pcap, read
from same import Base, base

if TYPE_CHECKING:
    from pathlib import Path
from test_extract_arrow import read as read_arrow
from test_joined import WRITERS, written
from test_loaded_again import rows as count_rows
from test_pcaps import PCAPS, connection, differences, expected, rows, wanted_findings

BUILDING = PCAPS / "smart-building.pcapng"
MUTUAL = PCAPS / "openssl-mutual.pcap"
FILES = 40
"""The building is cut into so many."""


def run(*words: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([CERTSPAN, *map(str, words)], input=stdin, capture_output=True, check=False, timeout=120)


def cut(whole: Base, count: int) -> list[int]:
    """Cut into files of the same number of packets."""
    return [len(whole.packets) * number // count for number in range(1, count)]


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Give the building in forty files of five forms, in one folder, whose names say nothing of their order."""
    folder = tmp_path_factory.mktemp("ring")
    whole = base(BUILDING.name, folder)
    paths = written(whole, cut(whole, FILES), folder, list(WRITERS))
    names = [f"span-{number:02}" for number in range(FILES)]
    Random(1).shuffle(names)
    return [path.rename(folder / name) for path, name in zip(paths, names, strict=True)]


@pytest.fixture
def halves(tmp_path: Path) -> list[Path]:
    """Give a capture in three files."""
    whole = base(MUTUAL.name, tmp_path)
    return written(whole, cut(whole, 3), tmp_path)


def assert_true(printed: str, capture: Path) -> None:
    """Compare printed sessions with the truth, but for their place."""
    truth = {connection(row): row for row in expected(capture, "expected")}
    found = rows(printed)
    assert sorted(map(connection, found)) == sorted(truth)
    wrong = [differences(truth[connection(row)] | {"frame": row["frame"]}, row) for row in found]
    assert [one for one in wrong if one] == []


def test_a_folder_a_pattern_and_files_in_any_order(ring: list[Path]) -> None:
    folder = ring[0].parent
    mixed = list(ring)
    Random(2).shuffle(mixed)
    printed = certspan("extract", "--joined", folder)
    assert_true(printed, BUILDING)
    for words in ([folder / "span-*"], mixed, [*mixed[7:], folder, folder / "span-0?"]):
        assert certspan("extract", "--joined", *words) == printed
    separate = [row["server_visibility"] for row in rows(certspan("extract", folder))]
    assert set(separate) - {row["server_visibility"] for row in rows(printed)}, "no handshake was cut"


def test_a_session_is_of_the_file_of_its_first_frame(ring: list[Path]) -> None:
    """Frames are numbered in each file; the truth knows the frame in the whole, from tshark."""
    whole = base(BUILDING.name, ring[0].parent)
    starts = dict(zip(map(str, ring), [0, *cut(whole, FILES)], strict=True))
    truth = {connection(row): row["frame"] for row in expected(BUILDING, "expected")}
    found = rows(certspan("extract", "--joined", ring[0].parent))
    assert {connection(row): starts[row["capture"]] + row["frame"] for row in found} == truth
    assert len({row["capture"] for row in found}) > FILES // 2


@pytest.mark.tools("editcap")
@pytest.mark.parametrize("capture", [BUILDING, MUTUAL, PCAPS / "smtp-starttls.pcapng"], ids=lambda path: path.stem)
@pytest.mark.parametrize("form", ["pcapng", "nsecpcap"])
def test_files_as_a_rotating_capture_leaves_them(capture: Path, form: str, tmp_path: Path) -> None:
    """What editcap cuts, ten packets a file."""
    subprocess.run(["editcap", "-F", form, "-c", "10", capture, tmp_path / "ring"], check=True, timeout=60)
    assert len(list(tmp_path.iterdir())) == -(-len(read(capture)) // 10) > 5
    assert_true(certspan("extract", "--joined", tmp_path), capture)


def test_certificates_are_those_that_the_servers_had(ring: list[Path], tmp_path: Path) -> None:
    truth = {base64.b64decode(row["der"]) for row in expected(BUILDING, "certificates")}
    printed = rows(certspan("extract", "--joined", "--certificates", "--der-dir", tmp_path, ring[0].parent))
    assert {path.read_bytes() for path in tmp_path.glob("*.der")} == truth
    assert sorted(row["sha256"] for row in printed) == sorted(hashlib.sha256(der).hexdigest() for der in truth)


@pytest.mark.xdist_group("arrow")
def test_arrow_says_the_same(ring: list[Path], tmp_path: Path) -> None:
    printed = rows(certspan("extract", "--joined", ring[0].parent))
    done = run("extract", "--joined", "--format", "arrow", ring[0].parent)
    assert (done.returncode, done.stderr) == (0, b"")
    told = read_arrow(
        done.stdout, tmp_path / "stream", "lower(hex(session_id)) AS id, capture, toUInt32(frame) AS frame"
    )
    wanted = [{"id": row["session_id"], "capture": row["capture"], "frame": row["frame"]} for row in printed]
    assert told == sorted(wanted, key=lambda row: str(row["id"]))


def test_files_named_twice_are_read_once(halves: list[Path]) -> None:
    first = halves[0]
    link = first.with_name("link")
    link.symlink_to(first)
    printed = certspan("extract", "--joined", *halves)
    assert_true(printed, MUTUAL)
    assert certspan("extract", "--joined", *halves, first, link, *halves) == printed
    with_packets = read(first)
    copy = first.with_name("copy")
    copy.write_bytes(pcap(with_packets))
    again = rows(certspan("extract", "--joined", *halves, copy))
    assert len(again) == len(rows(printed)), "a copy is packets that come again"


def test_files_without_packets_say_nothing(halves: list[Path]) -> None:
    printed = certspan("extract", "--joined", *halves)
    empty = halves[0].with_name("empty")
    empty.write_bytes(pcap([]))
    done = run("extract", "--joined", empty, *halves)
    assert (done.returncode, done.stderr, done.stdout.decode()) == (0, b"", printed)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "there is nothing to read"),
        (b"Dear colleague,", "neither pcap nor pcapng: it looks like text"),
        (b"\xd4\xc3\xb2\xa1\x02\x00", "the capture ends after 6 of 24 bytes of the pcap header"),
    ],
)
def test_what_is_no_capture_is_told_and_the_rest_is_read(halves: list[Path], content: bytes, says: str) -> None:
    printed = certspan("extract", "--joined", *halves)
    bad = halves[0].with_name("bad")
    bad.write_bytes(content)
    done = run("extract", "--joined", halves[2], bad, *halves[:2])
    assert (done.returncode, done.stdout.decode()) == (1, printed)
    assert done.stderr.decode() == f"certspan: {bad}: {says}\n"


def test_a_file_that_is_cut_is_told_and_the_rest_is_read(halves: list[Path]) -> None:
    """The last packet of the second file is missing, which begins a connection there: what the third holds is found."""
    truth = set(map(connection, expected(MUTUAL, "expected")))
    data = halves[1].read_bytes()
    halves[1].write_bytes(data[:-10])
    done = run("extract", "--joined", *halves)
    assert done.returncode == 1
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith(f"certspan: {halves[1]}: the capture ends after ")
    assert set(map(connection, rows(done.stdout.decode()))) == truth
    assert {row["capture"] for row in rows(done.stdout.decode())} == set(map(str, halves))


def test_a_folder_may_hold_other_things(halves: list[Path]) -> None:
    printed = certspan("extract", "--joined", *halves)
    (halves[0].parent / "notes.txt").write_text("nothing to see")
    assert certspan("extract", "--joined", halves[0].parent) == printed


@pytest.mark.parametrize("command", ["extract", "audit"])
def test_what_cannot_be_joined_is_a_usage_error(command: str, halves: list[Path]) -> None:
    pipe = halves[0].with_name("pipe")
    os.mkfifo(pipe)
    missing = halves[0].with_name("missing")
    for words, says in (
        (["-", halves[0]], "-: only files can be joined"),
        ([halves[0], pipe], f"{pipe}: only files can be joined"),
        ([missing, halves[0]], f"{missing}: No such file or directory"),
    ):
        done = run(command, "--joined", *words)
        assert (done.returncode, done.stdout) == (2, b"")
        (line,) = done.stderr.decode().splitlines()
        assert line.startswith(f"certspan: {says}")


def test_tshark_cannot_join() -> None:
    done = run("extract", "--joined", "--engine", "tshark", MUTUAL, PCAPS / "mqtt-mutual.pcap")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"certspan: --joined: tshark reads captures one by one")


def test_standard_input_alone_is_one_capture() -> None:
    done = run("extract", "--joined", "-", stdin=MUTUAL.read_bytes())
    assert (done.returncode, done.stderr) == (0, b"")
    assert_true(done.stdout.decode(), MUTUAL)


@pytest.mark.parametrize("command", ["extract", "audit"])
def test_the_help_teaches(command: str) -> None:
    text = " ".join(certspan(command, "--help").split())
    assert "--joined The captures are one, cut into files" in text
    assert "tcpdump -C or -G" in text
    assert f"certspan {command} --joined ring/" in text


def audited(*words: object) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(certspan("audit", "--joined", "--json", "-", *words))
    return document


@pytest.mark.xdist_group("joined")
def test_an_audit_finds_what_the_whole_shows_and_lists_the_files(ring: list[Path]) -> None:
    whole = base(BUILDING.name, ring[0].parent)
    document = audited(ring[0].parent)
    names = ("rule", "subject", "severity", "step", "ours")
    truth = wanted_findings(BUILDING)
    found = [tuple(row.get(name) for name in names) for row in document["findings"]]
    assert sorted(found, key=str) == sorted((tuple(row[name] for name in names) for row in truth), key=str)
    made = document["run"]
    assert made["joined"] is True
    assert [capture["name"] for capture in made["inputs"]] == [str(path) for path in ring]
    assert {capture["state"] for capture in made["inputs"]} == {"new"}
    bounds = [0, *cut(whole, FILES), len(whole.packets)]
    assert [capture["packets"] for capture in made["inputs"]] == [b - a for a, b in pairwise(bounds)]
    frames = [row["frame"] for row in expected(BUILDING, "expected")]
    held = [sum(a < frame <= b for frame in frames) for a, b in pairwise(bounds)]
    assert [capture["sessions"] for capture in made["inputs"]] == held
    assert document["coverage"]["handshakes"] == len(frames) == sum(held)
    plain = {str(path): path for path in ring[::5]}
    for capture in made["inputs"]:
        if capture["name"] in plain:
            assert capture["sha256"] == hashlib.sha256(plain[capture["name"]].read_bytes()).hexdigest()
    assert len({capture["sha256"] for capture in made["inputs"]}) == FILES


@pytest.mark.xdist_group("joined")
def test_the_summary_says_that_they_are_joined(halves: list[Path]) -> None:
    text = certspan("audit", "--joined", halves[0], halves[1])
    assert "part-001(joined)" in "".join(text.split())
    assert "certspan audit --joined CAPTURE... --report report.html" in " ".join(text.split())
    assert "certspan extract --certificates --joined CAPTURE..." in " ".join(text.split())
    more = halves[0].with_name("more")
    more.write_bytes(pcap([]))
    assert "4 joined captures" in certspan("audit", "--joined", halves[0].parent)
    report = halves[0].with_name("report.html")
    certspan("audit", "--joined", halves[0].parent, "--report", report)
    assert "read as one capture in this order" in report.read_text()
    assert "(joined)" not in certspan("audit", MUTUAL)


@pytest.mark.xdist_group("joined")
def test_a_damaged_file_is_told_in_the_audit_and_the_ledger(halves: list[Path], tmp_path: Path) -> None:
    bad = halves[0].with_name("bad")
    bad.write_text("no capture")
    halves[1].write_bytes(halves[1].read_bytes()[:-10])
    store = f"chdb://{tmp_path}/store"
    done = run("audit", "--joined", bad, *halves, "--store", store, "--json", "-")
    assert done.returncode == 1
    inputs = {row["name"]: row for row in json.loads(done.stdout)["run"]["inputs"]}
    assert inputs[str(bad)]["state"] == "unreadable"
    assert inputs[str(bad)]["sessions"] == 0
    assert [item["code"] for item in inputs[str(bad)]["damage"]] == ["not_a_capture"]
    assert [item["code"] for item in inputs[str(halves[1])]["damage"]] == ["cut_packet"]
    assert {inputs[str(path)]["state"] for path in halves} == {"new"}
    sql = "SELECT kind, damage, joined FROM loads FORMAT JSONEachRow"
    (entry,) = rows(certspan("store", "query", "--store", store, sql))
    assert entry["kind"] == "joined"
    assert [line.partition(":")[0] for line in entry["damage"]] == [str(bad), str(halves[1])]
    assert entry["joined"] == [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path}" for path in halves]


@pytest.mark.xdist_group("joined")
def test_the_same_set_again_adds_nothing_and_a_part_is_another_load(halves: list[Path], tmp_path: Path) -> None:
    store = f"chdb://{tmp_path}/store"
    first = audited(*halves, "--store", store)
    before = count_rows(store)
    sessions = len(expected(MUTUAL, "expected"))
    assert (before["loads"], before["sessions"]) == (1, sessions)
    renamed = [path.rename(path.with_name(f"{9 - number}")) for number, path in enumerate(halves)]
    again = audited(*renamed[::-1], "--store", store)
    assert {capture["state"] for capture in again["run"]["inputs"]} == {"known"}
    assert again["coverage"] == first["coverage"]
    assert count_rows(store) == before
    alone = json.loads(certspan("audit", "--json", "-", "--store", store, renamed[0]))
    assert [capture["state"] for capture in alone["run"]["inputs"]] == ["new"]
    after = count_rows(store)
    assert after["loads"] == 2
    assert (after["certificates"], after["certificate_der"]) == (before["certificates"], before["certificate_der"])
    held = alone["coverage"]["handshakes"]
    assert 0 < held < sessions
    assert after["sessions"] == sessions + held
    sql = "SELECT uniqExact(session_id) FROM sessions"
    assert certspan("store", "query", "--store", store, sql).split() == [str(sessions)]
    joined = audited(*renamed, "--store", store)
    assert joined["coverage"] == first["coverage"], "a report is about its own load"
