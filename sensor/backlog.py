"""What waits in a spool: sealed segments, how much they are, and which go when there is no room for more."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sensor.segment import MANIFEST, SpoolError, read_segment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sensor.segment import Segment

FAILED = "failed"
"""Where segments lie that cannot be loaded."""
ERROR = "error.txt"
STATE = "sensor.json"
_PRIVATE_MODE = 0o600


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sealed segment, looked at from outside."""

    folder: Path
    bytes: int
    sealed_ns: int
    """When, nanoseconds since 1970, by the file system."""

    @property
    def name(self) -> str:
        """Of the segment."""
        return self.folder.name


def waiting(spool: Path) -> list[Waiting]:
    """List what was sealed, the oldest first. SpoolError if the folder cannot be read."""
    found = []
    try:
        entries = list(os.scandir(spool))
    except OSError as error:
        raise SpoolError(f"spool {spool}: {error.strerror}") from error
    for entry in entries:
        if entry.name.startswith(".") or entry.name == FAILED or not entry.is_dir():
            continue
        if (looked := look(spool / entry.name)) is not None:
            found.append(looked)
    return sorted(found, key=lambda one: (one.sealed_ns, one.name))


def look(folder: Path) -> Waiting | None:
    """Look at a folder; None: it is no segment, or it went away meanwhile."""
    try:
        sealed = (folder / MANIFEST).stat().st_mtime_ns
        size = sum(entry.stat().st_size for entry in os.scandir(folder))
    except OSError:
        return None
    return Waiting(folder, size, sealed)


@dataclass(frozen=True, slots=True)
class Together:
    """Segments of one capture, or one of live traffic; or one that cannot be read."""

    places: list[Waiting]
    segments: list[Segment]
    trouble: str | None = None
    """Why it cannot be read; then there is no segment."""

    @property
    def is_whole(self) -> bool:
        """Whether all segments of its capture are here."""
        return bool(self.segments) and len(self.segments) == self.segments[0].parts


def readings(waiting: Iterable[Waiting]) -> Iterator[Together]:
    """Put together what belongs together, each as soon as it is whole; captures that are not come last."""
    incomplete: dict[str, Together] = {}
    for one in waiting:
        try:
            segment = read_segment(one.folder)
        except SpoolError as error:
            if one.folder.exists():
                yield Together([one], [], str(error))
            continue
        group = incomplete.setdefault(segment.reading, Together([], []))
        group.places.append(one)
        group.segments.append(segment)
        if group.is_whole:
            yield incomplete.pop(segment.reading)
    yield from incomplete.values()


def set_aside(spool: Path, folder: Path, reason: str) -> None:
    """Put a segment that cannot be loaded out of the way, with the reason. SpoolError if that fails too."""
    place = spool / FAILED
    try:
        place.mkdir(exist_ok=True)
        (folder / ERROR).write_text(reason + "\n", "utf-8")
        folder.rename(place / folder.name)
    except OSError as error:
        raise SpoolError(f"segment {folder}: cannot be set aside: {error.strerror}") from error


def remove(folder: Path) -> None:
    """Remove a segment: hidden first, so that a half removed one is never seen."""
    hidden = folder.with_name(f".removed-{folder.name}")
    try:
        folder.rename(hidden)
    except OSError:
        return
    shutil.rmtree(hidden, ignore_errors=True)


@contextmanager
def held(spool: Path, role: str) -> Iterator[None]:
    """Hold the spool as its one `sensor` or `collector`; SpoolError if another process does, or it cannot be made."""
    try:
        spool.mkdir(parents=True, exist_ok=True)
        handle = os.open(spool / f".{role}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE_MODE)
    except OSError as error:
        raise SpoolError(f"spool {spool}: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.truncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        yield
    except BlockingIOError:
        holder = os.pread(handle, 20, 0).decode("ascii", "replace")
        raise SpoolError(f"spool {spool}: process {holder or 'unknown'} is its {role} already") from None
    finally:
        os.close(handle)


def sweep(spool: Path) -> int:
    """Remove what a process that was killed left half written or half removed; how many."""
    left = [entry for entry in spool.iterdir() if entry.name.startswith((".writing-", ".removed-"))]
    for entry in left:
        shutil.rmtree(entry, ignore_errors=True)
    return len(left)


def write_state(spool: Path, state: dict[str, object]) -> None:
    """Replace the file in which a sensor says how it is; OSError."""
    new = spool / f".{STATE}"
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE_MODE), "w") as file:
        json.dump(state, file, indent=1)
    new.replace(spool / STATE)


def read_state(spool: Path) -> dict[str, object] | None:
    """Give what the sensor last said; None: nothing that can be read."""
    try:
        found = json.loads((spool / STATE).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
