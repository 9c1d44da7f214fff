"""Text from the network comes out harmless and short; many names come out as few words that lose none."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.report import compress, text

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)
"""Lone surrogates too: file names that are no UTF-8 hold them."""
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(ANY_TEXT, st.integers(1, 400))
def test_nothing_invisible_comes_out_and_no_more_than_the_limit(given_text: str, limit: int) -> None:
    shown = text.inert(given_text, limit)
    assert len(shown) <= limit
    assert not {unicodedata.category(char) for char in shown} & INVISIBLE
    assert shown.encode() is not None


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=100))
def test_plain_text_stays(given_text: str) -> None:
    assert text.inert(given_text, 100) == given_text


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("Zürich 中文 café", "Zürich 中文 café"),
        ("a\u202eb", "a\\u{202e}b"),
        ("a\x00b\r\n", "a\\u{0}b\\u{d}\\u{a}"),
        ("\x1b[31mred", "\\u{1b}[31mred"),
        ("zero\u200bwidth", "zero\\u{200b}width"),
        ("hangul\u3164filler", "hangul\\u{3164}filler"),
        ("variation\ufe0f", "variation\\u{fe0f}"),
        ("tag\U000e0041", "tag\\u{e0041}"),
        ("\udce9.pcap", "\\u{dce9}.pcap"),
        ("z" + "\u0301" * 5, "z" + "\u0301" * 3 + "\\u{301}" * 2),
        ("no\u00a0break", "no\\u{a0}break"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
def test_what_is_written_out(given_text: str, shown: str) -> None:
    assert text.inert(given_text) == shown


def test_a_long_text_ends_with_an_ellipsis_and_no_half_escape() -> None:
    assert text.inert("x" * 65_536, 10) == "xxxxxxxxx…"
    assert text.inert("xx" + "\u202e" * 100, 12) == "xx\\u{202e}…"


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 7, "0%"), (7, 7, "100%"), (1, 3, "33.3%"), (1, 100_000, "<0.1%"), (99_999, 100_000, ">99.9%"), (0, 0, "0%")],
)
def test_a_share_never_rounds_something_to_nothing(part: int, whole: int, said: str) -> None:
    assert text.share(part, whole) == said


@pytest.mark.parametrize(
    ("octets", "said"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (18_200_000, "18.2 MB"), (5 * 10**15, "5,000.0 TB")],
)
def test_sizes(octets: int, said: str) -> None:
    assert text.size(octets) == said


def test_times_and_spans() -> None:
    first = dt.datetime(2026, 10, 12, 8, 0, tzinfo=dt.UTC)
    assert text.span(first, first.replace(hour=9)) == "2026-10-12 08:00 to 09:00 UTC"
    assert text.span(first, first.replace(day=13)) == "2026-10-12 08:00 to 2026-10-13 08:00 UTC"
    assert text.span(first, None) == "no packet time"
    assert text.rfc3339(first) == "2026-10-12T08:00:00Z"
    assert text.rfc3339(first.replace(microsecond=29_000)) == "2026-10-12T08:00:00.029Z"
    assert text.rfc3339(first.replace(microsecond=29_232)) == "2026-10-12T08:00:00.029232Z"


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["door-1", "door-2", "door-3"], "door-{1,2,3}"),
        ([f"cam-{i:02}" for i in range(1, 25)], "cam-{01-24}"),
        (["a9", "a10", "a11", "a12"], "a{9-12}"),
        (["x1.b1", "x2.b1", "x1.b2"], "x{1,2}.b1, x1.b2"),
        (["printer", "nas", "nas"], "nas, printer"),
        (["n1", "n01", "n2"], "n{1,2,01}"),
        ([], ""),
    ],
)
def test_names_are_compressed(names: list[str], shown: str) -> None:
    assert compress.shown(compress.names(names)) == shown


def expand(shown: str) -> set[str]:
    """Undo the braces, as a reader would."""
    found = re.fullmatch(r"(.*?)\{([0-9,-]+)\}(.*)", shown, re.DOTALL)
    if found is None:
        return {shown}
    values: list[str] = []
    for piece in found[2].split(","):
        first, _, last = piece.partition("-")
        values += [f"{n:0{len(first)}}" for n in range(int(first), int(last or first) + 1)]
    return {found[1] + value + found[3] for value in values}


NAMES = st.lists(st.from_regex(r"[a-c]{1,2}[0-9]{0,3}(-[0-9]{1,2})?", fullmatch=True), max_size=40)


@given(NAMES)
def test_compressed_names_lose_none_and_add_none(names: list[str]) -> None:
    families = compress.names(names)
    assert set().union(*(expand(family.text) for family in families)) == set(names)
    assert sum(family.size for family in families) == len(set(names))


@pytest.mark.parametrize(
    ("places", "shown"),
    [
        ([("10.20.4.11", 443), ("10.20.4.12", 443), ("10.20.4.13", 443)], "10.20.4.11-13:443"),
        ([("10.0.0.9", 443), ("10.0.0.10", 443), ("10.0.0.10", 8443)], "10.0.0.9-10:443, 10.0.0.10:8443"),
        ([("10.0.0.1", None), ("2001:db8::1", 443), ("2001:db8::2", None)], "10.0.0.1, [2001:db8::1]:443, 2001:db8::2"),
    ],
)
def test_addresses_are_compressed(places: list[tuple[str, int | None]], shown: str) -> None:
    assert compress.shown(compress.addresses(places)) == shown


@given(st.sets(st.integers(0, 1023), max_size=60))
def test_compressed_addresses_lose_none_and_add_none(numbers: set[int]) -> None:
    base = int(ipaddress.ip_address("10.0.0.0"))
    places = {str(ipaddress.ip_address(base + number)) for number in numbers}
    families = compress.addresses((place, 443) for place in places)
    found: set[str] = set()
    for family in families:
        head, _, tail = family.text.removesuffix(":443").rpartition(".")
        first, _, last = tail.partition("-")
        found |= {f"{head}.{n}" for n in range(int(first), int(last or first) + 1)}
    assert found == places
    assert sum(family.size for family in families) == len(places)


def test_what_is_left_out_is_counted() -> None:
    families = compress.names(["alpha", "beta", "gamma", "d1", "d2", "d3", "d4"])
    assert compress.shown(families, 2) == "d{1-4}, alpha and 2 more"
