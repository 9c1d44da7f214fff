"""What the arguments of a command name: files, folders, patterns, standard input; and what cannot be read is told."""

from __future__ import annotations

import gzip
import os
from typing import TYPE_CHECKING

import pytest

from sensor.source import CaptureInput, SourceError, expand

if TYPE_CHECKING:
    from pathlib import Path

PCAP = b"\xd4\xc3\xb2\xa1" + bytes(20)
PCAPNG = b"\x0a\x0d\x0d\x0a" + bytes(24)
ZSTD_SKIPPABLE = b"\x50\x2a\x4d\x18" + bytes(8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make captures and other things, two levels deep."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.pcap").write_bytes(PCAP)
    (tmp_path / "a.bin").write_bytes(PCAPNG)
    (tmp_path / "README").write_text("what these are")
    (tmp_path / "empty.pcap").write_bytes(b"")
    (tmp_path / "notes.gz").write_bytes(gzip.compress(b"only text"))
    (tmp_path / "sub" / "c").write_bytes(gzip.compress(PCAP))
    (tmp_path / "sub" / "d.zst").write_bytes(b"\x28\xb5\x2f\xfd" + bytes(8))
    (tmp_path / "sub" / "e").write_bytes(ZSTD_SKIPPABLE)
    (tmp_path / "sub" / "nowhere").symlink_to(tmp_path / "gone")
    return tmp_path


def names(captures: list[CaptureInput], folder: Path) -> list[str]:
    return [os.path.relpath(capture.path or "", folder) for capture in captures]


def test_a_folder_gives_what_looks_like_captures_by_content(folder: Path) -> None:
    captures = expand([str(folder)])
    assert names(captures, folder) == ["a.bin", "b.pcap", "sub/c", "sub/d.zst", "sub/e"]
    assert not any(capture.named for capture in captures)
    assert captures[1].size == len(PCAP)


def test_a_named_file_is_tried_whatever_it_holds(folder: Path) -> None:
    (capture,) = expand([str(folder / "README")])
    assert capture == CaptureInput(str(folder / "README"), str(folder / "README"), 14, named=True)


def test_patterns_that_the_shell_did_not_expand(folder: Path) -> None:
    assert names(expand([str(folder / "*.pcap")]), folder) == ["b.pcap", "empty.pcap"]
    assert names(expand([str(folder / "**" / "c")]), folder) == ["sub/c"]


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    path = tmp_path / "a[1]*.pcap"
    path.write_bytes(PCAP)
    assert [capture.path for capture in expand([str(path)])] == [str(path)]


def test_each_file_once_in_the_order_given(folder: Path) -> None:
    wanted = [str(folder / "b.pcap"), str(folder / "a.bin"), str(folder), str(folder / "sub" / ".." / "b.pcap")]
    assert names(expand(wanted), folder)[:2] == ["b.pcap", "a.bin"]
    assert len(expand(wanted)) == 5


def test_standard_input_is_taken_once() -> None:
    assert expand(["-", "-"]) == [CaptureInput(None, "standard input", None)]


def test_everything_that_cannot_be_opened_is_told_at_once(folder: Path) -> None:
    (folder / "bare").mkdir()
    arguments = ["/no/such/file", str(folder / "*.none"), str(folder / "bare"), "nul\0byte", str(folder / "b.pcap")]
    with pytest.raises(SourceError) as caught:
        expand(arguments)
    lines = str(caught.value).splitlines()
    assert len(lines) == 4
    assert lines[0] == "/no/such/file: No such file or directory"
    assert "no file fits this pattern" in lines[1]
    assert "no capture in this folder" in lines[2]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(folder: Path) -> None:
    (folder / "b.pcap").chmod(0)
    with pytest.raises(SourceError, match="Permission denied"):
        expand([str(folder / "b.pcap")])


def test_a_pipe_is_not_opened_while_looking(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert expand([str(path)]) == [CaptureInput(str(path), str(path), None)]


def test_a_name_that_is_no_utf8_can_still_be_shown(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.pcap"
    with open(path, "wb") as file:  # noqa: PTH123  a path in bytes
        file.write(PCAP)
    (capture,) = expand([os.fsdecode(path)])
    assert capture.name.endswith(r"caf\udce9.pcap")
    assert os.fsencode(capture.path or "") == path
