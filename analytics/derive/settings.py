"""What a user configured that derived facts depend on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Files and folders that the user named; nothing in them changes while a run lasts."""

    corporate: tuple[Path, ...] = ()
    """PEM files, or folders of them: roots of the user's own."""
    vendors: tuple[Path, ...] = ()
    """PEM files, or folders of them: CAs of manufacturers that the user accepts."""
    system_roots: bool = False
    """The system's trusted roots count, too."""
    blocklists: tuple[Path, ...] = ()
    """Lists of keys whose private half is known: see `analytics.derive.blocklist`."""
