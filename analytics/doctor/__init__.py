"""What a machine lacks to run a sensor or a collector; each check tells the exact command that mends it."""

from __future__ import annotations

from dataclasses import dataclass

OK, WARN, BAD = "ok", "warn", "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check came to."""

    state: str
    """`ok`, `warn` or `bad`."""
    about: str
    says: str
    mend: str | None = None
    """A command, or what to do; None: nothing."""
