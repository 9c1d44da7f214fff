"""Whether there is room for segments, they go on, and the store can be used."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from analytics.doctor import BAD, OK, WARN, Finding
from analytics.store_errors import StoreError
from sensor import backlog
from sensor.room import KEEP_FREE_BYTES
from sensor.segment import SpoolError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OLD_SECONDS = 300.0
"""A segment that waits longer than this waits for nobody."""


def spool(place: Path, now_ns: int) -> Iterator[Finding]:
    """Check that a sensor can write there and a collector takes from there."""
    about = str(place)
    if not place.is_dir():
        yield Finding(BAD, about, "there is no such folder", f"sudo install -d -m 0750 {place}")
        return
    if not os.access(place, os.W_OK | os.X_OK):
        yield Finding(BAD, about, "no permission to write there", f"sudo chown {os.getuid()} {place}")
        return
    free = shutil.disk_usage(place).free
    if free < KEEP_FREE_BYTES:
        yield Finding(
            BAD, about, f"{free / 1e6:,.0f} MB are free: segments will be dropped", "make room, or move the spool"
        )
    else:
        yield Finding(OK, about, f"can be written; {free / 1e9:,.1f} GB are free")
    try:
        waiting = backlog.waiting(place)
    except SpoolError as error:
        yield Finding(BAD, about, str(error), None)
        return
    age = (now_ns - waiting[0].sealed_ns) / 1e9 if waiting else 0.0
    if age > _OLD_SECONDS:
        words = f"{len(waiting):,} segments wait, the oldest for {age / 60:,.0f} minutes: no collector takes them"
        yield Finding(WARN, about, words, "certspan collector --spool " + about + " --store URL")
    aside = place / backlog.FAILED
    if aside.is_dir() and any(aside.iterdir()):
        yield Finding(WARN, about, "segments were set aside", f"certspan spool status {place}")


def store(url: str) -> Finding:
    """Check that the store can be opened, and is one of ours."""
    from analytics.store import open_store  # noqa: PLC0415  the engine takes a second

    try:
        with open_store(url, read_only=True) as opened:
            ((latest,),) = opened.query("SELECT max(version) FROM schema_migrations FINAL")
    except StoreError as error:
        return Finding(BAD, "store", str(error), None)
    return Finding(OK, "store", f"{url} answers (migration {latest})")
