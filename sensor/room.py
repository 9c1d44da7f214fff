"""How much may wait in a spool: what goes, and is counted, when there is no room for more."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sensor import backlog
from sensor.segment import MANIFEST, SpoolError

if TYPE_CHECKING:
    from pathlib import Path

OLDEST = "oldest"
NEWEST = "newest"
KEEP_FREE_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Room:
    """The limits of a spool."""

    max_bytes: int | None = None
    """Of what is sealed."""
    max_seconds: float | None = None
    """How long a segment may wait, by the file system's clock."""
    keep_free: int = KEEP_FREE_BYTES
    """Bytes that are left to others on the disk."""
    goes: str = OLDEST
    """`oldest` or `newest`: what goes when it is full."""


@dataclass(slots=True)
class Dropped:
    """What went."""

    segments: int = 0
    sessions: int = 0


def make_room(spool: Path, room: Room, now_ns: int) -> tuple[Dropped, bool]:
    """Drop what is too old, and the oldest if there is too much; whether a new segment has room.

    With `newest`, what waits stays, and the answer is False as long as it is too much.
    """
    dropped = Dropped()
    waiting = backlog.waiting(spool)
    if room.max_seconds is not None:
        horizon = now_ns - int(room.max_seconds * 1e9)
        while waiting and waiting[0].sealed_ns < horizon:
            _drop(waiting.pop(0), dropped)
    held = sum(one.bytes for one in waiting)
    while _is_over(spool, room, held):
        if room.goes == NEWEST or not waiting:
            return dropped, False
        held -= waiting[0].bytes
        _drop(waiting.pop(0), dropped)
    return dropped, True


def _is_over(spool: Path, room: Room, held: int) -> bool:
    if room.max_bytes is not None and held >= room.max_bytes:
        return True
    try:
        return shutil.disk_usage(spool).free < room.keep_free
    except OSError as error:
        raise SpoolError(f"spool {spool}: {error.strerror}") from error


def _drop(one: backlog.Waiting, dropped: Dropped) -> None:
    try:
        sessions = int(json.loads((one.folder / MANIFEST).read_bytes())["sessions"])
    except (OSError, ValueError, KeyError, TypeError):
        sessions = 0  # the collector took it meanwhile, or nobody could have read it
    backlog.remove(one.folder)
    dropped.segments += 1
    dropped.sessions += sessions
