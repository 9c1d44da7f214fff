"""The engines a command can be told to use, by name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from analytics.exits import Exit, Failure
from sensor.engine import Engine, EngineError, NativeEngine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sensor.source import CaptureInput

NATIVE, TSHARK = "native", "tshark"
ENGINES = (NATIVE, TSHARK)
JOINED_HELP = (
    "The captures are one, cut into files (tcpdump -C or -G, dumpcap -b): read them in the order of their first "
    "packets, so that a handshake may begin in one file and end in the next."
)
"""What `--joined` does, for every command that has it."""

LEAST_MEMORY = 16 << 20
"""Bytes; `sensor._rust.SMALLEST_BUDGET`, without loading the native module for `--help`."""


MOST_WORKERS = 256

workers_option = click.option(
    "--workers",
    metavar="NUMBER",
    type=click.IntRange(1, MOST_WORKERS),
    help="Threads that read packets: by default as many as there are processors for this process. The answer is the "
    "same for any number.",
)
"""For every command that reads captures."""


READ, MAPPED = "read", "mapped"

reader_option = click.option(
    "--reader",
    type=click.Choice([READ, MAPPED]),
    default=READ,
    show_default=True,
    help="How the bytes of a file come in. Mapping it is quicker, but whoever shortens the file meanwhile kills "
    "certspan. Pipes and compressed files are read in any case.",
)
"""For every command that reads captures."""


def processors() -> int:
    """Count the processors that this process may use."""
    return min(len(os.sched_getaffinity(0)), MOST_WORKERS)


def engine(
    name: str,
    captures: Sequence[CaptureInput],
    *,
    memory: int | None = None,
    workers: int | None = None,
    reader: str = READ,
    joined: bool = False,
) -> Engine:
    """Give the engine, fit for these captures; Failure says what is not installed, or which input it cannot read.

    `memory` is the core's budget in bytes; None: its default caps. `workers` None: as many as there are processors.
    """
    if name == NATIVE:
        return NativeEngine(memory=memory, workers=workers or processors(), mapped=reader == MAPPED)
    if workers is not None:
        raise Failure("--workers: tshark has one thread; use the native engine", Exit.USAGE)
    if reader != READ:
        raise Failure("--reader: tshark reads in its own way; use the native engine", Exit.USAGE)
    if joined:
        raise Failure("--joined: tshark reads captures one by one; use the native engine", Exit.USAGE)
    if memory is not None:
        raise Failure("--memory: tshark knows no budget; use the native engine", Exit.USAGE)
    pipes = [capture.name for capture in captures if capture.path is None or capture.size is None]
    if pipes:
        raise Failure(f"{pipes[0]}: the tshark engine reads files only; write it to a file first", Exit.USAGE)
    from sensor.tshark.engine import TsharkEngine  # noqa: PLC0415  pyshark is an extra

    try:
        return TsharkEngine()
    except EngineError as error:
        raise Failure(str(error), Exit.USAGE) from error
