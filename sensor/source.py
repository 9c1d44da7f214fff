"""What can be read: capture files named one by one, by folder or by pattern, and standard input.

Content decides what a file is, never its name. A file that was named is always tried; files that only lie in a folder
are taken when they start like a capture or like a compressed stream.
"""

from __future__ import annotations

import glob
import os
import stat
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sensor.inert import inert

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STDIN = "-"
_CAPTURE_MAGICS = (
    b"\xa1\xb2\xc3\xd4",  # pcap, big-endian, microseconds
    b"\xd4\xc3\xb2\xa1",  # pcap, little-endian
    b"\xa1\xb2\x3c\x4d",  # pcap with nanoseconds
    b"\x4d\x3c\xb2\xa1",
    b"\xa1\xb2\xcd\x34",  # pcap with longer packet headers (Kuznetzov)
    b"\x34\xcd\xb2\xa1",
    b"\x0a\x0d\x0d\x0a",  # pcapng section header block
)
_GZIP_MAGIC = b"\x1f\x8b"
_PACKED_MAGICS = (
    b"\x28\xb5\x2f\xfd",  # zstd
    b"\x04\x22\x4d\x18",  # lz4 frame
    b"\x02\x21\x4c\x18",  # lz4, legacy frame
)
_SKIPPABLE_FRAMES = range(0x184D2A50, 0x184D2A60)
"""zstd and lz4 streams may start with a skippable frame (RFC 8878 3.1.2)."""
_HEAD_BYTES = 4096
_MAGIC_BYTES = 4
_PATTERN_CHARACTERS = frozenset("*?[")


class SourceError(Exception):
    """Arguments that name nothing that can be read; the message has a line for each."""


@dataclass(frozen=True, slots=True)
class CaptureInput:
    """One capture to read."""

    path: str | None
    """None: standard input."""
    name: str
    """As people call it: the path as given or found, always encodable as UTF-8."""
    size: int | None
    """Bytes as stored; None where it has no meaning (a pipe)."""
    named: bool = True
    """The user named it (or a pattern that fits it); False: it was found in a folder."""


def expand(arguments: Iterable[str]) -> list[CaptureInput]:
    """Turn files, folders, patterns and `-` into captures, in the order given, each file once, folders sorted by name.

    SourceError lists every argument that does not exist, cannot be opened, or yields no capture.
    """
    captures: dict[str, CaptureInput] = {}
    troubles: list[str] = []
    for argument in arguments:
        try:
            for capture in _captures(argument):
                captures.setdefault(_identity(capture), capture)
        except SourceError as error:
            troubles.append(str(error))
    if troubles:
        raise SourceError("\n".join(troubles))
    return list(captures.values())


def is_plain(path: str) -> bool:
    """Whether the file starts like a capture that is not compressed; False if it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return file.read(_MAGIC_BYTES).startswith(_CAPTURE_MAGICS)
    except OSError:
        return False


def _identity(capture: CaptureInput) -> str:
    return STDIN if capture.path is None else os.path.realpath(capture.path)


def _captures(argument: str) -> Iterator[CaptureInput]:
    if argument == STDIN:
        yield CaptureInput(None, "standard input", None)
        return
    if Path(argument).exists() or not _PATTERN_CHARACTERS & set(argument):
        yield from _at(argument)
        return
    paths = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207  keeps the path as it was written
    if not paths:
        raise SourceError(f"{_line(argument)}: no file fits this pattern")
    for path in paths:
        yield from _at(path)


def _at(path: str) -> Iterator[CaptureInput]:
    try:
        if Path(path).is_dir():
            yield from _in_folder(path)
        else:
            yield _file(path)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise SourceError(f"{_line(path)}: {_reason(error)}") from error


def _file(path: str) -> CaptureInput:
    """Make sure that it can be opened. A pipe is only looked at: opening it would already take from it."""
    status = Path(path).stat()
    if stat.S_ISREG(status.st_mode):
        with Path(path).open("rb"):
            return CaptureInput(path, _shown(path), status.st_size)
    if not os.access(path, os.R_OK):
        raise PermissionError(13, os.strerror(13))
    return CaptureInput(path, _shown(path), None)


def _in_folder(folder: str) -> Iterator[CaptureInput]:
    found = False
    for parent, folders, files in os.walk(folder, onerror=_raise):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(parent, name)  # noqa: PTH118  keeps the path as it was written
            if looks_like_capture(path):
                found = True
                yield CaptureInput(path, _shown(path), Path(path).stat().st_size, named=False)
    if not found:
        raise SourceError(f"{_line(folder)}: no capture in this folder")


def _raise(error: OSError) -> None:
    raise error


def looks_like_capture(path: str) -> bool:
    """Judge by the first bytes, of a gzip stream by what it holds. A file that cannot be opened is an OSError."""
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            return False
    except FileNotFoundError:  # a link to nowhere, or a file that was removed just now
        return False
    with Path(path).open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(_GZIP_MAGIC):
        try:
            return _starts_like_capture(zlib.decompressobj(wbits=31).decompress(head, _MAGIC_BYTES))
        except zlib.error:
            return True  # let the core say what is wrong with it
    return _starts_like_capture(head) or head.startswith(_PACKED_MAGICS) or _is_skippable(head)


def _starts_like_capture(head: bytes) -> bool:
    return head.startswith(_CAPTURE_MAGICS)


def _is_skippable(head: bytes) -> bool:
    return len(head) >= _MAGIC_BYTES and int.from_bytes(head[:_MAGIC_BYTES], "little") in _SKIPPABLE_FRAMES


def _shown(path: str) -> str:
    r"""Give the path as text that any encoding carries: bytes that are no UTF-8 become `\udc80`."""
    return path.encode("utf-8", "backslashreplace").decode()


def _line(path: str) -> str:
    """Give the path for a message that has one line for each."""
    return inert(_shown(path))


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
