"""`--workers` and `--reader`: byte for byte the same answer, by one thread or several, from files read or mapped."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
from command import CERTSPAN
from test_pcaps import CAPTURES

from sensor.engine import NativeEngine
from sensor.side_by_side import SideBySide
from sensor.source import CaptureInput, expand

GENERATE = Path(__file__).parent.parent / "bench" / "generate.py"
WAYS = [["--workers", workers] for workers in "1237"]
WAYS += [["--reader", "mapped", *WAYS[0]], ["--reader", "mapped", *WAYS[2]]]


def run(*words: str | Path, status: int = 0) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run([CERTSPAN, *words], capture_output=True, check=False)
    assert done.returncode == status, done.stderr
    return done


def answers(*words: str | Path, status: int = 0) -> set[tuple[bytes, bytes]]:
    """Give what it prints in each way: one answer, if all is well."""
    runs = [run("extract", *way, *words, status=status) for way in WAYS]
    return {(done.stdout, done.stderr) for done in runs}


@pytest.fixture(scope="module", params=["campus", "storm", "wide"])
def mix(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    capture = tmp_path_factory.mktemp("mix") / f"{request.param}.pcap"
    scale = {"campus": "0.02", "storm": "0.02", "wide": "0.01"}[request.param]
    subprocess.run([sys.executable, GENERATE, request.param, capture, "--scale", scale, "--seed", "7"], check=True)
    return capture


def test_one_capture_of_many_blocks(mix: Path) -> None:
    """Blocks are of 256 KiB; the certificates expected are those that the generator put in."""
    assert mix.stat().st_size > 20 * 256 * 1024
    for words in (["--format", "arrow"], ["--certificates"]):
        assert len(answers(mix, *words)) == 1
    truth = set(json.loads(Path(f"{mix}.truth.json").read_bytes())["visible"])
    lines = run("extract", "--certificates", "--workers", "3", mix).stdout.splitlines()
    assert {json.loads(line)["sha256"] for line in lines} == truth
    assert len(truth) > 10


def test_however_the_bytes_come(mix: Path, tmp_path: Path) -> None:
    """A file that is fetched in blocks, one that is unpacked, and a pipe."""
    packed = tmp_path / mix.name
    packed.write_bytes(gzip.compress(mix.read_bytes(), 1))
    plain = run("extract", "--workers", "2", mix).stdout
    assert len(plain) > 10_000

    def ids(lines: bytes) -> list[str]:
        return sorted(json.loads(line)["session_id"] for line in lines.splitlines())

    assert ids(run("extract", "--workers", "2", packed).stdout) == ids(plain)
    for reader in ("read", "mapped"):
        with mix.open("rb") as file:
            piped = subprocess.run(
                [CERTSPAN, "extract", "--workers", "2", "--reader", reader, "-"],
                stdin=file,
                capture_output=True,
                check=True,
            )
        assert ids(piped.stdout) == ids(plain)


def test_many_captures_come_in_their_order(tmp_path: Path) -> None:
    """Among them one that is cut and one that is none."""
    folder = tmp_path / "captures"
    folder.mkdir()
    assert len(CAPTURES) >= 4
    for number, capture in enumerate(CAPTURES * 3):
        (folder / f"{number:03}{capture.suffix}").write_bytes(capture.read_bytes())
    whole = CAPTURES[0].read_bytes()
    (folder / "005-cut.pcap").write_bytes(whole[: len(whole) * 2 // 3])
    none = tmp_path / "none.pcap"
    none.write_text("no capture at all\n")
    for words in (["--format", "json"], ["--certificates"]):
        printed = answers(*words, folder, none, status=1)
        assert len(printed) == 1
        stdout, stderr = next(iter(printed))
        assert b"005-cut.pcap: the capture ends" in stderr
        assert b"none.pcap: neither pcap nor pcapng" in stderr
        assert len(stdout.splitlines()) > 20
    names = [json.loads(line)["capture"] for line in run("extract", folder, status=1).stdout.splitlines()]
    assert names == sorted(names)


def test_a_capture_that_vanishes_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    first, gone, last = (tmp_path / name for name in ("a.pcap", "b.pcap", "c.pcap"))
    for path in (first, gone, last):
        path.write_bytes(CAPTURES[0].read_bytes())
    inputs = expand([str(tmp_path)])
    gone.unlink()
    with SideBySide(NativeEngine(workers=2), inputs) as engine:
        for capture in inputs:
            if capture.path == str(gone):
                with pytest.raises(FileNotFoundError):
                    engine.open(capture)
                continue
            reading = engine.open(capture)
            sessions = 0
            while (batch := reading.read()) is not None:
                sessions += len(batch)
            assert sessions > 0
            assert (reading.packets, reading.bytes_read) == (reading.counters["frames"], first.stat().st_size)


def test_what_was_begun_and_is_not_wanted_ends(tmp_path: Path) -> None:
    """Leaving it joins all threads: the test hangs, and fails by its time limit, if one waits for ever."""
    path = tmp_path / "a.pcap"
    subprocess.run([sys.executable, GENERATE, "storm", path, "--scale", "0.01", "--seed", "3"], check=True)
    inputs = [CaptureInput(str(path), "a", 1), *(CaptureInput(str(each), "b", 1) for each in CAPTURES)]
    with SideBySide(NativeEngine(workers=2), inputs) as engine:
        assert engine.open(inputs[0]).read() is not None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--workers", "0"], "0"),
        (["--workers", "many"], "many"),
        (["--workers", "2", "--engine", "tshark"], "--workers: tshark"),
        (["--reader", "quick"], "quick"),
        (["--reader", "mapped", "--engine", "tshark"], "--reader: tshark"),
    ],
)
def test_what_cannot_be_asked_for(words: list[str], message: str) -> None:
    done = run("extract", CAPTURES[0], *words, status=2)
    assert message in done.stderr.decode()
    assert done.stdout == b""


def test_audit_says_the_same(tmp_path: Path) -> None:
    told = []
    ways = [WAYS[0], WAYS[2], WAYS[-1]]
    for number, way in enumerate(ways):
        report = tmp_path / f"{number}.json"
        run("audit", *way, "--json", report, *CAPTURES, status=0)
        audit = json.loads(report.read_bytes())
        told.append({name: audit[name] for name in audit if name != "run"})
    assert told == len(ways) * [told[0]]
    assert told[0]
