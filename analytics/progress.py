"""Progress of long work: on standard error, on a terminal only, and gone in the end."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress as Bar
    from rich.progress import TaskID


class Progress(Protocol):
    """Something that shows how far the whole run is."""

    def update(self, octets: int, packets: int, sessions: int) -> None:
        """Take the numbers of the whole run so far; `octets` of the files as stored."""
        ...


@contextmanager
def progress(total_octets: int | None, *, wanted: bool = True) -> Iterator[Progress]:
    """Show bytes, rate, packets, handshakes, time left; `total_octets` None where it is not known (a pipe).

    Nothing is shown unless standard error is a terminal and it is `wanted`.
    """
    if not (wanted and sys.stderr.isatty()):
        yield _Silent()
        return
    from rich import progress as parts  # noqa: PLC0415  a tenth of a second
    from rich.console import Console  # noqa: PLC0415

    columns = (
        parts.BarColumn(bar_width=20),
        parts.DownloadColumn(),
        parts.TransferSpeedColumn(),
        parts.TextColumn("{task.fields[packets]:,} packets, {task.fields[sessions]:,} handshakes"),
        parts.TimeRemainingColumn(),
    )
    with parts.Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=5) as bar:
        yield _Shown(bar, bar.add_task("", total=total_octets, packets=0, sessions=0))


class _Silent:
    def update(self, octets: int, packets: int, sessions: int) -> None:
        pass


class _Shown:
    def __init__(self, bar: Bar, task: TaskID) -> None:
        self._bar = bar
        self._task = task

    def update(self, octets: int, packets: int, sessions: int) -> None:
        self._bar.update(self._task, completed=octets, packets=packets, sessions=sessions)
