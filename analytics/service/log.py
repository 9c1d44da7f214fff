"""The log of a service: an event a line, on standard error; what repeats is counted, not repeated."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, TextIO

import structlog

from sensor.inert import inert

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, MutableMapping

MOST_ALIKE = 5
"""Lines of one event and level that may be written in a window."""
WINDOW_SECONDS = 60.0
TEXT = "text"
JSON = "json"


class ServiceLog:
    """Say what happened: `log("warning", "interface", name="eth1", state="down")`."""

    def __init__(
        self,
        form: str,
        *,
        clock: Callable[[], dt.datetime],
        monotonic: Callable[[], float],
        to: TextIO | None = None,
    ) -> None:
        """`form`: `text` or `json`; `to`: standard error if None."""
        self._monotonic = monotonic
        self._window = monotonic()
        self._written: Counter[tuple[str, str]] = Counter()

        def stamp(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
            event["time"] = clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
            return event

        steps: list[structlog.typing.Processor] = [structlog.processors.add_log_level, stamp]
        steps.append(structlog.processors.JSONRenderer() if form == JSON else _as_line)
        self._log: Any = structlog.wrap_logger(structlog.WriteLogger(to or sys.stderr), processors=steps)

    def __call__(self, level: str, event: str, **facts: object) -> None:
        """Write a line, unless there were enough like it."""
        now = self._monotonic()
        if now - self._window >= WINDOW_SECONDS:
            self._close_window()
            self._window = now
        self._written[level, event] += 1
        if self._written[level, event] <= MOST_ALIKE:
            getattr(self._log, level)(event, **facts)

    def _close_window(self) -> None:
        """Say what was left out."""
        for (level, event), count in self._written.items():
            if count > MOST_ALIKE:
                getattr(self._log, level)(event, left_out=count - MOST_ALIKE)
        self._written.clear()


def _as_line(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    time, level, name = event.pop("time"), event.pop("level"), event.pop("event")
    message = event.pop("message", None)
    facts = " ".join(f"{key}={_shown(value)}" for key, value in event.items())
    words = [time, level, f"{name}: {message}" if message else name, facts]
    return " ".join(inert(word) for word in words if word)


def _shown(value: object) -> str:
    text = str(value)
    return f'"{text}"' if not text or " " in text else text
