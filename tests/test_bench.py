"""The captures of the benches: the same bytes for the same seed, and a truth that others agree with."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command import certspan

BENCH = Path(__file__).resolve().parent.parent / "bench"
SCALES = {"bulk": 0.01, "campus": 0.01, "storm": 0.002, "wide": 0.002}


def made(script: str, name: str, capture: Path, scale: float) -> dict[str, Any]:
    """Make a capture; give its truth."""
    words = [sys.executable, str(BENCH / script), name, str(capture), "--seed", "7", "--scale", str(scale)]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    truth: dict[str, Any] = json.loads(capture.with_name(f"{capture.name}.truth.json").read_text())
    return truth


@pytest.fixture(scope="module", params=SCALES)
def mix(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    capture = tmp_path_factory.mktemp("bench") / f"{request.param}.pcap"
    return capture, made("generate.py", request.param, capture, SCALES[request.param])


def by_certspan(capture: Path) -> set[str]:
    """Give every certificate that certspan sees."""
    sessions = [json.loads(line) for line in certspan("extract", capture).splitlines()]
    return {sha for session in sessions for side in ("server", "client") for sha in session[f"{side}_chain"] or ()}


def by_tshark(capture: Path) -> set[str]:
    """Give every certificate that tshark sees."""
    field = "tls.handshake.certificate"
    words = ["tshark", "-n", "-r", str(capture), "-o", "tcp.reassemble_out_of_order:TRUE", "-Y", field]
    done = subprocess.run([*words, "-T", "fields", "-e", field], check=True, capture_output=True, text=True)
    ders = [bytes.fromhex(text) for line in done.stdout.splitlines() for text in line.split(",")]
    return {hashlib.sha256(der).hexdigest() for der in ders}


@pytest.mark.xdist_group("bench")
def test_certspan_finds_what_the_maker_put_in(mix: tuple[Path, dict[str, Any]]) -> None:
    capture, truth = mix
    assert len(truth["visible"]) >= 5
    assert by_certspan(capture) == set(truth["visible"])


@pytest.mark.xdist_group("bench")
@pytest.mark.tools("tshark")
def test_tshark_finds_what_the_maker_put_in(mix: tuple[Path, dict[str, Any]]) -> None:
    capture, truth = mix
    assert by_tshark(capture) == set(truth["visible"])


@pytest.mark.xdist_group("bench")
def test_the_counts_are_those_of_the_file(mix: tuple[Path, dict[str, Any]]) -> None:
    capture, truth = mix
    data, at, packets, last = capture.read_bytes(), 24, 0, (0, 0)
    while at < len(data):
        seconds, nanoseconds, kept, whole = (int.from_bytes(data[at + n : at + n + 4], "little") for n in (0, 4, 8, 12))
        assert kept == whole
        assert last < (seconds, nanoseconds)
        last = seconds, nanoseconds
        packets, at = packets + 1, at + 16 + kept
    assert (packets, at) == (truth["packets"], truth["bytes"])


@pytest.mark.xdist_group("bench")
def test_the_same_seed_gives_the_same_bytes(mix: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    capture, truth = mix
    again = tmp_path / "again.pcap"
    assert made("generate.py", truth["mix"], again, truth["scale"]) == truth
    assert again.read_bytes() == capture.read_bytes()


ATTACKS = ("syn-flood", "half-open", "endless", "new-certificates", "one-packet", "overlaps", "gaps", "fragments")


@pytest.mark.parametrize("attack", ATTACKS)
def test_honest_handshakes_are_found_in_an_attack(attack: str, tmp_path: Path) -> None:
    capture = tmp_path / f"{attack}.pcap"
    truth = made("attacks.py", attack, capture, 0.01)
    assert len(truth["honest"]) >= 20
    assert set(truth["honest"]) <= by_certspan(capture)


def script(name: str, *arguments: str) -> str:
    """Run a script of the benches, which must succeed."""
    words = [sys.executable, str(BENCH / name), *arguments]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.tools("tcpdump")
def test_the_bench_measures_and_compares_with_the_truth(tmp_path: Path) -> None:
    numbers = tmp_path / "numbers.json"
    options = ("--scale", "0.002", "--rounds", "1", "--data", str(tmp_path), "--peers", "none", "--json", str(numbers))
    script("run.py", "storm", *options, "--certspan", "certspan extract {capture}")
    (mix,) = json.loads(numbers.read_text())
    assert mix["truth"]["visible"] == mix["truth"]["found"] > 0
    assert mix["truth"]["missing"] == mix["truth"]["extra"] == 0
    assert [row["program"] for row in mix["programs"]] == ["certspan", "tcpdump"]
    assert all(row["cpu_s"] > 0 and row["note"] == "" for row in mix["programs"])
    assert mix["programs"][0]["anonymous_bytes"] > 1_000_000


def test_the_memory_bench_finds_the_honest() -> None:
    told = script("memory.py", "gaps", "--scale", "0.01", "--certspan", "certspan extract -")
    assert "20 of 20" in told


def test_the_memory_bench_says_when_the_budget_is_broken() -> None:
    words = [sys.executable, str(BENCH / "memory.py"), "gaps", "--scale", "0.01", "--certspan", "cat"]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "BROKEN" in done.stdout
