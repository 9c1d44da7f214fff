"""Segments: whole or not to be seen, readable by any tool, their names and manifests right, a full disk told."""

from __future__ import annotations

import errno
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from captures import capture

from sensor import arrow
from sensor._rust import ENGINE_VERSION, session_columns
from sensor.engine import NativeEngine
from sensor.events import FACTS_VERSION, certificate_columns
from sensor.pipeline import CaptureReport, run
from sensor.segment import CERTIFICATES, MANIFEST, SESSIONS, SpoolError, read_segment
from sensor.source import expand
from sensor.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path

    from sensor.engine import Batch
    from sensor.segment import Segment


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "three.pcap"
    path.write_bytes(capture())
    return path


def filled(folder: Path, *paths: Path, **options: Any) -> Spool:
    spool = Spool(folder, engine_version=ENGINE_VERSION, **options)
    run(expand([str(path) for path in paths]), spool, engine=NativeEngine(), sha256=True)
    return spool


def visible(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_capture_becomes_a_segment(path: Path, tmp_path: Path) -> None:
    ((segment,),) = filled(tmp_path / "spool", path).segments
    assert visible(tmp_path / "spool") == [segment.name]
    assert visible(segment.folder) == [CERTIFICATES, MANIFEST, SESSIONS]
    assert (segment.sessions, segment.certificates, segment.part, segment.parts) == (3, 3, 1, 1)
    assert (segment.engine_version, segment.facts_version) == (ENGINE_VERSION, FACTS_VERSION)
    assert segment.capture == str(path)
    assert segment.capture_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert segment.first_ns == 1_767_225_600_000_000_000
    assert read_segment(segment.folder) == segment
    segment.verify()


def test_its_files_are_arrow_streams_with_the_stated_columns(path: Path, tmp_path: Path) -> None:
    ((segment,),) = filled(tmp_path / "spool", path).segments
    sessions = (segment.folder / SESSIONS).read_bytes()
    certificates = (segment.folder / CERTIFICATES).read_bytes()
    assert list(arrow.columns(sessions).items()) == [(name, kind) for name, kind, _ in session_columns()]
    assert list(arrow.columns(certificates).items()) == [(item.name, item.kind) for item in certificate_columns()]
    assert sessions.endswith(arrow.END)


def replayed(folder: Path, path: Path, times: int, **options: Any) -> tuple[Spool, Batch]:
    """Fill a spool with one batch again and again, as a long capture would."""
    (source,) = expand([str(path)])
    reading = NativeEngine().open(source)
    batches: list[Batch] = []
    while (batch := reading.read()) is not None:
        batches += [batch] if len(batch) else []
    spool = Spool(folder, engine_version="1", **options)
    spool.start(source.name)
    for _ in range(times):
        spool.batch(batches[0], [])
    spool.finish(CaptureReport("three.pcap", None, sessions=times * len(batches[0]), sha256=bytes(32)))
    return spool, batches[0]


def test_a_full_segment_is_followed_by_another_and_each_tells_how_many_there_are(path: Path, tmp_path: Path) -> None:
    spool, batch = replayed(tmp_path / "spool", path, 3, max_sessions=1)
    (segments,) = spool.segments
    assert [(segment.part, segment.parts) for segment in segments] == [(1, 3), (2, 3), (3, 3)]
    assert {segment.sessions for segment in segments} == {len(batch)}
    assert {segment.capture_sha256 for segment in segments} == {bytes(32).hex()}
    assert len({segment.reading for segment in segments}) == 1
    assert visible(tmp_path / "spool") == sorted(segment.name for segment in segments)


def test_many_batches_are_one_stream(path: Path, tmp_path: Path) -> None:
    spool, batch = replayed(tmp_path / "spool", path, 4)
    ((segment,),) = spool.segments
    schema, messages = arrow.split(batch.arrow())
    assert (segment.folder / SESSIONS).read_bytes() == schema + bytes(messages) * 4 + arrow.END
    assert segment.file(CERTIFICATES) is None


def test_a_capture_without_sessions_is_a_segment_without_tables(tmp_path: Path) -> None:
    path = tmp_path / "none.pcap"
    path.write_bytes(capture(())[:24])
    ((segment,),) = filled(tmp_path / "spool", path).segments
    assert (segment.sessions, segment.files, segment.first_ns) == (0, {}, None)


def test_what_is_no_capture_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("no capture")
    assert filled(tmp_path / "spool", path).segments == [[]]
    assert visible(tmp_path / "spool") == []


def test_names_never_come_again(path: Path, tmp_path: Path) -> None:
    names = [segments[0].name for _ in range(3) for segments in filled(tmp_path / "spool", path).segments]
    assert len(set(names)) == 3


def test_a_sensor_can_have_any_name(path: Path, tmp_path: Path) -> None:
    ((segment,),) = filled(tmp_path / "spool", path, sensor="../größe/" + "x" * 300).segments
    assert segment.folder.parent == tmp_path / "spool"
    assert segment.sensor.startswith("../größe/")


def test_an_interrupted_run_leaves_nothing(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Spool, "finish", _interrupt)
    with pytest.raises(KeyboardInterrupt):
        filled(tmp_path / "spool", path)
    assert visible(tmp_path / "spool") == []


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("where", ["certificates", "manifest", "rename"])
def test_a_full_disk_is_told_and_leaves_nothing(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    target = {
        "certificates": "sensor.spool._Table._put",
        "manifest": "sensor.spool._write",
        "rename": "pathlib.Path.rename",
    }
    monkeypatch.setattr(target[where], full)
    with pytest.raises(SpoolError, match="no space left to write segments"):
        filled(tmp_path / "spool", path)
    assert visible(tmp_path / "spool") == []


def test_a_spool_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolError, match="cannot write segments"):
        Spool(tmp_path / "file" / "spool", engine_version="1")


@pytest.fixture
def segment(path: Path, tmp_path: Path) -> Segment:
    return filled(tmp_path / "spool", path).segments[0][0]


def test_changed_bytes_are_noticed(segment: Segment) -> None:
    sessions = segment.folder / SESSIONS
    data = bytearray(sessions.read_bytes())
    data[-100] ^= 1
    sessions.write_bytes(data)
    with pytest.raises(SpoolError, match="is not what its manifest says"):
        segment.verify()
    sessions.unlink()
    with pytest.raises(SpoolError, match="No such file"):
        segment.verify()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": 3}, "made by another version"),
        ({"files": {"../../etc/passwd": {}}}, "belong to no segment"),
        ({"files": None}, "damaged"),
        ({"part": None, "missing": "reading"}, "damaged"),
    ],
)
def test_manifests_that_cannot_be_used(segment: Segment, change: dict[str, Any], says: str) -> None:
    manifest = json.loads((segment.folder / MANIFEST).read_bytes()) | change
    manifest.pop(manifest.pop("missing", ""), None)
    (segment.folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(SpoolError, match=says):
        read_segment(segment.folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "\0"])
def test_manifests_that_are_no_json(segment: Segment, text: str) -> None:
    (segment.folder / MANIFEST).write_text(text)
    with pytest.raises(SpoolError, match="damaged"):
        read_segment(segment.folder)
