"""`certspan extract --engine tshark` where things go wrong: what is not installed, not readable, not ending."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from captures import capture
from command import CERTSPAN

if TYPE_CHECKING:
    from pathlib import Path

SAYS = "TShark (Wireshark) 4.0.17 (a test)"


def extract(*words: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    settings: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 120} | options
    return subprocess.run([CERTSPAN, "extract", "--engine", "tshark", *words], check=False, **settings)


def server_names(done: subprocess.CompletedProcess[str]) -> list[str | None]:
    return [json.loads(line)["server_name"] for line in done.stdout.splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "three.pcap"
    path.write_bytes(capture())
    return path


def pretended(folder: Path, script: str) -> dict[str, str]:
    """Give an environment whose only tshark is this shell script."""
    tool = folder / "bin" / "tshark"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    return os.environ | {"PATH": str(tool.parent)}


def test_without_tshark(path: Path, tmp_path: Path) -> None:
    done = extract(path, env=os.environ | {"PATH": str(tmp_path)})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "certspan: the tshark engine needs tshark (on Debian: apt-get install tshark)\n"


def test_without_pyshark(path: Path, tmp_path: Path) -> None:
    (tmp_path / "pyshark.py").write_text("raise ImportError")
    done = extract(path, env=os.environ | {"PYTHONPATH": str(tmp_path)})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "certspan: the tshark engine needs pyshark: pip install 'certspan[tshark]'\n"


@pytest.mark.parametrize("version", ["TShark (Wireshark) 3.6.2", "hello", ""])
def test_a_tshark_that_is_too_old_or_none(path: Path, tmp_path: Path, version: str) -> None:
    done = extract(path, env=pretended(tmp_path, f"echo '{version}'"))
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("kill -9 $$", "tshark was ended by signal 9"),
        ("echo 'tshark: no more memory' >&2; exit 3", "tshark says: no more memory"),
        ("exit 3", "tshark says: exit status 3"),
    ],
)
def test_a_tshark_that_fails_is_damage(path: Path, tmp_path: Path, end: str, told: str) -> None:
    script = f'case "$1" in -v) echo "{SAYS}";; *) {end};; esac'
    done = extract(path, env=pretended(tmp_path, script))
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"certspan: {path}: {told}\n")


@pytest.mark.parametrize("output", ["[", '[\\n  {\\n    "_source": 7\\n  },\\n', "[\\n  {oops\\n  },\\n", "no JSON\\n"])
def test_output_that_is_not_tsharks_is_damage(path: Path, tmp_path: Path, output: str) -> None:
    script = f'case "$1" in -v) echo "{SAYS}";; *) printf \'{output}\';; esac'
    done = extract(path, env=pretended(tmp_path, script))
    assert done.stdout == ""
    if "{" in output:
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr


@pytest.mark.tools("tshark")
def test_standard_input_and_pipes_are_refused(path: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for word in ("-", pipe):
        done = extract(path, word, stdin=subprocess.DEVNULL)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.endswith(": the tshark engine reads files only; write it to a file first\n")


@pytest.mark.tools("tshark")
def test_a_folder_and_gzip(path: Path) -> None:
    path.with_name("packed").write_bytes(gzip.compress(path.read_bytes()))
    path.with_name("README").write_text("what these are")
    done = extract(path.parent)
    assert (done.returncode, done.stderr) == (0, "")
    assert server_names(done) == 2 * ["one.example", None, None]


@pytest.mark.tools("tshark")
def test_a_cut_capture_gives_what_it_can(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])
    done = extract(path)
    assert (done.returncode, server_names(done)) == (1, ["one.example", None, None])
    assert (
        done.stderr == f"certspan: {path}: tshark says: it appears to have been cut short in the middle of a packet.\n"
    )


@pytest.mark.tools("tshark")
@pytest.mark.parametrize("content", [b"", b"just text, no capture\n", gzip.compress(b"text", mtime=0)])
def test_what_is_no_capture(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    done = extract(path)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)


@pytest.mark.tools("tshark")
def test_it_leaves_nothing_behind_and_says_nothing(path: Path) -> None:
    """No warning of event loops or open files, also where its reader has enough after a line."""
    watch = "import warnings; warnings.simplefilter('error'); from analytics.cli import main; main()"
    words = [sys.executable, "-X", "dev", "-c", watch, "extract", "--engine", "tshark", str(path)]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 3
    reader, writer = os.pipe()
    os.close(reader)
    gone = subprocess.run(words, check=False, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=120)
    os.close(writer)
    assert (gone.returncode, gone.stderr) == (0, "")
