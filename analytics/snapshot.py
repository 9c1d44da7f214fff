"""The rules' views, computed once for all rules of a run: a view of a large store costs seconds."""

from __future__ import annotations

import re
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from analytics.store import Store

_PREFIX = "snapshot_"
_LEFT = "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, {prefix:String})"
_TEXTS = """
SELECT name, as_select FROM system.tables WHERE database = currentDatabase() AND name IN {names:Array(String)}
"""
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
        for name, text in _in_order(store, tables):
            store.command(
                f"CREATE TABLE `{tables[name]}` ENGINE = MergeTree ORDER BY tuple() AS {text}",
                {"loads": list(loads), "home": list(home)},
            )
        yield tables
    finally:
        for table in tables.values():
            store.command(f"DROP TABLE IF EXISTS `{table}`")


def _in_order(store: Store, tables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Give each view with its SELECT, those first on which others rest: these read the table, not the view again.

    A view of endpoints costs seconds where there are many sessions, and four others begin with it.
    """
    texts = dict(store.query(_TEXTS, {"names": list(tables)}))
    waiting = {name: texts.get(name) or f"SELECT * FROM {view(name)}" for name in tables}
    while waiting:
        free = [
            name for name, text in waiting.items() if not any(_call(other, text) for other in waiting if other != name)
        ]
        for name in free or list(waiting):  # in a circle, which no engine would allow, each is asked as it stands
            text = waiting.pop(name)
            for other, table in tables.items():
                if other not in waiting and other != name:
                    text = _replaced(other, table, text)
            yield name, text


def _call(name: str, text: str) -> bool:
    """Tell whether a SELECT reads a view with the parameters of the snapshot."""
    return re.search(_pattern(name), text) is not None


def _replaced(name: str, table: str, text: str) -> str:
    return re.sub(_pattern(name), lambda _: f"`{table}`", text)


def _pattern(name: str) -> str:
    return rf"(?<![\w.`]){re.escape(view(name))}"
