"""The same sessions whatever the packets are wrapped in: tags, labels, link layers, the air, fragments, padding."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest
import rewrite
from hypothesis import given
from hypothesis import strategies as st
from records import reframed
from rewrite import SYN, Segment, each
from same import BASES, IDS, MACS, PLACE, base, cut, each_base, few, gives, retimed, same, seeded, seeds, sizes, swapped
from wraps import (
    Wrap,
    backbone,
    by_version,
    cooked,
    cooked_2,
    extended,
    in_fragments,
    in_version_6,
    labelled,
    loopback,
    padded,
    raw,
    snap,
    tagged,
    tagged_with,
)
from wraps_lines import (
    FROM_SYSTEM,
    PPP,
    PPP_HDLC,
    PPP_WITH_DIRECTION,
    TO_SYSTEM,
    aggregate,
    air,
    bare,
    cisco,
    frame_relay,
    per_packet,
    ppp,
    pppoe,
    radiotap,
)
from wraps_media import MEDIA

if TYPE_CHECKING:
    from pathlib import Path

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
    "MPLS": (labelled(16), ["mpls:16"]),
    "MPLS stack and explicit null": (labelled(1_048_575, 17, 0), ["mpls:1048575", "mpls:17", "mpls:0"]),
    "pseudowire": (labelled(18, word=b""), ["mpls:18"]),
    "pseudowire with control word": (labelled(18, 19, word=bytes(4)), ["mpls:18", "mpls:19"]),
    "802.1ah": (backbone, ["isid:70000"]),
    "Cisco metadata": (tagged_with(0x8909, b"\x01\x01\x00\x01\x00\x09"), ["sgt:9"]),
    "VN-Tag": (tagged_with(0x8926, b"\x80\x01\x00\x02"), []),
    "802.1BR": (tagged_with(0x893F, b"\x00\x01\x00\x02\x00\x00"), []),
    "HSR": (tagged_with(0x892F, b"\x00\x34\x00\x02"), []),
    "MACsec, not encrypted": (tagged_with(0x88E5, b"\x20\x00\x00\x00\x00\x07" + bytes(8)), []),
    "PPPoE": (pppoe(7), ["pppoe:7"]),
    "PPPoE and padding": (pppoe(65_535, 9), ["pppoe:65535"]),
    "PPP": (ppp(PPP, b"\xff\x03"), []),
    "PPP, all compressed": (ppp(PPP, b"", short=True), []),
    "PPP, HDLC framing": (ppp(PPP_HDLC, b"\xff\x03", short=True), []),
    "PPP with direction": (ppp(PPP_WITH_DIRECTION, b"\x01\xff\x03"), []),
    "Cisco HDLC": (cisco, []),
    "Frame Relay": (frame_relay, []),
    "802.11 to the access point": (bare(air(TO_SYSTEM)), []),
    "802.11 from it": (bare(air(FROM_SYSTEM, quality=True)), []),
    "802.11 between stations": (bare(air(0)), []),
    "802.11 between bridges": (bare(air(TO_SYSTEM | FROM_SYSTEM, quality=True)), []),
    "radiotap": (radiotap(air(TO_SYSTEM), check=False), []),
    "radiotap and check sequence": (radiotap(air(TO_SYSTEM, quality=True), check=True), []),
    "aggregate": (radiotap(aggregate, check=True), []),
    "PPI": (per_packet(aggregate), []),
} | MEDIA


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where changed captures lie; each example overwrites the last."""
    return tmp_path_factory.mktemp("changed")


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
        risen = [f"vlan:{int(layer[5:]) + 1}" if layer.startswith("vlan:") else layer for layer in encapsulation]
        assert row["encapsulation"] in (encapsulation, risen)


@each_base
def test_macs(name: str, folder: Path) -> None:
    """MAC addresses stay with their sides under tags."""
    whole = base(name, folder)
    known = [one for one in whole.segments if one.link == 1]
    if known:
        same(whole, [tagged((0x8100, 10))(one) for one in known], folder, PLACE | {"encapsulation"})


@each_base
@seeded
@given(seed=seeds, largest=st.sampled_from([1, 3, 40, 185]), mixed=st.booleans())
def test_fragments(name: str, folder: Path, seed: int, largest: int, mixed: bool) -> None:  # noqa: FBT001
    """IP fragments of eight bytes or more, in any order."""
    random = Random(seed)
    some = base(name, folder).some(random, 3)
    # Our cap is 256 fragments a packet: those of the loopback interface are cut first.
    whole = rewrite.cut(some.segments, random, 1460)
    same(some, in_fragments(whole, random, largest, mixed=mixed), folder, PLACE | IDS)


@each_base
@seeded
@given(seed=seeds, broken=st.booleans())
def test_version_6(name: str, folder: Path, seed: int, broken: bool) -> None:  # noqa: FBT001
    """IPv6 in place of IPv4, with extension headers or in fragments: only addresses differ."""
    random = Random(seed)
    some = base(name, folder).some(random, 3)
    moved = [in_version_6(one) for one in rewrite.cut(some.segments, random, 1460)]
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
@seeded
@given(seed=seeds, record=st.sampled_from([1, 9, 700, 16384]), largest=sizes)
def test_all_at_once(name: str, folder: Path, seed: int, record: int, largest: int) -> None:
    """Other records, other segments, some twice, out of order, in tags or fragments."""
    random = Random(seed)
    window = random.randint(1, 6)
    some = base(name, folder).some(random, few(min(largest, record)))

    def change(part: list[Segment]) -> list[Segment]:
        whole = cut(reframed(part, random, record), random, largest)
        opening = [one for one in whole if one.flags & SYN]
        rest = [one for one in whole if not one.flags & SYN for _ in range(random.choice([1, 1, 2]))]
        return retimed(part, opening + swapped(rest, random, window))

    changed = rewrite.cut(each(some.segments, change), random, 1460)
    wrap, _ = WRAPS[random.choice(list(WRAPS))]
    frames = in_fragments(changed, random, 100, mixed=True) if random.random() < 0.3 else [wrap(one) for one in changed]
    same(some, frames, folder, PLACE | IDS | MACS | {"encapsulation"})


def test_the_wrappings_wrap(folder: Path) -> None:
    """A frame that no wrapping hides from its neighbour differs from it, and a packet in fragments is more than one."""
    whole = base(BASES[0], folder).segments
    frames = {name: change(whole[3]) for name, (change, _) in WRAPS.items()}
    assert len({(one.link, one.frame) for one in frames.values()}) > 10
    assert len(in_fragments(whole, Random(1), 1, mixed=True)) > 2000
