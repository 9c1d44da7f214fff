"""Output files are checked before the work, and written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from analytics.report import files

if TYPE_CHECKING:
    from collections.abc import Iterator


def broken() -> Iterator[str]:
    """Fail in the middle, as a full disk does."""
    yield "half"
    raise OSError(28, os.strerror(28))


def test_a_file_is_replaced_whole_and_keeps_its_permissions(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")
    target.chmod(0o640)
    files.write(str(target), ["new ", "\u00fc\n"])
    assert target.read_bytes() == b"new \xc3\xbc\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [target]


def test_a_new_file_gets_what_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        files.write(str(tmp_path / "new"), ["x"])
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


def test_what_fails_in_the_middle_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")
    with pytest.raises(OSError, match="No space left"):
        files.write(str(target), broken())
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    files.write(str(tmp_path / "link"), ["new"])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_device_is_written_to_not_replaced() -> None:
    files.check("/dev/null")
    files.write("/dev/null", ["gone"])
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    with pytest.raises(OSError, match="No space left"):
        files.write("/dev/full", ["x"])
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    files.check(str(tmp_path / "report.html"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["{}", "{}/none/report.html", "{}/file/report.html", "{}/" + "x" * 300, "{}/nul\0"])
def test_what_cannot_be_written_is_said_before(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("")
    wanted = path.format(tmp_path)
    with pytest.raises(files.UnusablePathError) as caught:
        files.check(wanted)
    assert str(caught.value).startswith(wanted)
