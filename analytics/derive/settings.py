"""What derived facts depend on beyond the captures: whom the user trusts, and which keys the user knows as bad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Folders or files of PEM, and lists."""

    corporate: tuple[Path, ...] = ()
    """The user's own roots."""
    vendors: tuple[Path, ...] = ()
    """Authorities of vendors that the user accepts."""
    system_roots: bool = False
    """The roots of this machine count as public ones."""
    blocklists: tuple[Path, ...] = ()
    """Lists of known keys."""
