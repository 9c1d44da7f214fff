"""The rules' views, computed once for all rules of a run: a view of a large store costs seconds."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from analytics.store import Store

_PREFIX = "snapshot_"
_LEFT = "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, {prefix:String})"
_OLD = " AND metadata_modification_time < now() - INTERVAL 1 DAY"


def view(name: str) -> str:
    """Give a view as it stands behind FROM."""
    return f"{name}(loads = {{loads:Array(String)}}, home = {{home:Array(String)}})"


@contextmanager
def snapshot(
    store: Store, views: Iterable[str], *, loads: Sequence[str], home: Sequence[str]
) -> Iterator[Mapping[str, str]]:
    """Give the name of a table for each view, with its rows; the tables go away in the end. StoreError.

    What an earlier run that was killed left behind goes away first; where several processes may use the store, only
    what is older than any run.
    """
    for (left,) in store.query(_LEFT + (_OLD if store.is_shared else ""), {"prefix": _PREFIX}):
        store.command(f"DROP TABLE IF EXISTS `{left}`")
    token = secrets.token_hex(4)
    tables = {name: f"{_PREFIX}{name}_{token}" for name in sorted(set(views))}
    try:
        for name, table in tables.items():
            store.command(
                f"CREATE TABLE `{table}` ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM {view(name)}",
                {"loads": list(loads), "home": list(home)},
            )
        yield tables
    finally:
        for table in tables.values():
            store.command(f"DROP TABLE IF EXISTS `{table}`")
