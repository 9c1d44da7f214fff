"""Writes the structure fingerprint of each certificate: text and hash, once; NULL where there is nothing to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analytics.derive.rows import write
from analytics.derive.structure import fingerprint, structure

if TYPE_CHECKING:
    from analytics.store import Store

VERSION: Final = 1
"""Rises when a text is written differently that docs/csf1.md does not define: damaged certificates."""
BATCH: Final = 2_000
"""Certificates worked on at a time."""
_NEW: Final = """
SELECT sha256, der FROM certificate_der FINAL
WHERE sha256 NOT IN (SELECT sha256 FROM structures WHERE structure_version = {version:Int64})
ORDER BY sha256 LIMIT {batch:UInt32}
"""
_COLUMNS: Final = (
    ("sha256", "fixed_32"),
    ("structure_version", "int64"),
    ("csf1", "string"),
    ("text", "string"),
)


def derive(store: Store) -> None:
    """Write the structure of every certificate that has none of this version. StoreError: the store failed."""
    while new := store.query(_NEW, {"version": VERSION, "batch": BATCH}, binary=True):
        texts = [(sha256, structure(der)) for sha256, der in new]
        rows = [(sha256, VERSION, None if text is None else fingerprint(text), text) for sha256, text in texts]
        write(store, "structures", _COLUMNS, rows)
