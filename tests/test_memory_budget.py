"""`--memory`: attacks stay within it, measured from outside, and honest handshakes are found."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from command import CERTSPAN

from analytics import budget
from analytics.engines import LEAST_MEMORY
from analytics.size import parse
from analytics.store import temporary_store
from analytics.store_errors import StoreError
from sensor._rust import SMALLEST_BUDGET

ROOT = Path(__file__).resolve().parent.parent
BUDGET_MB = 24
"""So little that each attack, small as it is here, would go beyond it if nothing were given up."""

MEASURED = """
import re, sys
from analytics.cli import main
try:
    main()
except SystemExit:
    print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1], file=sys.stderr)
"""


@pytest.mark.xdist_group("memory")
def test_attacks_stay_within_the_budget_and_honest_handshakes_are_found() -> None:
    words: list[str | Path] = [sys.executable, ROOT / "bench/memory.py", "--memory", str(BUDGET_MB), "--scale", "0.15"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()[1:]
    assert len(lines) == 8
    peaks = [float(line.split()[1]) for line in lines]
    assert max(peaks) > BUDGET_MB, "an attack that costs nothing shows nothing"


def test_the_budget_is_what_gives_flows_up(tmp_path: Path) -> None:
    """With plenty, the same attack makes certspan larger than with little."""
    attack = tmp_path / "half-open.pcap"
    script: list[str | Path] = [sys.executable, ROOT / "bench/attacks.py", "half-open", attack, "--scale", "0.1"]
    subprocess.run(script, check=True, capture_output=True)
    peaks = []
    for memory in ("16M", "256M"):
        words: list[str | Path] = [
            sys.executable,
            "-c",
            MEASURED,
            "extract",
            "--memory",
            memory,
            "--format",
            "arrow",
            attack,
        ]
        done = subprocess.run(words, check=True, capture_output=True)
        peaks.append(int(done.stderr.split()[-1]))
    assert peaks[1] > 1.3 * peaks[0]


@pytest.mark.xdist_group("memory")
def test_an_audit_stays_within_its_budget_and_tells_the_honest_handshakes() -> None:
    command = "certspan audit --memory {memory}M --report - -"
    memory = str(budget.LEAST >> 20)
    words: list[str | Path] = [sys.executable, ROOT / "bench/memory.py", "half-open", "gaps", "--memory", memory]
    done = subprocess.run(
        [*words, "--scale", "0.05", "--certspan", command], capture_output=True, text=True, check=False
    )
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 3), done.stdout


def test_a_budget_changes_nothing_that_an_audit_tells() -> None:
    told = []
    for words in ([], ["--memory", f"{budget.LEAST >> 20}M"]):
        command: list[str | Path] = [CERTSPAN, "audit", "--json", "-", *words, ROOT / "pcaps"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        told.append(json.loads(done.stdout))
    assert told[0]["findings"]
    assert told[0] == told[1]


def test_the_store_keeps_to_its_part_of_the_budget() -> None:
    """What needs more goes to the disk where it can, and fails where it cannot."""
    with temporary_store(settings=budget.of_store(64 << 20)) as store:
        ((most, threads),) = store.query("SELECT getSetting('max_memory_usage'), getSetting('max_threads')")
        assert (most, threads) == (32 << 20, 1)
        many = "SELECT count() FROM (SELECT number % 3000000 AS n, count() FROM numbers(3000000) GROUP BY n)"
        assert store.query(many) == [(3_000_000,)]
        with pytest.raises(StoreError, match="memory limit"):
            store.query("SELECT length(groupArray(number)) FROM numbers(10000000)")


@pytest.mark.parametrize(
    ("text", "size"), [("1", 1), ("512K", 512 << 10), ("256m", 256 << 20), ("2GiB", 2 << 30), (" 1TB ", 1 << 40)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse(text) == size


@pytest.mark.parametrize("text", ["", "M", "-1M", "1.5G", "1X", "256 M", "٣M", "9" * 16])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="write a size as"):
        parse(text)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("extract", ["8M"]),
        ("extract", ["lots"]),
        ("extract", ["256M", "--engine", "tshark"]),
        ("audit", ["383M"]),
        ("audit", ["much"]),
    ],
)
def test_what_cannot_be_is_one_line_and_a_usage_error(command: str, words: list[str]) -> None:
    done = subprocess.run(
        [CERTSPAN, command, "--memory", *words, ROOT / "pcaps/tls13.pcapng"], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, b"", 1)


def test_the_least_budget_stands_in_one_place() -> None:
    assert LEAST_MEMORY == SMALLEST_BUDGET
    for least in (SMALLEST_BUDGET, budget.LEAST):
        assert re.search(rf"\b{least >> 20}M\b", (ROOT / "docs/using.md").read_text())
