"""Run a program and measure it: CPU, wall-clock, exit status, anonymous memory of it and its children."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_ANONYMOUS = re.compile(rb"^RssAnon:\s+(\d+) kB", re.MULTILINE)
_PERIOD_S = 0.005


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run took."""

    cpu_s: float
    """User and system, of the process and of the children it waited for."""
    wall_s: float
    anonymous_bytes: int
    """Highest sum of RssAnon seen; 0 if it was not sampled."""


class Failed(Exception):  # noqa: N818  what happened to a run, not a fault of this program
    """A program ended with an error."""


def run(
    command: Sequence[str],
    *,
    cores: Sequence[int],
    memory: bool = False,
    folder: Path | None = None,
    output: Path | None = None,
) -> Usage:
    """Run a command on these cores, in `folder`; its standard output goes to `output` or nowhere.

    Raises Failed if it does not end with 0.
    """
    pinned = ["taskset", "-c", ",".join(map(str, cores)), *command]
    with tempfile.TemporaryFile() as errors, (output or Path(os.devnull)).open("wb") as out:
        begin = time.perf_counter()
        process = subprocess.Popen(pinned, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, cwd=folder)
        sampler = Sampler(process.pid) if memory else None
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        told = errors.read().decode(errors="replace").strip().splitlines()
    if process.returncode:
        raise Failed(f"{command[0]} ended with {process.returncode}: {told[-1] if told else 'it said nothing'}")
    return Usage(usage.ru_utime + usage.ru_stime, wall, sampler.peak() if sampler else 0)


class Sampler:
    """Watches the anonymous memory of a process and of all below it, until it is gone."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def peak(self) -> int:
        """Give the highest sum of bytes seen; the process has ended."""
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while (now := sum(anonymous(pid) for pid in family(self._pid))) or Path(f"/proc/{self._pid}").exists():
            self._peak = max(self._peak, now)
            time.sleep(_PERIOD_S)


def anonymous(pid: int) -> int:
    """Give the bytes of anonymous memory of a process; 0 if it is gone."""
    try:
        found = _ANONYMOUS.search(Path(f"/proc/{pid}/status").read_bytes())
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def family(pid: int) -> list[int]:
    """Give a process and all below it."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += map(int, children.read_text().split())
            except OSError:
                continue
    return found
