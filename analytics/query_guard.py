"""What a user's query may do: read this store, and nothing else.

The engine's own read-only mode refuses changes, and table functions that read files and addresses; measured with chDB
26.9, it still lets through the function `file`, INTO OUTFILE, and table functions under DESCRIBE and EXPLAIN. So the
engine's own lexer (`tokenizeQuery`) takes the query apart first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.store_errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Rows = Callable[[str, Mapping[str, str]], list[tuple[object, ...]]]

_FIRST_WORDS = frozenset({"SELECT", "WITH", "FROM", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS", "VALUES"})
_SILENT = frozenset({"Whitespace", "Comment"})
_REFUSED_WORDS = {
    "FILE": "the function file reads files",
    "OUTFILE": "INTO OUTFILE writes a file; redirect standard output instead",
    "INFILE": "FROM INFILE reads a file",
}
_ALLOWED_SOURCES = frozenset({"format"})
"""Table functions outside the engine's read-only list that read nothing but their arguments (and share their name
with a plain function)."""


def check(sql: str, rows: Rows) -> None:
    """Raise QueryError unless this is one statement that reads the store only; `rows` asks the engine."""
    tokens = _tokens(sql, rows)
    if not tokens:
        raise QueryError("the query is empty")
    first = next((text.upper() for _, text in tokens if text != "("), "")
    if first not in _FIRST_WORDS:
        raise QueryError(
            f"only queries are allowed here (SELECT, WITH, SHOW, DESCRIBE, EXPLAIN), not {first[:40] or '('}"
        )
    sources = _outside_sources(rows)
    for index, (kind, text) in enumerate(tokens):
        if kind == "Semicolon" and index + 1 < len(tokens):
            raise QueryError("one statement at a time: something follows the semicolon")
        if kind == "QuotedIdentifier" and "\\" in text:
            raise QueryError(f"{text[:40]}: a quoted name with a backslash is not allowed here")
        if kind not in ("BareWord", "QuotedIdentifier"):
            continue
        name = text if kind == "BareWord" else text[1:-1]
        if name.upper() in _REFUSED_WORDS:
            raise QueryError(f"not allowed here: {_REFUSED_WORDS[name.upper()]}")
        if index + 1 < len(tokens) and tokens[index + 1][1] == "(" and name.lower() in sources:
            raise QueryError(f"not allowed here: {name} reads from outside of the store")


def _tokens(sql: str, rows: Rows) -> list[tuple[str, str]]:
    """(kind, text) of each token, blanks and comments left out; the engine counts in bytes."""
    raw = sql.encode("utf-8", "surrogateescape")
    try:
        sql.encode()
    except UnicodeEncodeError as error:
        raise QueryError("the query is not UTF-8") from error
    found = rows("SELECT arrayJoin(tokenizeQuery({sql:String})) AS t, t.1, t.2, toString(t.3)", {"sql": sql})
    spans = [(int(str(start)), int(str(end)), str(kind)) for _, start, end, kind in found]
    return [(kind, raw[start:end].decode()) for start, end, kind in spans if kind not in _SILENT]


def _outside_sources(rows: Rows) -> frozenset[str]:
    found = rows("SELECT lower(name) FROM system.table_functions WHERE NOT allow_readonly", {})
    return frozenset(str(name) for (name,) in found) - _ALLOWED_SOURCES
