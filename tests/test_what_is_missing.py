"""What is missing from a capture is never made up: one direction, a gap, an end too early, a start too late."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import CERTIFICATE, CLIENT_HELLO, RETRY, SERVER_HELLO, Message, certificates, messages, opens
from rewrite import CIRCLE, FIN, SYN, End, Segment, client, connections, cut, packets, pcap, retime, stream
from same import (
    BASES,
    CHAINS,
    IDS,
    PLACE,
    WHY,
    Base,
    Result,
    Row,
    base,
    each_base,
    ends,
    never_more,
    result,
    seeded,
    seeds,
    unlike,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SAID_BY = {
    "client": {"version_offered", "version_offered_code", "server_name", "alpn_offered", "ech_offered", "ja3", "ja4"},
    "server": {"version", "version_code", "cipher_suite", "cipher_suite_code", "named_group", "named_group_code"}
    | {"signature_scheme", "signature_scheme_code", "alpn", "ja3s", "sct_count", "accepted_issuers", "ocsp_stapled"},
}
ENDS = {"client_address", "client_port", "server_address", "server_port", "community_id", "transport", "protocol"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where changed captures lie; each example overwrites the last."""
    return tmp_path_factory.mktemp("changed")


def gives(whole: Sequence[Segment], folder: Path) -> Result:
    """Read changed segments."""
    path = folder / "changed.pcap"
    path.write_bytes(pcap(packets(sorted(whole, key=lambda one: one.time_ns))))
    return result(path)


def only(rows: Sequence[Row]) -> Row:
    """Give the only one."""
    (row,) = rows
    return row


@functools.cache
def parts(name: str, folder: Path) -> tuple[tuple[list[Segment], Row], ...]:
    """Give each connection that has a session, and the session."""
    whole = base(name, folder)
    rows = {ends(row): row for row in whole.result.rows}
    found = []
    for part in connections(whole.segments):
        opened = next(one for one in part if one.flags & SYN)
        if row := rows.get((opened.source, opened.target)):
            found.append((part, row))
    assert len(found) == len(whole.result.rows) > 0
    return tuple(found)


def said(part: Sequence[Segment], side: str) -> tuple[End, int, list[Message]]:
    """Give an end, its first sequence number, and what it said in the clear."""
    opened = client(part)
    source = (
        opened if side == "client" else next(one for end in part for one in (end.source, end.target) if one != opened)
    )
    first, data = stream(part, source)
    return source, first, list(messages(data))


@each_base
@pytest.mark.parametrize("kept", ["client", "server"])
def test_one_way(name: str, kept: str, folder: Path) -> None:
    """Of one direction: the same sessions, all that this side said, and the other is told to be missing."""
    other = {"client": "server", "server": "client"}[kept]
    chosen, expected = [], {}
    for part, row in parts(name, folder):
        source, _, spoken = said(part, kept)
        chosen += [one for one in part if one.source == source]
        # A server that only refuses begins no session of its own.
        if {message.kind for message in spoken} & {CLIENT_HELLO, SERVER_HELLO}:
            expected[ends(row)] = row
    found = gives(chosen, folder)
    assert {ends(row) for row in found.rows} == set(expected)
    assert len(found.rows) == len(expected) > 0
    wrong = {}
    for row in found.rows:
        full = expected[ends(row)]
        same = {CHAINS[kept], *ENDS, *SAID_BY[kept]} - ({"accepted_issuers"} if kept == "client" else set())
        differing = {field: (full[field], row[field]) for field in same if row[field] != full[field]}
        differing |= {
            field: row[field] for field in SAID_BY[other] | {CHAINS[other]} if row[field] not in (None, full[field])
        }
        # The server's side alone tells of some clients that they were asked for nothing, or that it is encrypted.
        by_server = {"encrypted", "resumed", "not_requested"} & {full[WHY["client"]]} if kept == "server" else set()
        if row[WHY[other]] not in {"one_way", *by_server} or row[CHAINS[other]] is not None:
            differing[WHY[other]] = row[WHY[other]]
        if kept == "server" and row[WHY["server"]] != full[WHY["server"]]:
            differing[WHY["server"]] = (full[WHY["server"]], row[WHY["server"]])
        if differing:
            wrong[ends(row)] = differing
    assert wrong == {}


def with_certificate(name: str, folder: Path) -> list[tuple[list[Segment], Row, str, Message]]:
    """Give each Certificate message in the clear that is not empty, and where it was sent."""
    found = []
    for part, row in parts(name, folder):
        for side in CHAINS:
            shown = [one for one in said(part, side)[2] if one.kind == CERTIFICATE and certificates(one)]
            found += [(part, row, side, message) for message in shown]
    return found


@each_base
@seeded
@given(seed=seeds)
def test_a_gap(name: str, folder: Path, seed: int) -> None:
    """A segment of a Certificate message is missing: the certificates before it are listed, as lost, and none other."""
    random = Random(seed)
    places = with_certificate(name, folder)
    if not places:
        pytest.skip("only TLS 1.3")
    part, row, side, message = random.choice(places)
    source, first, _ = said(part, side)
    pieces = retime(cut(part, random, random.choice([40, 300, 1460])), [one.time_ns for one in part])
    begins, stops = message.places[0], message.places[-1] + 1

    def offset(one: Segment) -> int:
        return (one.first_byte - first) % CIRCLE

    hit = [one for one in pieces if one.source == source and one.payload and begins <= offset(one) < stops]
    if not hit:
        return
    gone = random.choice(hit)
    found = only(gives([one for one in pieces if one is not gone], folder).rows)
    whole = [hashlib.sha256(der).hexdigest() for der, end in certificates(message) if end <= offset(gone)]
    assert found[CHAINS[side]] == (whole or None)
    assert found[WHY[side]] == "lost"
    assert found["bytes_lost"] - len(gone.payload) in {0, bool(gone.flags & FIN)}
    other = {"client": "server", "server": "client"}[side]
    assert found[CHAINS[other]] == row[CHAINS[other]]
    assert found[WHY[other]] == row[WHY[other]]
    known = set(row) - PLACE - {"bytes_lost", *CHAINS.values(), *WHY.values(), "alerts"}
    assert never_more(row, found, known) == []


@each_base
def test_the_end_of_one_side_is_missing(name: str, folder: Path) -> None:
    """From the last bytes of a Certificate message on one side is missing; the other acknowledged them: lost, too."""
    for part, row, side, message in with_certificate(name, folder):
        source, first, _ = said(part, side)
        stop = message.places[-1] - 1
        kept = []
        for one in part:
            start = (one.first_byte - first) % CIRCLE
            if one.source != source or one.flags & SYN or start + len(one.payload) <= stop:
                kept.append(one)
            elif start < stop:
                kept.append(replace(one, payload=one.payload[: stop - start]))
        found = only(gives(kept, folder).rows)
        assert found[CHAINS[side]] == (row[CHAINS[side]][:-1] or None)
        assert found[WHY[side]] == "lost"


def subset(full: Base, found: Result, many: Sequence[Segment]) -> list[str]:
    """Tell where the sessions of a capture cut off are more, or other, than those of the whole."""
    rows = {row["session_id"]: row for row in full.result.rows}
    again = {frozenset((one.source, one.target)) for one in many if RETRY in one.payload}
    told = []
    for row in found.rows:
        if row["session_id"] not in rows:
            told.append(f"a session more: {row}")
            continue
        skip = {"bytes_lost", *CHAINS.values(), *WHY.values(), "alerts"}
        if frozenset(ends(row)) in again:
            skip |= {"ja3s", "alpn"}
        wrong = never_more(rows[row["session_id"]], row, set(row) - {"capture"} - skip)
        told += [f"{ends(row)} {what}" for what in wrong]
        if row["bytes_lost"]:
            told.append(f"{ends(row)} bytes_lost: {row['bytes_lost']}")
    if len({row["session_id"] for row in found.rows}) < len(found.rows):
        told.append("a session twice")
    if not found.certificates.keys() <= full.result.certificates.keys():
        told.append("a certificate more")
    return told


@each_base
@seeded
@given(seed=seeds, largest=st.sampled_from([1, 7, 90, 1460, 65_000]))
def test_cut_off_behind_a_packet(name: str, folder: Path, seed: int, largest: int) -> None:
    """Whatever the last packet: nothing extra, nothing wrong, no damage."""
    random = Random(seed)
    some = base(name, folder).some(random, 2)
    pieces = cut(some.segments, random, max(largest, sum(len(one.payload) for one in some.segments) // 1500))
    pieces = retime(pieces, [one.time_ns for one in some.segments])
    some = replace(some, result=gives(pieces, folder))
    for _ in range(8):
        count = random.randint(0, len(pieces))
        found = gives(pieces[:count], folder)
        told = subset(some, found, some.segments)
        assert not told, f"{count} packets of {len(pieces)}:\n" + "\n".join(told)
        assert found.packets == count
        assert found.damage in ((), ("empty",) if count == 0 else ())


@each_base
@seeded
@given(seed=seeds)
def test_cut_off_in_a_packet(name: str, folder: Path, seed: int) -> None:
    """Whatever the last byte of the file: nothing extra or wrong, and damage is told unless a packet ends there."""
    random = Random(seed)
    some = base(name, folder)
    data = pcap(some.packets)
    bounds = {24}
    for one in some.packets:
        bounds.add(max(bounds) + 16 + len(one.frame))
    path = folder / "cut.pcap"
    for size in (random.randint(0, len(data)), random.choice(sorted(bounds)), random.randint(0, 80)):
        path.write_bytes(data[:size])
        found = result(path)
        told = subset(some, found, some.segments)
        assert not told, f"{size} bytes of {len(data)}:\n" + "\n".join(told)
        assert found.packets in {
            len([end for end in bounds if end <= size]) - 1,
            len([end for end in bounds if end < size]),
        }
        assert bool(found.damage) == (size not in bounds)


@each_base
@seeded
@given(seed=seeds)
def test_begins_in_mid_stream(name: str, folder: Path, seed: int) -> None:
    """Without SYN, from a segment on that begins with a hello or a Certificate: what it says is found."""
    random = Random(seed)
    part, row = random.choice(parts(name, folder))
    start = random.randrange(len(part))
    rest = part[start:]
    found = gives(rest, folder).rows
    opener = next((at for at, one in enumerate(part) if opens(one)), len(part))
    if any(one.flags & SYN for one in rest):
        assert unlike([row], found, PLACE | IDS) == []
    elif start <= opener:
        # All of TLS is there; only what came before it is unknown.
        assert only(found)["plaintext_before"] is None
        assert unlike([row], found, PLACE | IDS | {"plaintext_before", "carrier"}) == []
    elif any(opens(one) for one in rest):
        skip = {"bytes_lost", "plaintext_before", "carrier", "alerts", *CHAINS.values(), *WHY.values()}
        assert never_more(row, only(found), set(row) - PLACE - IDS - skip) == []
        if any(opens(one) and one.source != client(part) for one in rest):
            assert only(found)["server_chain"] == row["server_chain"]
            assert only(found)["server_visibility"] == row["server_visibility"]
    else:
        assert found == ()


def test_something_wrong_is_noticed(folder: Path) -> None:
    """The comparisons of this file fail when a session says too much, or something else."""
    (row, *_) = (one for one in base(BASES[0], folder).result.rows if one["server_chain"])
    known = set(row) - {"alerts", *CHAINS.values(), *WHY.values()}
    assert never_more(row, row, known) == []
    less: dict[str, Any] = row | {"server_chain": row["server_chain"][:1], "server_visibility": "lost", "ja3": None}
    assert never_more(row, less, known) == []
    for wrong in (
        {"ja3": "other"},
        {"version": "SSLv3"},
        {"server_chain": [*row["server_chain"][::-1], "00"]},
        {"server_chain": row["server_chain"][:1], "server_visibility": "visible"},
        {"server_chain": [*row["server_chain"], "00"]},
    ):
        assert never_more(row, row | wrong, known) != []
    full = base(BASES[0], folder)
    extra = replace(full.result, certificates={**full.result.certificates, "00": b""})
    twice = replace(full.result, rows=full.result.rows * 2)
    unknown = replace(full.result, rows=({**row, "session_id": "00"},))
    lost = replace(full.result, rows=({**row, "bytes_lost": 1},))
    assert subset(full, full.result, full.segments) == []
    assert all(subset(full, wrong, full.segments) for wrong in (extra, twice, unknown, lost))
