"""Output files: checked before the work, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MARK = ".certspan-"
"""Start of a temporary file's name."""


class UnusablePathError(Exception):
    """A path that cannot be written; the text says which, and why."""


def check(path: str) -> None:
    """Raise UnusablePathError unless `path` can be written now. Leaves nothing behind."""
    try:
        target = Path(path)
        if target.is_dir():
            raise UnusablePathError(f"{path}: is a folder; give the name of a file in it")
        if not _is_special(target):
            handle, name = tempfile.mkstemp(prefix=_MARK, dir=target.resolve().parent)
            os.close(handle)
            Path(name).unlink()
        elif not os.access(target, os.W_OK):
            raise UnusablePathError(f"{path}: cannot be written: permission denied")
    except FileNotFoundError as error:
        raise UnusablePathError(f"{path}: there is no folder {Path(path).parent}: make it first") from error
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnusablePathError(f"{path}: cannot be written: {reason.lower()}") from error


def write(path: str, pieces: Iterable[str]) -> None:
    """Write UTF-8 text, as `write_bytes` does."""
    write_bytes(path, (piece.encode() for piece in pieces))


def write_bytes(path: str, pieces: Iterable[bytes]) -> None:
    """Write to a temporary file beside `path`, sync it and rename it over `path`.

    What is no ordinary file (a pipe, a device) is written straight to. Raises OSError; the old file then stands.
    """
    if _is_special(Path(path)):
        with Path(path).open("wb") as stream:
            stream.writelines(pieces)
        return
    target = Path(path).resolve()  # a link stays a link; the file behind it is replaced
    handle, name = tempfile.mkstemp(prefix=_MARK, dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.writelines(pieces)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(_mode(target))
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


def _is_special(target: Path) -> bool:
    """Tell whether it exists and is neither file nor folder: renaming over it would replace a device by a file."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _mode(target: Path) -> int:
    """Permissions of the file that is replaced, else what the user's umask leaves of a new file's."""
    with contextlib.suppress(FileNotFoundError):
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    """Make the rename last; some file systems cannot sync folders, and the file itself is safe already."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
