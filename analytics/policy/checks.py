"""What is wrong with a policy whose keys and types are right: each value by itself, then what contradicts itself."""

from __future__ import annotations

import codecs
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from analytics import parameter_types
from analytics.policy import values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from analytics.policy.model import Cmdb, Document, Owner, Zone
    from analytics.policy.places import Path as Place
    from rules.pack import RulePack
    from rules.rule import Parameter, Rule

Found = tuple["Place", str]
"""Where, and what."""
FILLED = ("zones", "pins")
"""Parameters that tables of the policy fill."""
_MOST_DAYS = 36_525
"""A hundred years: beyond, the store's times overflow."""


def problems(document: Document, folder: Path, pack: RulePack) -> Iterator[Found]:
    """Find what is wrong. `folder` is where the policy's paths count from."""
    yield from _each(document.home_networks, ("home_networks",), values.network)
    for kind in ("corporate", "vendors", "blocklists"):
        for number, text in enumerate(getattr(document.trust, kind)):
            if "\0" in text or not (folder / text).exists():
                yield ("trust", kind, number), f"{text}: no such file or folder"
    yield from _rules(document.rules, pack)
    names = [zone.name for zone in document.zones]
    for number, zone in enumerate(document.zones):
        if zone.name in names[:number]:
            yield ("zones", number, "name"), f"a zone {zone.name!r} is there already"
        yield from _zone(zone, ("zones", number))
    for number, pin in enumerate(document.pins):
        yield from _each([pin.server], ("pins", number, "server"), values.server, numbered=False)
        yield from _each(pin.spki, ("pins", number, "spki"), values.key)
    for number, owner in enumerate(document.owners):
        yield from _owner(owner, ("owners", number), document.cmdb)
    yield from _cmdb(document.cmdb, folder)


def near(word: str, known: Iterable[str]) -> str:
    """Propose what was meant: `; did you mean networks?`, or the list of what there is."""
    ordered = sorted(known)
    close = get_close_matches(word, ordered, 1, 0.6)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(ordered)}" if ordered else ""


def _each(
    texts: Iterable[str], place: Place, read: Callable[[str], object], *, numbered: bool = True
) -> Iterator[Found]:
    for number, text in enumerate(texts):
        try:
            read(text)
        except ValueError as error:
            yield (*place, number) if numbered else place, f"{text}: {error}"


def _zone(zone: Zone, place: Place) -> Iterator[Found]:
    if not (zone.networks or zone.vlans or zone.names):
        yield place, f"zone {zone.name!r} has no members: give it networks, vlans or names"
    yield from _each(zone.networks, (*place, "networks"), values.network)
    yield from _each(zone.names, (*place, "names"), values.name)
    yield from _each(zone.hashes, (*place, "hashes"), values.hash_name)
    yield from _each(zone.issuers, (*place, "issuers"), values.issuer)


def _owner(owner: Owner, place: Place, cmdb: Cmdb) -> Iterator[Found]:
    if owner.business is None and not owner.cmdb:
        yield place, "nobody is named: give it business, or cmdb, whose rows name an owner"
    if owner.cmdb and cmdb.file is None:
        yield (*place, "cmdb"), "there is no CMDB: give [cmdb] a file"
    yield from _each(owner.networks, (*place, "networks"), values.network)
    yield from _each(owner.names, (*place, "names"), values.name)
    yield from _each(owner.macs, (*place, "macs"), values.mac)
    for number, text in enumerate(owner.issuers):
        if "=" not in text:
            yield (*place, "issuers", number), f"{text}: not a name such as CN=Works CA,O=Acme"


def _cmdb(cmdb: Cmdb, folder: Path) -> Iterator[Found]:
    if cmdb.file is not None and ("\0" in cmdb.file or not (folder / cmdb.file).is_file()):
        yield ("cmdb", "file"), f"{cmdb.file}: no such file"
    if cmdb.delimiter is not None and (cmdb.delimiter.isalnum() or cmdb.delimiter in "\"'\r\n\0 "):
        yield ("cmdb", "delimiter"), f"{cmdb.delimiter!r} cannot be a delimiter"
    try:
        codec = codecs.lookup(cmdb.encoding)
    except (LookupError, ValueError):
        codec = None
    if codec is None or not getattr(codec, "_is_text_encoding", True):
        yield ("cmdb", "encoding"), f"{cmdb.encoding}: no such encoding"


def _rules(tables: dict[str, Any], pack: RulePack) -> Iterator[Found]:
    """Check `[rules]`: what is switched off, and the parameters of each rule."""
    known = {rule.id: rule for rule in pack.rules}
    for name, table in tables.items():
        place: Place = ("rules", name)
        if name == "disable":
            continue
        if name not in known:
            yield place, f"no such rule{near(name, [*known, 'disable'])}"
        elif not isinstance(table, dict):
            yield place, "expected a table of the rule's parameters, such as { steps = [60, 30] }"
        else:
            yield from _parameters(known[name], table, place)


def _parameters(rule: Rule, table: dict[str, Any], place: Place) -> Iterator[Found]:
    known = {parameter.name: parameter for parameter in rule.parameters if parameter.name not in FILLED}
    for name, value in table.items():
        if name not in known:
            filled = name in FILLED and any(parameter.name == name for parameter in rule.parameters)
            told = f"{rule.id} takes them from [[{name}]]" if filled else f"{rule.id} has no such parameter"
            yield (*place, name), told + near(name, known)
        elif wrong := wrong_value(known[name], value):
            yield (*place, name), wrong


def wrong_value(parameter: Parameter, value: object) -> str | None:
    """Say what is wrong with a value; None: nothing."""
    try:
        checked = parameter_types.checked(value, parameter.type)
    except parameter_types.ParameterError as error:
        return f"{error}" if "member" in str(error) else f"{error} ({parameter.unit})"
    numbers = checked if isinstance(checked, tuple) else (checked,)
    if parameter.unit == "days" and any(isinstance(one, int | float) and abs(one) > _MOST_DAYS for one in numbers):
        return f"more than {_MOST_DAYS:,} days"
    if isinstance(checked, tuple) and not checked:
        return f"an empty list; expected {parameter_types.said(parameter.type)}"
    return None
