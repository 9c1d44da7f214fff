"""What is told, in no one's format: events of findings, and by option new certificates, new issuers and sightings.

A message is a plain JSON object, the same for every sink; `formats/` writes it in others' words. Its `id` is the same
whenever the same thing is told again, so that who receives it twice can know.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import TYPE_CHECKING, Any

from analytics import finding
from analytics.network import endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from analytics.store import Store

FINDING, CERTIFICATE, ISSUER, SIGHTING = "finding", "certificate", "issuer", "sighting"
TOPICS = (FINDING, CERTIFICATE, ISSUER, SIGHTING)
AT_ONCE = 500
"""Messages that are put together at a time."""
MOST_HOLDERS = 100
"""Holders that a message lists; it tells how many there are."""

Message = dict[str, Any]

_KNOWN = "SELECT finding, max(ordinal) FROM finding_events GROUP BY finding"
_EVENTS = """
SELECT e.finding, e.ordinal, e.at, e.kind, e.state, e.reason, e.rule, e.severity, e.title, e.subject_kind, e.subject,
    e.step, e.ours, f.holders, f.evidence, f.first_seen, f.last_seen, f.owners, f.zones
FROM (SELECT * FROM finding_events FINAL WHERE finding IN {ids:Array(String)}) AS e
LEFT JOIN (SELECT * FROM findings FINAL WHERE id IN {ids:Array(String)}) AS f ON f.id = e.finding
ORDER BY e.at, e.finding, e.ordinal
"""
_FACTS = """
SELECT lower(hex(sha256)), lower(hex(sha1)), serial, subject, issuer, not_before, not_after, key_algorithm, key_bits,
    key_curve, signature_algorithm, sans, self_signed, version, lower(hex(spki_sha256)), subject_attributes,
    issuer_attributes, is_ca
FROM certificates FINAL
WHERE sha256 IN (SELECT toFixedString(unhex(arrayJoin({digests:Array(String)})), 32))
"""
_FACT_NAMES = (
    "sha256", "sha1", "serial", "subject", "issuer", "not_before", "not_after", "key_algorithm", "key_bits",
    "key_curve",
    "signature_algorithm", "sans", "self_signed", "version", "spki_sha256", "subject_attributes", "issuer_attributes",
    "is_ca",
)  # fmt: skip
_REPLACED_BY = """
WITH old AS
(
    SELECT role, address, port, max(last_seen) AS gone
    FROM sightings WHERE sha256 = toFixedString(unhex({digest:String}), 32) GROUP BY role, address, port
)
SELECT lower(hex(s.sha256)) AS name
FROM sightings AS s INNER JOIN old ON s.role = old.role AND s.address = old.address AND s.port = old.port
WHERE s.sha256 != toFixedString(unhex({digest:String}), 32) AND s.last_seen > old.gone AND s.position = 0
GROUP BY name ORDER BY max(s.last_seen) DESC, name LIMIT 10
"""
_CERTIFICATES = "SELECT lower(hex(sha256)) FROM certificates FINAL"
_ISSUERS = """
SELECT issuer_key, name, names, class::String, class_reason, certificate_count, holder_count, networks, ours,
    first_seen, last_seen
FROM issuer(loads = [], home = {home:Array(String)})
WHERE NOT self_signed
"""
_ISSUER_NAMES = (
    "issuer", "name", "names", "class", "class_reason", "certificates", "holders", "networks", "ours", "first_seen",
    "last_seen",
)  # fmt: skip
_HOLDERS = """
SELECT lower(hex(sha256)), role, address, port, ours, confirmed, first_seen, last_seen, server_names
FROM holder(loads = [], home = {home:Array(String)})
WHERE sha256 IN (SELECT toFixedString(unhex(arrayJoin({digests:Array(String)})), 32))
"""
_SIGHTINGS = """
SELECT lower(hex(sha256)), role, address, port, ours, confirmed, first_seen, last_seen, server_names
FROM holder(loads = [], home = {home:Array(String)})
ORDER BY first_seen, sha256, role, address, port
"""
_HOLDER_NAMES = ("role", "address", "port", "ours", "confirmed", "first_seen", "last_seen", "server_names")


def latest(store: Store) -> dict[str, int]:
    """Give how many events each finding has had, by its id. StoreError."""
    return {name: int(ordinal) for name, ordinal in store.query(_KNOWN)}


def certificates(store: Store) -> list[str]:
    """Name every certificate of the store, SHA-256 in hexadecimal. StoreError."""
    return [name for (name,) in store.query(_CERTIFICATES)]


def of_findings(store: Store, wanted: Mapping[str, int]) -> Iterator[Message]:
    """Give the events of these findings after the ordinal that each is known to; oldest first. StoreError."""
    ids = sorted(wanted)
    for start in range(0, len(ids), AT_ONCE):
        rows = store.query(_EVENTS, {"ids": ids[start : start + AT_ONCE]})
        rows = [row for row in rows if row[1] > wanted[row[0]]]
        evidence = [_json(row[14], {}) for row in rows]
        facts = _facts(store, {_certificate(row[9], row[10], held) for row, held in zip(rows, evidence, strict=True)})
        for row, held in zip(rows, evidence, strict=True):
            yield _of_event(store, row, held, facts)


def of_certificates(store: Store, digests: Sequence[str], now: dt.datetime, home: Sequence[str]) -> Iterator[Message]:
    """Give a message for each of these certificates. StoreError."""
    for start in range(0, len(digests), AT_ONCE):
        part = list(digests[start : start + AT_ONCE])
        facts = _facts(store, part)
        holders: dict[str, list[dict[str, Any]]] = {}
        for name, *rest in store.query(_HOLDERS, {"digests": part, "home": list(home)}):
            holders.setdefault(name, []).append(plain(dict(zip(_HOLDER_NAMES, rest, strict=True))))
        for name in part:
            if (found := facts.get(name)) is not None:
                yield _of_certificate(found, holders.get(name, []), now)


def of_sightings(store: Store, known: AbstractSet[str], home: Sequence[str]) -> Iterator[Message]:
    """Give a message for each holder of a certificate whose id is not known. StoreError.

    It does not go by time: segments that are carried by hand come days late.
    """
    rows = store.query(_SIGHTINGS, {"home": list(home)})
    new = [row for row in rows if _sighting_id(row) not in known]
    for start in range(0, len(new), AT_ONCE):
        part = new[start : start + AT_ONCE]
        facts = _facts(store, {row[0] for row in part})
        for name, *rest in part:
            holder = plain(dict(zip(_HOLDER_NAMES, rest, strict=True)))
            if (found := facts.get(name)) is not None:
                yield _of_sighting(name, holder, found)


def _sighting_id(row: Sequence[Any]) -> str:
    return _id(SIGHTING, *(str(part) for part in row[:4]))


def _of_sighting(name: str, holder: dict[str, Any], facts: dict[str, Any]) -> Message:
    return {
        "id": _sighting_id((name, holder["role"], holder["address"], holder["port"])),
        "topic": SIGHTING,
        "kind": "seen",
        "at": holder["first_seen"],
        "severity": "info",
        "title": f"{_name(facts)} presented by {shown(holder)}",
        "ours": holder["ours"],
        "subject_kind": "certificate",
        "subject": name,
        "certificate": facts,
        "holders": [holder],
        "holder_count": 1,
    }


def _of_event(store: Store, row: Sequence[Any], evidence: dict[str, Any], facts: Mapping[str, Any]) -> Message:
    name, ordinal, at, kind, state, reason, rule, severity, title, subject_kind, subject, step, ours = row[:13]
    holders = _json(row[13], [])
    digest = _certificate(subject_kind, subject, evidence)
    replaced = []
    if kind == "resolved" and reason == "replaced" and subject_kind == "certificate":
        replaced = [name for (name,) in store.query(_REPLACED_BY, {"digest": subject})]
    found: Message = plain(
        {
            "id": _id(FINDING, name, str(ordinal)),
            "topic": FINDING,
            "kind": kind,
            "at": at,
            "severity": severity,
            "title": title,
            "finding": name,
            "ordinal": ordinal,
            "state": state,
            "reason": reason,
            "replaced_by": replaced,
            "rule": rule,
            "subject_kind": subject_kind,
            "subject": subject,
            "step": step,
            "ours": ours,
            "holders": holders[:MOST_HOLDERS],
            "holder_count": len(holders),
            "owners": row[17],
            "zones": row[18],
            "first_seen": row[15],
            "last_seen": row[16],
            "evidence": evidence,
            "certificate": facts.get(digest) if digest else None,
        }
    )
    return found


def _of_certificate(facts: dict[str, Any], holders: list[dict[str, Any]], now: dt.datetime) -> Message:
    found: Message = plain(
        {
            "id": _id(CERTIFICATE, facts["sha256"]),
            "topic": CERTIFICATE,
            "kind": "new",
            "at": min((one["first_seen"] for one in holders), default=now),
            "severity": "info",
            "title": f"new certificate {_name(facts)}",
            "ours": any(one["ours"] for one in holders),
            "subject_kind": "certificate",
            "subject": facts["sha256"],
            "certificate": facts,
            "holders": holders[:MOST_HOLDERS],
            "holder_count": len(holders),
        }
    )
    return found


def of_issuers(store: Store, home: Sequence[str]) -> Iterator[Message]:
    """Give a message for each CA key that issued what holders present. StoreError."""
    for row in store.query(_ISSUERS, {"home": list(home)}):
        found = plain(dict(zip(_ISSUER_NAMES, row, strict=True)))
        yield {
            "id": _id(ISSUER, found["issuer"]),
            "topic": ISSUER,
            "kind": "new",
            "at": found["first_seen"],
            "severity": "info",
            "title": f"new issuer {found['name'] or found['issuer']} ({found['class']})",
            "ours": found["ours"],
            "subject_kind": "issuer",
            "subject": found["issuer"],
            "certificate": None,
            "holders": [],
            "holder_count": found["holders"],
            "first_seen": found["first_seen"],
            "last_seen": found["last_seen"],
            "evidence": found,
        }


def _certificate(subject_kind: str, subject: str, evidence: Mapping[str, Any]) -> str:
    """Give the certificate that a finding is about, or the only one that it rests on; empty: there is none."""
    if subject_kind == "certificate":
        return subject
    named = evidence.get("certificates") or []
    return str(named[0]) if len(named) == 1 else ""


def _facts(store: Store, digests: Iterable[str]) -> dict[str, dict[str, Any]]:
    wanted = sorted({one for one in digests if one})
    if not wanted:
        return {}
    rows = store.query(_FACTS, {"digests": wanted})
    return {row[0]: plain(dict(zip(_FACT_NAMES, row, strict=True))) for row in rows}


def _name(facts: Mapping[str, Any]) -> str:
    return str(facts.get("subject") or (facts.get("sans") or [""])[0] or facts["sha256"])


def shown(holder: Mapping[str, Any]) -> str:
    """Name a holder of a message: `address:port`, or the address of a client."""
    return endpoint(str(holder["address"]), holder.get("port"))


def _id(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _json(text: Any, otherwise: Any) -> Any:
    try:
        return json.loads(text) if text else otherwise
    except ValueError:
        return otherwise


def plain(value: Any) -> Any:
    """Give a value as JSON has it; times as RFC 3339 in UTC, always with milliseconds."""
    return finding.plain(value, _moment)


def _moment(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
