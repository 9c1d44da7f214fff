"""`certspan store query` as people and scripts meet it."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from command import CERTSPAN

from analytics.store import open_store


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"chdb://{tmp_path_factory.mktemp('query')}/store"
    with open_store(url) as store:
        store.migrate()
        for name in ("one", "two"):
            store.command("INSERT INTO loads (load_id, sessions) VALUES ({name:String}, 7)", {"name": name})
    return url


def query(url: str, sql: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    settings: dict[str, Any] = {"capture_output": True} | options
    return subprocess.run([CERTSPAN, "store", "query", "--store", url, sql], check=False, **settings)


def test_answers_are_clickhouses_own_text(url: str) -> None:
    done = query(url, "SELECT load_id, sessions FROM loads ORDER BY load_id")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"one\t7\ntwo\t7\n", b"")
    done = query(url, "SELECT load_id FROM loads ORDER BY load_id FORMAT JSONEachRow")
    assert done.stdout == b'{"load_id":"one"}\n{"load_id":"two"}\n'


def test_no_rows_print_nothing(url: str) -> None:
    done = query(url, "SELECT * FROM loads WHERE 0")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    "sql", ["SELCT", "SELECT nothing", "DROP TABLE loads", "INSERT INTO loads (load_id) VALUES (1)"]
)
def test_wrong_queries_are_one_line_and_status_2(url: str, sql: str) -> None:
    done = query(url, sql)
    assert (done.returncode, done.stdout) == (2, b"")
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("certspan: ")


@pytest.mark.parametrize("place", ["chdb:///no/such/store", "ftp://localhost:8123", "chdb://"])
def test_a_store_that_is_not_there_is_not_made(place: str) -> None:
    done = query(place, "SELECT 1")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, b"", 1)
    assert not Path("/no/such").exists()


def test_a_store_that_another_process_has(url: str) -> None:
    with open_store(url):
        done = query(url, "SELECT 1")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (4, b"", 1)
    assert b" is in use by process " in done.stderr


def test_ctrl_c_ends_a_long_query_at_once(url: str) -> None:
    sql = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"
    with subprocess.Popen([CERTSPAN, "store", "query", "--store", url, sql], stderr=subprocess.PIPE) as process:
        time.sleep(2)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=5) == -signal.SIGINT
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()


def test_the_help_teaches() -> None:
    done = subprocess.run([CERTSPAN, "store", "query", "--help"], capture_output=True, text=True, check=True)
    for word in ("FORMAT", "chdb://", "SHOW TABLES", "read-only", "Exit status"):
        assert word in done.stdout
