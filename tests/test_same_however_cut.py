"""The same sessions however the stream is cut, shuffled, repeated or wrapped.

Bases are the captures of pcaps/, first compared with their truth, and a chain of 60 kB. Each example is one seed: the
changes follow from it, so that a failure can be repeated.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import reframed
from rewrite import (
    ACK,
    CIRCLE,
    SYN,
    Packet,
    Segment,
    connections,
    cut,
    each,
    packets,
    pcap,
    pcapng,
    retime,
    segments,
    stream,
)
from same import BASES, IDS, MACS, PLACE, Base, Result, base, each_base, result, unlike
from wraps import (
    Wrap,
    by_version,
    cooked,
    cooked_2,
    extended,
    in_fragments,
    in_version_6,
    loopback,
    padded,
    raw,
    snap,
    tagged,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

seeds = st.integers(0, 2**32 - 1)
sizes = st.sampled_from([1, 2, 3, 7, 50, 300, 1460])
Change = Callable[[list[Segment]], list[Segment]] if TYPE_CHECKING else object

WRAPS: dict[str, tuple[Wrap, list[str]]] = {
    "802.1Q": (tagged((0x8100, 10)), ["vlan:10"]),
    "QinQ": (tagged((0x88A8, 200), (0x8100, 10)), ["vlan:200", "vlan:10"]),
    "old QinQ": (tagged((0x9100, 4000), (0x8100, 0)), ["vlan:4000", "vlan:0"]),
    "padding": (padded(60), []),
    "padding and check sequence": (padded(60, b"\x16\x03\x01\x02"), []),
    "SNAP": (snap, []),
    "cooked v1": (cooked, []),
    "cooked v2": (cooked_2, []),
    "raw": (raw, []),
    "raw by version": (by_version, []),
    "BSD loopback": (loopback("<", "freebsd"), []),
    "BSD loopback, other order": (loopback(">", "darwin"), []),
    "OpenBSD loopback": (loopback(">", "openbsd", 108), []),
    "IPv6 extension headers": (extended, []),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where changed captures lie; each example overwrites the last."""
    return tmp_path_factory.mktemp("changed")


def gives(whole: Sequence[Packet], folder: Path, limits: dict[str, int] | None = None) -> Result:
    """Read changed packets."""
    path = folder / "changed"
    path.write_bytes(pcap(whole) if len({one.link for one in whole}) == 1 else pcapng(whole))
    return result(path, limits)


def same(before: Base, whole: Sequence[Packet], folder: Path, besides: frozenset[str] = PLACE) -> None:
    """Compare what changed packets give with what they gave before: every field, every certificate, no damage."""
    found = gives(whole, folder)
    assert unlike(before.result.rows, found.rows, besides) == []
    assert found.certificates == before.result.certificates
    assert (found.damage, found.packets) == ((), len(whole))


def few(largest: int) -> int:
    """How many connections an example may have: small pieces are many."""
    return 2 if largest < 10 else 8


def tls_opens(one: Segment) -> bool:
    """A hello stands at the start of the payload."""
    return one.payload[:2] == b"\x16\x03" and one.payload[5:6] in {b"\x01", b"\x02"}


@each_base
@given(seed=seeds, largest=sizes)
def test_cut(name: str, folder: Path, seed: int, largest: int) -> None:
    """TCP payloads in segments of any size, down to one byte."""
    random = Random(seed)
    some = base(name, folder).some(random, few(largest))
    same(some, packets(each(some.segments, lambda part: retimed(part, cut(part, random, largest)))), folder)


def retimed(part: Sequence[Segment], changed: Sequence[Segment]) -> list[Segment]:
    """Spread what became of a connection over its times, in the new order."""
    return retime(changed, [one.time_ns for one in part])


@each_base
@given(seed=seeds, record=st.sampled_from([1, 2, 5, 60, 1000, 16384]), largest=sizes)
def test_records(name: str, folder: Path, seed: int, record: int, largest: int) -> None:
    """The same messages in records of any size, one over many or many in one, and these cut anywhere."""
    random = Random(seed)
    some = base(name, folder).some(random, few(min(largest, record)))
    changed = each(some.segments, lambda part: retimed(part, cut(reframed(part, random, record), random, largest)))
    same(some, packets(changed), folder)


@each_base
@given(seed=seeds, window=st.integers(1, 12), largest=sizes)
def test_neighbours_swapped(name: str, folder: Path, seed: int, window: int, largest: int) -> None:
    """Segments that overtake some others; the SYN stays first."""
    random = Random(seed)
    some = base(name, folder).some(random, few(largest))

    def change(part: list[Segment]) -> list[Segment]:
        opening, *rest = cut(part, random, largest)
        order = [(index + random.uniform(0, window), one) for index, one in enumerate(rest)]
        return retimed(part, [opening, *(one for _, one in sorted(order, key=lambda item: item[0]))])

    same(some, packets(each(some.segments, change)), folder)


@each_base
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


@each_base
@pytest.mark.parametrize("wrap", WRAPS)
def test_wrapped(name: str, wrap: str, folder: Path) -> None:
    """Tags, link layers, padding: only encapsulation and MAC addresses may differ."""
    whole = base(name, folder)
    change, encapsulation = WRAPS[wrap]
    changed = [change(one) for one in whole.segments]
    same(whole, changed, folder, PLACE - {"time"} | MACS | {"encapsulation"})
    for row in gives(changed, folder).rows:
        # Tags differ by direction: the ids of the one that spoke first.
        risen = [f"vlan:{int(layer.removeprefix('vlan:')) + 1}" for layer in encapsulation]
        assert row["encapsulation"] in (encapsulation, risen)


@each_base
def test_macs(name: str, folder: Path) -> None:
    """MAC addresses stay with their sides under tags."""
    whole = base(name, folder)
    known = [one for one in whole.segments if one.link == 1]
    if known:
        same(whole, [tagged((0x8100, 10))(one) for one in known], folder, PLACE | {"encapsulation"})


@each_base
@given(seed=seeds, largest=st.sampled_from([1, 3, 40, 185]), mixed=st.booleans())
def test_fragments(name: str, folder: Path, seed: int, largest: int, mixed: bool) -> None:  # noqa: FBT001
    """IP fragments of eight bytes or more, in any order."""
    random = Random(seed)
    some = base(name, folder).some(random, 3)
    same(some, in_fragments(some.segments, random, largest, mixed=mixed), folder)


@each_base
@given(seed=seeds, broken=st.booleans())
def test_version_6(name: str, folder: Path, seed: int, broken: bool) -> None:  # noqa: FBT001
    """IPv6 in place of IPv4, with extension headers or in fragments: only addresses differ."""
    random = Random(seed)
    some = base(name, folder).some(random, 3)
    moved = [in_version_6(one) for one in some.segments]
    frames = in_fragments(moved, random, 60, mixed=True) if broken else [extended(one) for one in moved]
    rows = [
        row
        | {
            side: row[side] if ":" in row[side] else version_6(row[side])
            for side in ("client_address", "server_address")
        }
        for row in some.result.rows
    ]
    expected = replace(some, result=replace(some.result, rows=tuple(rows)))
    same(expected, frames, folder, PLACE | IDS | MACS | {"community_id"})


def version_6(address: str) -> str:
    """Where `in_version_6` moves an address (RFC 5952)."""
    a, b, c, d = map(int, address.split("."))
    return f"2001:db8::{a << 8 | b:x}:{c << 8 | d:x}"


@each_base
@given(seed=seeds, record=st.sampled_from([1, 9, 700, 16384]), largest=sizes, window=st.integers(1, 6))
def test_all_at_once(name: str, folder: Path, seed: int, record: int, largest: int, window: int) -> None:
    """Other records, other segments, some twice, out of order, in tags or fragments."""
    random = Random(seed)
    some = base(name, folder).some(random, few(min(largest, record)))

    def change(part: list[Segment]) -> list[Segment]:
        opening, *rest = cut(reframed(part, random, record), random, largest)
        rest = [one for one in rest for _ in range(random.choice([1, 1, 2]))]
        order = [(index + random.uniform(0, window), one) for index, one in enumerate(rest)]
        return retimed(part, [opening, *(one for _, one in sorted(order, key=lambda item: item[0]))])

    changed = each(some.segments, change)
    wrap, _ = WRAPS[random.choice(list(WRAPS))]
    frames = in_fragments(changed, random, 100, mixed=True) if random.random() < 0.3 else [wrap(one) for one in changed]
    same(some, frames, folder, PLACE | MACS | {"encapsulation"})


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
    for what, found in wrong.items():
        monkeypatch.setattr("test_same_however_cut.result", lambda _path, _limits=None, found=found: found)
        with pytest.raises(AssertionError):
            same(whole, whole.packets, folder)
            pytest.fail(f"{what} was not noticed", pytrace=False)


def test_the_changes_change(folder: Path) -> None:
    """Cutting cuts, shuffling shuffles, and putting together what was taken apart gives the same packets."""
    whole = base(BASES[0], folder)
    assert segments(packets(whole.segments)) == list(whole.segments)
    pieces = cut(whole.segments, Random(1), 1)
    assert len(pieces) > 10_000
    assert {len(one.payload) for one in pieces} == {0, 1}
    part = connections(whole.segments)[0]
    for source in (part[0].source, part[0].target):
        assert stream(cut(part, Random(1), 9), source) == stream(part, source)
        assert len(stream(reframed(part, Random(1), 1), source)[1]) > len(stream(part, source)[1]) + 500
