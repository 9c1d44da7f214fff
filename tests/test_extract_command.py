"""`certspan extract` as people and pipes meet it: lines, files, exit statuses, one error line each."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
from captures import THREE, capture
from command import CERTSPAN
from jsonschema import Draft202012Validator

from sensor._rust import session_columns

FULL = Path("/dev/full")


def certspan(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    settings: dict[str, Any] = {"capture_output": True} | options
    return subprocess.run([CERTSPAN, "extract", *arguments], check=False, **settings)


def lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "three.pcap"
    path.write_bytes(capture())
    return path


def schema(name: str) -> Draft202012Validator:
    loaded = json.loads(Path(f"docs/{name}.schema.json").read_text())
    Draft202012Validator.check_schema(loaded)
    return Draft202012Validator(loaded)


def test_one_line_a_session(path: Path) -> None:
    done = certspan(path)
    assert (done.returncode, done.stderr) == (0, b"")
    rows = lines(done.stdout)
    assert [row["server_name"] for row in rows] == ["one.example", None, None]
    assert [len(row["server_chain"] or []) for row in rows] == [2, 2, 0]
    assert [len(row["client_chain"] or []) for row in rows] == [0, 1, 0]
    assert {row["capture"] for row in rows} == {str(path)}


def test_sessions_are_what_their_schema_says(path: Path) -> None:
    rows = lines(certspan(path).stdout)
    validator = schema("session")
    assert len(rows) == 3
    assert [error.message for row in rows for error in validator.iter_errors(row)] == []


def test_the_schema_has_the_columns_of_the_core_in_their_order() -> None:
    names = [name for name, _, _ in session_columns() if not name.endswith("_known")]
    properties = json.loads(Path("docs/session.schema.json").read_text())["properties"]
    assert list(properties) == names
    assert [name for name, given in properties.items() if not given.get("description")] == []


def test_one_line_a_distinct_certificate(path: Path) -> None:
    copy = path.with_name("copy.pcap")
    copy.write_bytes(path.read_bytes())
    done = certspan("--certificates", path, copy)
    rows = lines(done.stdout)
    assert done.returncode == 0
    assert sorted(row["subject"] for row in rows) == ["CN=badge", "CN=leaf.example", "CN=maker"]
    validator = schema("certificate")
    assert [error.message for row in rows for error in validator.iter_errors(row)] == []


def test_der_and_pem_of_each_certificate(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    done = certspan(path, "--der-dir", folder)
    assert done.returncode == 0
    assert len(lines(done.stdout)) == 3
    names = sorted(file.name for file in folder.iterdir())
    ders = [folder / name for name in names if name.endswith(".der")]
    assert (len(ders), len(names)) == (3, 6)
    for der in ders:
        assert hashlib.sha256(der.read_bytes()).hexdigest() == der.stem
        assert ssl.PEM_cert_to_DER_cert(der.with_suffix(".pem").read_text()) == der.read_bytes()


def test_a_file_of_another_length_is_replaced_whole(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "der"
    certspan(path, "--der-dir", folder)
    whole = {file: file.read_bytes() for file in folder.iterdir()}
    assert whole
    for file in whole:
        file.write_bytes(b"cut")
    assert lines(certspan("--certificates", "--der-dir", folder, path).stdout)
    assert {file: file.read_bytes() for file in folder.iterdir()} == whole


def test_standard_input_and_compression(path: Path) -> None:
    packed = gzip.compress(path.read_bytes())
    rows = lines(certspan("-", input=packed).stdout)
    assert len(rows) == 3
    assert {row["capture"] for row in rows} == {"standard input"}


def test_a_folder_with_other_things(path: Path) -> None:
    path.with_name("README").write_text("what these are")
    path.with_name("text.gz").write_bytes(gzip.compress(b"no capture"))
    done = certspan(path.parent)
    assert (done.returncode, done.stderr, len(lines(done.stdout))) == (0, b"", 3)


def test_a_damaged_capture_gives_what_it_can_and_says_where(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])
    done = certspan(path)
    assert (done.returncode, len(lines(done.stdout))) == (1, 3)
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith(f"certspan: {path}: ")


@pytest.mark.parametrize("content", [b"", b"just text, no capture\n", gzip.compress(b"text", mtime=0)])
def test_what_is_no_capture(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    done = certspan(path)
    assert (done.returncode, done.stdout) == (1, b"")
    assert len(done.stderr.splitlines()) == 1


def test_one_bad_capture_does_not_spoil_the_others(path: Path) -> None:
    bad = path.with_name("bad")
    bad.write_text("no capture")
    done = certspan(bad, path)
    assert (done.returncode, len(lines(done.stdout))) == (1, 3)


def test_paths_that_cannot_be_opened_are_all_told_and_nothing_is_read(path: Path) -> None:
    done = certspan("/no/such", path, "/nor/this")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().splitlines() == [
        "certspan: /no/such: No such file or directory",
        "certspan: /nor/this: No such file or directory",
    ]


def test_a_name_that_would_move_the_terminal_is_shown_harmless(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[2J\nb"
    path.write_text("no capture")
    done = certspan(path)
    assert len(done.stderr.splitlines()) == 1
    assert b"\x1b" not in done.stderr
    done = certspan(path.with_name("gone\x1b[2J\nb"), tmp_path / "more")
    assert len(done.stderr.splitlines()) == 2
    assert b"\x1b" not in done.stderr


def test_a_name_that_is_no_utf8(path: Path) -> None:
    name = os.fsencode(path.parent) + b"/caf\xe9"
    os.rename(path, name)  # noqa: PTH104  a path in bytes
    (first, *_) = lines(certspan(os.fsdecode(name)).stdout)
    assert first["capture"].endswith(r"caf\udce9")


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")
def test_a_full_disk_behind_standard_output(path: Path) -> None:
    with FULL.open("wb") as full:
        done = certspan(path, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 4
    assert done.stderr == b"certspan: standard output: No space left on device\n"


def test_a_reader_that_has_enough_ends_it_quietly(tmp_path: Path) -> None:
    path = tmp_path / "many.pcap"
    path.write_bytes(capture(THREE * 30))
    reader, writer = os.pipe()
    os.close(reader)
    done = certspan(path, capture_output=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_folder_for_certificates_that_cannot_be_written(path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = certspan(path, "--der-dir", tmp_path / "file" / "below")
    assert (done.returncode, done.stdout) == (4, b"")
    assert done.stderr.startswith(b"certspan: --der-dir ")


def test_the_help_teaches() -> None:
    text = certspan("--help").stdout.decode()
    for word in ("gzip", "--certificates", "--der-dir", "jq", "Exit status", "session.schema.json"):
        assert word in text
