"""Facts that need the inventory or cost time: derived after loading, kept in the store, NULL until then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.derive import graph

if TYPE_CHECKING:
    from analytics.derive.settings import Settings
    from analytics.store import Store


def derive_all(store: Store, settings: Settings) -> None:
    """Derive what is new since the last time. StoreError: the store failed; AnchorError: a trust folder is no good."""
    graph.derive(store, settings)
