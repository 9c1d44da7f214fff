"""The rules' views, computed once for all rules of a run: a view of a large store costs seconds."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from analytics.store import Store
    from rules.rule import Subject

_PREFIX = "snapshot_"
_LEFT = "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, {prefix:String})"


def view(subject: Subject) -> str:
    """Give the subject's view as it stands behind FROM."""
    return f"{subject}(loads = {{loads:Array(String)}}, home = {{home:Array(String)}})"


@contextmanager
def snapshot(
    store: Store, subjects: Iterable[Subject], *, loads: Sequence[str], home: Sequence[str]
) -> Iterator[Mapping[Subject, str]]:
    """Give the name of a table for each subject, with the rows of its view; the tables go away in the end. StoreError.

    What an earlier run that was killed left behind goes away first: one process at a time writes to a store.
    """
    for (name,) in store.query(_LEFT, {"prefix": _PREFIX}):
        store.command(f"DROP TABLE IF EXISTS `{name}`")
    token = secrets.token_hex(4)
    tables = {subject: f"{_PREFIX}{subject}_{token}" for subject in sorted(set(subjects))}
    try:
        for subject, table in tables.items():
            store.command(
                f"CREATE TABLE `{table}` ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM {view(subject)}",
                {"loads": list(loads), "home": list(home)},
            )
        yield tables
    finally:
        for table in tables.values():
            store.command(f"DROP TABLE IF EXISTS `{table}`")
