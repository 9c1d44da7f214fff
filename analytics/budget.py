"""How a budget of memory is divided between the core, which reads packets, and the embedded store beside it."""

from __future__ import annotations

LEAST = 384 << 20
"""Bytes. Below it the embedded engine cannot be held to a budget, whatever its settings (bench/README.md)."""
_BLOCK_SHARE = 64
"""The store keeps several blocks of what it is given, and as many of what it writes, at a time."""
_ROW_BYTES = 1024


def of_core(budget: int) -> int:
    """Give the core's part, in bytes."""
    return budget // 4


def of_store(budget: int) -> dict[str, int]:
    """Give the store's part as its settings: one thread, small blocks, the disk where a query needs more.

    A query that would still need more than half of the budget fails.
    """
    block = budget // _BLOCK_SHARE
    spill = budget // 8
    return {
        "max_threads": 1,
        "max_insert_threads": 1,
        "max_insert_block_size": block // _ROW_BYTES,
        "min_insert_block_size_rows": block // _ROW_BYTES,
        "min_insert_block_size_bytes": block,
        "max_bytes_before_external_group_by": spill,
        "max_bytes_before_external_sort": spill,
        "max_bytes_before_external_join": spill,
        "max_memory_usage": budget // 2,
    }
