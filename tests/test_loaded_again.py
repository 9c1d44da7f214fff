"""A capture loaded again, renamed, recompressed, or after others, adds nothing to any table, and the audit says so."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from pathlib import Path

import lz4.frame
import pytest
from command import CERTSPAN, certspan
from test_pcaps import wanted_findings

ROOT = Path(__file__).resolve().parent.parent
BUILDING = ROOT / "pcaps" / "smart-building.pcapng"
OTHERS = sorted(set((ROOT / "pcaps").glob("*.pcap*")) - {BUILDING})
TABLES = ("loads", "sessions", "certificates", "certificate_der", "sightings", "findings", "evaluations")


def rows(store: str) -> dict[str, int]:
    """Rows of each table as they lie, without FINAL."""
    query = " UNION ALL ".join(f"SELECT '{table}' AS name, count() AS n FROM {table}" for table in TABLES)
    answer = certspan("store", "query", "--store", store, f"{query} FORMAT JSONEachRow")
    return {row["name"]: int(row["n"]) for row in map(json.loads, answer.splitlines())}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give a store with the building, then all the other captures, some of them older."""
    url = f"chdb://{tmp_path_factory.mktemp('again')}/store"
    for capture in (BUILDING, *OTHERS):
        certspan("audit", capture, "--store", url)
    assert len(OTHERS) >= 4
    return url


@pytest.mark.xdist_group("again")
@pytest.mark.parametrize("kind", ["same", "renamed", "gzip", "lz4", "standard input"])
def test_again_adds_nothing(store: str, tmp_path: Path, kind: str) -> None:
    before = rows(store)
    copy = tmp_path / "another.name"
    data = BUILDING.read_bytes()
    if kind == "same":
        copy = BUILDING
    elif kind == "renamed":
        shutil.copy(BUILDING, copy)
    elif kind == "gzip":
        copy.write_bytes(gzip.compress(data))
    elif kind == "lz4":
        copy.write_bytes(lz4.frame.compress(data))
    else:
        copy.write_bytes(data)
    words = [str(CERTSPAN), "audit", "-" if kind == "standard input" else str(copy), "--store", store, "--json", "-"]
    with copy.open("rb") as stdin:
        done = subprocess.run(words, stdin=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert [capture["state"] for capture in document["run"]["inputs"]] == ["known"]
    assert len(document["findings"]) == len(wanted_findings(BUILDING))
    assert rows(store) == before
    assert "nothing added" in certspan("audit", BUILDING, "--store", store)


@pytest.mark.xdist_group("again")
def test_what_captures_share_is_there_once(store: str) -> None:
    for table in ("certificates", "certificate_der"):
        query = f"SELECT count() = uniqExact(sha256) FROM {table}"
        assert certspan("store", "query", "--store", store, query).split() == ["1"]
    counts = rows(store)
    assert counts["loads"] == 1 + len(OTHERS)
    assert counts["certificates"] == counts["certificate_der"]


@pytest.mark.xdist_group("again")
def test_findings_of_every_capture_are_kept(store: str) -> None:
    wanted = {(row["rule"], row["subject"]) for capture in (BUILDING, *OTHERS) for row in wanted_findings(capture)}
    answer = certspan("store", "query", "--store", store, "SELECT rule, subject FROM findings")
    assert {tuple(line.split("\t")) for line in answer.splitlines()} == wanted
