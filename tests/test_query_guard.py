"""What users may ask a store: anything about it, and nothing else. Measured against the engine itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analytics.store import QueryError, Store, StoreError, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "7c9e6679 secret of another file"  # noqa: S105  a text to look for


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("secret") / "file.csv"
    path.write_text(SECRET)
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    url = f"chdb://{tmp_path_factory.mktemp('guard')}/store"
    with open_store(url) as writer:
        writer.migrate()
        with open_store(url, read_only=True) as reader:
            yield reader


@pytest.mark.parametrize(
    ("sql", "answer"),
    [
        ("SELECT 1", b"1\n"),
        ("select 1 as a, 'x\ty' as b format JSONEachRow", b'{"a":1,"b":"x\\ty"}\n'),
        ("SELECT 1;  -- and a comment", b"1\n"),
        ("/* first */ WITH 2 AS x SELECT x", b"2\n"),
        ("(SELECT 1) UNION ALL SELECT 1 FORMAT CSV", b"1\n1\n"),
        ("SELECT count() FROM sessions", b"0\n"),
        ("SELECT * FROM sessions", b""),
        ("SELECT 'file(' , 'INTO OUTFILE', $$url('x')$$", b"file(\tINTO OUTFILE\turl(\\'x\\')\n"),
        ("SELECT format('{}-{}', 'a', 'b')", b"a-b\n"),
        ("SELECT '%s {x:String}'", b"%s {x:String}\n"),
        ("SELECT count() FROM session(loads = [], home = ['::ffff:10.0.0.0/104'])", b"0\n"),
        ("EXISTS TABLE sessions", b"1\n"),
        ("SELECT unhex('ff') FORMAT RawBLOB", b"\xff"),
    ],
)
def test_queries_get_what_clickhouse_says(store: Store, sql: str, answer: bytes) -> None:
    assert store.query_text(sql) == answer


@pytest.mark.parametrize(
    "sql", ["SHOW TABLES", "DESCRIBE TABLE sessions", "EXPLAIN SELECT 1", "SHOW CREATE TABLE loads"]
)
def test_looking_around_is_allowed(store: Store, sql: str) -> None:
    assert store.query_text(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM file('{path}')",
        "SELECT file('{path}')",
        "SELECT `file`('{path}')",
        "SELECT \"file\"('{path}')",
        "SELECT File('{path}')",
        r"SELECT `fil\x65`('{path}')",
        "SELECT arrayMap(file, ['{path}'])",
        "SELECT * APPLY(file) FROM (SELECT '{path}')",
        "WITH (SELECT file('{path}')) AS x SELECT x",
        "SELECT * FROM (SELECT 1 UNION ALL SELECT file('{path}'))",
        "DESCRIBE file('{path}')",
        "EXPLAIN SELECT * FROM file('{path}')",
        "SELECT * FROM '{path}'",
        "SELECT * FROM url('file://{path}')",
        "DESCRIBE TABLE url('http://127.0.0.1:1/')",
        "SELECT * FROM s3('http://127.0.0.1:1/b/k')",
        "SELECT * FROM remote('127.0.0.1', 'system', 'one')",
        "SELECT * FROM executable('cat {path}', 'TSV', 'a String')",
        "SELECT * FROM Python(store)",
        "SELECT * FROM filesystem('/')",
        "SELECT * FROM sqlite('{path}', 't')",
        "SELECT * FROM fileCluster('default', '{path}')",
        "SELECT * FROM eval('SELECT 1')",
        "SELECT * FROM mergeTreeProjection('x', 'y', 'z')",
    ],
)
def test_nothing_outside_can_be_read(store: Store, secret: Path, sql: str) -> None:
    with pytest.raises(StoreError) as caught:
        store.query_text(sql.replace("{path}", str(secret)))
    assert isinstance(caught.value, QueryError)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE sessions",
        "INSERT INTO loads (load_id) VALUES ('x')",
        "INSERT INTO loads (load_id) SELECT 'x'",
        "CREATE TABLE x (a Int8) ENGINE = Memory",
        "CREATE TEMPORARY TABLE x (a Int8)",
        "ALTER TABLE sessions DELETE WHERE 1",
        "DELETE FROM sessions WHERE 1",
        "TRUNCATE TABLE sessions",
        "OPTIMIZE TABLE sessions",
        "RENAME TABLE sessions TO x",
        "DETACH TABLE sessions",
        "SYSTEM FLUSH LOGS",
        "KILL QUERY WHERE 1",
        "BACKUP TABLE sessions TO File('x')",
        "SET readonly = 0",
        "USE system",
        "GRANT SELECT ON *.* TO x",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT 1; DROP TABLE sessions",
        "SELECT 1; SELECT 2",
        "WITH 1 AS x INSERT INTO loads (load_id) SELECT 'x'",
        "EXPLAIN SELECT 1; DROP TABLE sessions",
        "SELECT 1 INTO OUTFILE '{path}.out'",
        "SELECT 1 INTO /* hidden */ OUTFILE '{path}.out' TRUNCATE FORMAT CSV",
    ],
)
def test_nothing_can_be_changed_or_written(store: Store, secret: Path, sql: str) -> None:
    with pytest.raises(QueryError):
        store.query_text(sql.replace("{path}", str(secret)))
    assert store.query_text("SELECT (SELECT count() FROM sessions), (SELECT count() FROM loads)") == b"0\t0\n"
    assert [entry.name for entry in secret.parent.iterdir()] == ["file.csv"]
    assert secret.read_text() == SECRET


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("", "the query is empty"),
        ("  -- nothing", "the query is empty"),
        ("SELCT 1", "only queries are allowed here"),
        ("SELECT", "Syntax error"),
        ("SELECT nothing", "nothing"),
        ("SELECT 1 FORMAT Nonsense", "Unknown format Nonsense"),
        ("SELECT '\udcff'", "not UTF-8"),
        ("SELECT {x:String}", "x"),
    ],
)
def test_mistakes_are_told_in_one_line(store: Store, sql: str, says: str) -> None:
    with pytest.raises(QueryError, match=says) as caught:
        store.query_text(sql)
    message = str(caught.value)
    assert "\n" not in message
    assert "DB::Exception" not in message
