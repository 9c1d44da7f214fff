"""A sealed segment of the spool: what its manifest tells, and whether its files are what the manifest says."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 2
"""Of the manifest; rises when a reader of this one could not use the segment."""
MANIFEST = "manifest.json"
CERTIFICATES = "certificates.arrow"
SESSIONS = "sessions.arrow"


class SpoolError(Exception):
    """A segment that cannot be written or read; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One sealed segment, as its manifest tells."""

    folder: Path
    sensor: str
    reading: str
    """Run and ordinal: the same for all segments of one capture."""
    part: int
    """From 1."""
    parts: int
    engine_version: str
    facts_version: int
    capture: str | None
    """Name of the capture; None: live traffic."""
    capture_sha256: str | None
    """Hexadecimal, of the uncompressed bytes, of joined captures over their sorted hashes; None: live traffic, or not
    asked for."""
    packets: int
    """Of the whole capture."""
    first_ns: int | None
    """Earliest packet of the whole capture, nanoseconds since 1970."""
    last_ns: int | None
    damage: tuple[str, ...]
    joined: tuple[str, ...]
    """Of joined captures: hash and name of each, as `sha256sum` prints them; else empty."""
    sessions: int
    """Of this segment."""
    certificates: int
    """Of this segment."""
    counters: dict[str, int]
    """Of live traffic: what the sensor counted since it began, when this segment was sealed; else empty."""
    files: dict[str, dict[str, Any]]
    """File name -> `bytes`, `sha256` (hexadecimal)."""

    @property
    def name(self) -> str:
        """Unique for ever."""
        return self.folder.name

    def file(self, name: str) -> Path | None:
        """Path of a table, None if it has no rows."""
        return self.folder / name if name in self.files else None

    def verify(self) -> None:
        """Compare sizes and hashes with the manifest; SpoolError says what differs."""
        for name, stated in self.files.items():
            try:
                with (self.folder / name).open("rb") as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise SpoolError(f"segment {self.folder}: {name}: {error.strerror}") from error
            if found != stated["sha256"]:
                raise SpoolError(f"segment {self.folder}: {name} is not what its manifest says (its SHA-256 differs)")


def read_segment(folder: Path) -> Segment:
    """Read a manifest; SpoolError if there is none that this version understands."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        if manifest["format"] != FORMAT:
            raise SpoolError(f"segment {folder}: made by another version (format {manifest['format']}, not {FORMAT})")
        if not set(manifest["files"]) <= {CERTIFICATES, SESSIONS}:
            raise SpoolError(f"segment {folder}: {MANIFEST} names files that belong to no segment")
        facts = {field.name: manifest[field.name] for field in fields(Segment) if field.name != "folder"}
        lists = {name: tuple(facts[name]) for name in ("damage", "joined")}
        return Segment(folder=folder, **facts | lists)
    except OSError as error:
        raise SpoolError(f"segment {folder}: {MANIFEST}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise SpoolError(f"segment {folder}: {MANIFEST} is damaged") from error
