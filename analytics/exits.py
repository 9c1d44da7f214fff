"""How a command ends: exit statuses, and the one way to say what went wrong."""

from __future__ import annotations

import enum
import sys
from typing import IO, Any

import click

from analytics.store_errors import QueryError, StoreError, StoreUrlError
from sensor.inert import inert


class Exit(enum.IntEnum):
    """Exit statuses. If several apply: SINK, then FINDINGS, then USAGE, then DAMAGED."""

    DONE = 0
    DAMAGED = 1
    """An input was damaged, or no readable capture; all that could be read is reported."""
    USAGE = 2
    """Usage, configuration, or a path that cannot be opened."""
    FINDINGS = 3
    """Findings at or above `--fail-on`."""
    SINK = 4
    """Store or output failed."""


class Failure(click.ClickException):
    """Ends the command: `certspan: <message>` on standard error, a line each, and an exit status."""

    def __init__(self, message: str, status: Exit) -> None:
        super().__init__(message)
        self.exit_code = int(status)  # type: ignore[misc]  # click asks the instance

    def show(self, file: IO[Any] | None = None) -> None:
        """Print what went wrong."""
        del file
        complain(self.message)


def store_failure(error: StoreError) -> Failure:
    """Give the end of a command whose store failed, or was named or asked wrongly."""
    return Failure(str(error), Exit.USAGE if isinstance(error, QueryError | StoreUrlError) else Exit.SINK)


def complain(message: str) -> None:
    """Print `certspan: <line>` on standard error for each line, with nothing in it that moves a terminal."""
    for line in message.splitlines() or [""]:
        print(f"certspan: {inert(line)}", file=sys.stderr)  # noqa: T201
