"""The native core against tshark: on every capture of pcaps/ they agree, session by session, in all that both know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command import certspan
from jsonschema import Draft202012Validator

from analytics.compare.differences import NEVER_COMPARED, compare
from sensor.tshark.columns import UNKNOWN_TO_TSHARK

ROOT = Path(__file__).resolve().parent.parent
CAPTURES = sorted((ROOT / "pcaps").glob("*.pcap*"))
SCHEMA = json.loads((ROOT / "docs/session.schema.json").read_text())
NOT_IN_4_0 = {"ja4"}
"""Of newer versions of tshark only."""
NOT_HERE = {"encapsulation", "interface"}
"""No capture of pcaps/ has tags, or names its interface."""
ALWAYS_KNOWN = (
    "encapsulation",
    "established",
    "confirmed",
    "bytes_lost",
    "conflicting",
    "server_visibility",
    "client_visibility",
)
"""To the native core."""

pytestmark = pytest.mark.tools("tshark")
each_capture = pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.name)

Row = dict[str, Any]


def rows(*words: object) -> list[Row]:
    return [json.loads(line) for line in certspan("extract", *words).splitlines()]


@each_capture
def test_they_agree_in_all_that_both_know(capture: Path) -> None:
    ours, theirs = rows(capture), rows("--engine", "tshark", capture)
    assert len(ours) >= 4
    assert [(difference.field, difference.values) for difference in compare(ours, theirs)] == []
    assert [row for row in ours if None in (row[name] for name in ALWAYS_KNOWN)] == []


@each_capture
def test_their_ids_are_the_same(capture: Path) -> None:
    ours, theirs = rows(capture), rows("--engine", "tshark", capture)
    for name in ("session_id", "connection_id", "community_id"):
        assert sorted(row[name] for row in ours) == sorted(row[name] for row in theirs)
    assert len({row["session_id"] for row in theirs}) == len(theirs)


@each_capture
def test_they_find_the_same_certificates(capture: Path, tmp_path: Path) -> None:
    ours = rows("--certificates", "--der-dir", tmp_path / "ours", capture)
    theirs = rows("--certificates", "--der-dir", tmp_path / "theirs", "--engine", "tshark", capture)
    assert sorted(ours, key=str) == sorted(theirs, key=str)
    ders = [{path.name: path.read_bytes() for path in (tmp_path / whose).iterdir()} for whose in ("ours", "theirs")]
    assert ders[0] == ders[1]


def test_nothing_is_compared_that_tshark_never_tells() -> None:
    """Each field that is compared has a value of tshark's in some capture: the agreement is not one of silence."""
    theirs = [row for capture in CAPTURES for row in rows("--engine", "tshark", capture)]
    assert [error.message for row in theirs for error in Draft202012Validator(SCHEMA).iter_errors(row)] == []
    told = {name for row in theirs for name, value in row.items() if value not in (None, [])}
    names = list(SCHEMA["properties"])
    assert [list(row) == names for row in theirs] == [True] * len(theirs)
    assert set(names) - told - NEVER_COMPARED <= NOT_IN_4_0 | NOT_HERE
    assert set(UNKNOWN_TO_TSHARK) & told == set()
    assert set(UNKNOWN_TO_TSHARK) <= NEVER_COMPARED


def test_there_are_captures() -> None:
    assert len(CAPTURES) >= 5
