"""`certspan up`: sensor and collector of one machine, each a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analytics.exits import Exit, Failure
from analytics.service.config import log_option
from analytics.service.signals import NAP_SECONDS

if TYPE_CHECKING:
    from analytics.service.log import ServiceLog
    from sensor.watch import Requests

_LEAST_WAIT, _MOST_WAIT = 1.0, 60.0
"""Seconds before one that ended by itself is begun again."""
_STEADY_SECONDS = 60.0
"""Whoever worked so long begins again at once, should it end."""
_PATIENCE = 60.0
"""Seconds that a process has to end when it is asked to."""


@click.command(
    epilog="""\b
Examples:
  sudo certspan up --interface eth1 --spool /var/spool/certspan --store chdb:///var/lib/certspan
  certspan up --config /etc/certspan.toml          with the tables [sensor] and [collector]

\b
Signals reach both; SIGTERM and Ctrl-C end the sensor first, then the collector. One that ends by itself
is begun again. Exit status: 0 ended as asked; 2 one of them could not begin: usage; 4 spool or store.
"""
)
@click.option("-i", "--interface", "interfaces", multiple=True, metavar="IF", help="What the sensor watches.")
@click.option("--spool", type=click.Path(path_type=Path), metavar="DIR", help="The folder between the two.")
@click.option("--store", "url", metavar="URL", help="Where the collector puts what it finds.")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="CERTSPAN_CONFIG",
    show_envvar=True,
    help="TOML file with the options of both, tables [sensor] and [collector].",
)
@log_option
def command(
    interfaces: tuple[str, ...], spool: Path | None, url: str | None, config: Path | None, log_form: str
) -> None:
    """Run sensor and collector on this machine until they are asked to end."""
    from analytics.cli import clock  # noqa: PLC0415  `--help` need not wait
    from analytics.service.log import ServiceLog  # noqa: PLC0415
    from analytics.service.signals import heard  # noqa: PLC0415
    from sensor.watch import Requests  # noqa: PLC0415

    shared = [
        *(["--config", str(config)] if config else []),
        *(["--spool", str(spool)] if spool else []),
        "--log",
        log_form,
    ]
    watched = [word for name in interfaces for word in ("--interface", name)]
    sensor = _Child("sensor", [*shared, *watched])
    collector = _Child("collector", [*shared, *(["--store", url] if url else [])])
    log = ServiceLog(log_form, clock=clock, monotonic=time.monotonic)
    requests = Requests()
    with heard(requests):
        try:
            ended = _watch_over((sensor, collector), requests, log)
        finally:
            for child in (sensor, collector):
                child.end()
    if ended is not None:
        raise Failure(f"certspan {ended.name} could not begin (exit status {ended.status})", Exit(ended.status or 4))


@dataclass(slots=True)
class _Child:
    """One of the two."""

    name: str
    words: list[str]
    process: subprocess.Popen[bytes] | None = None
    status: int | None = None
    began: float = 0.0
    wait: float = _LEAST_WAIT
    again_at: float = 0.0

    def begin(self) -> None:
        program = [sys.executable, "-c", "from analytics.cli import main; main(prog_name='certspan')"]
        self.process = subprocess.Popen([*program, self.name, *self.words], start_new_session=True)  # noqa: S603
        self.began = time.monotonic()

    def end(self) -> None:
        """Ask it to end, and wait; kill it if it does not."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _watch_over(children: tuple[_Child, ...], requests: Requests, log: ServiceLog) -> _Child | None:
    """Keep them working until the end is asked for; or give the one that cannot work as it is told to."""
    for child in children:
        child.begin()
    while not requests.stop:
        if requests.reload:
            requests.reload = False
            for child in children:
                if child.process is not None and child.process.poll() is None:
                    child.process.send_signal(signal.SIGHUP)
        for child in children:
            if (unfit := _look_after(child, log)) is not None:
                return unfit
        time.sleep(NAP_SECONDS)
    return None


def _look_after(child: _Child, log: ServiceLog) -> _Child | None:
    now = time.monotonic()
    if child.process is None:
        if now >= child.again_at:
            child.begin()
        return None
    child.status = child.process.poll()
    if child.status is None:
        return None
    if child.status == Exit.USAGE:
        return child
    child.wait = _LEAST_WAIT if now - child.began > _STEADY_SECONDS else min(_MOST_WAIT, child.wait * 2)
    child.again_at = now + child.wait
    child.process = None
    log("error", "ended by itself", process=child.name, status=child.status, again_in=f"{child.wait:.0f}s")
    return None
