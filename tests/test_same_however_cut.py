"""The same sessions however the stream is cut, shuffled or repeated.

Bases are the captures of pcaps/, first compared with their truth, and a chain of 60 kB. Each example is one seed: the
changes follow from it, so that a failure can be repeated.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest
import rewrite
from hypothesis import example, given
from hypothesis import strategies as st
from records import reframed
from rewrite import ACK, CIRCLE, SYN, Segment, client, connections, each, packets, segments, stream
from same import (
    BASES,
    IDS,
    PLACE,
    Result,
    base,
    cut,
    each_base,
    few,
    gives,
    retimed,
    same,
    seeded,
    seeds,
    sizes,
    swapped,
    unlike,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where changed captures lie; each example overwrites the last."""
    return tmp_path_factory.mktemp("changed")


def tls_opens(one: Segment) -> bool:
    """Tell whether a hello stands at the start of the payload."""
    return one.payload[:2] == b"\x16\x03" and one.payload[5:6] in {b"\x01", b"\x02"}


@each_base
@seeded
@given(seed=seeds, largest=sizes)
def test_cut(name: str, folder: Path, seed: int, largest: int) -> None:
    """TCP payloads in segments of any size, down to one byte."""
    random = Random(seed)
    some = base(name, folder).some(random, few(largest))
    same(some, packets(each(some.segments, lambda part: retimed(part, cut(part, random, largest)))), folder)


@each_base
@seeded
@given(seed=seeds, record=st.sampled_from([1, 2, 5, 60, 1000, 16384]), largest=sizes)
def test_records(name: str, folder: Path, seed: int, record: int, largest: int) -> None:
    """The same messages in records of any size, one over many or many in one, and these cut anywhere."""
    random = Random(seed)
    some = base(name, folder).some(random, few(min(largest, record)))
    changed = each(some.segments, lambda part: retimed(part, cut(reframed(part, random, record), random, largest)))
    same(some, packets(changed), folder)


@each_base
@seeded
@given(seed=seeds, window=st.integers(1, 12), largest=sizes)
def test_neighbours_swapped(name: str, folder: Path, seed: int, window: int, largest: int) -> None:
    """Segments that overtake some others; the SYNs stay first."""
    random = Random(seed)
    some = base(name, folder).some(random, few(largest))

    def change(part: list[Segment]) -> list[Segment]:
        opening = [one for one in part if one.flags & SYN]
        rest = cut([one for one in part if not one.flags & SYN], random, largest)
        return retimed(part, opening + swapped(rest, random, window))

    same(some, packets(each(some.segments, change)), folder)


@each_base
@seeded
@given(seed=seeds, window=st.integers(1, 12), largest=sizes)
@example(seed=336, window=10, largest=300)
@example(seed=3541, window=12, largest=1460)
def test_answer_overtaken(name: str, folder: Path, seed: int, window: int, largest: int) -> None:
    """After the client's SYN, the server's may come behind what it sent later."""
    random = Random(seed)
    some = base(name, folder).some(random, few(largest))

    def change(part: list[Segment]) -> list[Segment]:
        opening, *rest = cut(part, random, largest)
        return retimed(part, [opening, *swapped(rest, random, window)])

    same(some, packets(each(some.segments, change)), folder)


@each_base
@seeded
@given(seed=seeds, largest=sizes)
def test_shuffled(name: str, folder: Path, seed: int, largest: int) -> None:
    """After the SYNs of both sides, all segments of a connection in any order."""
    random = Random(seed)
    some = base(name, folder).some(random, few(largest))

    def change(part: list[Segment]) -> list[Segment]:
        opening = [one for one in part if one.flags & SYN]
        rest = cut([one for one in part if not one.flags & SYN], random, largest)
        random.shuffle(rest)
        return retimed(part, opening + rest)

    same(some, packets(each(some.segments, change)), folder)


@each_base
@pytest.mark.parametrize("first", ["client", "server"])
def test_one_direction_after_the_other(name: str, first: str, folder: Path) -> None:
    """After the SYNs, all that one side sent, then all of the other: as mirror ports with two queues deliver it."""
    whole = base(name, folder)

    def change(part: list[Segment]) -> list[Segment]:
        opened = client(part)
        turns = sorted(part, key=lambda one: (not one.flags & SYN, (one.source == opened) != (first == "client")))
        return retimed(part, turns)

    same(whole, packets(each(whole.segments, change)), folder)


@each_base
@seeded
@given(seed=seeds)
def test_syn_late(name: str, folder: Path, seed: int) -> None:
    """The first packets in any order: SYN, its answer, and, if TLS begins at once, the hello."""
    random = Random(seed)
    some = base(name, folder).some(random, 8)

    def change(part: list[Segment]) -> list[Segment]:
        bare = next(index for index, one in enumerate(part) if one.payload)
        first = bare + tls_opens(part[bare])
        opening = part[:first]
        random.shuffle(opening)
        return retimed(part, opening + part[first:])

    same(some, packets(each(some.segments, change)), folder, PLACE | IDS)


@each_base
@seeded
@given(seed=seeds, largest=sizes)
def test_interleaved(name: str, folder: Path, seed: int, largest: int) -> None:
    """All connections at the same time."""
    random = Random(seed)
    some = base(name, folder).some(random, 3 * few(largest))
    start = min(one.time_ns for one in some.segments)
    parts = [cut(part, random, largest) for part in connections(some.segments)]
    turns = [part for part in parts for _ in part]
    random.shuffle(turns)
    queues = {id(part): iter(part) for part in parts}
    mixed = [replace(next(queues[id(part)]), time_ns=start + 1000 * at) for at, part in enumerate(turns)]
    same(some, packets(mixed), folder, PLACE | IDS)


@each_base
@seeded
@given(seed=seeds, largest=sizes)
def test_each_packet_twice(name: str, folder: Path, seed: int, largest: int) -> None:
    """A mirror port that copies both ways shows every packet twice, at once or a little later."""
    random = Random(seed)
    some = base(name, folder).some(random, few(largest))

    def change(part: list[Segment]) -> list[Segment]:
        pieces = cut(part, random, largest)
        late = [(index + random.choice([0.5, 0.5, 3.5]), one) for index, one in enumerate(pieces)]
        both = [*enumerate(pieces), *late]
        return retimed(part, [one for _, one in sorted(both, key=lambda item: item[0])])

    same(some, packets(each(some.segments, change)), folder)


@each_base
@seeded
@given(seed=seeds, largest=sizes)
def test_retransmitted(name: str, folder: Path, seed: int, largest: int) -> None:
    """Segments sent again, at any later time, with other bounds: they overlap with those before and behind."""
    random = Random(seed)
    some = base(name, folder).some(random, few(largest))

    def change(part: list[Segment]) -> list[Segment]:
        pieces = cut(part, random, largest)
        again = [
            (index + random.uniform(0, len(pieces) - index), wider(part, one, random, largest))
            for index, one in enumerate(pieces)
            if random.random() < 0.4
        ]
        both = [*enumerate(pieces), *again]
        return retimed(part, [one for _, one in sorted(both, key=lambda item: item[0])])

    same(some, packets(each(some.segments, change)), folder)


def wider(part: Sequence[Segment], one: Segment, random: Random, largest: int) -> Segment:
    """Give a copy that begins earlier and ends later, within the stream; a SYN or a bare ACK as it is."""
    if not one.payload or one.flags & SYN:
        return one
    first, data = stream(part, one.source)
    offset = (one.sequence - first) % CIRCLE
    start = max(0, offset - random.randint(0, largest))
    stop = min(len(data), offset + len(one.payload) + random.randint(0, largest))
    # What is sent again has no FIN, which stands behind the last byte.
    return replace(one, sequence=(first + start) % CIRCLE, payload=data[start:stop], flags=ACK)


@each_base
def test_appended_to_itself(name: str, folder: Path) -> None:
    """The same packets a second time, as when two mirror ports are merged badly: still the same sessions."""
    whole = base(name, folder)
    found = gives(whole.packets * 2, folder, {"finished_timeout_s": 86_400})
    assert unlike(whole.result.rows, found.rows) == []
    # A flow that was forgotten in between is told again under the same id.
    found = gives(whole.packets * 2, folder)
    told = {row["session_id"]: row for row in reversed(found.rows)}
    assert unlike(whole.result.rows, told.values()) == []
    assert found.certificates == whole.result.certificates


def doctored(before: Result) -> dict[str, Result]:
    """Make results that are wrong in one thing each."""
    row, *rest = before.rows
    wrong = {name: replace(before, rows=({**row, name: "doctored"}, *rest)) for name in row.keys() - PLACE}
    wrong["a session less"] = replace(before, rows=tuple(rest))
    wrong["a session twice"] = replace(before, rows=(row, row, *rest))
    wrong["a field less"] = replace(before, rows=({key: row[key] for key in row if key != "ja3"}, *rest))
    wrong["another certificate"] = replace(before, certificates={**before.certificates, "00": b""})
    wrong["damage"] = replace(before, damage=("cut_packet",))
    return wrong


def test_a_doctored_result_is_noticed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever field, session or certificate differs, the comparison that all these tests use fails."""
    whole = base(BASES[0], folder)
    same(whole, whole.packets, folder, PLACE - {"time", "frame"})
    wrong = doctored(whole.result)
    assert len(wrong) > 40
    for found in wrong.values():
        monkeypatch.setattr("same.result", lambda _path, _limits=None, found=found: found)
        with pytest.raises(AssertionError):
            same(whole, whole.packets, folder)


def test_the_changes_change(folder: Path) -> None:
    """Cutting cuts, shuffling shuffles, and putting together what was taken apart gives the same packets."""
    whole = base(BASES[0], folder)
    assert segments(packets(whole.segments)) == list(whole.segments)
    pieces = rewrite.cut(whole.segments, Random(1), 1)
    assert len(pieces) > 10_000
    assert {len(one.payload) for one in pieces} == {0, 1}
    part = connections(whole.segments)[0]
    for source in (part[0].source, part[0].target):
        assert stream(cut(part, Random(1), 9), source) == stream(part, source)
        assert len(stream(reframed(part, Random(1), 1), source)[1]) > len(stream(part, source)[1]) + 500
