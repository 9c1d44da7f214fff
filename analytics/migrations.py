"""Numbered migrations (analytics/schema/*.sql): what a store has had, and bringing it up to date.

A migration that ran is never edited: the ledger keeps the hash of each. Statements end with a semicolon at the end of a
line and can be repeated (IF NOT EXISTS), so that a migration that broke half-way runs again.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from analytics import cluster
from analytics.store_errors import StoreError

if TYPE_CHECKING:
    from analytics.store import Store

_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of the schema folder."""

    version: int
    name: str
    """Without `.sql`."""
    text: str

    @property
    def checksum(self) -> bytes:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).digest()

    @property
    def statements(self) -> list[str]:
        """The SQL, without comment lines."""
        parts = re.split(r";[ \t]*$", _COMMENT.sub("", self.text), flags=re.MULTILINE)
        return [part.strip() for part in parts if part.strip()]


def known() -> list[Migration]:
    """All migrations of this program, in order."""
    folder = resources.files("analytics") / "schema"
    files = sorted((entry.name, entry) for entry in folder.iterdir() if entry.name.endswith(".sql"))
    found: list[Migration] = []
    for name, entry in files:
        match = _NAME.match(name)
        if match is None or int(match[1]) != len(found):
            raise StoreError(f"analytics/schema/{name}: migrations are numbered 0000, 0001, ... without a gap")
        found.append(Migration(len(found), name.removesuffix(".sql"), entry.read_text("utf-8")))
    return found


def apply(store: Store) -> list[str]:
    """Apply what the store has not had yet; gives the names.

    StoreError if the store was made by a newer program, or a migration it has had reads differently today.
    """
    mine = known()
    kinds = cluster.engines(statement for migration in mine for statement in migration.statements)

    def run(migration: Migration) -> None:
        for statement in migration.statements:
            for one in [statement] if store.cluster is None else cluster.rewritten(statement, store.cluster, kinds):
                store.command(one)

    run(mine[0])
    had = {
        version: (name, bytes(checksum))
        for version, name, checksum in store.query(
            "SELECT version, name, checksum FROM schema_migrations FINAL ORDER BY version"
        )
    }
    _compare(store, mine, had)
    todo = [migration for migration in mine if migration.version not in had]
    for migration in todo:
        run(migration)
        store.command(
            "INSERT INTO schema_migrations (version, name, checksum)"
            " VALUES ({version:UInt32}, {name:String}, unhex({checksum:String}))",
            {"version": migration.version, "name": migration.name, "checksum": migration.checksum.hex()},
        )
    return [migration.name for migration in todo]


def _compare(store: Store, mine: list[Migration], had: dict[int, tuple[str, bytes]]) -> None:
    newer = sorted(set(had) - {migration.version for migration in mine})
    if newer:
        raise StoreError(
            f"{store.name} was made by a newer certspan (it has had migration {had[newer[-1]][0]}): use that one"
        )
    for migration in mine:
        if migration.version in had and had[migration.version][1] != migration.checksum:
            raise StoreError(
                f"{store.name}: migration {migration.name} is not the one that this store has had:"
                " use the certspan that made the store, or a new store"
            )
