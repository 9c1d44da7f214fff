"""What the user supplies for derived facts: whom to trust, and which keys are known to be bad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Folders or files each; everything is optional."""

    corporate: tuple[Path, ...] = ()
    """PEM or DER certificates of the user's own CAs."""
    vendors: tuple[Path, ...] = ()
    """The same, of vendors whose CAs the user accepts."""
    system_roots: bool = False
    """The roots of this machine count as public, beside Mozilla's."""
    blocklists: tuple[Path, ...] = ()
    """Lists of known bad keys."""
