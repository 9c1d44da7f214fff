"""`certspan extract --format arrow`: one stream, which another reader of Arrow reads as the JSON lines say."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command import CERTSPAN
from test_pcaps import CAPTURES

from sensor import arrow
from sensor._rust import session_columns

READ = """
import json, sys
import chdb
sql = f"SELECT {sys.argv[2]} FROM file('{sys.argv[1]}', 'ArrowStream') ORDER BY 1 FORMAT JSONEachRow"
print(chdb.query(sql).bytes().decode())
"""


def extract(*words: str | Path) -> bytes:
    done = subprocess.run([CERTSPAN, "extract", *words], check=True, capture_output=True)
    assert done.stderr == b""
    return done.stdout


def read(stream: bytes, path: Path, columns: str) -> list[dict[str, Any]]:
    """Read a stream with ClickHouse, in a process of its own: one of them may hold one engine only."""
    path.write_bytes(stream)
    done = subprocess.run([sys.executable, "-c", READ, path, columns], check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line]


@pytest.mark.xdist_group("arrow")
def test_sessions_are_those_of_the_lines(tmp_path: Path) -> None:
    printed = [json.loads(line) for line in extract(*CAPTURES).splitlines()]
    columns = (
        "lower(hex(session_id)) AS id, server_name, server_port, ja4, capture,"
        " arrayMap(x -> lower(hex(x)), server_chain) AS server_chain, server_chain_known"
    )
    rows = read(extract("--format", "arrow", *CAPTURES), tmp_path / "sessions.arrow", columns)
    assert len(rows) == len(printed) >= 100
    expected = [
        {
            "id": row["session_id"],
            "server_name": row["server_name"],
            "server_port": row["server_port"],
            "ja4": row["ja4"],
            "capture": row["capture"],
            "server_chain": row["server_chain"] or [],
            "server_chain_known": row["server_chain"] is not None,
        }
        for row in sorted(printed, key=lambda row: str(row["session_id"]))
    ]
    assert rows == expected


@pytest.mark.xdist_group("arrow")
def test_certificates_are_those_of_the_lines(tmp_path: Path) -> None:
    printed = {json.loads(line)["sha256"] for line in extract("--certificates", *CAPTURES).splitlines()}
    stream = extract("--certificates", "--format", "arrow", *CAPTURES)
    rows = read(stream, tmp_path / "certificates.arrow", "lower(hex(sha256)) AS id, lower(hex(SHA256(der))) AS hash")
    assert {row["id"] for row in rows} == {row["hash"] for row in rows} == printed
    assert len(rows) == len(printed) >= 50


@pytest.mark.parametrize("words", [[], ["--certificates"]])
def test_without_a_row_the_columns_are_there(words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "none.pcap"
    path.write_bytes(Path(CAPTURES[0]).read_bytes()[:24])
    stream = extract("--format", "arrow", *words, path)
    schema, batches = arrow.split(stream)
    names = arrow.columns(schema)
    assert "sha256" in names if words else list(names) == [name for name, _, _ in session_columns()]
    assert len(stream) == len(schema) + len(batches) + len(arrow.END)


def test_what_cannot_be_is_a_usage_error() -> None:
    both: list[str | Path] = [CERTSPAN, "extract", "--format", "arrow", "--engine", "tshark", CAPTURES[0]]
    master, terminal = pty.openpty()
    alone: list[str | Path] = [CERTSPAN, "extract", "--format", "arrow", CAPTURES[0]]
    for words, out in ((both, subprocess.PIPE), (alone, terminal)):
        done = subprocess.run(words, stdout=out, stderr=subprocess.PIPE, check=False)
        assert (done.returncode, done.stdout or b"") == (2, b"")
        assert done.stderr.startswith(b"certspan: --format arrow")
        assert len(done.stderr.splitlines()) == 1
    os.close(terminal)
    os.close(master)
