"""The lists of an inventory: each is a view of the store, with the columns that people and programs get of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from analytics.snapshot import view


class Type(enum.StrEnum):
    """What a column holds: how it is compared, and how it is written."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    LIST = "list"
    """Texts."""
    TRUTH = "truth"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. NULL in it means that nobody knows."""

    name: str
    sql: str
    type: Type
    known: str | None = None
    """Of a list: condition without which it could not be read; no array is NULL here."""
    brief: bool = False
    """It stands in the table on the terminal; JSON and CSV have all columns."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One list."""

    source: str
    """What stands behind FROM."""
    columns: tuple[Column, ...]
    order: str
    network: str | None
    """Condition in which `{network:String}` is a CIDR; None: there is no address to compare."""
    ours: str | None
    """Condition: it belongs to the home networks; None: the question has no meaning."""


def _same(name: str, kind: Type, *, brief: bool = False) -> Column:
    return Column(name, name, kind, brief=brief)


_KEY = (
    "multiIf(key_algorithm IS NULL, NULL, key_curve IS NOT NULL, concat(key_algorithm, ' ', key_curve), "
    "key_algorithm IN ('RSA', 'DSA'), concat(key_algorithm, ' ', ifNull(toString(key_bits), '?')), key_algorithm)"
)
_PLACES = (
    "arrayMap(h -> if(h.port IS NULL, h.address, concat(if(position(h.address, ':') > 0, concat('[', h.address, ']'), "
    "h.address), ':', toString(assumeNotNull(h.port)))), holders)"
)
_HELD_IN = "arrayExists(h -> isIPAddressInRange(h.address, {network:String}), holders)"
_IN_NETWORK = "isIPAddressInRange(address, {network:String})"
_SEEN = (_same("first_seen", Type.TIME), _same("last_seen", Type.TIME, brief=True))
_WHOSE = (_same("ours", Type.TRUTH), _same("confirmed", Type.TRUTH))

KINDS: Final = {
    "certificates": Kind(
        source=f"{view('certificate')} AS c LEFT JOIN (SELECT sha256 AS of, "
        "arraySort(groupUniqArray(source)) AS sources FROM imports GROUP BY sha256) AS i ON i.of = c.sha256",
        columns=(
            Column("sha256", "lower(hex(sha256))", Type.TEXT),
            _same("subject", Type.TEXT, brief=True),
            Column("sans", "sans", Type.LIST, known="sans_known"),
            _same("issuer", Type.TEXT, brief=True),
            _same("serial", Type.TEXT),
            _same("not_before", Type.TIME),
            _same("not_after", Type.TIME, brief=True),
            Column("key", _KEY, Type.TEXT, brief=True),
            _same("signature_hash", Type.TEXT),
            Column("spki_sha256", "lower(hex(spki_sha256))", Type.TEXT),
            _same("is_ca", Type.TRUTH),
            _same("self_signed", Type.TRUTH),
            Column("class", "class::Nullable(String)", Type.TEXT, brief=True),
            _same("class_reason", Type.TEXT),
            Column("leaf", "presented_as_leaf", Type.TRUTH),
            _same("roles", Type.LIST),
            _same("sources", Type.LIST),
            _same("holder_count", Type.NUMBER, brief=True),
            Column("holders", _PLACES, Type.LIST),
            *_WHOSE,
            *_SEEN,
        ),
        order="not_after NULLS LAST, sha256",
        network=_HELD_IN,
        ours="ours",
    ),
    "endpoints": Kind(
        source=f"{view('endpoint')} AS e LEFT JOIN (SELECT replaceRegexpOne(IPv6NumToString(assumeNotNull(address)), "
        "'^::ffff:(\\d+\\.)', '\\1') AS at, assumeNotNull(port) AS p, "
        "arraySort(groupUniqArray(lower(hex(sha256)))) AS imported_certificates "
        "FROM imports WHERE address IS NOT NULL AND port IS NOT NULL GROUP BY at, p) AS i "
        "ON i.at = e.address AND i.p = e.port",
        columns=(
            Column("endpoint", "shown", Type.TEXT, brief=True),
            _same("address", Type.TEXT),
            _same("port", Type.NUMBER),
            _same("server_names", Type.LIST, brief=True),
            _same("versions", Type.LIST, brief=True),
            _same("weakest_version", Type.TEXT),
            _same("carriers", Type.LIST),
            _same("answered", Type.TRUTH),
            _same("certificate_seen", Type.TRUTH, brief=True),
            Column("visibilities", "arraySort(mapKeys(visibilities))", Type.LIST),
            Column("leaf_certificates", "arraySort(arrayMap(c -> lower(hex(c)), leaf_certificates))", Type.LIST),
            _same("imported_certificates", Type.LIST),
            _same("sessions", Type.NUMBER, brief=True),
            _same("clients", Type.NUMBER),
            *_WHOSE,
            *_SEEN,
        ),
        order="toIPv6(address), port, scope",
        network=_IN_NETWORK,
        ours="ours",
    ),
    "holders": Kind(
        source=f"{view('holder')} AS h LEFT JOIN (SELECT sha256 AS of, subject, not_after "
        "FROM certificates FINAL) AS c ON c.of = h.sha256",
        columns=(
            Column("holder", "shown", Type.TEXT, brief=True),
            _same("role", Type.TEXT, brief=True),
            _same("address", Type.TEXT),
            _same("port", Type.NUMBER),
            Column("sha256", "lower(hex(h.sha256))", Type.TEXT),
            _same("subject", Type.TEXT, brief=True),
            _same("not_after", Type.TIME, brief=True),
            _same("position", Type.NUMBER),
            _same("server_names", Type.LIST),
            _same("peers", Type.NUMBER, brief=True),
            *_WHOSE,
            *_SEEN,
        ),
        order="toIPv6(address), port, role, position, sha256",
        network=_IN_NETWORK,
        ours="ours",
    ),
    "issuers": Kind(
        source=f"{view('issuer')}",
        columns=(
            _same("issuer_key", Type.TEXT),
            Column("key_seen", "issuer_key_seen", Type.TRUTH),
            _same("name", Type.TEXT, brief=True),
            _same("names", Type.LIST),
            _same("class", Type.TEXT, brief=True),
            _same("class_reason", Type.TEXT),
            _same("certificate_count", Type.NUMBER, brief=True),
            _same("holder_count", Type.NUMBER, brief=True),
            _same("networks", Type.LIST, brief=True),
            *_WHOSE,
            *_SEEN,
        ),
        order="certificate_count DESC, name, issuer_key",
        network=_HELD_IN,
        ours="ours",
    ),
    "keys": Kind(
        source=f"{view('key')}",
        columns=(
            Column("spki_sha256", "lower(hex(spki_sha256))", Type.TEXT),
            Column("key", _KEY, Type.TEXT, brief=True),
            _same("names", Type.LIST, brief=True),
            _same("issuers", Type.LIST),
            _same("certificate_count", Type.NUMBER, brief=True),
            _same("holder_count", Type.NUMBER, brief=True),
            _same("under_other_names", Type.TRUTH, brief=True),
            Column("weaknesses", "weaknesses", Type.LIST, known="weaknesses_known", brief=True),
            _same("known_as", Type.TEXT),
            _same("shares_prime", Type.TRUTH),
            Column("holders", _PLACES, Type.LIST),
            *_WHOSE,
            *_SEEN,
        ),
        order="holder_count DESC, certificate_count DESC, spki_sha256",
        network=_HELD_IN,
        ours="ours",
    ),
    "coverage": Kind(
        source="(SELECT side, visibility, count() AS sessions, uniqExact(place) AS places, "
        "toDateTime64(max(time), 6, 'UTC') AS last_seen FROM ("
        f"SELECT 'server' AS side, server_visibility AS visibility, endpoint AS place, time FROM {view('session')} "
        f"UNION ALL SELECT 'client', client_visibility, client, time FROM {view('session')}) "
        "GROUP BY side, visibility)",
        columns=(
            _same("side", Type.TEXT, brief=True),
            Column("visibility", "visibility::String", Type.TEXT, brief=True),
            _same("sessions", Type.NUMBER, brief=True),
            _same("places", Type.NUMBER, brief=True),
            _same("last_seen", Type.TIME, brief=True),
        ),
        order="side = 'client', sessions DESC, visibility",
        network=None,
        ours=None,
    ),
}
"""By name. `places` of the coverage are endpoints of servers, and addresses of clients."""
