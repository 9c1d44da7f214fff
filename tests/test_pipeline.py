"""The one loop: what the sink is told, bounded memory of facts, safe interruption."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from captures import capture

from sensor.engine import Batch, Damage, NativeEngine
from sensor.pipeline import CANNOT_OPEN, CaptureReport, FactsCache, Progress, run
from sensor.source import CaptureInput, expand

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sensor.events import Certificate


@dataclass
class Record:
    """A sink that remembers."""

    wants_certificates: bool = True
    events: list[str] = field(default_factory=list)
    sessions: int = 0
    certificates: list[bytes] = field(default_factory=list)
    fail: BaseException | None = None

    def start(self, name: str) -> None:  # noqa: D102  as the protocol says
        self.events.append(f"start {name.rpartition('/')[2]}")

    def batch(self, batch: Batch, certificates: Sequence[tuple[Certificate, bytes]]) -> None:  # noqa: D102
        if self.fail:
            raise self.fail
        self.sessions += len(batch)
        assert all(hashlib.sha256(der).digest() == facts.sha256 for facts, der in certificates)
        self.certificates += [facts.sha256 for facts, _ in certificates]

    def finish(self, report: CaptureReport) -> None:  # noqa: D102
        self.events.append(f"finish {report.name.rpartition('/')[2]}")

    def abort(self) -> None:  # noqa: D102
        self.events.append("abort")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "three.pcap"
    path.write_bytes(capture())
    return path


def test_a_capture_is_read_and_reported(path: Path) -> None:
    sink, seen = Record(), list[Progress]()
    (report,) = run(expand([str(path)]), sink, engine=NativeEngine(), sha256=True, progress=seen.append)
    assert sink.events == ["start three.pcap", "finish three.pcap"]
    assert (sink.sessions, len(sink.certificates), len(set(sink.certificates))) == (3, 3, 3)
    assert (report.sessions, report.certificates, report.damage, report.readable) == (3, 3, (), True)
    assert report.sha256 == hashlib.sha256(path.read_bytes()).digest()
    assert report.first_ns == 1_767_225_600_000_000_000
    assert report.counters
    assert seen[-1].bytes == path.stat().st_size
    assert (seen[-1].packets, seen[-1].sessions) == (report.packets, 3)


def test_progress_and_certificates_go_on_from_capture_to_capture(path: Path) -> None:
    other = path.with_name("z.pcap")
    other.write_bytes(path.read_bytes())
    sink, seen = Record(), list[Progress]()
    run(expand([str(path), str(other)]), sink, engine=NativeEngine(), progress=seen.append)
    assert seen[-1].bytes == 2 * path.stat().st_size
    assert seen[-1].sessions == 6
    assert len(sink.certificates) == 6


def test_facts_are_not_read_if_nobody_wants_them(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FactsCache, "read", None)
    sink = Record(wants_certificates=False)
    run(expand([str(path)]), sink, engine=NativeEngine())
    assert (sink.sessions, sink.certificates) == (3, [])


def test_the_cache_forgets_what_was_longest_unused(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []

    def reader(der: bytes) -> bytes:
        read.append(der)
        return der

    monkeypatch.setattr("sensor.certificate.read_certificate", reader)
    cache = FactsCache(limit=2)
    for name in (b"a", b"b", b"a", b"c", b"a", b"b"):
        cache.read(name, name)
    assert read == [b"a", b"b", b"c", b"b"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("full")])
def test_a_run_that_is_interrupted_drops_what_is_not_finished(path: Path, error: BaseException) -> None:
    sink = Record(fail=error)
    with pytest.raises(type(error)):
        run(expand([str(path)]), sink, engine=NativeEngine())
    assert sink.events == ["start three.pcap", "abort"]


def test_a_capture_that_vanished_is_damage_with_its_own_code(path: Path) -> None:
    captures = expand([str(path)])
    path.unlink()
    (report,) = run(captures, Record(), engine=NativeEngine())
    assert report.damage == (Damage(CANNOT_OPEN, "No such file or directory"),)
    assert not report.readable


def test_only_what_was_named_is_complained_about(path: Path) -> None:
    text = path.with_name("text")
    text.write_text("no capture")
    found = CaptureInput(str(text), "text", 10, named=False)
    sink = Record()
    assert run([found], sink, engine=NativeEngine()) == []
    assert sink.events == ["start text", "abort"]
    (report,) = run(expand([str(text)]), Record(), engine=NativeEngine())
    assert (report.readable, report.damage[0].code) == (False, "not_a_capture")
