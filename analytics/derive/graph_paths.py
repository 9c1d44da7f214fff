"""The best path of every certificate, from the anchors downwards: cycles and meshes of cross-signs cost nothing.

Better is: whose anchor it ends at (public, corporate, vendor, then a root of its own, then an end in the unknown), then
the later effective end, then the shorter path, then the smaller hash. Each CA is settled once (Dijkstra's way), so the
work is linear in the links, however many paths there are.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from analytics.derive.graph_links import Authorities, Node, Signer

RANKS: Final = ("public", "corporate", "vendor")
"""Kinds of anchors, best first."""
OWN_ROOT: Final = len(RANKS)
OPEN: Final = OWN_ROOT + 1
MAX_ANCESTORS: Final = 256
"""Certificates above one that are told; beyond, nobody can say which ones of a sent chain are out of place."""
MAX_DEPTH: Final = 64
"""CAs above one another on a path; what hangs below so many is a path of its own."""


@dataclass(frozen=True, slots=True)
class Path:
    """The best way from a certificate to its top."""

    rank: int
    """Place in `RANKS`, `OWN_ROOT` or `OPEN`."""
    ends: datetime | None
    """Earliest notAfter on it; None: one cannot be read."""
    above: tuple[bytes, ...]
    """SHA-256 from the issuer to the top; empty: it is the top itself."""

    @property
    def order(self) -> tuple[int, float, int]:
        """Smaller is better."""
        return self.rank, float("inf") if self.ends is None else -self.ends.timestamp(), len(self.above)


class Paths:
    """Best paths and ancestors over all CAs."""

    def __init__(self, authorities: Authorities) -> None:
        self.authorities = authorities
        self.signers: dict[bytes, Signer] = {sha: authorities.signer(node) for sha, node in authorities.nodes.items()}
        self._best = _settle(authorities.nodes, self.signers)
        self._ancestors: dict[bytes, frozenset[bytes]] = {}

    def best(self, node: Node, signer: Signer) -> Path:
        """Give the best path of any certificate."""
        if node.sha256 in self._best:
            return self._best[node.sha256]
        ways = [_down(self._best[one.sha256], one.sha256, node) for one in signer.issuers]
        if not ways or _anchored(node):
            ways.append(_top(node))
        return min(ways, key=lambda path: (path.order, path.above))

    def ancestors(self, node: Node, signer: Signer) -> tuple[bytes, ...]:
        """Give every CA above a certificate, on any path; cut at MAX_ANCESTORS."""
        found: dict[bytes, None] = {}
        queue = deque(one.sha256 for one in signer.issuers)
        while queue and len(found) < MAX_ANCESTORS:
            sha = queue.popleft()
            if sha in found or sha == node.sha256:
                continue
            found[sha] = None
            queue.extend(one.sha256 for one in self.signers[sha].issuers)
        return tuple(sorted(found))


def _settle(nodes: Mapping[bytes, Node], signers: Mapping[bytes, Signer]) -> dict[bytes, Path]:
    """Give each CA its best path."""
    below: dict[bytes, list[bytes]] = {}
    for sha, signer in signers.items():
        for one in signer.issuers:
            below.setdefault(one.sha256, []).append(sha)
    settled: dict[bytes, Path] = {}
    tops = [node for sha, node in nodes.items() if _anchored(node) or not signers[sha].issuers]
    _spread(tops, nodes, below, settled)
    # What is left hangs on nothing but cycles: CAs that signed each other, and no root among them.
    for sha, node in nodes.items():
        if sha not in settled:
            _spread([node], nodes, below, settled)
    return settled


def _spread(
    tops: list[Node], nodes: Mapping[bytes, Node], below: Mapping[bytes, list[bytes]], settled: dict[bytes, Path]
) -> None:
    heap = [((*_top(node).order, node.sha256), number, _top(node)) for number, node in enumerate(tops)]
    heapq.heapify(heap)
    count = len(heap)
    while heap:
        (*_, sha), _, path = heapq.heappop(heap)
        if sha in settled:
            continue
        settled[sha] = path
        for lower in below.get(sha, ()) if len(path.above) < MAX_DEPTH else ():
            if lower not in settled:
                way = _down(path, sha, nodes[lower])
                count += 1
                heapq.heappush(heap, ((*way.order, lower), count, way))


def _anchored(node: Node) -> bool:
    return node.anchored is not None


def _top(node: Node) -> Path:
    """Let a path end here."""
    rank = RANKS.index(node.anchored) if node.anchored else OWN_ROOT if node.self_signed else OPEN
    return Path(rank, node.not_after, ())


def _down(path: Path, sha256: bytes, node: Node) -> Path:
    """Go one step down, from the CA to what it signed."""
    ends = None if path.ends is None or node.not_after is None else min(path.ends, node.not_after)
    return Path(path.rank, ends, (sha256, *path.above))
