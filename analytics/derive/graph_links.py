"""Who signed whom: candidates by name and key identifiers, decided by their keys. Names alone decide nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sensor.certificate_link import Link, signed_by

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

MAX_KEYS: Final = 64
"""Keys of one CA name that are tried on one signature; a name may have ten thousand."""
MAX_SAME_KEY: Final = 64
"""Certificates of one CA name and key that are told as issuers."""


@dataclass(frozen=True, slots=True)
class Node:
    """One certificate, as far as chains are made of it."""

    sha256: bytes
    link: Link
    may_issue: bool
    """A CA by its basic constraints, or of version 1 and self-signed."""
    self_signed: bool | None
    subject_key_id: str | None
    authority_key_id: str | None
    not_after: datetime | None
    subject: tuple[str, ...] = ()
    """Attributes of the subject, and of the issuer."""
    issuer: tuple[str, ...] = ()
    anchored: str | None = None
    """`public`, `corporate` or `vendor`: an anchor has this name and key."""
    source: str = ""
    """Where that anchor stands."""


@dataclass(frozen=True, slots=True)
class Signer:
    """What is known of who signed a certificate."""

    state: str
    """`self`; `verified`; `wrong`: the key that it names by name and identifier did not sign it; `namesake`: CAs of
    that name are here, their keys did not sign it; `missing`: no CA of that name is here; `unknown`: cannot be told.
    """
    issuers: tuple[Node, ...] = ()
    """Those whose key verified the signature: several are cross-signs or renewals of one key."""
    namesakes: tuple[Node, ...] = ()


@dataclass(slots=True)
class _Name:
    """The CAs of one name: certificates by key, and keys by identifier."""

    keys: dict[bytes, list[Node]] = field(default_factory=dict)
    by_id: dict[str | None, list[bytes]] = field(default_factory=dict)


class Authorities:
    """Every CA certificate that was seen or configured."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = {node.sha256: node for node in sorted(nodes, key=lambda node: node.sha256) if node.may_issue}
        self._names: dict[bytes, _Name] = {}
        for node in self.nodes.values():
            name = self._names.setdefault(node.link.subject, _Name())
            name.keys.setdefault(node.link.spki, []).append(node)
            keys = name.by_id.setdefault(node.subject_key_id, [])
            if node.link.spki not in keys[-1:]:
                keys.append(node.link.spki)

    def of_key(self, node: Node) -> list[Node]:
        """Give a CA and the others of its name and key, itself first."""
        alike = self._names[node.link.subject].keys[node.link.spki]
        return [node, *(one for one in alike if one is not node)][:MAX_SAME_KEY]

    def signer(self, node: Node) -> Signer:
        """Tell who signed this certificate."""
        if node.self_signed:
            return Signer("self")
        name = self._names.get(node.link.issuer)
        if name is None:
            return Signer("missing")
        told = True
        tried: dict[bytes, None] = {}
        for spki in _candidates(name, node.authority_key_id):
            if spki in tried:
                continue
            if len(tried) == MAX_KEYS:
                return Signer("unknown")
            tried[spki] = None
            verdict = signed_by(node.link, name.keys[spki][0].link)
            if verdict:
                return Signer("verified", tuple(name.keys[spki][:MAX_SAME_KEY]))
            told = told and verdict is not None
        if not told:
            return Signer("unknown")
        named = node.authority_key_id is not None and node.authority_key_id in name.by_id
        namesakes = tuple(name.keys[spki][0] for spki in tried)
        return Signer("wrong" if named else "namesake", namesakes=namesakes)


def _candidates(name: _Name, key_id: str | None) -> Iterable[bytes]:
    """Give keys of a name: those with the wanted identifier first, then those without any, then all others."""
    if key_id is not None:
        yield from name.by_id.get(key_id, ())
        yield from name.by_id.get(None, ())
    yield from name.keys
