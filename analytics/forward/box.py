"""A sink's own memory: what it knows to have been told, what is still to be told, and what nobody would take.

SQLite, synced at each commit, one file a sink: `STATE/NAME.sqlite`. What is put in is kept until its sink has it.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from analytics.forward.message import Message

_TABLES = """
CREATE TABLE IF NOT EXISTS events (finding TEXT PRIMARY KEY, ordinal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS known (topic TEXT, name TEXT, PRIMARY KEY (topic, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pending (number INTEGER PRIMARY KEY AUTOINCREMENT, message TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS dead (number INTEGER PRIMARY KEY AUTOINCREMENT, reason TEXT NOT NULL, message TEXT NOT NULL);
"""
_BURY = "INSERT INTO dead (reason, message) SELECT ?, message FROM pending WHERE number = ?"
_BUSY_SECONDS = 30
MOST_DEAD = 100_000
"""Dead letters that are kept; the oldest go."""


class BoxError(Exception):
    """The memory of a sink cannot be read or written; the message says which and why."""


class Box:
    """The memory of one sink. One handle a thread."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.sqlite"
        with self._told():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_TABLES)

    def close(self) -> None:
        """Let go of it."""
        self._db.close()

    def ordinals(self) -> dict[str, int]:
        """Give how far each finding was taken in."""
        with self._told():
            return dict(self._db.execute("SELECT finding, ordinal FROM events"))

    def known(self, topic: str) -> set[str]:
        """Name what of a topic was taken in."""
        with self._told():
            return {name for (name,) in self._db.execute("SELECT name FROM known WHERE topic = ?", (topic,))}

    def put(
        self,
        messages: Iterable[Message],
        *,
        ordinals: Mapping[str, int] | None = None,
        known: tuple[str, Sequence[str]] | None = None,
    ) -> int:
        """Take messages in, and with them how far that goes: all of it or nothing; how many."""
        rows = [(json.dumps(message, ensure_ascii=True),) for message in messages]
        with self._told(), self._all_or_nothing():
            self._db.executemany("INSERT INTO pending (message) VALUES (?)", rows)
            self._db.executemany(
                "INSERT INTO events VALUES (?, ?) ON CONFLICT (finding) DO UPDATE SET ordinal = excluded.ordinal",
                list((ordinals or {}).items()),
            )
            if known is not None:
                topic, names = known
                self._db.executemany("INSERT OR IGNORE INTO known VALUES (?, ?)", [(topic, name) for name in names])
        return len(rows)

    def next(self, most: int) -> list[tuple[int, Message]]:
        """Give the messages that wait longest, with their numbers."""
        with self._told():
            rows = self._db.execute("SELECT number, message FROM pending ORDER BY number LIMIT ?", (most,))
            return [(number, json.loads(text)) for number, text in rows]

    def done(self, numbers: Sequence[int], refused: Mapping[int, str]) -> None:
        """Forget what its sink has, and put what it will never take among the dead letters, with its reasons."""
        with self._told(), self._all_or_nothing():
            for number, reason in refused.items():
                self._db.execute(_BURY, (reason, number))
            everything = [(number,) for number in (*numbers, *refused)]
            self._db.executemany("DELETE FROM pending WHERE number = ?", everything)
            if refused:
                self._db.execute("DELETE FROM dead WHERE number <= (SELECT max(number) FROM dead) - ?", (MOST_DEAD,))

    def counts(self) -> tuple[int, int]:
        """Count what waits, and the dead letters."""
        with self._told():
            row: tuple[int, int] = self._db.execute(
                "SELECT (SELECT count(*) FROM pending), (SELECT count(*) FROM dead)"
            ).fetchone()
            return row

    def dead(self, most: int = 100) -> list[dict[str, Any]]:
        """Give the latest dead letters: reason and message."""
        with self._told():
            rows = self._db.execute("SELECT reason, message FROM dead ORDER BY number DESC LIMIT ?", (most,))
            return [{"reason": reason, "message": json.loads(text)} for reason, text in rows]

    def revive(self) -> int:
        """Let dead letters wait again; how many."""
        with self._told(), self._all_or_nothing():
            self._db.execute("INSERT INTO pending (message) SELECT message FROM dead ORDER BY number")
            return self._db.execute("DELETE FROM dead").rowcount

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise BoxError(f"{self.path}: {error}") from error
