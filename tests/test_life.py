"""The life of findings, over simulated days: what forged devices do decides, and silence never resolves."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from analytics import keep
from analytics.audit import Request, audit
from analytics.evaluate import evaluate
from analytics.finding import finding_id
from analytics.forge.certificates import session_certificates
from analytics.forge.packets import forge_capture
from analytics.forge.trial import Trial, trial
from analytics.life import history, steps, waivers
from analytics.life.event import Kind, Now, Past, State
from analytics.network import home_ranges
from analytics.store import open_store
from rules.pack import load_rules, make_pack
from rules.rule import CertificateRecipe, Example, ExampleSession, Verdict
from sensor.source import CaptureInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from analytics.evaluate import Evaluation
    from analytics.store import Store

PACK = make_pack([rule for rule in load_rules().rules if rule.id in ("expired", "expiring", "old-tls", "self-signed")])
HOME = home_ranges(())
END = "2026-03-31T12:00:00Z"
OLD = CertificateRecipe(issuer="ca", not_after=END)
RENEWED = CertificateRecipe(issuer="ca", not_before="2026-03-01T00:00:00Z")
CA = CertificateRecipe(name="ca", is_ca=True)


def day(month: int, number: int, hour: int = 12) -> dt.datetime:
    return dt.datetime(2026, month, number, hour, tzinfo=dt.UTC)


def shows(recipe: CertificateRecipe, at: dt.datetime, server: str = "10.0.0.10:443", **more: str) -> ExampleSession:
    return ExampleSession((recipe,), hidden=(CA,), time=at.isoformat(), server=server, **more)  # type: ignore[arg-type]


def sha(recipe: CertificateRecipe) -> str:
    return hashlib.sha256(session_certificates(shows(recipe, day(1, 1)))[recipe.name]).hexdigest()


def see(place: Trial, *sessions: ExampleSession) -> None:
    place.prepare([Example("fires", "", sessions, Verdict.PASS)])


def check(place: Trial, at: dt.datetime) -> Evaluation:
    return evaluate(place.store, PACK, now=at, home=HOME, keep=True)


def told(evaluation: Evaluation, rule: str) -> list[str]:
    return [f"{one.kind}" + (f" {one.reason}" if one.reason else "") for one in evaluation.events if one.rule == rule]


def state(store: Store, rule: str, subject: str) -> tuple[object, ...]:
    rows = store.query(
        "SELECT state, resolution, reopened, step FROM finding WHERE rule = {r:String} AND subject = {s:String}",
        {"r": rule, "s": subject},
    )
    [row] = rows
    return row


def everything(store: Store) -> list[object]:
    """Give all that an evaluation writes, without the machine's own clock."""
    return [
        store.query(f"SELECT * {without} FROM {table} FINAL ORDER BY ALL")
        for table, without in (("finding_events", ""), ("findings", ""), ("evaluations", "EXCEPT written_at"))
    ]


@pytest.fixture
def place() -> Iterator[Trial]:
    with trial() as found:
        yield found


DAYS = [day(3, number) for number in (1, 2, 15, 16, 17, 23, 24, 29, 30)]


def test_each_step_is_one_event_and_each_day_is_none(place: Trial) -> None:
    see(place, shows(OLD, day(3, 1)))
    events = [(at, one.kind, one.step) for at in DAYS for one in check(place, at).events if one.rule == "expiring"]
    assert events == [
        (day(3, 1), "opened", 30),
        (day(3, 16), "changed", 15),
        (day(3, 24), "changed", 7),
        (day(3, 30), "changed", 1),
    ]


def test_renewed_is_resolved_and_what_has_ended_is_another_rules_matter(place: Trial) -> None:
    see(place, shows(OLD, day(3, 1)))
    assert told(check(place, day(3, 20)), "expiring") == ["opened"]
    see(place, shows(RENEWED, day(3, 21)))
    assert told(check(place, day(3, 22)), "expiring") == ["resolved replaced"]
    later = check(place, day(4, 2))
    assert (told(later, "expiring"), told(later, "expired")) == ([], [])
    assert state(place.store, "expiring", sha(OLD)) == ("resolved", "replaced", 0, 15)
    see(place, shows(OLD, day(4, 3)))
    again = check(place, day(4, 4))
    assert (told(again, "expiring"), told(again, "expired")) == ([], ["opened"])


def test_a_certificate_that_ends_while_in_use_changes_from_one_rule_to_the_other(place: Trial) -> None:
    see(place, shows(OLD, day(3, 20)))
    check(place, day(3, 30))
    evaluation = check(place, day(4, 1))
    assert told(evaluation, "expiring") == ["resolved not_applicable"]
    assert told(evaluation, "expired") == ["opened"]


def test_replaced_at_one_of_two_holders_is_not_resolved(place: Trial) -> None:
    see(place, shows(OLD, day(3, 19)), shows(OLD, day(3, 19), "10.0.0.11:443"))
    check(place, day(3, 20))
    see(place, shows(RENEWED, day(3, 21)))
    assert told(check(place, day(3, 22)), "expiring") == []
    see(place, shows(RENEWED, day(3, 22), "10.0.0.11:443"))
    assert told(check(place, day(3, 23)), "expiring") == ["resolved replaced"]


NOT_REPLACED = {
    "another name": (
        shows(OLD, day(3, 20), server_name="a.example"),
        shows(RENEWED, day(3, 21), server_name="b.example"),
    ),
    "in turn": (shows(RENEWED, day(3, 9)), shows(OLD, day(3, 10)), shows(RENEWED, day(3, 11))),
    "forged packets": (
        shows(OLD, day(3, 10)),
        shows(RENEWED, day(3, 11), mirrored="server", ends_after="certificate"),
    ),
}


@pytest.mark.parametrize("sessions", NOT_REPLACED.values(), ids=NOT_REPLACED)
def test_what_else_a_holder_presents_does_not_replace(place: Trial, sessions: tuple[ExampleSession, ...]) -> None:
    see(place, *sessions)
    assert told(check(place, day(3, 22)), "expiring") == ["opened"]


@pytest.mark.parametrize(("after", "wanted"), [(0, []), (1, [Kind.STALE])])
def test_stale_begins_after_the_last_moment(after: int, wanted: list[Kind]) -> None:
    past = Past("f", 1, State.OPEN, "r", "low", "t", "endpoint", "s", None, True, day(1, 1), None)
    at = day(1, 31) + dt.timedelta(milliseconds=after)
    assert [one.kind for one in steps.events(past, Now(), at, dt.timedelta(days=30))] == wanted


def test_silence_makes_stale_and_being_there_again_reopens(place: Trial) -> None:
    see(place, ExampleSession(version="TLSv1.0", time=day(1, 1).isoformat()))
    assert told(check(place, day(1, 2)), "old-tls") == ["opened"]
    assert told(check(place, day(1, 31, 12)), "old-tls") == []
    assert told(check(place, day(1, 31, 13)), "old-tls") == ["stale"]
    assert told(check(place, day(3, 1)), "old-tls") == []
    see(place, ExampleSession(version="TLSv1.0", time=day(3, 2).isoformat()))
    assert told(check(place, day(3, 3)), "old-tls") == ["reopened"]
    assert state(place.store, "old-tls", "10.0.0.10:443")[::2] == ("open", 1)


def test_a_rule_that_is_gone_or_broken_or_cannot_tell_resolves_nothing(place: Trial) -> None:
    see(place, shows(OLD, day(3, 1)))
    check(place, day(3, 20))
    see(place, shows(RENEWED, day(3, 21)))
    rest = make_pack([rule for rule in PACK.rules if rule.id != "expiring"])
    assert told(evaluate(place.store, rest, now=day(3, 22), home=HOME, keep=True), "expiring") == []
    [expiring] = [rule for rule in PACK.rules if rule.id == "expiring"]
    broken = make_pack([replace(expiring, fails="no_such_column")])
    evaluation = evaluate(place.store, broken, now=day(3, 23), home=HOME, keep=True)
    assert evaluation.errors
    assert told(evaluation, "expiring") == []
    assert state(place.store, "expiring", sha(OLD))[0] == "open"
    assert told(check(place, day(3, 24)), "expiring") == ["resolved replaced"]


def test_unknown_is_not_mended(place: Trial) -> None:
    see(place, shows(OLD, day(3, 1)))
    check(place, day(3, 20))
    [expiring] = [rule for rule in PACK.rules if rule.id == "expiring"]
    see(place, shows(OLD, day(3, 21)))
    for number, (changed, wanted) in enumerate([("NULL::Nullable(Bool)", []), ("false", ["resolved mended"])]):
        pack = make_pack([replace(expiring, fails=changed)])
        evaluation = evaluate(place.store, pack, now=day(3, 22 + number), home=HOME, keep=True)
        assert told(evaluation, "expiring") == wanted


def test_a_pass_without_an_observation_is_no_answer(place: Trial) -> None:
    see(place, shows(OLD, day(3, 1)))
    check(place, day(3, 20))
    pack = make_pack([replace(rule, fails="false") for rule in PACK.rules])
    assert told(evaluate(place.store, pack, now=day(3, 21), home=HOME, keep=True), "expiring") == []


def test_again_and_earlier_change_nothing(place: Trial) -> None:
    see(place, shows(OLD, day(3, 1)))
    assert check(place, day(3, 20)).events
    before = everything(place.store)
    assert check(place, day(3, 20)).events == ()
    assert everything(place.store) == before
    earlier = check(place, day(3, 19))
    assert (earlier.kept, earlier.events) == (False, ())
    assert earlier.findings
    assert everything(place.store) == before


@pytest.mark.parametrize("broken", ["findings", "evaluations"])
@pytest.mark.parametrize("goes_on", ["same", "later"])
def test_a_kill_between_the_writes_heals(monkeypatch: pytest.MonkeyPatch, broken: str, goes_on: str) -> None:
    def run(*, kill: bool) -> list[object]:
        insert = keep._insert  # noqa: SLF001  where it is broken

        def fails(store: Store, table: str, columns: object) -> None:
            if table == broken:
                raise KeyboardInterrupt
            insert(store, table, columns)  # type: ignore[arg-type]

        with trial() as place:
            see(place, shows(OLD, day(3, 1)))
            check(place, day(3, 20))
            see(place, shows(RENEWED, day(3, 21)), shows(OLD, day(3, 21), "10.0.0.99:443"))
            if kill:
                with monkeypatch.context() as patch:
                    patch.setattr(keep, "_insert", fails)
                    with pytest.raises(KeyboardInterrupt):
                        check(place, day(3, 24))
            if not kill or goes_on == "same":
                check(place, day(3, 24))
            last = check(place, day(3, 25))
            assert last.kept
            found = everything(place.store)
            return found[:2] if goes_on == "later" else found

    assert run(kill=True) == run(kill=False)


def test_what_a_killed_run_saw_is_told_by_the_next(place: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    see(place, shows(OLD, day(3, 1)))

    def fails(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(keep, "_insert", fails)
        with pytest.raises(KeyboardInterrupt):
            check(place, day(3, 20))
    assert not check(place, day(3, 19)).kept
    assert told(check(place, day(3, 21)), "expiring") == ["opened"]
    assert history.latest(place.store) == day(3, 20)


def test_a_waiver_is_told_when_it_begins_and_when_it_ends(place: Trial) -> None:
    see(place, shows(OLD, day(3, 1)))
    check(place, day(3, 2))
    waiver = waivers.make(
        "expiring", sha(OLD), until=day(3, 10), reason="works stop", owner="ops", created_at=day(3, 3)
    )
    waivers.write(place.store, waiver)
    assert told(check(place, day(3, 3)), "expiring") == ["waived"]
    assert told(check(place, day(3, 9)), "expiring") == []
    kept, waived = waivers.split(place.store, check(place, day(3, 9, 13)))
    assert [one.rule for one in waived] == ["expiring"]
    assert "expiring" not in {one.rule for one in kept}
    assert told(check(place, day(3, 10)), "expiring") == ["waiver_ended"]


def test_an_audit_of_some_captures_says_nothing_of_others(place: Trial) -> None:
    see(place, ExampleSession(version="TLSv1.0", time=day(1, 1).isoformat()))
    check(place, day(1, 2))
    see(place, shows(OLD, day(3, 1)))
    [(load,)] = place.store.query("SELECT DISTINCT load_id FROM sightings")
    evaluation = evaluate(place.store, PACK, now=day(3, 20), loads=[load], home=HOME, keep=True)
    assert {one.rule for one in evaluation.events} == {"expiring"}
    assert state(place.store, "old-tls", "10.0.0.10:443")[0] == "open"


def test_an_older_capture_opens_what_nobody_knew_and_nothing_else(place: Trial) -> None:
    see(place, shows(RENEWED, day(3, 1)))
    [(first,)] = place.store.query("SELECT DISTINCT load_id FROM sightings")
    evaluate(place.store, PACK, now=day(3, 2), loads=[first], home=HOME, keep=True)
    ending = CertificateRecipe(not_after="2026-01-20T00:00:00Z", issuer="ca")
    replaced = CertificateRecipe(name="replaced", not_after="2026-01-21T00:00:00Z", issuer="ca")
    # Where the later capture saw another one since, there is nothing left to open.
    see(place, shows(ending, day(1, 1), server="10.0.0.11:443"), shows(replaced, day(1, 1)))
    [load] = [one for (one,) in place.store.query("SELECT DISTINCT load_id FROM sightings") if one != first]
    evaluation = evaluate(place.store, PACK, now=day(1, 2), loads=[load], home=HOME, keep=True)
    assert [(one.rule, one.kind, one.at) for one in evaluation.events] == [("expiring", "opened", day(1, 2))]
    assert evaluate(place.store, PACK, now=day(1, 3), loads=[load], home=HOME, keep=True).events == ()


def test_an_audit_into_a_store_that_a_sensor_feeds_changes_nothing(tmp_path: Path) -> None:
    capture = tmp_path / "one.pcap"
    capture.write_bytes(forge_capture([shows(OLD, day(3, 25))]))
    url = f"chdb://{tmp_path}/store"
    request = Request([CaptureInput(str(capture), "one", capture.stat().st_size)], None, "capture", HOME, url)
    with open_store(url) as store:
        store.migrate()
        store.command(
            "INSERT INTO loads (load_id, kind, sensor, name, engine_version, facts_version, packets, sessions, "
            "certificates) VALUES ('s', 'live', 'a', 's', '1', 1, 0, 0, 0)"
        )
    assert "expiring" in {one.rule for one in audit(request, PACK).findings}
    with open_store(url, read_only=True) as store:
        for table in ("findings", "finding_events", "evaluations"):
            assert store.query(f"SELECT count() FROM {table}") == [(0,)]


def test_ids_in_the_store_are_those_of_findings(place: Trial) -> None:
    see(place, shows(OLD, day(3, 1)))
    check(place, day(3, 20))
    assert place.store.query("SELECT id FROM finding WHERE rule = 'expiring'") == [
        (finding_id("expiring", "certificate", sha(OLD)),)
    ]
