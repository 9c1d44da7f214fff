"""An evaluation that is kept: doing it twice adds nothing, looking back changes nothing, and it rests on everything."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from analytics.evaluate import evaluate
from analytics.finding import finding_id
from analytics.forge.certificates import session_certificates
from analytics.forge.trial import Trial, trial
from analytics.network import home_ranges
from rules.pack import load_rules, make_pack
from rules.rule import CertificateRecipe, Example, ExampleSession, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

DEVICE = CertificateRecipe(not_after="2026-03-01T12:00:00Z")
OFFICE = (ExampleSession((DEVICE,), time="2026-03-10T00:00:00Z"),)
PLANT = (ExampleSession((DEVICE,), server="10.9.9.9:443", time="2026-03-12T00:00:00Z"),)
SHARED = hashlib.sha256(session_certificates(OFFICE[0])["device"]).hexdigest()
NOW = dt.datetime(2026, 3, 15, tzinfo=dt.UTC)
PACK = make_pack([rule for rule in load_rules().rules if rule.id in ("expired", "self-signed", "blind-spot")])
HOME = home_ranges(())


def example(*sessions: ExampleSession) -> Example:
    """Give something a trial can load."""
    return Example("fires", "", sessions, Verdict.PASS)


@pytest.fixture
def place() -> Iterator[Trial]:
    """Give a store of its own with one capture."""
    with trial() as found:
        found.prepare([example(*OFFICE)])
        yield found


def test_keeping_twice_adds_nothing_and_looking_back_changes_nothing(place: Trial) -> None:
    def rows() -> list[tuple[object, ...]]:
        return place.store.query("SELECT id, severity, title, evaluated_at FROM findings FINAL ORDER BY id")

    def runs() -> int:
        return len(place.store.query("SELECT * FROM evaluations FINAL"))

    first = evaluate(place.store, PACK, now=NOW, home=HOME, keep=True)
    kept = rows()
    assert first.kept
    assert len(kept) == len(first.findings) > 0
    assert runs() == 1
    assert evaluate(place.store, PACK, now=NOW, home=HOME, keep=True).kept
    assert (rows(), runs()) == (kept, 1)
    earlier = evaluate(place.store, PACK, now=NOW - dt.timedelta(days=1), home=HOME, keep=True)
    assert not earlier.kept
    assert earlier.findings
    assert (rows(), runs()) == (kept, 1)
    assert evaluate(place.store, PACK, now=NOW + dt.timedelta(milliseconds=1), home=HOME, keep=True).kept
    assert {row[0] for row in rows()} == {row[0] for row in kept}
    assert runs() == 2


def test_what_is_kept_rests_on_everything_in_the_store(place: Trial) -> None:
    evaluate(place.store, PACK, now=NOW, home=HOME, keep=True)
    place.prepare([example(*PLANT)])
    [(plant,)] = place.store.query("SELECT load_id FROM session(loads=[], home=[]) WHERE server = '10.9.9.9'")
    evaluation = evaluate(place.store, PACK, now=NOW, loads=[plant], home=HOME, keep=True)
    [found] = [finding for finding in evaluation.findings if finding.rule == "expired"]
    assert [holder.address for holder in found.holders] == ["10.9.9.9"]
    [(text,)] = place.store.query(
        "SELECT holders FROM findings FINAL WHERE id = {id:String}",
        {"id": finding_id("expired", "certificate", SHARED)},
    )
    assert [holder["address"] for holder in json.loads(text)] == ["10.0.0.10", "10.9.9.9"]


def test_without_keep_nothing_is_written(place: Trial) -> None:
    evaluation = evaluate(place.store, PACK, now=NOW, home=HOME)
    assert not evaluation.kept
    assert place.store.query("SELECT count() FROM findings") == [(0,)]
    assert place.store.query("SELECT count() FROM evaluations") == [(0,)]


def test_an_empty_store_gives_no_findings_and_no_errors() -> None:
    with trial() as place:
        evaluation = evaluate(place.store, PACK, now=NOW, home=HOME, keep=True)
    assert (evaluation.findings, evaluation.errors) == ((), ())
    assert set(evaluation.verdicts) == {each.id for each in PACK.rules}
