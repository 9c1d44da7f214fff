"""Exactly once: the same capture again adds nothing, whatever happened in between; broken attempts leave nothing."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from captures import BADGE, LEAF, MAKER, capture

from analytics.load import LoadResult, load_segments
from analytics.store import Store, StoreError, open_store
from rules.rule import ExampleSession
from sensor._rust import ENGINE_VERSION
from sensor.engine import NativeEngine
from sensor.events import FACTS_VERSION
from sensor.pipeline import run
from sensor.segment import CERTIFICATES, MANIFEST, SESSIONS, Segment, SpoolError, read_segment
from sensor.source import expand
from sensor.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLES = ("sessions", "sightings FINAL", "certificates FINAL", "certificate_der FINAL", "loads FINAL")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(f"chdb://{tmp_path_factory.mktemp('load')}/store") as store:
        store.migrate()
        yield store


@pytest.fixture
def store(opened: Store) -> Store:
    for table in TABLES:
        opened.command(f"TRUNCATE TABLE {table.partition(' ')[0]}")
    return opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "three.pcap"
    path.write_bytes(capture())
    return path


def segments(path: Path) -> list[Segment]:
    spool = Spool(path.parent / "spool", engine_version=ENGINE_VERSION)
    run(expand([str(path)]), spool, engine=NativeEngine(), sha256=True)
    return spool.segments[0]


def counts(store: Store) -> list[int]:
    return [store.query(f"SELECT count() FROM {table}")[0][0] for table in TABLES]


def load_id(path: Path) -> str:
    return f"{hashlib.sha256(path.read_bytes()).hexdigest()}:{ENGINE_VERSION}:{FACTS_VERSION}"


def test_a_capture_is_loaded(store: Store, path: Path) -> None:
    result = load_segments(store, segments(path))
    assert result == LoadResult(load_id(path), new=True, sessions=3, certificates=3)
    assert counts(store) == [3, 5, 3, 3, 1]
    assert store.query("SELECT DISTINCT load_id FROM sessions") == [(load_id(path),)]
    assert store.query("SELECT DISTINCT load_id FROM sightings") == [(load_id(path),)]
    assert store.query("SELECT countIf(SHA256(der) != sha256) FROM certificate_der") == [(0,)]


def test_the_ledger_tells_what_was_loaded(store: Store, path: Path) -> None:
    load_segments(store, segments(path))
    columns = "kind, name, hex(capture_sha256), engine_version, facts_version, sessions, certificates, damage"
    ((kind, name, *rest),) = store.query(f"SELECT {columns} FROM loads")
    assert (kind, name) == ("capture", str(path))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest().upper()
    assert rest == [sha256, ENGINE_VERSION, FACTS_VERSION, 3, 3, []]
    ((first, last),) = store.query("SELECT toUnixTimestamp64Nano(first_packet), last_packet > first_packet FROM loads")
    assert (first, last) == (1_767_225_600_000_000_000, 1)


def test_the_facts_arrive_as_they_were_read(store: Store, path: Path) -> None:
    load_segments(store, segments(path))
    rows = store.query("SELECT subject, not_after FROM certificates FINAL ORDER BY subject")
    assert [row[0] for row in rows] == ["CN=badge", "CN=leaf.example", "CN=maker"]
    assert {row[1].isoformat() for row in rows} == {"2035-01-01T00:00:00+00:00"}


def test_the_same_capture_again_renamed_or_recompressed_adds_nothing(store: Store, path: Path) -> None:
    load_segments(store, segments(path))
    before = counts(store)
    other = path.with_name("other name.gz")
    other.write_bytes(gzip.compress(path.read_bytes()))
    for again in (path, other, path):
        result = load_segments(store, segments(again))
        assert result == LoadResult(load_id(path), new=False, sessions=3, certificates=3)
    assert counts(store) == before


def test_after_many_others_it_still_adds_nothing(store: Store, path: Path) -> None:
    load_segments(store, segments(path))
    for second in range(5):
        other = path.with_name(f"{second}.pcap")
        session = ExampleSession(server_chain=(MAKER,), time=f"2026-02-01T00:00:{second:02}Z")
        other.write_bytes(capture((session,)))
        assert load_segments(store, segments(other)).new
    store.command("ALTER TABLE sessions MODIFY SETTING non_replicated_deduplication_window = 1")
    assert not load_segments(store, segments(path)).new
    store.command("ALTER TABLE sessions MODIFY SETTING non_replicated_deduplication_window = 1000")
    assert counts(store)[0] == 3 + 5


def test_another_version_of_engine_or_facts_is_another_load(store: Store, path: Path) -> None:
    (segment,) = segments(path)
    load_segments(store, [segment])
    assert load_segments(store, [dataclasses.replace(segment, engine_version="next")]).new
    assert load_segments(store, [dataclasses.replace(segment, facts_version=99)]).new


@pytest.mark.parametrize("broken_at", ["certificates_in", "sessions", "ledger"])
def test_an_attempt_that_broke_leaves_nothing_twice(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch, broken_at: str
) -> None:
    (segment,) = segments(path)
    real_insert, real_command = Store.insert_arrow, Store.command

    def insert(self: Store, table: str, *arguments: Any, **options: Any) -> None:
        if table == broken_at:
            raise StoreError("killed")
        real_insert(self, table, *arguments, **options)

    def command(self: Store, sql: str, *arguments: Any) -> None:
        if broken_at == "ledger" and "INTO loads" in sql:
            raise StoreError("killed")
        real_command(self, sql, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "insert_arrow", insert)
        patch.setattr(Store, "command", command)
        for _ in range(2):
            with pytest.raises(StoreError, match="killed"):
                load_segments(store, [segment])
    assert counts(store)[-1] == 0
    assert load_segments(store, [segment]).new
    assert counts(store) == [3, 5, 3, 3, 1]


def test_what_retention_took_comes_back_when_it_is_loaded_again(store: Store, path: Path) -> None:
    (segment,) = segments(path)
    load_segments(store, [segment])
    store.command("DELETE FROM sessions WHERE server_visibility = 'encrypted'")
    assert load_segments(store, [segment]) == LoadResult(load_id(path), new=True, sessions=3, certificates=3)
    assert counts(store) == [3, 5, 3, 3, 1]


def test_time_to_live_counts_from_the_load_not_from_the_packets(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "old.pcap"
    path.write_bytes(capture((ExampleSession(server_chain=(MAKER,), time="1999-01-01T00:00:00Z"),)))
    load_segments(store, segments(path))
    store.command("OPTIMIZE TABLE sessions FINAL")
    assert store.query("SELECT toYear(time) FROM sessions") == [(1999,)]
    for days, kept in ((89, 1), (91, 0)):
        store.command(
            "INSERT INTO sessions (load_id, time, loaded_at)"
            " SELECT 'aged', '2026-01-01 00:00:00', now() - toIntervalDay({days:UInt32})",
            {"days": days},
        )
        store.command("OPTIMIZE TABLE sessions FINAL")
        assert store.query("SELECT count() FROM sessions WHERE load_id = 'aged'") == [(kept,)]
        store.command("DELETE FROM sessions WHERE load_id = 'aged'")
    assert store.query("SELECT count() FROM sessions") == [(1,)]


def test_several_segments_are_one_load(store: Store, path: Path) -> None:
    (segment,) = segments(path)
    second = copied(segment, part=2, parts=2, certificates=0)
    first = dataclasses.replace(segment, parts=2)
    result = load_segments(store, [second, first])
    assert (result.sessions, result.certificates) == (6, 3)
    assert counts(store)[0] == 6


def copied(segment: Segment, **changes: Any) -> Segment:
    folder = segment.folder.with_name(segment.name + "-copy")
    shutil.copytree(segment.folder, folder)
    manifest = json.loads((folder / MANIFEST).read_bytes()) | changes
    if not manifest["certificates"]:
        del manifest["files"][CERTIFICATES]
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return read_segment(folder)


def test_a_segment_that_is_missing_stops_the_load(store: Store, path: Path) -> None:
    (segment,) = segments(path)
    for wrong in ([], [dataclasses.replace(segment, parts=2)], [segment, segment]):
        with pytest.raises(SpoolError):
            load_segments(store, wrong)
    assert counts(store) == [0, 0, 0, 0, 0]


def test_a_damaged_segment_stops_the_load(store: Store, path: Path) -> None:
    (segment,) = segments(path)
    with (segment.folder / SESSIONS).open("r+b") as file:
        file.write(b"?")
    with pytest.raises(SpoolError, match="is not what its manifest says"):
        load_segments(store, [segment])
    assert counts(store) == [0, 0, 0, 0, 0]


def test_rows_that_do_not_arrive_are_an_error(store: Store, path: Path) -> None:
    (segment,) = segments(path)
    with pytest.raises(StoreError, match="3 of 4 sessions"):
        load_segments(store, [dataclasses.replace(segment, sessions=4)])
    assert counts(store)[-1] == 0


def test_a_session_whose_certificate_the_store_lacks_is_counted(store: Store, path: Path) -> None:
    (segment,) = segments(path)
    result = load_segments(store, [copied(segment, certificates=0)])
    assert (result.lacking_certificates, result.lacking_sessions) == (3, 2)
    assert store.query("SELECT count() FROM lacking(loads = [])") == [(3,)]


def test_a_segment_of_live_traffic_is_a_load_by_its_name(store: Store, path: Path) -> None:
    (segment,) = segments(path)
    live = dataclasses.replace(segment, capture=None, capture_sha256=None)
    assert load_segments(store, [live]) == LoadResult(segment.name, new=True, sessions=3, certificates=3)
    assert not load_segments(store, [live]).new
    assert store.query("SELECT kind, capture_sha256 FROM loads") == [("live", None)]


def test_sightings_of_live_traffic_name_no_load(store: Store) -> None:
    for load in ("one", "two"):
        store.command(
            "INSERT INTO sessions (load_id, capture, time, server_chain, server_chain_known)"
            " VALUES ({load:String}, NULL, '2026-01-01 00:00:00', [unhex(repeat('01', 32))], true)",
            {"load": load},
        )
    assert store.query("SELECT load_id FROM sightings FINAL") == [("",)]


def test_a_capture_without_sessions_is_known_too(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "none.pcap"
    path.write_bytes(capture()[:24])
    assert load_segments(store, segments(path)) == LoadResult(load_id(path), new=True, sessions=0, certificates=0)
    assert not load_segments(store, segments(path)).new
    assert store.query("SELECT first_packet FROM loads") == [(None,)]


def test_the_forged_chains_are_what_was_asked_for() -> None:
    assert (LEAF.issuer, MAKER.is_ca, BADGE.issuer) == ("maker", True, None)
