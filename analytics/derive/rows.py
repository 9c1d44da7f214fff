"""Writes derived rows: one Arrow block, under a token that no other content has."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

from sensor._rust import encode_arrow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.store import Store


def write(store: Store, table: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows; `columns` are (name, kind) as `sensor._rust.encode_arrow` has them. StoreError: it failed.

    The token is new each time: what was written once may have been replaced, and be true again.
    """
    if not rows:
        return
    values = zip(*rows, strict=True)
    block = encode_arrow([(name, kind, list(column)) for (name, kind), column in zip(columns, values, strict=True)])
    store.insert_arrow(table, block, f"{table}:{hashlib.sha256(block).hexdigest()}:{os.urandom(8).hex()}")
