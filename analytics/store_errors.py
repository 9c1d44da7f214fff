"""What the engine says when it fails, as one sentence for people."""

from __future__ import annotations

import errno
import re

_MAX_TEXT = 600
_LEAD = re.compile(r"^.*?(?:Code: \d+\. DB::(?:Exception|NetException|ErrnoException): )+", re.DOTALL)
_TAIL = re.compile(r"(?:\s*\((?:version [^)]*|[A-Z][A-Z0-9_]+)\)\.?)+$")
_FULL = re.compile(r"no space left|not enough space|disk quota|errno: (?:28|122)\b", re.IGNORECASE)
_NOT_ENOUGH_SPACE = 243
_OF_THE_ENGINE = frozenset({33, 49, 74, 75, 76, 88, 159, 173, 228, 241, _NOT_ENOUGH_SPACE})
"""Codes that are never the fault of what a user wrote: files, memory, time, and LOGICAL_ERROR."""


class StoreError(Exception):
    """The store failed, or is not what was expected; the message says what and where."""


class StoreUrlError(StoreError):
    """The URL cannot be understood, or names no place where a store is or can be."""


class QueryError(StoreError):
    """What a user wrote is wrong, or does more than read."""


def explain(error: Exception, store: str, *, of_user: bool = False) -> StoreError:
    """Make the sentence: which store, what happened, and what to do where that is known."""
    text = str(error)
    code = getattr(error, "code", None)
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    if full or code == _NOT_ENOUGH_SPACE or _FULL.search(text):
        return StoreError(f"{store}: no space left on its disk: make room, or choose another place")
    said = " ".join(_TAIL.sub("", _LEAD.sub("", text)).split()) or type(error).__name__
    if len(said) > _MAX_TEXT:
        said = said[:_MAX_TEXT] + " ..."
    if of_user and isinstance(code, int) and code not in _OF_THE_ENGINE:
        return QueryError(said)
    if isinstance(error, OSError) and error.strerror:
        said = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return StoreError(f"{store}: {said}")
