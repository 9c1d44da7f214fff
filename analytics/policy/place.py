"""Puts findings into the policy's zones, gives them their owners, and moves their severity by criticality."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from analytics.owners import Held, Owners
from analytics.policy import values
from rules.rule import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from analytics.finding import Finding, Holder, Ownership
    from analytics.policy.model import Criticality, Zone
    from analytics.policy.read import Policy
    from analytics.store import Store

_SCOPE: Final = "(loads = {loads:Array(String)}, home = {home:Array(String)})"
_SIDES: Final = "arrayJoin([('server', server, toUInt32(server_port), server_mac), ('client', client, 0, client_mac)])"
_TAGS: Final = f"""
SELECT side.1 AS role, side.2 AS address, side.3 AS port, groupUniqArray(tag)
FROM (SELECT {_SIDES} AS side, arrayJoin(encapsulation)::String AS tag FROM session{_SCOPE})
WHERE has({{tags:Array(String)}}, tag) GROUP BY role, address, port"""
_MACS: Final = f"""
SELECT side.2 AS address, arraySort(groupUniqArray(100)(side.4::Nullable(String)))
FROM (SELECT {_SIDES} AS side FROM session{_SCOPE}) GROUP BY address"""
_CERTIFICATES: Final = f"""
SELECT lower(hex(sha256)), issuer, sans FROM certificate{_SCOPE} WHERE NOT ifNull(is_ca, false)"""
_STEPS: Final[Mapping[str, int]] = {"low": -1, "normal": 0, "high": 1}
_Certificates = dict[str, tuple[str | None, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the captures say of holders and certificates, as far as the policy asks for it."""

    tags: Mapping[tuple[str, str, int], Sequence[str]]
    """VLANs by role, address and port (0 for clients)."""
    macs: Mapping[str, tuple[str, ...]]
    certificates: _Certificates
    """Issuer and DNS names by SHA-256, of those that are no authority's."""


def placed(
    store: Store, findings: Iterable[Finding], policy: Policy, *, loads: Sequence[str], home: Sequence[str]
) -> list[Finding]:
    """Give the findings with zones, owners and severities as the policy wants them; nothing else changes."""
    document = policy.document
    if not (document.zones or document.owners):
        return list(findings)
    seen = _look(store, policy, {"loads": list(loads), "home": list(home)})
    owners = Owners(document.owners, policy.cmdb)
    zones = [(zone, [values.network(text) for text in zone.networks]) for zone in document.zones]
    return [_placed(finding, zones, owners, seen) for finding in findings]


def owners_of(
    store: Store, held: Iterable[tuple[Sequence[Holder], Sequence[str]]], policy: Policy, *, home: Sequence[str]
) -> list[tuple[Ownership, ...]]:
    """Give the owners of each thing, told by its holders (ours, where any is) and its certificates (SHA-256)."""
    seen = _look(store, policy, {"loads": [], "home": list(home)})
    owners = Owners(policy.document.owners, policy.cmdb)
    found = []
    for holders, certificates in held:
        matches = (owners.first(_held(holder, certificates, seen)) for holder in _counting(holders))
        by_number = {match.number: match.ownership for match in matches if match}
        found.append(tuple(by_number[number] for number in sorted(by_number)))
    return found


def _counting(holders: Sequence[Holder]) -> Sequence[Holder]:
    """Give ours; all, where none is."""
    return [holder for holder in holders if holder.ours] or holders


def _look(store: Store, policy: Policy, scope: dict[str, list[str]]) -> _Seen:
    """Ask the store for what zones and owners are told by, and for no more."""
    zones, owners = policy.document.zones, policy.document.owners
    wanted = sorted({f"vlan:{number}" for zone in zones for number in zone.vlans})
    tags = store.query(_TAGS, scope | {"tags": wanted}) if wanted else []
    macs = store.query(_MACS, scope) if any(owner.macs or owner.cmdb for owner in owners) else []
    known: _Certificates = {}
    if any(owner.names or owner.issuers or owner.cmdb for owner in owners):
        for sha256, issuer, sans in store.query(_CERTIFICATES, scope):
            known[sha256] = issuer, tuple(san[4:] for san in sans if san.startswith("dns:"))
    return _Seen(
        {(role, address, port): found for role, address, port, found in tags},
        {address: tuple(found) for address, found in macs},
        known,
    )


def _placed(
    finding: Finding, zones: Sequence[tuple[Zone, Sequence[values.Network]]], owners: Owners, seen: _Seen
) -> Finding:
    named: dict[str, None] = {}
    owned: dict[int, Ownership] = {}
    steps: list[int] = []
    for holder in _counting(finding.holders):
        zone = zone_of(holder, zones, seen.tags)
        match = owners.first(_held(holder, finding.evidence["certificates"], seen))
        given: list[Criticality] = []
        if zone is not None:
            named.setdefault(zone.name)
            given.append(zone.criticality)
        if match is not None:
            owned.setdefault(match.number, match.ownership)
            given.append(match.owner.criticality)
        steps.append(max((_STEPS[one] for one in given), default=0))
    severity = shifted(finding.severity, max(steps, default=0))
    return replace(
        finding,
        severity=severity,
        zones=tuple(named),
        owners=tuple(owned[number] for number in sorted(owned)),
        shift=severity - finding.severity,
    )


def shifted(severity: Severity, steps: int) -> Severity:
    """Move a severity, between low and critical; what is only a fact worth knowing stays one."""
    if severity is Severity.INFO:
        return severity
    return Severity(min(max(severity + steps, Severity.LOW), Severity.CRITICAL))


def zone_of(
    holder: Holder,
    zones: Sequence[tuple[Zone, Sequence[values.Network]]],
    tags: Mapping[tuple[str, str, int], Sequence[str]],
) -> Zone | None:
    """Give the first zone a holder is in, as the rules' SQL finds it (`rules/zones.py`)."""
    address = ipaddress.ip_address(holder.address)
    tagged = tags.get((holder.role, holder.address, holder.port or 0), ())
    for zone, networks in zones:
        if networks and not any(address in network for network in networks):
            continue
        if zone.vlans and not any(f"vlan:{number}" in tagged for number in zone.vlans):
            continue
        if zone.names and not (holder.role == "server" and _asked(zone.names, holder.server_names)):
            continue
        return zone
    return None


def _asked(patterns: Iterable[str], names: Sequence[str]) -> bool:
    return any(values.matcher(values.name(pattern)).fullmatch(name) for pattern in patterns for name in names)


def _held(holder: Holder, certificates: Iterable[str], seen: _Seen) -> Held:
    concerned = [seen.certificates[one] for one in certificates if one in seen.certificates]
    return Held(
        address=holder.address,
        server_names=holder.server_names if holder.role == "server" else (),
        macs=seen.macs.get(holder.address, ()),
        sans=tuple(name for _, names in concerned for name in names),
        issuers=tuple(issuer for issuer, _ in concerned if issuer is not None),
    )
