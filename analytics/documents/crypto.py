"""Report `crypto`: keys, hashes, protocol versions, cipher suites and groups in use, and what changed since a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.documents.document import Section
from analytics.report import text

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from analytics.report.model import Posture, Share
    from analytics.store import Store

_COLUMNS = ("what", "name", "sessions", "endpoints", "first_seen", "last_seen", "change")
_QUERY = """
SELECT kind, name, count(), uniqExact(endpoint), toDateTime64(min(time), 6, 'UTC'), toDateTime64(max(time), 6, 'UTC')
FROM (
    SELECT endpoint, time, arrayJoin([
        ('protocol version', version::Nullable(String)), ('cipher suite', cipher_suite::Nullable(String)),
        ('group', named_group::Nullable(String)), ('signature scheme', signature_scheme::Nullable(String))]) AS pair,
        pair.1 AS kind, pair.2 AS name
    FROM session(loads = [], home = {home:Array(String)}) WHERE (ours OR client_ours) AND confirmed)
WHERE name IS NOT NULL GROUP BY kind, name ORDER BY kind, 3 DESC, name
"""


def sections(
    store: Store, posture: Posture, *, home: Sequence[str], since: dt.datetime | None
) -> tuple[str, tuple[Section, ...]]:
    """Give the sentence and the tables about ours. `since`: what is new from then on, and what was seen no more."""
    rows = [(*row[:6], _change(row, since)) for row in store.query(_QUERY, {"home": list(home)})]
    changed = [row for row in rows if row[6]]
    used = Section(
        "in-use",
        "Negotiated in handshakes of ours",
        "Confirmed handshakes only: anyone can forge the others.",
        _COLUMNS,
        tuple(rows),
    )
    held = (
        _shares("keys", "Keys of certificates", posture.keys),
        _shares("hashes", "Hashes that certificates are signed with", posture.hashes),
    )
    if since is None:
        return f"{text.counted(len(rows), 'algorithm')} and versions in use.", (used, *held)
    note = f"Seen for the first time since {text.moment(since)} (new), or not seen since then (gone)."
    change = Section("changes", f"What changed since {text.day(since)}", note, _COLUMNS, tuple(changed))
    sentence = f"{text.counted(len(changed), 'change')} since {text.day(since)}."
    return sentence, (change, used, *held)


def _change(row: Sequence[Any], since: dt.datetime | None) -> str:
    if since is None:
        return ""
    return "new" if row[4] >= since else "gone" if row[5] < since else ""


def _shares(name: str, title: str, shares: Sequence[Share]) -> Section:
    rows = tuple((share.label, share.ours, share.others) for share in shares)
    return Section(name, title, "", ("name", "ours", "others"), rows)
