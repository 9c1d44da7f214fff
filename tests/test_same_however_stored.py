"""The same sessions, frame numbers, times and ids in whatever format and compression the capture is stored."""

from __future__ import annotations

import bz2
import gzip
import json
import subprocess
from random import Random
from typing import TYPE_CHECKING

import lz4.frame
import pytest
from backports import zstd
from command import CERTSPAN
from hypothesis import given
from hypothesis import strategies as st
from rewrite import pcap, pcapng
from same import IDS, Base, base, each_base, result, unlike

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

FORMATS: dict[str, Callable[[Base], bytes]] = {
    "pcap, little-endian": lambda whole: pcap(whole.packets),
    "pcap, big-endian": lambda whole: pcap(whole.packets, ">"),
    "pcapng, little-endian": lambda whole: pcapng(whole.packets),
    "pcapng, big-endian": lambda whole: pcapng(whole.packets, ">"),
    "pcapng of many sections": lambda whole: pcapng(whole.packets, ">", section=5),
    "pcapng of both byte orders": lambda whole: pcapng(whole.packets[:50], ">") + pcapng(whole.packets[50:]),
}
MICROSECONDS: dict[str, Callable[[Base], bytes]] = {
    "pcap, little-endian": lambda whole: pcap(whole.packets, unit=1000),
    "pcap, big-endian": lambda whole: pcap(whole.packets, ">", unit=1000),
    "pcapng": lambda whole: pcapng(whole.packets, digits=6),
}


def halves(data: bytes, compress: Callable[[bytes], bytes]) -> bytes:
    """Compress in two members, as log rotation and parallel compressors leave them."""
    return compress(data[: len(data) // 2]) + compress(data[len(data) // 2 :])


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "gzip, two members": lambda data: halves(data, gzip.compress),
    "zstd": zstd.compress,
    "zstd, two frames": lambda data: halves(data, zstd.compress),
    "lz4": lz4.frame.compress,
    "lz4, two frames": lambda data: halves(data, lz4.frame.compress),
}
NAMED_BY_FILE = {"capture", "interface"}
"""The name of an interface stands in pcapng only."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where changed captures lie."""
    return tmp_path_factory.mktemp("stored")


def same(whole: Base, path: Path, besides: Iterable[str] = ()) -> None:
    """Compare what a file gives with what the base gave."""
    found = result(path)
    told = unlike(whole.result.rows, found.rows, {*NAMED_BY_FILE, *besides})
    assert not told, "\n".join(told)
    assert found.certificates == whole.result.certificates
    assert (found.damage, found.packets) == ((), len(whole.packets))


@each_base
@pytest.mark.parametrize("form", FORMATS)
def test_format(name: str, form: str, folder: Path) -> None:
    """Byte order and sections say nothing; the suffix says nothing, either."""
    path = folder / "capture.txt"
    path.write_bytes(FORMATS[form](base(name, folder)))
    same(base(name, folder), path)


@each_base
@pytest.mark.parametrize("form", MICROSECONDS)
def test_microseconds(name: str, form: str, folder: Path) -> None:
    """Times in microseconds are the same times, cut; ids follow from them."""
    whole = base(name, folder)
    path = folder / "capture"
    path.write_bytes(MICROSECONDS[form](whole))
    same(whole, path, {"time", *IDS})
    times = {row["frame"]: row["time"] for row in result(path).rows}
    assert times == {row["frame"]: row["time"][:-4] + "000Z" for row in whole.result.rows}


@each_base
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_compression(name: str, compression: str, folder: Path) -> None:
    """Compression is told by content."""
    for form in ("pcap, little-endian", "pcapng, big-endian"):
        path = folder / "capture.pcap"
        path.write_bytes(COMPRESSIONS[compression](FORMATS[form](base(name, folder))))
        same(base(name, folder), path)


@each_base
@pytest.mark.tools("editcap")
@pytest.mark.parametrize("form", ["pcap", "nsecpcap", "pcapng"])
def test_editcap(name: str, form: str, folder: Path) -> None:
    """What editcap makes of it."""
    whole = base(name, folder)
    before, path = folder / "before", folder / "after"
    for data in (pcap(whole.packets), pcapng(whole.packets)):
        before.write_bytes(data)
        subprocess.run(["editcap", "-F", form, before, path], check=True, capture_output=True, timeout=60)
        same(whole, path, {"time", *IDS} if form == "pcap" else ())


@each_base
def test_standard_input(name: str, folder: Path) -> None:
    """Through a pipe, compressed and plain."""
    whole = base(name, folder)
    for compress in (bytes, gzip.compress):
        data = compress(pcapng(whole.packets))
        done = subprocess.run([CERTSPAN, "extract", "-"], check=True, input=data, capture_output=True, timeout=60)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert unlike(whole.result.rows, rows, NAMED_BY_FILE) == []


@each_base
@given(seed=st.integers(0, 2**32 - 1), compression=st.sampled_from(sorted(COMPRESSIONS)))
def test_cut_compression(name: str, folder: Path, seed: int, compression: str) -> None:
    """A compressed file that breaks off gives nothing but what the whole one gives, and says that it broke off."""
    whole = base(name, folder)
    data = COMPRESSIONS[compression](pcap(whole.packets))
    path = folder / "cut"
    size = Random(seed).randrange(len(data))
    path.write_bytes(data[:size])
    found = result(path)
    assert {row["session_id"] for row in found.rows} <= {row["session_id"] for row in whole.result.rows}
    assert found.certificates.items() <= whole.result.certificates.items()
    # Between two members a file may end; a packet that is cut there is damage, too.
    assert found.damage or found.packets < len(whole.packets)


def test_what_cannot_be_read_is_told(folder: Path) -> None:
    """A compression that is not known is damage, not an empty capture: so the comparisons above can fail."""
    whole = base("tls13.pcapng", folder)
    path = folder / "capture.bz2"
    path.write_bytes(bz2.compress(pcap(whole.packets)))
    assert result(path).damage == ("not_a_capture",)
    with pytest.raises(AssertionError):
        same(whole, path)
    path.write_bytes(pcap(whole.packets[1:]))
    with pytest.raises(AssertionError):
        same(whole, path)
