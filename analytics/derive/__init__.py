"""Facts that need the whole inventory, or time: derived from what is loaded, before rules judge (docs/DESIGN.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.derive import graph, keys, structures

if TYPE_CHECKING:
    from analytics.derive.settings import Settings
    from analytics.store import Store


def derive_all(store: Store, settings: Settings) -> None:
    """Derive what is not there yet, or rests on other versions or settings.

    StoreError: the store failed; AnchorError: a trust folder is no good.
    """
    graph.derive(store, settings)
    keys.derive(store, settings)
    structures.derive(store)
