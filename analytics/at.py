"""The clock a user asks for: `capture`, `now`, or a time as RFC 3339 writes it."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

EARLIEST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
LATEST = dt.datetime(2262, 1, 1, tzinfo=dt.UTC)
"""What the store's clocks can hold (64 bits of nanoseconds)."""
_TIME = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:[Tt ](?P<time>\d{2}:\d{2}:\d{2})(?:\.(?P<fraction>\d+))?(?P<zone>[Zz]|[+-]\d{2}:\d{2})?)?",
    re.ASCII,
)
_HINT = "write a time as 2026-12-01T00:00:00Z, or 'capture', or 'now'"


class AtError(ValueError):
    """A text that is no clock; the message says what is wrong and how to write it."""


def parse(text: str, clock: Callable[[], dt.datetime]) -> tuple[dt.datetime | None, str]:
    """Give the time, and how it was chosen; no time for `capture`, which only the run can tell. UTC, milliseconds.

    A date alone is its midnight, UTC.
    """
    if text == "capture":
        return None, "capture"
    if text == "now":
        return _whole_milliseconds(clock()), "now"
    try:
        return moment(text), "time"
    except AtError as error:
        raise AtError(f"--at {text}: {error}; {_HINT}") from error


def moment(text: str) -> dt.datetime:
    """Give the time that a text says, UTC, in milliseconds. AtError: it says none, or one no store can hold."""
    try:
        return _whole_milliseconds(_time(text))
    except (ValueError, OverflowError) as error:
        raise AtError(str(error)) from error


def _time(text: str) -> dt.datetime:
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError("this is no time")
    if found["time"] is None:
        at = dt.datetime.fromisoformat(found["date"] + "T00:00:00+00:00")
    elif found["zone"] is None:
        raise ValueError("the zone is missing (Z for UTC, or such as +01:00)")
    else:
        fraction = (found["fraction"] or "0")[:6]
        at = dt.datetime.fromisoformat(f"{found['date']}T{found['time']}.{fraction:0<6}{found['zone'].upper()}")
    at = at.astimezone(dt.UTC)
    if not EARLIEST <= at < LATEST:
        raise ValueError(f"only the years {EARLIEST.year} to {LATEST.year - 1} can be judged at")
    return at


def _whole_milliseconds(at: dt.datetime) -> dt.datetime:
    """Cut to what rules count in."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def clamp(at: dt.datetime) -> dt.datetime:
    """Bring the time of a packet, which may be nonsense, to what a store can hold."""
    return _whole_milliseconds(min(max(at, EARLIEST), LATEST - dt.timedelta(seconds=1)))
