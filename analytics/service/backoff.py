"""How long to wait before what failed is tried again: longer and longer, and not as long as others who failed too."""

from __future__ import annotations

import random

LEAST_WAIT, MOST_WAIT = 1.0, 300.0
"""Seconds."""


class Backoff:
    """The waits of one who tries; each is half to all of a time that doubles from LEAST_WAIT to MOST_WAIT."""

    def __init__(self, chance: random.Random | None = None) -> None:
        """`chance`: where the waits are to be known beforehand."""
        self._chance = chance or random.Random()  # noqa: S311  jitter
        self._most = LEAST_WAIT

    def wait(self) -> float:
        """Give the seconds to wait after one more failure."""
        most, self._most = self._most, min(MOST_WAIT, self._most * 2)
        return most * self._chance.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Begin anew: it went well."""
        self._most = LEAST_WAIT
