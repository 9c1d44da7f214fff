"""What must come of hostile packets (`hostile_cases`): in the core, and in tshark as far as it has an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hostile_cases import CASES
from hostile_packets import FIRST_PORT, Case, capture

from analytics.compare.differences import compare
from analytics.compare.run import read_rows
from sensor.engine import NativeEngine
from sensor.source import CaptureInput
from sensor.tshark.engine import TsharkEngine

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.compare.differences import Row
    from sensor.engine import Engine

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
pytestmark = pytest.mark.xdist_group("hostile_packets")  # one capture for all


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All cases in one capture."""
    path = tmp_path_factory.mktemp("hostile") / "wire.pcap"
    path.write_bytes(capture(CASES))
    return path


def by_case(engine: Engine, path: Path) -> dict[str, list[Row]]:
    rows, _, damage = read_rows(engine, CaptureInput(str(path), str(path), path.stat().st_size))
    assert damage == ()
    found: dict[str, list[Row]] = {case.name: [] for case in CASES}
    for row in rows:
        found[CASES[row["client_port"] - FIRST_PORT].name].append(row)
    return found


@pytest.fixture(scope="module")
def native(wire: Path) -> dict[str, list[Row]]:
    return by_case(NativeEngine(), wire)


@pytest.fixture(scope="module")
def tshark(wire: Path) -> dict[str, list[Row]]:
    return by_case(TsharkEngine(), wire)


@each_case
def test_what_the_core_sees(case: Case, native: dict[str, list[Row]]) -> None:
    rows = native[case.name]
    assert len(rows) == (1 if case.expected else 0)
    for row in rows:
        assert {name: row[name] for name in case.expected} == case.expected


LIES = {
    "repeated with other bytes",
    "overlapping with other bytes",
    "early, and again with other bytes",
    "a lie overtakes the truth",
    "fragments repeated with other bytes",
}
"""Cases in which bytes come again and are others."""


@each_case
def test_bytes_that_come_again_and_are_others_are_told(case: Case, native: dict[str, list[Row]]) -> None:
    assert {case.name for case in CASES} >= LIES
    for row in native[case.name]:
        assert row["conflicting"] is (case.name in LIES)


@pytest.mark.tools("tshark")
@each_case
def test_tshark_sees_the_same(case: Case, native: dict[str, list[Row]], tshark: dict[str, list[Row]]) -> None:
    differing = {difference.field for difference in compare(native[case.name], tshark[case.name])}
    if case.tshark is not None:
        assert differing == case.tshark
