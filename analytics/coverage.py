"""What an audit saw, asked of the store's views: handshakes by visibility, endpoints, holders, certificates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from analytics.report.model import BlindEndpoint, CertificateRow, Coverage, Holders
from analytics.snapshot import view

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.store import Store

_TOTALS = f"""
SELECT count(), countIf(ours OR client_ours), countIf(NOT confirmed), sum(bytes_lost), countIf(bytes_lost > 0)
FROM {view("session")}"""
_SERVERS = f"SELECT server_visibility::String, count() FROM {view('session')} GROUP BY 1 ORDER BY 1"
_CLIENTS = f"SELECT client_visibility::String, count() FROM {view('session')} GROUP BY 1 ORDER BY 1"
_VERSIONS = (
    f"SELECT version::Nullable(String), ours OR client_ours AS mine, count() FROM {view('session')} GROUP BY 1, 2"
)
_ENDPOINTS = f"SELECT count(), countIf(ours), countIf(NOT answered AND NOT certificate_seen) FROM {view('endpoint')}"
_BLIND = f"""
SELECT shown, ours, sessions, visibilities, server_names, versions, last_seen
FROM {view("endpoint")} WHERE answered AND NOT certificate_seen ORDER BY ours DESC, sessions DESC, shown"""
_HOLDERS = f"SELECT role::String, ours, uniqExact(scope, address, ifNull(port, 0)) FROM {view('holder')} GROUP BY 1, 2"
_CERTIFICATES = f"""
SELECT lower(hex(sha256)), subject, subject_attributes, issuer, issuer_attributes, self_issued, serial,
    sans, sans_known, not_before, not_after, key_algorithm::Nullable(String), key_bits, key_curve::Nullable(String),
    signature_hash::Nullable(String), is_ca, presented_as_leaf,
    arrayMap(h -> tuple(h.role, h.address, h.port), holders), ours, confirmed, first_seen, last_seen, defects,
    class::Nullable(String)
FROM {view("certificate")} ORDER BY ours DESC, not_after NULLS LAST, 1"""


def measure(
    store: Store, *, loads: Sequence[str], home: Sequence[str], certificates: Sequence[CertificateRow], **counted: Any
) -> Coverage:
    """Measure what these loads show; `counted` are the fields of `Coverage` that no table holds (`counters`)."""
    scope = {"loads": list(loads), "home": list(home)}
    [(handshakes, ours, unconfirmed, lost, with_loss)] = store.query(_TOTALS, scope)
    [(endpoints, our_endpoints, unanswered)] = store.query(_ENDPOINTS, scope)
    return Coverage(
        handshakes=handshakes,
        our_handshakes=ours,
        unconfirmed=unconfirmed,
        server=dict(store.query(_SERVERS, scope)),
        client=dict(store.query(_CLIENTS, scope)),
        endpoints=endpoints,
        our_endpoints=our_endpoints,
        unanswered=unanswered,
        blind=tuple(_blind(row) for row in store.query(_BLIND, scope)),
        holders=_holders(store.query(_HOLDERS, scope)),
        certificates=len(certificates),
        our_certificates=sum(row.ours for row in certificates),
        issuers=len({row.issuer for row in certificates if not row.self_issued}),
        our_issuers=len({row.issuer for row in certificates if row.ours and not row.self_issued}),
        bytes_lost=lost,
        sessions_with_loss=with_loss,
        **counted,
    )


def versions(store: Store, *, loads: Sequence[str], home: Sequence[str]) -> list[tuple[str | None, bool, int]]:
    """Count handshakes by negotiated version, and whether a side of them is ours."""
    rows = store.query(_VERSIONS, {"loads": list(loads), "home": list(home)})
    return [(version, bool(mine), count) for version, mine, count in rows]


def certificates(store: Store, *, loads: Sequence[str], home: Sequence[str]) -> tuple[CertificateRow, ...]:
    """List the certificates of these loads, ours first, then by their end."""
    rows = store.query(_CERTIFICATES, {"loads": list(loads), "home": list(home)})
    return tuple(_certificate(row) for row in rows)


def _blind(row: Sequence[Any]) -> BlindEndpoint:
    shown, ours, sessions, visibilities, server_names, seen_versions, last_seen = row
    return BlindEndpoint(
        endpoint=shown,
        ours=bool(ours),
        sessions=sessions,
        reasons=dict(visibilities),
        server_names=tuple(server_names),
        versions=tuple(seen_versions),
        last_seen=last_seen,
    )


def _holders(rows: Sequence[Sequence[Any]]) -> Holders:
    found: Mapping[tuple[str, bool], int] = {(role, bool(ours)): count for role, ours, count in rows}
    return Holders(
        our_servers=found.get(("server", True), 0),
        our_clients=found.get(("client", True), 0),
        other_servers=found.get(("server", False), 0),
        other_clients=found.get(("client", False), 0),
    )


def _certificate(row: Sequence[Any]) -> CertificateRow:
    """Make a row of the answer to `_CERTIFICATES`."""
    (sha256, subject, of_subject, issuer, of_issuer, self_issued, serial, sans, sans_known, *rest) = row
    (not_before, not_after, algorithm, bits, curve, hash_name, is_ca, leaf, holders, ours, confirmed, *seen) = rest
    first_seen, last_seen, defects, kind = seen
    return CertificateRow(
        sha256=sha256,
        name=_name(of_subject) or _bare(sans) or subject or f"certificate {sha256[:16]}",
        subject=subject,
        issuer=issuer,
        issuer_name=_name(of_issuer) or issuer or "an issuer without a name",
        self_issued=self_issued,
        serial=serial,
        sans=tuple(sans) if sans_known else None,
        not_before=not_before,
        not_after=not_after,
        key=_key(algorithm, bits, curve),
        signature_hash=hash_name,
        is_ca=is_ca,
        leaf=bool(leaf),
        holders=tuple((role, address, port) for role, address, port in holders),
        ours=bool(ours),
        confirmed=bool(confirmed),
        first_seen=first_seen,
        last_seen=last_seen,
        defects=tuple(json.loads(defect)["code"] for defect in defects),
        kind=kind,
    )


def _name(attributes: Sequence[str]) -> str:
    """Give the last common name (the most specific one), else the last organisation; "" without either."""
    for kind in ("CN=", "O="):
        found = [attribute[len(kind) :] for attribute in attributes if attribute.startswith(kind)]
        if found and found[-1].strip():
            return found[-1]
    return ""


def _bare(sans: Sequence[str]) -> str:
    """Give the first alternative name without its kind."""
    return sans[0].partition(":")[2] if sans else ""


def _key(algorithm: str | None, bits: int | None, curve: str | None) -> str:
    """`RSA 2048`, `EC secp256r1`, `Ed25519`."""
    if algorithm is None:
        return "not readable"
    if curve:
        return f"{algorithm} {curve}"
    return f"{algorithm} {bits}" if bits and algorithm in ("RSA", "DSA") else algorithm
