"""The C library's heap, told to keep what it would need again at once.

Batches of rows come and go, a megabyte each. With several threads, giving their memory back to the system and taking it
again each time costs a tenth of all (every thread waits while pages are taken away).
"""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Numbers of mallopt(3), the GNU C library."""
_KEPT_BYTES = 16 << 20
_LARGE_BYTES = 4 << 20


def keep() -> None:
    """Keep some megabytes that are free and let only larger pieces go. Without mallopt in the C library: nothing."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
