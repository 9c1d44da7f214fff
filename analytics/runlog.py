"""What goes wrong in a run, as events: one line for people each, or one JSON object each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import structlog

from analytics.exits import complain

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, MutableMapping

    from analytics.report.model import Run


class RunLog:
    """The log of a run, on standard error."""

    def __init__(self, form: str, clock: Callable[[], dt.datetime]) -> None:
        """`form`: `text`, a line such as `certspan: <about>: <message>` an event; `json`, with all facts and a time."""

        def stamp(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
            event["time"] = clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
            return event

        steps: list[structlog.typing.Processor] = [_sentence]
        if form == "json":
            steps = [structlog.processors.add_log_level, stamp, structlog.processors.JSONRenderer(sort_keys=True)]
        self._log: Any = structlog.wrap_logger(_Lines(_echo if form == "json" else complain), processors=steps)

    def trouble(self, event: str, message: str, *, about: str | None = None, **facts: object) -> None:
        """Tell of something that makes the result less than whole."""
        self._log.error(event, message=message, **({"about": about} if about else {}), **facts)

    def tell(self, run: Run) -> None:
        """Tell what was wrong with the inputs, the rules, and which of our own limits were hit."""
        for capture in run.provenance.inputs:
            for damage in capture.damage:
                read = f"{capture.packets:,} packets were read" if capture.packets else "nothing could be read"
                self.trouble(
                    "capture damaged",
                    f"{damage.message}: {read}",
                    about=capture.name,
                    code=damage.code,
                    offset=damage.offset,
                    packets=capture.packets,
                )
        for error in run.rule_errors:
            self.trouble("rule broke", error.message, about=f"rule {error.rule}", rule=error.rule)
        for counter, count in run.coverage.limits_hit.items():
            self.trouble("limit hit", f"hit {count:,} times", about=f"limit {counter}", counter=counter, count=count)


def _sentence(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    """Write an event as people read it."""
    return f"{event['about']}: {event['message']}" if "about" in event else str(event["message"])


def _echo(line: str) -> None:
    click.echo(line, err=True)


class _Lines:
    """What structlog writes to: one line a call, whatever the level."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self.msg = self.error = write
