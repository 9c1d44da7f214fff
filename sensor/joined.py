"""Several captures read as one observation: files that a rotating capture wrote one after another.

Files are read in the order of their first packets. A session belongs to the file of its first frame.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sensor.engine import EngineError, JoiningEngine
from sensor.pipeline import CaptureReport, Loop, run, worth_telling
from sensor.source import STDIN, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sensor.engine import Engine, FileReport, JoinedReading
    from sensor.pipeline import Progress, Sink
    from sensor.source import CaptureInput

_PREFIX = b"certspan joined\0"
"""Before the hashes of the files, so that no file can have the hash of a set."""


def check(captures: Sequence[CaptureInput]) -> None:
    """Refuse what cannot be joined: SourceError if one of several is standard input or a pipe."""
    if len(captures) < 2:  # noqa: PLR2004
        return
    for capture in captures:
        if capture.path is None or capture.size is None:
            name = STDIN if capture.path is None else capture.name
            raise SourceError(
                f"{name}: only files can be joined, for their order is told by a first look into each; "
                "write it to a file first"
            )


def in_order(captures: Sequence[CaptureInput], first_ns: Callable[[CaptureInput], int | None]) -> list[CaptureInput]:
    """Sort by the time of the first packet. Where it is the same, the order stays as given; a file without a packet, or
    whose packet has no time, stays behind the one that it was given behind.
    """
    time_ns, keys = 0, list[int]()
    for capture in captures:
        found = first_ns(capture)
        time_ns = time_ns if found is None else found
        keys.append(time_ns)
    return [captures[at] for at in sorted(range(len(captures)), key=keys.__getitem__)]


def run_joined(
    captures: Sequence[CaptureInput],
    sink: Sink,
    *,
    engine: Engine,
    sensor: str = "",
    sha256: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> list[CaptureReport]:
    """Read files as one observation into the sink: one report on all of them, or none if none is a capture.

    `check` them first. A file that was only found in a folder and turns out to be no capture is left out without a
    word. EngineError: the engine reads captures one by one.
    """
    if len(captures) < 2:  # noqa: PLR2004  also standard input
        return run(captures, sink, engine=engine, sensor=sensor, sha256=sha256, progress=progress)
    if not isinstance(engine, JoiningEngine):
        raise EngineError(f"{engine.version} reads captures one by one")
    loop = Loop(sink, engine, sensor, sha256, progress or (lambda _: None))
    ordered = in_order(captures, engine.first_packet_ns)
    name = _name([capture.name for capture in ordered])
    try:
        sink.start(name)
        reading = engine.open_joined(ordered, sensor=sensor, sha256=sha256)
        sessions, certificates = loop.drain(reading, name)
        report = _report(ordered, reading, sessions, certificates)
        if report is None:
            sink.abort()
            return []
        sink.finish(report)
    except BaseException:
        sink.abort()
        raise
    return [report]


def _report(
    captures: Sequence[CaptureInput], reading: JoinedReading, sessions: int, certificates: int
) -> CaptureReport | None:
    both = zip(captures, reading.files, strict=True)
    told = [(capture, _file(capture, found)) for capture, found in both]
    files = tuple(file for capture, file in told if worth_telling(capture, file))
    if not files:
        return None
    sizes = [file.size for file in files if file.size is not None]
    return CaptureReport(
        name=_name([file.name for file in files]),
        size=sum(sizes),
        packets=reading.packets,
        sessions=sessions,
        certificates=certificates,
        first_ns=reading.first_ns,
        last_ns=reading.last_ns,
        sha256=_sha256(files),
        damage=tuple(item for file in files for item in file.damage),
        counters=dict(reading.counters),
        joined=files,
    )


def _file(capture: CaptureInput, found: FileReport) -> CaptureReport:
    return CaptureReport(
        name=capture.name,
        size=capture.size,
        packets=found.packets,
        sessions=found.sessions,
        first_ns=found.first_ns,
        last_ns=found.last_ns,
        sha256=found.sha256,
        damage=found.damage,
    )


def _name(names: Sequence[str]) -> str:
    first, *others = names
    return f"{first} and {len(others)} more" if others else first


def _sha256(files: Sequence[CaptureReport]) -> bytes | None:
    """Name the set by the hashes of its readable files, in whatever order they were given; one alone by its own."""
    hashes = [file.sha256 for file in files if file.readable]
    known = sorted(sha256 for sha256 in hashes if sha256 is not None)
    if not known or len(known) < len(hashes):
        return None
    return known[0] if len(known) == 1 else hashlib.sha256(_PREFIX + b"".join(known)).digest()
