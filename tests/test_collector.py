"""The collector: a sealed segment counts exactly once, whatever is killed, cut or refused; what is spoilt is put by."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from captures import capture
from command import CERTSPAN, certspan
from faulty import PASSWORD, Engine, Faulty
from mirror import until
from prometheus_client.parser import text_string_to_metric_families
from segments import live_segments

from analytics.cli import clock
from analytics.store import open_store
from rules.rule import CertificateRecipe, ExampleSession
from sensor import backlog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics.store import Store

BUILDING = Path(__file__).parents[1] / "pcaps/smart-building.pcapng"
EXPECTED = [json.loads(line) for line in BUILDING.with_name("smart-building.expected.jsonl").read_text().splitlines()]
CERTIFICATES = {digest for row in EXPECTED for name in ("server_chain", "client_chain") for digest in row[name] or []}
SEGMENTS = 12


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """Make a capture of three sessions with three certificates."""
    path = tmp_path / "three.pcap"
    path.write_bytes(capture())
    return path


def collect(spool: Path, store: str, *words: object, status: int = 0) -> str:
    """Run a collector once; what it says."""
    command = [CERTSPAN, "collector", "--spool", spool, "--store", store, "--once", *words]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture
def running() -> Iterator[list[subprocess.Popen[str]]]:
    """Collectors that go on; what is left of them is killed."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def start(spool: Path, store: str, *words: object) -> subprocess.Popen[str]:
    command = [CERTSPAN, "collector", "--spool", spool, "--store", store, *words]
    return subprocess.Popen([str(word) for word in command], stderr=subprocess.PIPE, text=True)


def asked(store: str, sql: str) -> str:
    return certspan("store", "query", "--store", store, sql)


def test_what_waits_goes_into_the_store_and_out_of_the_spool(three: Path, tmp_path: Path) -> None:
    spool, store = tmp_path / "spool", f"chdb://{tmp_path}/store"
    names = live_segments(spool, three, 3)
    log = collect(spool, store, "--no-check")
    assert "loaded segments=3 sessions=9 certificates=3 repeated=0 set_aside=0" in log
    assert backlog.waiting(spool) == []
    assert asked(store, "SELECT kind, name FROM loads ORDER BY name") == "".join(f"live\t{name}\n" for name in names)
    assert asked(store, "SELECT max(counters['kernel_drops']) FROM sensor_stats FINAL") == "2\n"
    assert "loaded segments=0" in collect(spool, store, "--no-check")


def test_a_segment_that_comes_again_adds_nothing(three: Path, tmp_path: Path) -> None:
    spool, store = tmp_path / "spool", f"chdb://{tmp_path}/store"
    (name,) = live_segments(spool, three, 1)
    shutil.copytree(spool / name, tmp_path / name)
    collect(spool, store, "--no-check")
    shutil.copytree(tmp_path / name, spool / name)
    assert "segments=0 sessions=0 certificates=0 repeated=1" in collect(spool, store, "--no-check")
    said = certspan("load", tmp_path / name, "--store", store)
    assert said == f"{name}: in the store already, nothing added\n"
    assert (tmp_path / name / "manifest.json").exists()
    assert asked(store, "SELECT count() FROM sessions") == "3\n"


def spoilt(folder: Path) -> None:
    with (folder / "sessions.arrow").open("r+b") as file:
        file.seek(-30, os.SEEK_END)
        file.write(b"x")


def unreadable(folder: Path) -> None:
    (folder / "manifest.json").write_text("{")


def cut(folder: Path) -> None:
    (folder / "sessions.arrow").unlink()


def newer(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "format": 99}))


@pytest.mark.parametrize("damage", [spoilt, unreadable, cut, newer])
def test_what_is_spoilt_is_set_aside_and_holds_up_nothing(three: Path, tmp_path: Path, damage: Any) -> None:
    spool, store = tmp_path / "spool", f"chdb://{tmp_path}/store"
    names = live_segments(spool, three, 3)
    damage(spool / names[1])
    log = collect(spool, store, "--no-check", status=1)
    assert "loaded segments=2 sessions=6" in log
    assert f"segment={names[1]}" in log
    assert [entry.name for entry in (spool / "failed").iterdir()] == [names[1]]
    assert (spool / "failed" / names[1] / "error.txt").read_text().strip()
    status = subprocess.run([str(CERTSPAN), "spool", "status", str(spool)], capture_output=True, text=True, check=False)
    assert status.returncode == 1
    assert f"ASIDE     {names[1]}: " in status.stdout
    certspan("spool", "replay", spool)
    assert [one.name for one in backlog.waiting(spool)] == [names[1]]
    assert not (spool / names[1] / "error.txt").exists()


def test_verify_tells_what_is_damaged(three: Path, tmp_path: Path) -> None:
    names = live_segments(tmp_path / "spool", three, 2)
    assert certspan("spool", "verify", tmp_path / "spool") == "2 segments, 0 damaged\n"
    spoilt(tmp_path / "spool" / names[0])
    words = [str(CERTSPAN), "spool", "verify", str(tmp_path / "spool")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "2 segments, 1 damaged\n")
    assert names[0] in done.stderr


def test_sessions_without_their_certificates_are_told_and_heal(three: Path, tmp_path: Path) -> None:
    spool, store = tmp_path / "spool", f"chdb://{tmp_path}/store"
    first, second = live_segments(spool, three, 2)
    (spool / first).rename(tmp_path / first)
    log = collect(spool, store, "--no-check")
    assert "certificates lacking" in log
    assert asked(store, "SELECT uniqExact(sha256) FROM lacking(loads = [])") == "3\n"
    certspan("load", tmp_path, "--store", store)
    assert asked(store, "SELECT uniqExact(sha256) FROM lacking(loads = [])") == "0\n"
    assert second != first


def test_findings_live_while_it_runs_and_others_ask_the_same_store(
    tmp_path: Path, running: list[subprocess.Popen[str]]
) -> None:
    spool, store = tmp_path / "spool", f"chdb://{tmp_path}/store"
    now = clock().replace(microsecond=0)
    soon = CertificateRecipe(name="soon.example", not_after=(now + dt.timedelta(days=3)).isoformat())
    late = CertificateRecipe(name="late.example", not_after=(now - dt.timedelta(days=3)).isoformat())
    (tmp_path / "today.pcap").write_bytes(
        capture(
            (
                ExampleSession((soon,), time=now.isoformat(), server="10.1.1.1:443"),
                ExampleSession((late,), time=now.isoformat(), server="10.1.1.2:8443"),
            )
        )
    )
    live_segments(spool, tmp_path / "today.pcap", 1)
    process = start(spool, store, "--check-every", "1s", "--listen", "127.0.0.1:0")
    running.append(process)
    assert process.stderr is not None
    lines = iter(process.stderr.readline, "")
    port = next(line.split("port=")[1].strip() for line in lines if " listening " in line)
    assert any(" checked " in line for line in lines)
    assert len(certspan("inventory", "certificates", "--store", store, "--json").splitlines()) == 2
    listed = [json.loads(line) for line in certspan("findings", "list", "--store", store, "--json").splitlines()]
    for path in ("healthz", "readyz"):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}") as answer:
            assert answer.status == 200
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        families = {family.name: family for family in text_string_to_metric_families(answer.read().decode())}
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/etc/passwd")
    by_severity: dict[str, float] = {}
    for sample in families["certspan_findings"].samples:
        by_severity[sample.labels["severity"]] = by_severity.get(sample.labels["severity"], 0) + sample.value
    assert by_severity == {
        severity: sum(row["severity"] == severity for row in listed) for severity in {row["severity"] for row in listed}
    }
    assert families["certspan_sensor_packets"].samples[0].value > 0
    wanted = {"soon.example": (now.timestamp() + 3 * 86_400, 0.0), "late.example": (now.timestamp() - 3 * 86_400, 1.0)}
    for name, at in (("x509_cert_not_after", 0), ("x509_cert_expired", 1)):
        found = {sample.labels["subject_CN"]: sample.value for sample in families[name].samples}
        assert found == {subject: values[at] for subject, values in wanted.items()}
    by_endpoint = {s.labels["instance"]: s.value for s in families["probe_ssl_earliest_cert_expiry"].samples}
    assert by_endpoint == {"10.1.1.1:443": wanted["soon.example"][0], "10.1.1.2:8443": wanted["late.example"][0]}
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


@pytest.mark.parametrize("fault", ["500", "503", "hang", "cut", "cut after"])
def test_a_server_that_fails_in_mid_load_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, running: list[subprocess.Popen[str]], fault: str
) -> None:
    monkeypatch.setenv("CERTSPAN_STORE_PASSWORD", PASSWORD)
    server = Engine(tmp_path / "engine")
    proxy = Faulty(server)
    spool = tmp_path / "spool"
    names = live_segments(spool, BUILDING, 3)
    url = f"clickhouse://certspan@127.0.0.1:{proxy.port}/certspan"
    try:
        proxy.only, proxy.fault = b"INTO loads" if fault == "cut after" else b"INSERT", fault
        process = start(spool, url, "--no-check")
        running.append(process)
        until(lambda: proxy.met >= 2)
        proxy.fault = None
        until(lambda: backlog.waiting(spool) == [])
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
        assert process.returncode == 0
        assert " failed: " in log
        assert PASSWORD not in log
        assert "works again" in log
        with open_store(url) as store:
            counted_once(store, names)
    finally:
        proxy.close()
        server.close()


def counted_once(store: Store, names: list[str]) -> None:
    """Every session of every segment is there once; sightings say what sessions say; no certificate is lacking."""
    assert store.query("SELECT load_id, count() FROM sessions GROUP BY load_id ORDER BY load_id") == [
        (name, len(EXPECTED)) for name in names
    ]
    assert store.query("SELECT load_id FROM loads FINAL ORDER BY load_id") == [(name,) for name in names]
    assert {digest.hex() for (digest,) in store.query("SELECT sha256 FROM certificates FINAL")} == CERTIFICATES
    assert store.query("SELECT uniqExact(sha256) FROM lacking(loads = [])") == [(0,)]
    wanted = {
        (digest, role, row[f"{role}_address"], row["server_port"] if role == "server" else 0, row["server_name"])
        for row in EXPECTED
        for role in ("server", "client")
        for digest in row[f"{role}_chain"] or []
    }
    found = store.query("SELECT DISTINCT lower(hex(sha256)), role, address, port, server_name FROM sightings")
    assert {(digest, role, plain(address), port, name) for digest, role, address, port, name in found} == wanted


def plain(address: Any) -> str:
    return str(address.ipv4_mapped or address) if address.version == 6 else str(address)


@pytest.mark.parametrize("kind", ["embedded", "server"])
def test_killed_at_random_every_acknowledged_session_is_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, running: list[subprocess.Popen[str]], kind: str
) -> None:
    chance = random.Random(6)
    spool = tmp_path / "spool"
    names = live_segments(spool, BUILDING, SEGMENTS)
    monkeypatch.setenv("CERTSPAN_STORE_PASSWORD", PASSWORD)
    server = Engine(tmp_path / "engine") if kind == "server" else None
    url = f"clickhouse://certspan@127.0.0.1:{server.port}/certspan" if server else f"chdb://{tmp_path}/store"
    try:
        killed = 0
        while backlog.waiting(spool) and killed < 15:
            left = len(backlog.waiting(spool))
            process = start(spool, url, "--no-check")
            running.append(process)
            until(lambda before=left: len(backlog.waiting(spool)) < before)  # type: ignore[misc]
            time.sleep(chance.uniform(0, 0.1))
            process.kill()
            process.wait()
            killed += 1
        assert killed >= 3
        collect(spool, url, "--no-check")
        with open_store(url) as store:
            counted_once(store, names)
    finally:
        if server:
            server.close()


def test_a_store_that_cannot_be_reached_is_tried_again(three: Path, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    live_segments(spool, three, 1)
    log = collect(spool, "clickhouse://127.0.0.1:1", status=4)
    assert log.splitlines()[-1] == "certspan: clickhouse://127.0.0.1:1 cannot be reached: connection refused"
    assert len(backlog.waiting(spool)) == 1


def test_a_spool_has_one_collector(three: Path, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    live_segments(spool, three, 1)
    with backlog.held(spool, "collector"):
        log = collect(spool, f"chdb://{tmp_path}/store", status=4)
    assert f"process {os.getpid()} is its collector already" in log
