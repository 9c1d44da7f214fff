"""`certspan doctor`: what this machine lacks, and the command that mends it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analytics.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics.doctor import Finding

_WORDS = {"ok": "OK", "warn": "WARN", "bad": "LACKS"}


@click.command(
    epilog="""\b
Examples:
  certspan doctor                                          may this machine watch at all?
  certspan doctor --interface eth1 --seconds 30            does the mirror show both directions?
  certspan doctor -i eth1 --spool /var/spool/certspan --store chdb:///var/lib/certspan

\b
Exit status: 0 nothing is lacking; 1 something is.
"""
)
@click.option("-i", "--interface", "interfaces", multiple=True, metavar="IF", help="An interface to look at.")
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 3600),
    default=5.0,
    show_default=True,
    help="How long each interface is watched.",
)
@click.option("--spool", type=click.Path(path_type=Path), metavar="DIR", help="The folder for segments.")
@click.option("--store", "url", metavar="URL", help="The store.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(interfaces: tuple[str, ...], seconds: float, spool: Path | None, url: str | None, *, as_json: bool) -> None:
    """Look for what a sensor or a collector would lack here. Nothing is changed, and nothing is sent."""
    found = list(_checked(interfaces, seconds, spool, url))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=1))
    else:
        for one in found:
            click.echo(f"{_WORDS[one.state]:<9} {one.about}: {one.says}")
            if one.mend is not None:
                click.echo(f"          {one.mend}")
    sys.exit(Exit.DAMAGED if any(one.state == "bad" for one in found) else Exit.DONE)


def _checked(interfaces: tuple[str, ...], seconds: float, spool: Path | None, url: str | None) -> Iterator[Finding]:
    from analytics.cli import clock_ns  # noqa: PLC0415
    from analytics.doctor import BAD, capture, places  # noqa: PLC0415

    capture.take_right()
    may = capture.right()
    yield may
    for name in interfaces:
        looked = list(capture.interface(name))
        yield from looked
        if may.state != BAD and not any(one.state == BAD for one in looked):
            yield from capture.traffic(name, seconds)
    if spool is not None:
        yield from places.spool(spool, clock_ns())
    if url is not None:
        yield places.store(url)
