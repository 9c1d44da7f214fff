"""The schema on a cluster: what each statement becomes, held against ClickHouse's own parser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from analytics import cluster, migrations
from analytics.store import temporary_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics.store import Store

STATEMENTS = [statement for migration in migrations.known() for statement in migration.statements]
KINDS = cluster.engines(STATEMENTS)
REWRITTEN = {statement: cluster.rewritten(statement, "fleet", KINDS) for statement in STATEMENTS}
EVERYTHING = [one for some in REWRITTEN.values() for one in some]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with temporary_store() as opened:
        yield opened


def test_every_statement_is_sql(store: Store) -> None:
    assert len(EVERYTHING) > 60
    for statement in EVERYTHING:
        ((text,),) = store.query("SELECT formatQuery({sql:String})", {"sql": statement})
        assert text


def test_every_table_is_replicated_and_distributed_once() -> None:
    assert len(KINDS) >= 20
    for name, engine in KINDS.items():
        made = [one for one in EVERYTHING if re.match(rf"CREATE TABLE IF NOT EXISTS {name}(_local)? ", one)]
        if engine == "Null":
            assert len(made) == 1
            assert "Replicated" not in made[0]
            continue
        local, everywhere = made
        assert f"{name}_local ON CLUSTER 'fleet'" in local
        paths = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'"
        assert f"\nENGINE = Replicated{engine}({paths}" in local
        pattern = r"\nENGINE = Distributed\('fleet', currentDatabase\(\), '(\w+)', cityHash64\(\w+\)\)"
        found = re.search(pattern, everywhere)
        assert found is not None, everywhere
        assert found[1] == f"{name}_local"
        assert "COMMENT '" in everywhere


def test_versions_and_retention_are_kept() -> None:
    (certificates,) = [one for one in EVERYTHING if one.startswith("CREATE TABLE IF NOT EXISTS certificates_local ")]
    assert "'{replica}', facts_version)\nORDER BY sha256" in certificates
    (sessions,) = [one for one in EVERYTHING if one.startswith("CREATE TABLE IF NOT EXISTS sessions_local ")]
    assert "\nTTL " in sessions
    assert [one for one in EVERYTHING if "Distributed(" in one and "TTL" in one] == []


def test_rows_of_one_key_go_to_one_shard() -> None:
    keys = {one.split()[5]: re.search(r"cityHash64\((\w+)\)", one) for one in EVERYTHING if "Distributed(" in one}
    named = {name: key[1] for name, key in keys.items() if key}
    assert named["certificates"] == named["certificate_der"] == named["sightings"] == "sha256"
    assert named["findings"] == "id"
    assert named["finding_events"] == "finding"
    assert named["presented"] == "chain"


def test_what_feeds_tables_does_it_on_the_shard_or_at_the_door() -> None:
    feeders = {one.split()[6]: one for one in EVERYTHING if one.startswith("CREATE MATERIALIZED VIEW")}
    assert len(feeders) >= 6
    assert "ON CLUSTER 'fleet' TO sightings_local\n" in feeders["sightings_of_servers"]
    assert "\nFROM sessions_local AS s" in feeders["sightings_of_servers"]
    assert "ON CLUSTER 'fleet' TO certificates\n" in feeders["certificates_from_in"]
    assert "FROM certificates_in\n" in feeders["certificates_from_in"]


def test_views_and_changes_reach_every_machine() -> None:
    for statement, made in REWRITTEN.items():
        if statement.startswith("CREATE OR REPLACE VIEW"):
            assert made == [re.sub(r"^(CREATE OR REPLACE VIEW \w+)", r"\1 ON CLUSTER 'fleet'", statement)]
        if statement.startswith("ALTER TABLE"):
            name = statement.split()[2]
            wanted = [name] if KINDS[name] == "Null" else [f"{name}_local", name]
            assert [one.split()[2] for one in made] == wanted
            assert all(" ON CLUSTER 'fleet'" in one for one in made)
        if statement.startswith("INSERT"):
            assert made == [statement]


def test_without_a_cluster_nothing_changes() -> None:
    assert cluster.deletion("sessions", "a = 1", None) == "DELETE FROM sessions WHERE a = 1"
    assert cluster.deletion("sessions", "a = 1", "c") == "DELETE FROM sessions_local ON CLUSTER 'c' WHERE a = 1"
    assert cluster.optimization("t", None) == "OPTIMIZE TABLE t FINAL"
    assert cluster.optimization("t", "c") == "OPTIMIZE TABLE t_local ON CLUSTER 'c' FINAL"
