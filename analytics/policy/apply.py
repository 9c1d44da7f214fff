"""Gives a policy to the rules: what is switched off goes, parameters get their values, zones and pins are filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics import parameter_types
from analytics.derive.settings import Settings
from analytics.network import home_ranges
from analytics.policy import values
from rules.pack import RulePack
from rules.rule import given

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from analytics.policy.model import Pin, Zone
    from analytics.policy.read import Policy
    from rules.rule import Rule

_LEFT_TO = {
    ("zone-key-too-short", "weak_rsa_bits"): ("weak-key", "rsa_bits"),
    ("zone-key-too-short", "weak_ec_bits"): ("weak-key", "ec_bits"),
}
"""Thresholds below which another rule speaks already: they follow that rule."""


def rules_by(policy: Policy, pack: RulePack) -> RulePack:
    """Give the rules as this policy wants them. Version and hash stay those of the pack: the policy has its own."""
    off = {one.rule for one in policy.disabled}
    tables = {name: table for name, table in policy.document.rules.items() if name != "disable"}
    rules = {rule.id: _given(rule, tables.get(rule.id, {}), policy) for rule in pack.rules if rule.id not in off}
    for (narrow, parameter), (grave, threshold) in _LEFT_TO.items():
        if narrow in rules and parameter not in tables.get(narrow, {}):
            rules[narrow] = given(rules[narrow], {parameter: _value(rules.get(grave), threshold)})
    if (
        "weak-hash" in off
        and "zone-hash-not-allowed" in rules
        and "weak" not in tables.get("zone-hash-not-allowed", {})
    ):
        rules["zone-hash-not-allowed"] = given(rules["zone-hash-not-allowed"], {"weak": ()})
    return RulePack(tuple(rules.values()), pack.errors, pack.version, pack.sha256)


def settings(policy: Policy | None, blocklists: Sequence[Path] = ()) -> Settings:
    """Give what derived facts depend on; `blocklists` come on top of the policy's."""
    if policy is None:
        return Settings(blocklists=tuple(blocklists))
    trust, folder = policy.document.trust, policy.folder
    return Settings(
        corporate=tuple(folder / text for text in trust.corporate),
        vendors=tuple(folder / text for text in trust.vendors),
        system_roots=trust.system_roots,
        blocklists=(*(folder / text for text in trust.blocklists), *blocklists),
    )


def home(policy: Policy | None, given_networks: Sequence[str]) -> list[str]:
    """Give the home networks as the store wants them: those of `--home`, else the policy's, else the default ones."""
    return home_ranges(given_networks or (policy.document.home_networks if policy else ()))


def _given(rule: Rule, table: Mapping[str, Any], policy: Policy) -> Rule:
    types = {parameter.name: parameter.type for parameter in rule.parameters}
    known = {name: parameter_types.checked(value, types[name]) for name, value in table.items()}
    document = policy.document
    if "zones" in types:
        labels = [label for label, _ in parameter_types.parse(types["zones"]).members[0][1].members]
        known["zones"] = tuple(tuple(_zone(zone)[label] for label in labels) for zone in document.zones)
    if "pins" in types:
        known["pins"] = tuple(_pin(pin) for pin in document.pins)
    return given(rule, known)


def _zone(zone: Zone) -> dict[str, object]:
    """Give all that rules may ask of a zone."""
    issuers = [values.issuer(text) for text in zone.issuers]
    return {
        "name": zone.name,
        "networks": tuple(str(values.network(text)) for text in zone.networks),
        "vlans": tuple(f"vlan:{number}" for number in zone.vlans),
        "names": tuple(values.like(text) for text in zone.names),
        "rsa_bits": zone.rsa_bits or 0,
        "ec_bits": zone.ec_bits or 0,
        "hashes": tuple(values.hash_name(text) for text in zone.hashes),
        "days": zone.lifetime_days or 0,
        "issuers": tuple(name for name, _ in issuers if name),
        "issuer_keys": tuple(key for _, key in issuers if key),
        "mtls": zone.mtls,
    }


def _pin(pin: Pin) -> tuple[object, ...]:
    name, address, port = values.server(pin.server)
    names = (values.like(name),) if name else ()
    return pin.server, names, address, port, tuple(values.key(text) for text in pin.spki)


def _value(rule: Rule | None, parameter: str) -> object:
    """Give the value of a rule's parameter; zero if the rule is switched off."""
    if rule is None:
        return 0
    return next((one.default for one in rule.parameters if one.name == parameter), 0)
