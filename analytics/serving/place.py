"""How another process finds the server of an embedded store: a file in its folder that only its owner can read."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from analytics.embedded import SERVED, STATUS
from analytics.server_url import DATABASE, Server
from analytics.serving.server import USER, StoreServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PRIVATE_MODE = 0o600


@contextmanager
def served(folder: Path, port: int = 0) -> Iterator[StoreServer]:
    """Serve a store that this process holds, on loopback; `port` 0: any that is free. OSError."""
    server = StoreServer(folder, port=port)
    file = folder / SERVED
    try:
        new = folder / f".{SERVED}"
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE_MODE), "w") as out:
            json.dump({"port": server.port, "key": server.key, "process": os.getpid()}, out)
        new.replace(file)
        yield server
    finally:
        file.unlink(missing_ok=True)
        server.close()


def find(folder: Path) -> Server | None:
    """Find the server of the store in this folder; None: nobody serves it, or we may not know of it."""
    if not _is_held(folder):
        return None  # what the file says is of a process that is gone
    try:
        told = json.loads((folder / SERVED).read_text("utf-8"))
        if told["process"] == os.getpid():
            return None
        return Server("127.0.0.1", int(told["port"]), False, USER, DATABASE, password=str(told["key"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_held(folder: Path) -> bool:
    """Tell whether a process has the store."""
    try:
        with (folder / STATUS).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
