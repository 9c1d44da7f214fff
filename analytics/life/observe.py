"""What the store shows of findings that a rule does not report now: judged otherwise, replaced, or not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rules.rule import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from analytics.judgement import Judgement
    from analytics.store import Store

_CHUNK = 2_000
"""Names that one query is asked about."""

_REPLACED = """
    WITH held AS
    (
        SELECT
            sha256, role, scope, address, port,
            min(first_seen) AS first,
            max(last_seen) AS last,
            min(position) = 0 AS leaf,
            max(confirmed) AS sure,
            groupUniqArray(1000)(ifNull(server_name, '')) AS names
        FROM sightings
        GROUP BY sha256, role, scope, address, port
    )
    SELECT lower(hex(sha256))
    FROM
    (
        SELECT
            old.sha256 AS sha256,
            max(
                new.sha256 != old.sha256 AND new.sure
                -- it came when the other one had gone: a server with several certificates shows them in turn
                AND new.first > old.last
                AND (new.leaf OR NOT old.leaf)
                -- asked for by the same name; many clients behind one address differ in their own names
                AND hasAny(new.names, old.names)
                AND (old.role = 'server' OR ifNull(new_facts.subject = old_facts.subject, false))
            ) AS gone
        FROM (SELECT * FROM held WHERE has({ids:Array(String)}, lower(hex(sha256)))) AS old
        INNER JOIN held AS new
            ON new.role = old.role AND new.scope = old.scope AND new.address = old.address AND new.port = old.port
        LEFT JOIN (SELECT sha256, subject FROM certificates FINAL) AS new_facts ON new_facts.sha256 = new.sha256
        LEFT JOIN (SELECT sha256, subject FROM certificates FINAL) AS old_facts ON old_facts.sha256 = old.sha256
        GROUP BY sha256, old.role, old.scope, old.address, old.port
    )
    GROUP BY sha256
    HAVING min(gone)
"""


def replaced(store: Store, certificates: Iterable[str]) -> set[str]:
    """Tell which certificates (SHA-256, hexadecimal) have been replaced at every holder. StoreError."""
    return {sha256 for (sha256,) in _asked(store, _REPLACED, sorted(certificates), {})}


def judged(
    store: Store, judgement: Judgement, findings: Iterable[str], loads: Sequence[str]
) -> dict[str, tuple[Verdict, datetime | None]]:
    """Give verdict and latest session of the subjects of these findings, as far as these loads (none: all) show them.

    StoreError: the rule cannot be asked.
    """
    parameters = {**judgement.parameters, "loads": list(loads)}
    rows = _asked(store, judgement.chosen, sorted(findings), parameters)
    return {name: (Verdict(verdict), last) for name, verdict, last in rows}


def is_alive(store: Store) -> bool:
    """Tell whether a living sensor feeds this store. StoreError."""
    return bool(store.query("SELECT 1 FROM loads WHERE kind = 'live' LIMIT 1"))


def _asked(store: Store, query: str, names: Sequence[str], parameters: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(names), _CHUNK):
        yield from store.query(query, {**parameters, "ids": list(names[start : start + _CHUNK])})
