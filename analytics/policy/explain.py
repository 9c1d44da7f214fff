"""What a policy means, in lines for people: what it changes against a run without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.policy import values
from analytics.policy.apply import rules_by
from analytics.report import text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analytics.cmdb.read import Table
    from analytics.policy.model import Owner, Trust, Zone
    from analytics.policy.read import Policy
    from rules.pack import RulePack
    from rules.rule import Rule

_STEP = {"low": "findings one step milder", "high": "findings one step graver"}


def lines(policy: Policy, pack: RulePack) -> Iterator[str]:
    """Give the lines, harmless; what the policy leaves as it is, is not told."""
    document = policy.document
    yield f"policy   {text.inert(policy.name)}, SHA-256 {policy.sha256}"
    if document.home_networks:
        yield f"home     {_list(str(values.network(one)) for one in document.home_networks)}; --home wins"
    yield from _trust(document.trust)
    for off in policy.disabled:
        yield f"rules    {off.rule} is switched off: {text.inert(off.reason, 400)}"
    yield from _parameters(policy, pack)
    for number, zone in enumerate(document.zones, 1):
        yield f"zone {number:<3} {text.inert(zone.name)}: {_members(zone)}"
        yield f"         demands {_list(_demands(zone), '; ') or 'nothing'}"
    for pin in document.pins:
        yield f"pin      {text.inert(pin.server)}: {text.counted(len(pin.spki), 'key')}"
    for number, owner in enumerate(document.owners, 1):
        yield f"owner {number:<2} {_owner(owner)}"
    if policy.cmdb is not None:
        yield from _cmdb(policy.cmdb)


def _trust(trust: Trust) -> Iterator[str]:
    told = {"corporate roots": trust.corporate, "accepted vendors": trust.vendors, "blocklists": trust.blocklists}
    for what, paths in told.items():
        if paths:
            yield f"trust    {what}: {_list(paths)}"
    if trust.system_roots:
        yield "trust    the roots of this machine count as public"


def _cmdb(table: Table) -> Iterator[str]:
    yield f"cmdb     {text.inert(table.name)}: {text.counted(len(table.rows), 'row')}, SHA-256 {table.sha256}"
    for kind in ("addresses", "names", "macs", "owner"):
        yield f"         {kind}: {_list(getattr(table.columns, kind)) or 'no column'}"
    if table.bad_rows:
        yield f"         {text.counted(table.bad_rows, 'row')} cannot be used: certspan cmdb compare tells which"


def _parameters(policy: Policy, pack: RulePack) -> Iterator[str]:
    """Tell which parameters have other values than by default."""
    before: dict[str, Rule] = {rule.id: rule for rule in pack.rules}
    for rule in rules_by(policy, pack).rules:
        for old, new in zip(before[rule.id].parameters, rule.parameters, strict=True):
            if old.default != new.default and new.name not in ("zones", "pins"):
                yield f"rules    {rule.id}: {new.name} {_value(new.default)} {new.unit} (not {_value(old.default)})"


def _value(value: object) -> str:
    if isinstance(value, tuple | list):
        return _list(map(str, value)) or "none"
    return text.inert(str(value))


def _members(zone: Zone) -> str:
    """Say who is in a zone."""
    return " and ".join(
        part
        for part in (
            _list(str(values.network(one)) for one in zone.networks),
            f"VLAN {_list(map(str, zone.vlans), ' or ')}" if zone.vlans else "",
            f"servers asked for as {_list(zone.names, ' or ')}" if zone.names else "",
        )
        if part
    )


def _demands(zone: Zone) -> Iterator[str]:
    if zone.rsa_bits:
        yield f"RSA and DSA keys of {zone.rsa_bits:,} bits"
    if zone.ec_bits:
        yield f"elliptic curves of {zone.ec_bits} bits"
    if zone.hashes:
        yield f"signed with {_list((values.hash_name(one) for one in zone.hashes), ' or ')}"
    if zone.lifetime_days:
        yield f"valid for at most {text.counted(zone.lifetime_days, 'day')}"
    if zone.issuers:
        yield f"issued by {_list(zone.issuers, ' or ')}"
    if zone.mtls:
        yield "client certificates"
    if zone.criticality in _STEP:
        yield _STEP[zone.criticality]


def _owner(owner: Owner) -> str:
    """Say who owns what."""
    who = owner.business or "the owner in the CMDB"
    how = [
        owner.technical or "",
        f"renewal: {owner.renewal}" if owner.renewal else "",
        _STEP.get(owner.criticality, ""),
    ]
    what = [
        _list(owner.networks, " or "),
        f"named {_list(owner.names, ' or ')}" if owner.names else "",
        f"issued by {_list(owner.issuers, ' or ')}" if owner.issuers else "",
        f"MAC {_list(owner.macs, ' or ')}" if owner.macs else "",
        _list((f"CMDB {column} = {value}" for column, value in owner.cmdb.items()), " and "),
    ]
    inside = _list([one for one in how if one], "; ")
    return f"{text.inert(who)}{f' ({inside})' if inside else ''}: {' and '.join(filter(None, what)) or 'all else'}"


def _list(items: object, joiner: str = ", ") -> str:
    shown: Sequence[str] = [text.inert(str(one), 200) for one in items]  # type: ignore[attr-defined]
    return text.listed(shown, 12, joiner)
