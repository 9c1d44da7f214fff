"""The CA graph of a store, written to the table `paths`: who signed each certificate, its class, its effective end.

Incremental: certificates that are new, and those whose issuer's name is that of a CA that is new or judged otherwise.
All of them when anchors or the reading of certificates changed. Chains by name are never made: see `graph_links`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from analytics.derive import classes
from analytics.derive.anchors import Anchor, anchors, fingerprint
from analytics.derive.graph_links import Authorities, Node
from analytics.derive.graph_paths import MAX_ANCESTORS, OPEN, RANKS, Path, Paths
from sensor._rust import encode_arrow
from sensor.certificate_link import facts, read_link
from sensor.events import FACTS_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.derive.settings import Settings
    from analytics.store import Store

VERSION: Final = 2
"""Of what is derived here; a new one derives all again."""
_PAGE: Final = 2_000
"""Certificates in memory at a time."""
_FACTS: Final = """
SELECT c.sha256, der, is_ca = true OR (version = 1 AND self_signed = true) AS authority, self_signed,
    subject_key_id, authority_key_id, not_after, subject_attributes, issuer_attributes
FROM certificates AS c FINAL INNER JOIN (SELECT sha256, der FROM certificate_der FINAL) AS d ON c.sha256 = d.sha256
"""
_AUTHORITIES: Final = f"{_FACTS} WHERE is_ca = true OR (version = 1 AND self_signed = true)"
_PENDING: Final = f"""{_FACTS}
WHERE hex(c.sha256) > {{after:String}} AND c.sha256 NOT IN (
    SELECT sha256 FROM paths FINAL WHERE basis = {{basis:String}} AND NOT has({{names:Array(String)}}, issuer_name))
ORDER BY hex(c.sha256) LIMIT {{page:UInt32}}
"""
_KEPT: Final = "SELECT sha256, digest FROM paths FINAL WHERE basis = {basis:String} AND authority"
_LACK: Final = (
    "SELECT count() FROM certificates WHERE sha256 NOT IN (SELECT sha256 FROM paths FINAL WHERE basis = {basis:String})"
)

_Row = dict[str, Any]
_KINDS: Final = {
    "sha256": "fixed_32",
    "basis": "string",
    "generation": "int64",
    "authority": "bool",
    "issuer_name": "string",
    "signer": "string",
    "issuer_key": "string",
    "issuer_key_seen": "bool",
    "issuer_called": "string",
    "path": "list_string",
    "path_open": "bool",
    "ancestors": "list_string",
    "ancestors_known": "bool",
    "needed": "list_string",
    "namesakes": "list_string",
    "class": "string",
    "class_reason": "string",
    "effective_not_after": "timestamp_ms",
    "digest": "string",
}
"""Columns of `paths`, as Arrow has them."""


def derive(store: Store, settings: Settings) -> None:
    """Bring the table `paths` up to date. StoreError: the store failed; AnchorError: a trust folder is no good."""
    trusted = anchors(settings)
    basis = f"{VERSION}:{FACTS_VERSION}:{fingerprint(trusted)}"
    [(lacking,)] = store.query(_LACK, {"basis": basis})
    if not lacking:
        return
    [(generation,)] = store.query("SELECT max(generation) + 1 FROM paths")
    graph = _Graph(store, trusted)
    kept: dict[bytes, str] = dict(store.query(_KEPT, {"basis": basis}))
    fresh = [row for row in map(graph.row, graph.seen) if kept.get(row["sha256"]) != row["digest"]]
    names = sorted({graph.name_of(row["sha256"]) for row in fresh})
    run = _Run(store, basis, generation)
    run.write(fresh)
    after = ""
    while page := store.query(_PENDING, {"basis": basis, "names": names, "after": after, "page": _PAGE}, binary=True):
        after = page[-1][0].hex().upper()
        run.write([graph.row(node) for node in map(graph.node, page) if node is not None])
        run.write([_unreadable(row[0]) for row in page if read_link(row[1]) is None])


class _Graph:
    """The CAs of a store and of the anchors, and what is said of a certificate below them."""

    def __init__(self, store: Store, trusted: Sequence[Anchor]) -> None:
        self._trusted: dict[tuple[bytes, bytes], Anchor] = {}
        for anchor in trusted:
            self._trusted.setdefault((anchor.link.subject, anchor.link.spki), anchor)
        nodes = [self.node(row) for row in store.query(_AUTHORITIES, binary=True)]
        self.seen = [node for node in nodes if node is not None]
        given = [self._given(anchor) for anchor in trusted]
        self._paths = Paths(Authorities([*given, *self.seen]))

    def node(self, row: Sequence[Any]) -> Node | None:
        """Make a node of a row of `_FACTS`; None: its DER has no place for names or a key."""
        sha256, der, authority, self_signed, own_id, issuer_id, not_after, subject, issuer = row
        link = read_link(der)
        if link is None:
            return None
        anchor = self._trusted.get((link.subject, link.spki))
        return Node(
            sha256,
            link,
            bool(authority),
            self_signed,
            _text(own_id),
            _text(issuer_id),
            not_after,
            tuple(one.decode() for one in subject),
            tuple(one.decode() for one in issuer),
            anchor.kind if anchor else None,
            anchor.source if anchor else "",
        )

    def _given(self, anchor: Anchor) -> Node:
        """Make a node of an anchor, which may never have been seen."""
        read = facts(anchor.der)
        first = self._trusted[anchor.link.subject, anchor.link.spki]
        return Node(
            read.sha256,
            anchor.link,
            bool(read.is_ca) or (read.version == 1 and bool(read.self_signed)),
            read.self_signed,
            read.subject_key_id,
            read.authority_key_id,
            read.not_after,
            read.subject_attributes or (),
            read.issuer_attributes or (),
            first.kind,
            first.source,
        )

    def name_of(self, sha256: bytes) -> str:
        """Give the name of a CA as the column `issuer_name` has it."""
        return _name(self._paths.authorities.nodes[sha256].link.subject)

    def _alike(self, node: Node) -> str:
        """Give a CA and the others of its name and key, as the column `needed` has them."""
        return ",".join(one.sha256.hex() for one in self._paths.authorities.of_key(node))

    def row(self, node: Node) -> _Row:
        """Say all there is to say of one certificate."""
        authorities = self._paths.authorities.nodes
        signer = self._paths.signers.get(node.sha256) or self._paths.authorities.signer(node)
        path = self._paths.best(node, signer)
        above = [authorities[sha] for sha in path.above]
        kind, reason = classes.classify(node, signer, path, above)
        ancestors = self._paths.ancestors(node, signer)
        key, seen = _issuer_key(node, signer.state, signer.issuers)
        row: _Row = {
            "sha256": node.sha256,
            "authority": node.may_issue,
            "issuer_name": _name(node.link.issuer),
            "signer": signer.state,
            "issuer_key": key,
            "issuer_key_seen": seen,
            "issuer_called": classes.name(node.issuer),
            "path": [sha.hex() for sha in path.above],
            "path_open": path.rank == OPEN,
            "ancestors": [sha.hex() for sha in ancestors],
            "ancestors_known": len(ancestors) < MAX_ANCESTORS,
            "needed": [
                ",".join(one.sha256.hex() for one in self._paths.authorities.of_key(ca)) for ca in _needed(path, above)
            ],
            "namesakes": [one.sha256.hex() for one in signer.namesakes],
            "class": kind,
            "class_reason": reason,
            "effective_not_after": None
            if path.ends is None or path.rank == OPEN
            else int(path.ends.timestamp()) * 1000,
        }
        told = {name: value for name, value in row.items() if name != "sha256"}
        return row | {"digest": hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()}


@dataclass(frozen=True, slots=True)
class _Run:
    """One derivation: what all its rows share."""

    store: Store
    basis: str
    generation: int

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Put rows into the table; each has all columns but those of the run."""
        if not rows:
            return
        shared = {"basis": self.basis, "generation": self.generation}
        columns = [(name, kind, [(row | shared)[name] for row in rows]) for name, kind in _KINDS.items()]  # type: ignore[operator]
        block = encode_arrow(columns)
        self.store.insert_arrow("paths", block, f"paths:{self.generation}:{hashlib.sha256(block).hexdigest()}")


def _unreadable(sha256: bytes) -> _Row:
    """Say that nothing can be said: the certificate has no place for a name or a key."""
    lists: _Row = {name: [] for name, kind in _KINDS.items() if kind == "list_string"}
    nothing: _Row = dict.fromkeys(_KINDS) | lists
    return nothing | {
        "sha256": sha256,
        "authority": False,
        "issuer_name": "",
        "signer": "unknown",
        "class": "unknown",
        "class_reason": "it cannot be read as a certificate",
        "ancestors_known": False,
        "digest": "",
    }


def _needed(path: Path, above: Sequence[Node]) -> Sequence[Node]:
    """Give CAs that a peer must get: up to the anchor; without an anchor the issuer alone, if it is not the root.

    What an unknown chain has above its issuer may be a root that clients hold, cross-signed by one that they do not.
    """
    if path.rank < len(RANKS):
        return above[:-1]
    return above[:1] if len(above) > 1 or path.rank == OPEN else ()


def _issuer_key(node: Node, state: str, issuers: Sequence[Node]) -> tuple[str, bool]:
    """Name the key that signed: by its SPKI, or, where it was not seen, by issuer name and authority key identifier."""
    if state == "self":
        return node.link.spki_sha256.hex(), True
    if issuers:
        return issuers[0].link.spki_sha256.hex(), True
    return hashlib.sha256(node.link.issuer + (node.authority_key_id or "").encode()).hexdigest(), False


def _name(encoded: bytes) -> str:
    return hashlib.sha256(encoded).hexdigest()


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()
