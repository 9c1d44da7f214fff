"""Captures of real software: certspan gives exactly what the programs were given and say themselves, no less, no more.

The expected files come from `pcaps/make.py`: from the keys and certificate files that servers and clients used and from
what they print. Nothing in them was ever made by certspan.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from command import certspan

PCAPS = Path(__file__).parents[1] / "pcaps"
SUFFIXES = {".pcap", ".pcapng"}
EXPECTED = (".expected.jsonl", ".certificates.jsonl", ".findings.json")
CAPTURES = sorted(path for path in PCAPS.iterdir() if path.suffix in SUFFIXES)
WHOLE_FOLDER = {".py", ".md", ".jsonl", ".json", *SUFFIXES}
FURTHER = re.compile(r"\.findings-[a-z]+\.json$")
"""Findings of further rules, one file a concern: `NAME.findings-keys.json`."""
FOR_PEOPLE = {"about", "der", "defective"}
"""Fields of the expected rows that are not compared as they stand."""

each_capture = pytest.mark.parametrize("capture", CAPTURES, ids=[path.name for path in CAPTURES])

Row = dict[str, Any]


def expected(capture: Path, kind: str) -> list[Row]:
    """Read a file of JSON lines that stands beside a capture."""
    return [json.loads(line) for line in capture.with_name(f"{capture.stem}.{kind}.jsonl").read_text().splitlines()]


def rows(text: str) -> list[Row]:
    """Read JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


def connection(row: Row) -> tuple[str, int, str, int]:
    """Name a session: in these captures each has a connection of its own."""
    return row["client_address"], row["client_port"], row["server_address"], row["server_port"]


def instants(row: Row) -> Row:
    """Make times comparable however they are written."""
    return {
        name: dt.datetime.fromisoformat(value) if name in {"not_before", "not_after"} and value else value
        for name, value in row.items()
    }


def differences(wanted: Row, got: Row) -> Row:
    """Give each expected field that is not as expected."""
    told = instants(got)
    return {
        name: {"expected": value, "got": told.get(name, "no such field")}
        for name, value in instants(wanted).items()
        if name not in FOR_PEOPLE and told.get(name, "no such field") != value
    }


def wanted_findings(capture: Path) -> list[Row]:
    """All findings of a capture, those of further rules too."""
    files = [capture.with_name(f"{capture.stem}.findings.json"), *sorted(PCAPS.glob(f"{capture.stem}.findings-*.json"))]
    found = [row for path in files for row in json.loads(path.read_text())]
    return [{"subject_kind": "endpoint" if ":" in row["subject"] else "certificate"} | row for row in found]


def test_the_folder_holds_captures_and_nothing_unknown() -> None:
    """A capture without its expected files, or files without their capture, would be a test that never runs."""
    assert len(CAPTURES) >= 5
    files = [path for path in PCAPS.iterdir() if path.is_file()]
    assert {path.suffix for path in files} <= WHOLE_FOLDER
    data = {path.name for path in files if path.suffix in {".jsonl", ".json"} and not FURTHER.search(path.name)}
    further = {FURTHER.sub("", path.name) for path in files if FURTHER.search(path.name)}
    assert further <= {capture.stem for capture in CAPTURES}
    assert data == {f"{capture.stem}{end}" for capture in CAPTURES for end in EXPECTED}
    readme = (PCAPS / "README.md").read_text()
    assert [capture.name for capture in CAPTURES if f"| `{capture.name}` |" not in readme] == []


@each_capture
def test_the_truth_holds_together(capture: Path) -> None:
    """Every certificate of a chain has its row, every row is in a chain, and the hashes are those of the DER."""
    certificates = expected(capture, "certificates")
    sessions = expected(capture, "expected")
    named = {sha for row in sessions for side in ("server_chain", "client_chain") for sha in row[side] or ()}
    assert named == {row["sha256"] for row in certificates}
    for row in certificates:
        assert hashlib.sha256(base64.b64decode(row["der"])).hexdigest() == row["sha256"]
    places = {f"{row['server_address']}:{row['server_port']}" for row in sessions}
    places |= {f"[{row['server_address']}]:{row['server_port']}" for row in sessions}
    subjects = {
        row["subject"] for row in wanted_findings(capture) if row["subject_kind"] in {"certificate", "endpoint"}
    }
    assert subjects <= named | places


@each_capture
def test_sessions(capture: Path) -> None:
    """Each handshake, and only those, with every field that the truth knows."""
    wanted = {connection(row): row for row in expected(capture, "expected")}
    found = rows(certspan("extract", capture))
    assert sorted(connection(row) for row in found) == sorted(wanted)
    wrong = {}
    for row in found:
        truth = wanted[connection(row)]
        if differing := differences(truth, row):
            wrong[str(connection(row)), truth["about"]] = differing
    assert wrong == {}


@each_capture
def test_certificates(capture: Path, tmp_path: Path) -> None:
    """Each certificate that was shown in the clear, and only those; their bytes as the servers' files have them."""
    wanted = {row["sha256"]: row for row in expected(capture, "certificates")}
    found = rows(certspan("extract", "--certificates", "--der-dir", tmp_path, capture))
    assert sorted(row["sha256"] for row in found) == sorted(wanted)
    wrong = {}
    for row in found:
        truth = wanted[row["sha256"]]
        differing = differences(truth, row)
        if bool(row["defects"]) != truth["defective"]:
            differing["defects"] = row["defects"]
        if differing:
            wrong[truth["about"]] = differing
    assert wrong == {}
    written = {path.read_bytes() for path in tmp_path.rglob("*.der")}
    assert written == {base64.b64decode(row["der"]) for row in wanted.values()}


@each_capture
def test_findings(capture: Path) -> None:
    """What was forged to be wrong is found, at its severity and step, and nothing else is."""
    names = ("rule", "subject", "severity", "step", "ours")
    truth = wanted_findings(capture)
    wanted = sorted((tuple(row[name] for name in names) for row in truth), key=str)
    found = json.loads(certspan("audit", "--json", "-", "--at", "capture", capture))["findings"]
    assert sorted((tuple(row.get(name) for name in names) for row in found), key=str) == wanted
