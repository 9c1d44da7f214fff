"""The schema on a cluster: a table is replicated on its shard (`NAME_local`) and asked as a Distributed one (`NAME`).

The migrations stay as they are written; their statements are rewritten here, one into several. Rows of one key are on
one shard, so that a table that replaces or aggregates by its key does so there; views that feed a table from another do
it on the shard, those that divide what is sent in (certificates_in, which keeps nothing) through the Distributed one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LOCAL = "_local"
SETTINGS = {
    "distributed_foreground_insert": 1,  # an insert is acknowledged when the shard has it
    "distributed_product_mode": "global",  # subqueries run once, and their result goes to the shards
    "insert_quorum": "auto",  # and when most replicas have it
}
"""What every connection to a cluster asks for."""
_PATH = "/clickhouse/tables/{shard}/{database}/{table}"
_TABLE = re.compile(
    r"CREATE TABLE IF NOT EXISTS (?P<name>\w+)(?P<columns>.*?)\nENGINE = (?P<engine>\w+)"
    r"(?:\((?P<given>[^)]*)\))?(?P<rest>.*)",
    re.DOTALL,
)
_KEY = re.compile(r"ORDER BY \(?(?:role, )?(\w+)")
"""What rows are divided by: the first column of the key; a role has two values, and is passed over."""
_COMMENT = re.compile(r"^COMMENT '(?:[^'\\]|\\.|'')*'", re.MULTILINE)
_FEEDER = re.compile(r"CREATE MATERIALIZED VIEW IF NOT EXISTS (?P<name>\w+) TO (?P<target>\w+)(?P<rest>.*)", re.DOTALL)
_VIEW = re.compile(r"CREATE OR REPLACE VIEW (?P<name>\w+)(?P<rest>.*)", re.DOTALL)
_ALTER = re.compile(r"ALTER TABLE (?P<name>\w+)(?P<rest>.*)", re.DOTALL)
_NULL = "Null"


def engines(statements: Iterable[str]) -> dict[str, str]:
    """Name the engine of every table that these statements make."""
    found = (_TABLE.fullmatch(statement) for statement in statements)
    return {one["name"]: one["engine"] for one in found if one is not None}


def rewritten(statement: str, cluster: str, kinds: Mapping[str, str]) -> list[str]:
    """Give what a statement of a migration becomes on a cluster; `kinds` are the `engines` of all migrations."""
    on = f"ON CLUSTER '{cluster}'"
    if (table := _TABLE.fullmatch(statement)) is not None:
        return _table(table, cluster, on, kinds)
    if (feeder := _FEEDER.fullmatch(statement)) is not None:
        return [_feeder(feeder, on, kinds)]
    if (view := _VIEW.fullmatch(statement)) is not None:
        return [f"CREATE OR REPLACE VIEW {view['name']} {on}{view['rest']}"]
    if (alter := _ALTER.fullmatch(statement)) is not None:
        name = alter["name"]
        names = [name] if kinds[name] == _NULL else [name + LOCAL, name]
        return [f"ALTER TABLE {one} {on}{alter['rest']}" for one in names]
    return [statement]


def deletion(table: str, condition: str, cluster: str | None) -> str:
    """Give the statement that removes rows of a table, on a cluster from every shard."""
    where = f"{table}{LOCAL} ON CLUSTER '{cluster}'" if cluster else table
    return f"DELETE FROM {where} WHERE {condition}"


def optimization(table: str, cluster: str | None) -> str:
    """Give the statement that merges a table's parts."""
    where = f"{table}{LOCAL} ON CLUSTER '{cluster}'" if cluster else table
    return f"OPTIMIZE TABLE {where} FINAL"


def _table(table: re.Match[str], cluster: str, on: str, kinds: Mapping[str, str]) -> list[str]:
    name, engine, given, rest = table["name"], table["engine"], table["given"], table["rest"]
    columns = re.sub(r"\bAS (\w+)", lambda one: f"AS {one[1]}{LOCAL}" if one[1] in kinds else one[0], table["columns"])
    if engine == _NULL:
        return [f"CREATE TABLE IF NOT EXISTS {name} {on}{columns}\nENGINE = Null{rest}"]
    arguments = ", ".join([f"'{_PATH}'", "'{replica}'", *([given] if given else [])])
    local = f"CREATE TABLE IF NOT EXISTS {name}{LOCAL} {on}{columns}\nENGINE = Replicated{engine}({arguments}){rest}"
    key = _KEY.search(rest)
    comment = _COMMENT.search(rest)
    shard = f"cityHash64({key[1]})" if key else "rand()"
    everywhere = (
        f"CREATE TABLE IF NOT EXISTS {name} {on} AS {name}{LOCAL}\n"
        f"ENGINE = Distributed('{cluster}', currentDatabase(), '{name}{LOCAL}', {shard})"
        + (f"\n{comment[0]}" if comment else "")
    )
    return [local, everywhere]


def _feeder(feeder: re.Match[str], on: str, kinds: Mapping[str, str]) -> str:
    name, target, rest = feeder["name"], feeder["target"], feeder["rest"]
    source = re.search(r"\bFROM (\w+)", rest)
    if source is None or kinds.get(source[1]) == _NULL:
        return f"CREATE MATERIALIZED VIEW IF NOT EXISTS {name} {on} TO {target}{rest}"
    rest = rest[: source.start(1)] + source[1] + LOCAL + rest[source.end(1) :]
    return f"CREATE MATERIALIZED VIEW IF NOT EXISTS {name} {on} TO {target}{LOCAL}{rest}"
