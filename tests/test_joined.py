"""A capture that was cut into files, read as one: the sessions, ids and certificates of the whole, cut wherever it is.

What the whole gives is compared with the truth (tests/same.py); a session is told of the file of its first frame.
"""

from __future__ import annotations

import bisect
import gzip
import hashlib
import itertools
import json
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

import lz4.frame
import pytest
from backports import zstd
from hypothesis import given
from rewrite import connections, pcap, pcapng
from same import BASES, LONG, PLACE, Base, base, each_base, ends, named, seeds, unlike
from test_pcaps import CAPTURES, connection, differences, expected

from sensor._rust import Reading, first_packet_ns
from sensor.engine import Damage, NativeEngine
from sensor.joined import in_order, run_joined
from sensor.pipeline import CANNOT_OPEN, Progress
from sensor.source import CaptureInput, expand

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rewrite import Packet

    from sensor._rust import FileReport
    from sensor.engine import Batch
    from sensor.events import Certificate
    from sensor.pipeline import CaptureReport

WRITERS: dict[str, Callable[[Sequence[Packet]], bytes]] = {
    "pcap": pcap,
    "pcapng": pcapng,
    "big-endian pcapng in gzip": lambda part: gzip.compress(pcapng(part, ">")),
    "pcap in zstd": lambda part: zstd.compress(pcap(part, ">")),
    "pcapng in lz4": lambda part: lz4.frame.compress(pcapng(part)),
}
NAMED_BY_FILE = {"capture", "frame", "interface"}
"""Of the base: pcap knows no interface, and the test writes none."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where parts of captures lie."""
    return tmp_path_factory.mktemp("joined")


@dataclass(frozen=True, slots=True)
class Joined:
    """What was read."""

    rows: list[dict[str, Any]]
    certificates: dict[str, bytes]
    files: list[FileReport]
    packets: int


def joined(paths: Sequence[Path], *, sha256: bool = False) -> Joined:
    """Read files as one; each is named by its path."""
    reading = Reading.joined([(str(path), str(path)) for path in paths], sha256=sha256)
    rows: list[dict[str, Any]] = []
    certificates: dict[str, bytes] = {}
    while (batch := reading.read()) is not None:
        rows += [json.loads(line) for line in batch.json().splitlines()]
        certificates |= {sha.hex(): der for sha, der in batch.certificates}
    assert {hashlib.sha256(der).hexdigest() for der in certificates.values()} == set(certificates) == named(rows)
    return Joined(rows, certificates, reading.files, reading.packets)


def written(whole: Base, cuts: Sequence[int], folder: Path, writers: Sequence[str] = ("pcap",)) -> list[Path]:
    """Write the packets before, between and behind the cuts into files of these formats."""
    bounds = [0, *cuts, len(whole.packets)]
    paths = []
    for number, (start, stop) in enumerate(itertools.pairwise(bounds)):
        path = folder / f"part-{number:03}"
        # The writer of pcapng describes interfaces with their packets: without any there is no file.
        writer = WRITERS[writers[number % len(writers)]] if stop > start else pcap
        path.write_bytes(writer(whole.packets[start:stop]))
        paths.append(path)
    return paths


def same(whole: Base, cuts: Sequence[int], paths: Sequence[Path]) -> None:
    """Compare what files give with what the whole gave: every field, and the place of each session."""
    found = joined(paths)
    told = unlike(whole.result.rows, found.rows, NAMED_BY_FILE)
    assert not told, "\n".join(told)
    assert found.certificates == whole.result.certificates
    starts = [0, *cuts]
    assert [one.packets for one in found.files] == [b - a for a, b in itertools.pairwise([*starts, found.packets])]
    assert [one.damage for one in found.files] == [[]] * len(paths)
    places = dict(zip(map(str, paths), starts, strict=True))
    frames = {row["session_id"]: row["frame"] for row in whole.result.rows}
    assert {row["session_id"]: places[row["capture"]] + row["frame"] for row in found.rows} == frames
    begun = [bisect.bisect_left(starts, row["frame"]) - 1 for row in whole.result.rows]
    assert [row["capture"] for row in sorted(found.rows, key=lambda row: frames[row["session_id"]])] == [
        str(paths[at]) for at in sorted(begun)
    ]
    assert [one.sessions for one in found.files] == [begun.count(at) for at in range(len(paths))]


def straddled(whole: Base, cut: int) -> int:
    """How many connections have packets on both sides of a cut."""
    place = {id(one): index for index, one in enumerate(whole.segments)}
    assert len(whole.segments) == len(whole.packets)
    spans = [(place[id(part[0])], place[id(part[-1])]) for part in connections(whole.segments)]
    return sum(first < cut <= last for first, last in spans)


@pytest.mark.parametrize("name", [name for name in BASES if name != "smart-building.pcapng"])
def test_cut_before_every_packet(name: str, folder: Path) -> None:
    whole = base(name, folder)
    cuts = range(len(whole.packets) + 1)
    crossing = 0
    for cut in cuts:
        same(whole, [cut], written(whole, [cut], folder))
        crossing += straddled(whole, cut) > 0
    assert len(cuts) > 40
    assert crossing > len(cuts) // 2


@each_base
@given(seed=seeds)
def test_cut_into_many_files_of_mixed_formats(name: str, folder: Path, seed: int) -> None:
    """Some of them without a packet, some of one packet."""
    whole, random = base(name, folder), Random(seed)
    cuts = sorted(random.choices(range(len(whole.packets) + 1), k=random.randint(1, 30)))
    writers = random.choices(list(WRITERS), k=len(cuts) + 1)
    same(whole, cuts, written(whole, cuts, folder, writers))


@pytest.mark.parametrize("capture", CAPTURES, ids=[path.name for path in CAPTURES])
def test_the_truth_is_found_in_halves(capture: Path, folder: Path) -> None:
    """Each handshake cut in its middle: what servers and clients were given is found, and where tshark saw it begin."""
    whole = base(capture.name, folder)
    truth = {connection(row): row for row in expected(capture, "expected")}
    middles = sorted({middle(whole, row) for row in whole.result.rows})
    paths = written(whole, middles, folder)
    found = joined(paths)
    starts = dict(zip(map(str, paths), [0, *middles], strict=True))
    assert {connection(row) for row in found.rows} == set(truth)
    wrong = {}
    for row in found.rows:
        told = row | {"frame": starts[row["capture"]] + row["frame"]}
        if differing := differences(truth[connection(row)], told):
            wrong[connection(row)] = differing
    assert wrong == {}
    assert set(found.certificates) == {row["sha256"] for row in expected(capture, "certificates")}
    separate = [row for path in paths for row in joined([path]).rows]
    assert unlike(whole.result.rows, separate, PLACE), "no cut is in a handshake: the test would show nothing"


def middle(whole: Base, row: dict[str, Any]) -> int:
    """Give the index of the packet in the middle of a session's connection."""
    there = set(ends(row))
    places = [index for index, one in enumerate(whole.segments) if {one.source, one.target} == there]
    return places[len(places) // 2]


def test_a_message_over_many_files(folder: Path) -> None:
    """A chain of 60 kB with a file for each packet."""
    whole = base(LONG, folder)
    cuts = range(1, len(whole.packets))
    assert len(cuts) > 40
    same(whole, cuts, written(whole, cuts, folder, list(WRITERS)))


def test_one_file_is_what_it_is_alone(folder: Path) -> None:
    for capture in CAPTURES:
        whole = base(capture.name, folder)
        found = joined([capture], sha256=True)
        assert unlike(whole.result.rows, found.rows, {"capture"}) == []
        assert found.files[0].sha256 == hashlib.sha256(capture.read_bytes()).digest()


def test_interfaces_of_files_keep_their_names(folder: Path) -> None:
    """Each session has the interface that its first packet came in on, also when it ends on another."""
    whole = base("tls13.pcapng", folder)
    size = len(whole.packets)
    cuts = sorted({middle(whole, row) for row in whole.result.rows})
    names = [None if number % 3 == 2 else f"eth{number % 3}" for number in range(len(cuts) + 1)]
    paths: list[Path] = []
    for (start, stop), name in zip(itertools.pairwise([0, *cuts, size]), names, strict=True):
        path = folder / f"on-{len(paths):03}"
        part = whole.packets[start:stop]
        path.write_bytes(pcap(part) if name is None else pcapng(part, name=name.encode()))
        paths.append(path)
    found = joined(paths)
    assert len(paths) >= 5
    assert unlike(whole.result.rows, found.rows, NAMED_BY_FILE) == []
    wanted = dict(zip(map(str, paths), names, strict=True))
    assert [row["interface"] for row in found.rows] == [wanted[row["capture"]] for row in found.rows]
    assert len({row["interface"] for row in found.rows}) == 3


class Collect:
    """A sink that remembers."""

    wants_certificates = True

    def __init__(self) -> None:
        self.events: list[str] = []
        self.rows: list[dict[str, Any]] = []

    def start(self, name: str) -> None:  # noqa: D102  as the protocol says
        self.events.append(f"start {name.rpartition('/')[2]}")

    def batch(self, batch: Batch, certificates: Sequence[tuple[Certificate, bytes]]) -> None:  # noqa: D102
        self.rows += [json.loads(line) for line in batch.json().splitlines()]
        assert all(facts.sha256 == hashlib.sha256(der).digest() for facts, der in certificates)

    def finish(self, report: CaptureReport) -> None:  # noqa: D102
        self.events.append(f"finish {report.name.rpartition('/')[2]}")

    def abort(self) -> None:  # noqa: D102
        self.events.append("abort")


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    """Give a capture in five files."""
    whole = base("openssl-mutual.pcap", tmp_path)
    size = len(whole.packets)
    return written(whole, [size // 5, size // 3, size // 2, size - 9], tmp_path, list(WRITERS))


def test_files_are_read_in_the_order_of_their_first_packets(parts: list[Path], tmp_path: Path) -> None:
    whole = base("openssl-mutual.pcap", tmp_path)
    for seed in range(5):
        mixed = list(parts)
        Random(seed).shuffle(mixed)
        sink, seen = Collect(), list[Progress]()
        given = expand(map(str, mixed))
        (report,) = run_joined(given, sink, engine=NativeEngine(), sha256=True, progress=seen.append)
        assert sink.events == ["start part-000 and 4 more", "finish part-000 and 4 more"]
        assert unlike(whole.result.rows, sink.rows, NAMED_BY_FILE) == []
        assert [file.name for file in report.joined] == [str(path) for path in parts]
        assert [file.size for file in report.joined] == [path.stat().st_size for path in parts]
        assert (report.packets, report.sessions, report.readable) == (len(whole.packets), len(sink.rows), True)
        assert (seen[-1].bytes, seen[-1].packets) == (report.size, report.packets)
        assert report.size == sum(path.stat().st_size for path in parts)
        times = [packet.time_ns for packet in whole.packets]
        assert (report.first_ns, report.last_ns) == (min(times), max(times))
        assert report.joined[1].first_ns == times[len(times) // 5]


def test_the_hash_of_a_set_is_that_of_no_file_and_of_no_order(parts: list[Path]) -> None:
    def hashed(paths: Sequence[Path]) -> bytes:
        (report,) = run_joined(expand(map(str, paths)), Collect(), engine=NativeEngine(), sha256=True)
        assert report.sha256 is not None
        return report.sha256

    contents = [joined([path], sha256=True).files[0].sha256 for path in parts]
    assert hashed(parts) == hashed(parts[::-1])
    assert len({hashed(parts), hashed(parts[1:]), hashed(parts[:2]), *contents}) == 3 + len(parts)
    assert hashed(parts[:1]) == contents[0]
    (report,) = run_joined(expand(map(str, parts)), Collect(), engine=NativeEngine())
    assert report.sha256 is None
    text = parts[0].with_name("text")
    text.write_text("no capture")
    assert hashed([text, parts[0]]) == contents[0], "what is left is one capture, as if it were alone"


def test_the_same_time_and_no_time_keep_the_order_given() -> None:
    times = {"e": None, "c": 30, "d": None, "a": 10, "b": 10, "n": None, "z": 10, "y": 40}
    given = [CaptureInput(name, name, 1) for name in times]
    ordered = in_order(given, lambda capture: times[capture.name])
    assert "".join(capture.name for capture in ordered) == "eabnzcdy"


def test_the_first_packet(parts: list[Path], tmp_path: Path) -> None:
    whole = base("openssl-mutual.pcap", tmp_path)
    assert first_packet_ns(str(parts[0])) == whole.packets[0].time_ns
    empty, text = tmp_path / "empty", tmp_path / "text"
    empty.write_bytes(pcap([]))
    text.write_text("no capture")
    assert first_packet_ns(str(empty)) is first_packet_ns(str(text)) is None
    with pytest.raises(FileNotFoundError):
        first_packet_ns(str(tmp_path / "none"))


def test_what_vanished_is_told_and_the_rest_is_read(parts: list[Path]) -> None:
    given = expand(map(str, parts))
    parts[2].unlink()
    sink = Collect()
    (report,) = run_joined(given, sink, engine=NativeEngine(), sha256=True)
    (gone,) = (file for file in report.joined if file.damage)
    assert (gone.name, gone.damage) == (str(parts[2]), (Damage(CANNOT_OPEN, "No such file or directory"),))
    assert (gone.readable, report.readable, report.damage) == (False, True, gone.damage)
    assert {row["capture"] for row in sink.rows} <= {str(path) for path in parts} - {gone.name}
    assert len(sink.rows) == report.sessions > 0


def test_only_what_was_named_is_complained_about(parts: list[Path], tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no capture")
    found = CaptureInput(str(text), "text", 10, named=False)
    (report,) = run_joined([found, *expand(map(str, parts))], Collect(), engine=NativeEngine())
    assert (len(report.joined), report.damage) == (len(parts), ())
    other = CaptureInput(str(text), "other", 10, named=False)
    sink = Collect()
    assert run_joined([found, other], sink, engine=NativeEngine()) == []
    assert sink.events == ["start text and 1 more", "abort"]
    (report,) = run_joined(
        [CaptureInput(str(text), "text", 10), *expand(map(str, parts))], Collect(), engine=NativeEngine()
    )
    assert [item.code for item in report.damage] == ["not_a_capture"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("full")])
def test_a_run_that_is_interrupted_drops_what_is_not_finished(parts: list[Path], error: BaseException) -> None:
    class Failing(Collect):
        def batch(self, batch: Batch, certificates: Sequence[tuple[Certificate, bytes]]) -> None:
            del batch, certificates
            raise error

    sink = Failing()
    with pytest.raises(type(error)):
        run_joined(expand(map(str, parts)), sink, engine=NativeEngine())
    assert sink.events == ["start part-000 and 4 more", "abort"]
