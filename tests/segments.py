"""Segments of live traffic for tests, without an interface: what a sensor that saw a capture would have sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sensor._rust import ENGINE_VERSION
from sensor.certificate import read_certificate
from sensor.engine import NativeEngine
from sensor.pipeline import CaptureReport
from sensor.source import expand
from sensor.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path


def live_segments(folder: Path, capture: Path, count: int, sensor: str = "plant") -> list[str]:
    """Seal so many segments, each with all sessions of the capture, the first with the certificates; their names."""
    (source,) = expand([str(capture)])
    reading = NativeEngine().open(source, sensor=sensor)
    batches = []
    while (batch := reading.read()) is not None:
        if len(batch):
            batches.append(batch)
    spool = Spool(folder, engine_version=ENGINE_VERSION, sensor=sensor, began_ns=1)
    for number in range(count):
        spool.start(sensor)
        sessions = certificates = 0
        for batch in batches:
            new = [] if number else [(read_certificate(der), der) for _, der in batch.certificates]
            spool.batch(batch, new)
            sessions += len(batch)
            certificates += len(new)
        counters = {"packets": (number + 1) * reading.packets, "kernel_drops": number}
        spool.finish(
            CaptureReport(
                sensor,
                None,
                packets=reading.packets,
                sessions=sessions,
                certificates=certificates,
                first_ns=reading.first_ns,
                last_ns=reading.last_ns,
                counters=counters,
                live=True,
            )
        )
    return sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
