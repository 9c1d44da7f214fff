"""The schema: every column says what it is, what the sensor writes fits, applied migrations are kept and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analytics import migrations
from analytics.arrow_types import fits
from analytics.migrations import Migration
from analytics.store import Store, StoreError, open_store
from sensor._rust import session_columns
from sensor.events import certificate_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = {
    "certificate_der",
    "certificates",
    "evaluations",
    "finding_events",
    "findings",
    "imports",
    "key_factors",
    "key_lookups",
    "key_products",
    "keys",
    "loads",
    "paths",
    "presented",
    "schema_migrations",
    "sessions",
    "sightings",
    "sensor_stats",
    "structures",
    "waivers",
}
VIEWS = {
    "certificate",
    "chain",
    "endpoint",
    "endpoint_clients",
    "endpoint_history",
    "endpoint_names",
    "endpoint_renewals",
    "finding",
    "holder",
    "issuer",
    "key",
    "key_holder",
    "lacking",
    "scanned",
    "served",
    "session",
    "succession",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(f"chdb://{tmp_path_factory.mktemp('schema')}/store") as opened:
        opened.migrate()
        yield opened


def test_the_tables_and_views_are_there(store: Store) -> None:
    rows = store.query("SELECT name, engine FROM system.tables WHERE database = 'certspan'")
    assert {name for name, engine in rows if "MergeTree" in engine} == TABLES
    assert {name for name, engine in rows if engine == "View"} == VIEWS


def test_everything_has_a_comment(store: Store) -> None:
    columns = store.query(
        "SELECT table, name, comment FROM system.columns WHERE database = 'certspan'"
        " AND table IN (SELECT name FROM system.tables WHERE database = 'certspan' AND engine != 'MaterializedView')"
    )
    assert len(columns) > 150
    assert [(table, name) for table, name, comment in columns if not comment] == []
    tables = store.query("SELECT name, comment FROM system.tables WHERE database = 'certspan'")
    assert [name for name, comment in tables if not comment] == []


@pytest.mark.parametrize(
    ("table", "wanted", "own"),
    [
        ("sessions", {name: kind for name, kind, _ in session_columns()}, {"load_id", "loaded_at"}),
        ("certificates_in", {column.name: column.kind for column in certificate_columns()}, set[str]()),
    ],
)
def test_what_the_sensor_writes_fits_the_table(store: Store, table: str, wanted: dict[str, str], own: set[str]) -> None:
    types = dict(_types(store, table))
    assert set(types) - own == set(wanted)
    assert {name: (kind, types[name]) for name, kind in wanted.items() if not fits(kind, types[name])} == {}


def test_what_may_be_null_may_be_null(store: Store) -> None:
    types = dict(_types(store, "sessions"))
    nullable = {name for name, _, null in session_columns() if null}
    assert nullable
    assert {name for name in nullable if "Nullable" not in types[name]} == set()


def test_hashes_are_fixed_strings(store: Store) -> None:
    types = {(table, name): kind for table in TABLES for name, kind in _types(store, table)}
    assert types["certificates", "sha256"] == "FixedString(32)"
    assert types["sessions", "server_chain"] == "Array(FixedString(32))"
    assert types["loads", "capture_sha256"] == "Nullable(FixedString(32))"


def test_times_say_that_they_are_utc(store: Store) -> None:
    times = [kind for table in TABLES for _, kind in _types(store, table) if "DateTime" in kind]
    assert times
    assert [kind for kind in times if "'UTC'" not in kind] == []


def _types(store: Store, table: str) -> list[tuple[str, str]]:
    rows = store.query(
        "SELECT name, type FROM system.columns WHERE database = 'certspan' AND table = {table:String}", {"table": table}
    )
    assert rows
    return [(name, kind) for name, kind in rows]


def test_sessions_live_for_90_days_from_their_load(store: Store) -> None:
    ((statement,),) = store.query("SELECT create_table_query FROM system.tables WHERE name = 'sessions'")
    assert "TTL loaded_at + toIntervalDay(90)" in statement


def test_a_second_time_nothing_is_applied(store: Store) -> None:
    assert store.migrate() == []
    versions = store.query("SELECT version, name FROM schema_migrations FINAL ORDER BY version")
    assert versions == [(migration.version, migration.name) for migration in migrations.known()]


def test_every_statement_can_be_repeated(store: Store) -> None:
    for migration in migrations.known():
        for statement in migration.statements:
            store.command(statement)


def test_comments_and_semicolons_inside_do_not_split() -> None:
    text = "-- one; two\nSELECT ';'\n  -- three\nAS a;\n\nSELECT 2;\n"
    assert Migration(0, "x", text).statements == ["SELECT ';'\n\nAS a", "SELECT 2"]


def changed(monkeypatch: pytest.MonkeyPatch, *more: Migration, edit: int | None = None) -> None:
    real = migrations.known()
    if edit is not None:
        real[edit] = Migration(edit, real[edit].name, real[edit].text + "\n-- edited\n")
    monkeypatch.setattr(migrations, "known", lambda: [*real, *more])


def test_a_new_migration_is_applied_alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    last = len(migrations.known())
    with monkeypatch.context() as patch:
        changed(patch, Migration(last, f"{last:04}_new", "CREATE TABLE IF NOT EXISTS fresh (a Int8) ENGINE = Null;"))
        assert store.migrate() == [f"{last:04}_new"]
        assert store.query("SELECT * FROM fresh") == []
    with pytest.raises(StoreError, match=rf"made by a newer certspan \(it has had migration {last:04}_new\)"):
        store.migrate()
    store.command("ALTER TABLE schema_migrations DELETE WHERE version = {v:UInt32}", {"v": last})
    store.command("DROP TABLE fresh")


def test_an_edited_migration_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    changed(monkeypatch, edit=2)
    with pytest.raises(StoreError, match="0002_sessions is not the one that this store has had"):
        store.migrate()


def test_a_migration_that_breaks_runs_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    last = len(migrations.known())
    good = "CREATE TABLE IF NOT EXISTS fresh (a Int8) ENGINE = Null;\n"
    with monkeypatch.context() as patch:
        changed(patch, Migration(last, "broken", good + "CREATE TABLE other (a Nonsense) ENGINE = Null;\n"))
        with pytest.raises(StoreError, match="Nonsense"):
            store.migrate()
    changed(monkeypatch, Migration(last, "mended", good))
    assert store.migrate() == ["mended"]
    store.command("ALTER TABLE schema_migrations DELETE WHERE version = {v:UInt32}", {"v": last})
    store.command("DROP TABLE fresh")
