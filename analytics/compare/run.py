"""Both engines over one capture."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.compare.differences import Difference, Row, compare
from analytics.compare.reasons import DATAGRAM, UNEXPLAINED, Reason, explain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sensor.engine import Damage, Engine
    from sensor.source import CaptureInput

_HELLOS = "hellos_over_"
"""Beginning of the counters of what tshark sees outside TCP."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing one capture came to."""

    capture: str
    native_sessions: int
    tshark_sessions: int
    differences: tuple[tuple[Difference, Reason | None], ...]
    elsewhere: Mapping[str, int]
    """ClientHellos that tshark sees in datagrams, by carrier: the native core reads none of them."""
    native_damage: tuple[Damage, ...]
    tshark_damage: tuple[Damage, ...]

    @property
    def reasons(self) -> Counter[str]:
        """How many differences have which reason."""
        counts = Counter(reason.code if reason else UNEXPLAINED for _, reason in self.differences)
        if self.elsewhere:
            counts[DATAGRAM.code] += sum(self.elsewhere.values())
        return counts


def compare_capture(capture: CaptureInput, native: Engine, tshark: Engine) -> Comparison:
    """Read a capture with both engines; OSError if it cannot be opened. All its sessions are in memory at a time."""
    ours, _, our_damage = read_rows(native, capture)
    theirs, counters, their_damage = read_rows(tshark, capture)
    return Comparison(
        capture=capture.name,
        native_sessions=len(ours),
        tshark_sessions=len(theirs),
        differences=tuple((difference, explain(difference)) for difference in compare(ours, theirs)),
        elsewhere={name.removeprefix(_HELLOS): n for name, n in counters.items() if name.startswith(_HELLOS)},
        native_damage=our_damage,
        tshark_damage=their_damage,
    )


def read_rows(engine: Engine, capture: CaptureInput) -> tuple[list[Row], Mapping[str, int], tuple[Damage, ...]]:
    """Read a capture: its sessions as rows, counters and damage; OSError if it cannot be opened."""
    reading = engine.open(capture)
    rows: list[Row] = []
    while (batch := reading.read()) is not None:
        rows += [json.loads(line) for line in batch.json().splitlines()]
    return rows, reading.counters, reading.damage
