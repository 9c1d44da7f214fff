"""`certspan spool`: what waits in a spool, whether it is whole, and what was set aside."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analytics.exits import Exit, Failure, complain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sensor.backlog import Waiting

_FRESH_SECONDS = 30.0
"""A sensor that has said nothing for longer does not work, or cannot write."""
_spool = click.argument("spool", type=click.Path(exists=True, file_okay=False, path_type=Path))


@click.group()
def command() -> None:
    """Look into a spool folder, the queue between sensor and collector."""


@command.command()
@_spool
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def status(spool: Path, *, as_json: bool) -> None:
    """Say what waits, what was set aside, and how the sensor is. Exit status 1: something is not as it should be."""
    from analytics.cli import clock_ns  # noqa: PLC0415
    from sensor import backlog  # noqa: PLC0415
    from sensor.segment import SpoolError  # noqa: PLC0415

    try:
        waiting = backlog.waiting(spool)
        failed = list(_failed(spool))
    except SpoolError as error:
        raise Failure(str(error), Exit.USAGE) from error
    now = clock_ns()
    found = {
        "spool": str(spool),
        "segments": len(waiting),
        "bytes": sum(one.bytes for one in waiting),
        "oldest_seconds": round(max(0, now - waiting[0].sealed_ns) / 1e9, 1) if waiting else None,
        "set_aside": failed,
        "sensor": _sensor(backlog.read_state(spool), now),
    }
    click.echo(json.dumps(found, indent=1) if as_json else "\n".join(_lines(found)))
    sensor = found["sensor"]
    sys.exit(Exit.DAMAGED if failed or (isinstance(sensor, dict) and not sensor["fresh"]) else Exit.DONE)


@command.command()
@_spool
def verify(spool: Path) -> None:
    """Compare every segment, those set aside too, with its manifest. Exit status 1: one is damaged."""
    from sensor.segment import SpoolError, read_segment  # noqa: PLC0415

    damaged = 0
    segments = _all(spool)
    for one in segments:
        try:
            read_segment(one.folder).verify()
        except SpoolError as error:
            if one.folder.exists():  # else the collector took it meanwhile
                damaged += 1
                complain(str(error))
    click.echo(f"{len(segments)} segments, {damaged} damaged")
    sys.exit(Exit.DAMAGED if damaged else Exit.DONE)


@command.command()
@_spool
@click.argument("names", nargs=-1, metavar="[SEGMENT...]")
def replay(spool: Path, names: tuple[str, ...]) -> None:
    """Put what was set aside back into the queue: all of it, or the segments named."""
    from sensor import backlog  # noqa: PLC0415

    there = {entry["segment"] for entry in _failed(spool)}
    if unknown := sorted(set(names) - there):
        raise Failure(f"{spool}: no segment {unknown[0]} was set aside", Exit.USAGE)
    back = 0
    for name in sorted(names or there):
        folder = spool / backlog.FAILED / name
        try:
            (folder / backlog.ERROR).unlink(missing_ok=True)
            folder.rename(spool / name)
        except OSError as error:
            raise Failure(f"{folder}: {error.strerror}", Exit.SINK) from error
        back += 1
    click.echo(f"{back} segments are in the queue again")


def _failed(spool: Path) -> Iterator[dict[str, str]]:
    from sensor import backlog  # noqa: PLC0415

    try:
        entries = sorted(entry for entry in (spool / backlog.FAILED).iterdir() if entry.is_dir())
    except OSError:
        return
    for entry in entries:
        try:
            reason = (entry / backlog.ERROR).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            reason = "unknown"
        yield {"segment": entry.name, "reason": reason}


def _all(spool: Path) -> list[Waiting]:
    from sensor import backlog  # noqa: PLC0415
    from sensor.segment import SpoolError  # noqa: PLC0415

    try:
        found = backlog.waiting(spool)
        aside = spool / backlog.FAILED
        return found + (backlog.waiting(aside) if aside.is_dir() else [])
    except SpoolError as error:
        raise Failure(str(error), Exit.USAGE) from error


def _sensor(state: dict[str, Any] | None, now: int) -> dict[str, Any] | None:
    """Give what a sensor last said, and whether that is fresh."""
    if state is None or not isinstance(state.get("time_ns"), int):
        return None
    age = (now - state["time_ns"]) / 1e9
    return {**state, "age_seconds": round(age, 1), "fresh": age < _FRESH_SECONDS}


def _lines(found: dict[str, Any]) -> Iterator[str]:
    oldest = f", the oldest {found['oldest_seconds']:,.0f} s old" if found["oldest_seconds"] is not None else ""
    yield f"WAITING   {found['segments']:,} segments, {found['bytes'] / 1e6:,.1f} MB{oldest}"
    for entry in found["set_aside"]:
        yield f"ASIDE     {entry['segment']}: {entry['reason']}"
    sensor = found["sensor"]
    if sensor is None:
        yield "SENSOR    none has written here yet"
        return
    counters = sensor.get("counters", {})
    words = "works" if sensor["fresh"] else f"has said nothing for {sensor['age_seconds']:,.0f} s"
    yield f"SENSOR    {sensor.get('sensor')} {words}"
    for one in sensor.get("interfaces", []):
        told = f"{one['frames']:,} frames, {one['drops']:,} dropped by the kernel"
        yield f"          {one['name']} {one['state']}: {told}"
    packets, drops, sealed, lost = (
        counters.get(name, 0) for name in ("packets", "interface_drops", "sessions", "sessions_dropped")
    )
    yield f"          {packets:,} packets, {drops:,} dropped by interfaces"
    yield f"          {sealed:,} handshakes sealed, {lost:,} dropped"
