"""The store: opened, refused or taken with a clear word; strict inserts; nothing left of a temporary one."""

from __future__ import annotations

import datetime as dt
import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from analytics.store import Store, StoreError, StoreUrlError, open_store, temporary_store
from sensor._rust import encode_arrow

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = (
    "CREATE TABLE sample (id Int64, text String, maybe Nullable(String), hash FixedString(32), flag Bool,"
    " time DateTime64(3, 'UTC'), tags Array(LowCardinality(String)), note String DEFAULT 'none')"
    " ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100"
)
COLUMNS: dict[str, tuple[str, list[object]]] = {
    "id": ("int64", [1, 2]),
    "text": ("string", ["a", "b"]),
    "maybe": ("string", [None, ""]),
    "hash": ("fixed_32", [bytes(32), bytes(32)]),
    "flag": ("bool", [True, False]),
    "time": ("timestamp_ms", [0, 253_402_300_799_000]),
    "tags": ("list_string", [["x", "y"], []]),
}


def stream(changes: dict[str, tuple[str, list[object]] | None] | None = None) -> bytes:
    """Encode the columns, some of them changed, added, or left out (None)."""
    merged = COLUMNS | (changes or {})
    return encode_arrow([(name, *column) for name, column in merged.items() if column is not None])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"chdb://{tmp_path}/store") as opened:
        opened.command(TABLE)
        yield opened


def test_what_goes_in_comes_out(store: Store) -> None:
    store.insert_arrow("sample", stream(), "token")
    assert store.query("SELECT * FROM sample ORDER BY id") == [
        (1, "a", None, bytes(32), True, dt.datetime(1970, 1, 1, tzinfo=dt.UTC), ["x", "y"], "none"),
        (2, "b", "", bytes(32), False, dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC), [], "none"),
    ]


def test_a_file_is_inserted_as_it_is(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "it's a file \\.arrow"
    path.write_bytes(stream())
    store.insert_arrow("sample", path, "token")
    assert store.query("SELECT count() FROM sample") == [(2,)]


def test_a_token_adds_nothing_again(store: Store) -> None:
    for token, rows in (("a", 2), ("a", 2), ("b", 4)):
        store.insert_arrow("sample", stream(), token)
        assert store.query("SELECT count() FROM sample") == [(rows,)]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"text": None}, "column text is missing"),
        ({"extra": ("string", ["a", "b"])}, "column extra is unknown to it"),
        ({"id": ("string", ["1", "2"])}, "column id is string, which Int64 cannot take"),
        ({"hash": ("fixed_20", [bytes(20)] * 2)}, "column hash is fixed_20"),
        ({"tags": ("string", ["x", "y"])}, "column tags is string"),
        ({"text": ("string", [None, "b"])}, "NULL"),
        ({"flag": ("bool", [None, True])}, "NULL"),
    ],
)
def test_data_that_does_not_fit_is_refused_whole(
    store: Store, changes: dict[str, tuple[str, list[object]] | None], says: str
) -> None:
    with pytest.raises(StoreError, match=says):
        store.insert_arrow("sample", stream(changes), "token")
    assert store.query("SELECT count() FROM sample") == [(0,)]


def test_bytes_that_are_no_arrow_and_tables_that_are_not_there(store: Store) -> None:
    with pytest.raises(StoreError, match="do not start like an Arrow stream"):
        store.insert_arrow("sample", b"no arrow at all", "token")
    with pytest.raises(StoreError, match="there is no such table"):
        store.insert_arrow("nowhere", stream(), "token")


def test_values_are_bound_never_pasted(store: Store) -> None:
    texts = ["'; DROP TABLE sample; --", "\\", "100% {x:String}", "ü\n\t\0"]
    values = {"texts": texts, "n": -(2**63), "none": None}
    assert store.query("SELECT {texts:Array(String)}, {n:Int64}, {none:Nullable(String)}", values) == [
        (texts, -(2**63), None)
    ]


def test_text_that_is_no_utf8_is_had_as_bytes(store: Store) -> None:
    assert store.query("SELECT unhex('fffe')", binary=True) == [(b"\xff\xfe",)]


def test_a_user_query_needs_a_handle_that_only_reads(store: Store) -> None:
    with pytest.raises(StoreError, match="read-only handle"):
        store.query_text("SELECT 1")


def test_broken_sql_is_one_sentence_without_the_drivers_words(store: Store) -> None:
    with pytest.raises(StoreError) as caught:
        store.query("SELECT nothing FROM sample")
    message = str(caught.value)
    assert "nothing" in message
    assert not [word for word in ("Code:", "DB::Exception", "UNKNOWN_IDENTIFIER", "\n") if word in message]


def test_no_temporary_file_stays(store: Store) -> None:
    store.insert_arrow("sample", stream(), "token")
    assert store.folder is not None
    assert list((store.folder / "inbox").iterdir()) == []


def test_a_full_disk_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("analytics.store.tempfile.NamedTemporaryFile", full)
    with pytest.raises(StoreError, match="no space left on its disk"):
        store.insert_arrow("sample", stream(), "token")


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_the_machines_zone_changes_nothing(tmp_path: Path, zone: str) -> None:
    program = f"""
import datetime as dt
from analytics.store import open_store
noon = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
with open_store("chdb://{tmp_path}/store") as store:
    now = "{{now:DateTime64(3, 'UTC')}}"
    rows = store.query(f"SELECT {{now}}, toString({{now}}), timezone()", {{"now": noon}})
    assert rows == [(noon, "2026-01-01 12:00:00.000", "UTC")], rows
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"TZ": zone}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("url", ["ftp://localhost", "/a/path", "", "chdb:", "chdb://", "chdb:///a?b", "chdb:///a\0b"])
@pytest.mark.parametrize("read_only", [True, False])
def test_urls_that_name_no_store(url: str, read_only: bool) -> None:  # noqa: FBT001
    with pytest.raises(StoreUrlError, match="chdb:///absolute/folder"):
        open_store(url, read_only=read_only)


def test_folders_where_no_store_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUrlError, match="Not a directory"):
        open_store(f"chdb://{tmp_path}/file")
    with pytest.raises(StoreUrlError, match="Not a directory"):
        open_store(f"chdb://{tmp_path}/file/below")
    with pytest.raises(StoreUrlError, match="cannot make the folder"):
        open_store("chdb:///proc/certspan")
    with pytest.raises(StoreUrlError, match="holds other things"):
        open_store(f"chdb://{tmp_path}")
    with pytest.raises(StoreUrlError, match="there is no store in"):
        open_store(f"chdb://{tmp_path}/nothing", read_only=True)
    assert not (tmp_path / "nothing").exists()
    with pytest.raises(StoreUrlError, match="no certspan store"):
        open_store(f"chdb://{tmp_path}", read_only=True)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file"]


def test_a_relative_url_and_a_second_opening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store("chdb://inventory") as store:
        store.command(TABLE)
        store.insert_arrow("sample", stream(), "token")
    with open_store(f"chdb://{tmp_path}/./inventory/") as store:
        assert store.query("SELECT count() FROM sample") == [(2,)]


def test_a_store_that_is_taken_names_its_holder(store: Store) -> None:
    program = (
        "import sys; from analytics.store import StoreError, open_store\n"
        f"try: open_store({store.name!r}, read_only=len(sys.argv) > 1)\nexcept StoreError as error: print(error)"
    )
    for arguments in ([], ["read"]):
        done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
        assert done.stdout.startswith(f"{store.name} is in use by process {os.getpid()} (")
        assert done.stderr == ""


def test_two_handles_of_one_process(store: Store) -> None:
    store.insert_arrow("sample", stream(), "token")
    with open_store(store.name, read_only=True) as reader:
        assert reader.query_text("SELECT count() FROM sample") == b"2\n"
    assert store.query("SELECT count() FROM sample") == [(2,)]


def test_a_missing_engine_is_told_with_what_mends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chdb", None)
    with pytest.raises(StoreError, match=r"pip install 'certspan\[embedded\]'"):
        open_store(f"chdb://{tmp_path}/store")
    assert not (tmp_path / "store").exists()


def test_a_temporary_store_is_ready_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with temporary_store() as store:
        assert store.query("SELECT count() FROM sessions") == [(0,)]
        assert list(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KeyboardInterrupt), temporary_store():
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(StoreError, match="set TMPDIR"), temporary_store():
        pass


def test_only_one_file_imports_the_driver() -> None:
    sources = [path for folder in ("sensor", "rules", "analytics") for path in Path(folder).rglob("*.py")]
    assert sources
    drivers = {
        ("import clickhouse_connect", "from clickhouse_connect"): {Path("analytics/store.py")},
        ("import chdb", "from chdb"): {Path("analytics/store.py"), Path("analytics/serving/server.py")},
    }
    for words, users in drivers.items():
        assert {path for path in sources if any(word in path.read_text() for word in words)} == users
