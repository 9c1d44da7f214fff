"""What a certificate's chain makes of it, and why, in words.

The best path decides. Its class is the anchor's: public, corporate, vendor. Without an anchor, names that interception
tools and test CAs give (profiles.toml) can make it intercepted or test; else it is self-signed, or unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.derive import profiles
from analytics.derive.graph_paths import OWN_ROOT, RANKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.derive.graph_links import Node, Signer
    from analytics.derive.graph_paths import Path

_OF = {"public": "a public CA", "corporate": "a CA of yours", "vendor": "a vendor's CA that you accept"}
_OPEN = {
    "missing": "no certificate of its issuer was seen",
    "wrong": "the key of the issuer that it names did not sign it",
    "namesake": "CAs with its issuer's name were seen, but none of their keys signed it",
    "unknown": "who signed it cannot be verified here",
}


def classify(node: Node, signer: Signer, path: Path, above: Sequence[Node]) -> tuple[str, str]:
    """Give class and reason. `above` are the certificates of the path, from the issuer to its top."""
    if path.rank < len(RANKS):
        top = above[-1] if above else node
        kind = RANKS[path.rank]
        by = f"chains by verified signatures to {name(top.subject)}" if above else "is an anchor itself"
        return kind, f"{by}, {_OF[kind]} ({top.source})"
    if found := profiles.match(attributes for one in (node, *above) for attributes in (one.issuer, one.subject)):
        profile, marker = found
        return profile.kind, f"{profile.product}, by the name {marker}; it chains to no anchor"
    if signer.state == "self":
        return "self-signed", "its own key signed it, and it is no anchor"
    if path.rank == OWN_ROOT:
        return "unknown", f"chains by verified signatures to {name(above[-1].subject)}, which is no anchor"
    if above:
        return "unknown", f"signed by {name(above[0].subject)}; above {name(above[-1].subject)} nothing is known"
    return "unknown", _OPEN[signer.state]


def name(attributes: Sequence[str]) -> str:
    """Give what people call a CA: last common name, else organisation, else all of its name."""
    for kind in ("CN=", "O="):
        found = [one[len(kind) :] for one in attributes if one.startswith(kind) and one[len(kind) :].strip()]
        if found:
            return found[-1]
    return ", ".join(attributes) or "a CA without a name"
