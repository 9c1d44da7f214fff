"""What the engine says when it fails, as one sentence for people."""

from __future__ import annotations

import errno
import re

_MAX_TEXT = 600
_LEAD = re.compile(r"^.*?(?:Code: \d+\. DB::(?:Exception|NetException|ErrnoException): )+", re.DOTALL)
_TAIL = re.compile(r"(?:\s*\((?:version [^)]*|[A-Z][A-Z0-9_]+)\)\.?)+$")
_FULL = re.compile(r"no space left|not enough space|disk quota|errno: (?:28|122)\b", re.IGNORECASE)
_NOT_ENOUGH_SPACE = 243
_OF_THE_DATA = frozenset({6, 27, 33, 53, 70, 117, 128, 131, 349, 636})
"""Codes that say that inserted data cannot be read, or does not fit."""
_OF_THE_SERVER = {
    81: "has no such database",
    164: "refuses to change anything: its user may only read",
    201: "refuses for now: the quota of its user is used up",
    202: "refuses for now: it has too much to do",
    242: "refuses to change anything: its tables are read-only for now",
    252: "refuses for now: too many parts wait to be merged",
    497: "refuses: its user lacks a right",
    516: "refuses the user, password or token",
}
"""What a server says by these codes; `_WITH_DETAIL` add its own words."""
_WITH_DETAIL = frozenset({164, 201, 497})
_STATUS = re.compile(r"HTTP status (\d{3})")
_CONNECTION = (
    ("NameResolutionError", "its name is not known"),
    ("CERTIFICATE_VERIFY_FAILED", "its certificate is not trusted; ?ca=FILE names the authority"),
    ("WRONG_VERSION_NUMBER", "it does not speak TLS on this port"),
    ("SSL", "TLS failed"),
    ("ConnectTimeout", "no answer"),
    ("Connection refused", "connection refused"),
    ("ReadTimeout", "no answer in time"),
    ("timed out", "no answer in time"),
    ("No route to host", "no route to it"),
    ("Network is unreachable", "the network is down"),
    ("RemoteDisconnected", "the connection was cut"),
    ("IncompleteRead", "the connection was cut"),
    ("Connection reset", "the connection was cut"),
    ("Broken pipe", "the connection was cut"),
    ("Connection aborted", "the connection was cut"),
)
"""What the transport's own words mean, the first that fits."""
_OF_THE_ENGINE = frozenset({33, 49, 74, 75, 76, 88, 159, 173, 201, 202, 228, 241, 516, _NOT_ENOUGH_SPACE})
"""Codes that are never the fault of what a user wrote: files, memory, time, and LOGICAL_ERROR."""


class StoreError(Exception):
    """The store failed, or is not what was expected; the message says what and where."""


class StoreUrlError(StoreError):
    """The URL cannot be understood, or names no place where a store is or can be."""


class DataError(StoreError):
    """What was to be stored is not what the store takes: trying again does not help."""


class QueryError(StoreError):
    """What a user wrote is wrong, or does more than read."""


def explain(error: Exception, store: str, *, of_user: bool = False) -> StoreError:
    """Make the sentence: which store, what happened, and what to do where that is known."""
    text = str(error)
    code = getattr(error, "code", None)
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    if full or code == _NOT_ENOUGH_SPACE or _FULL.search(text):
        return StoreError(f"{store}: no space left on its disk: make room, or choose another place")
    is_of_user = of_user and isinstance(code, int) and code not in _OF_THE_ENGINE
    if not is_of_user and (of_server := _of_server(error, text, code)):
        return StoreError(f"{store} {of_server}")
    said = " ".join(_TAIL.sub("", _LEAD.sub("", text)).split()) or type(error).__name__
    if len(said) > _MAX_TEXT:
        said = said[:_MAX_TEXT] + " ..."
    if is_of_user:
        return QueryError(said)
    if code in _OF_THE_DATA:
        return DataError(f"{store}: {said}")
    if isinstance(error, OSError) and error.strerror:
        said = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return StoreError(f"{store}: {said}")


def _of_server(error: Exception, text: str, code: int | None) -> str | None:
    """Tell what a server or the way to it did; None: the engine itself said something."""
    if code in _OF_THE_SERVER:
        detail = " ".join(_TAIL.sub("", _LEAD.sub("", text)).split())[:200]
        return _OF_THE_SERVER[code] + (f" ({detail})" if code in _WITH_DETAIL and detail else "")
    if code:
        return None
    if status := _STATUS.search(text):
        return f"cannot be used: something on the way to it, or itself, answers with the HTTP status {status[1]}"
    chain: BaseException = error
    words = text
    while (cause := chain.__cause__ or chain.__context__) is not None:
        chain = cause
        words += f" {type(cause).__name__} {cause}"
    if not isinstance(error, OSError) and any(word in words for word in ("urllib3", "HTTP", "Connection")):
        return "cannot be reached: " + next((said for word, said in _CONNECTION if word in words), text[:200])
    return None
