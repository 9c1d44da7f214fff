"""The folder of an embedded store: is it one, can it be one, and which process has it."""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

from analytics.store_errors import StoreError, StoreUrlError

STATUS = "status"
"""The engine locks this file and writes its process id into it."""
SERVED = "served.json"
"""Says where the process that has the store serves it (analytics/serving/place.py)."""
_OWN_NAMES = frozenset({"data", "metadata", "store", "tmp", "inbox", STATUS, SERVED, f".{SERVED}"})


def check_folder(folder: Path, name: str, *, read_only: bool, database: str) -> None:
    """Refuse what would put a store in the wrong place: a file, a folder of other things, none when only reading."""
    try:
        names = {entry.name for entry in os.scandir(folder)}
        if read_only and not (folder / "metadata" / f"{database}.sql").is_file():
            raise StoreUrlError(f"{name}: there is no certspan store in {folder}")
        if not read_only and names - _OWN_NAMES and "metadata" not in names:
            raise StoreUrlError(
                f"{name}: the folder {folder} holds other things; name one that is empty or not there yet"
            )
        if not read_only and not os.access(folder, os.W_OK | os.X_OK):
            raise StoreUrlError(f"{name}: no permission to write in {folder}")
    except FileNotFoundError as error:
        if read_only:
            raise StoreUrlError(f"{name}: there is no store in {folder}") from error
        _make(folder, name)
    except OSError as error:
        raise StoreUrlError(f"{name}: {folder}: {error.strerror}") from error


def _make(folder: Path, name: str) -> None:
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise StoreUrlError(f"{name}: cannot make the folder {folder}: {error.strerror}") from error


def check_free(folder: Path, name: str) -> None:
    """Raise StoreError that names the holder if another process has the store; the engine's own message names none."""
    try:
        with (folder / STATUS).open("rb") as file:
            text = file.read(200)
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        found = re.search(rb"PID: (\d+)", text)
        holder = int(found[1]) if found else 0
        if holder == os.getpid():
            return
        who = f"process {holder}{_command(holder)}" if holder else "another process"
        raise StoreError(f"{name} is in use by {who}: stop it, or wait until it has ended") from None
    except OSError:
        return  # nobody ever opened it, or the engine will say what is wrong


def _command(process: int) -> str:
    """Give ` (certspan audit)`, or nothing where that cannot be known."""
    try:
        parts = Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    words = [os.path.basename(part) for part in parts if part]  # noqa: PTH119
    words = words[words.index("certspan") :] if "certspan" in words else words[:1]
    return f" ({' '.join(words[:2])})" if words else ""
