"""Rules x store -> findings: stable, repeatable, complete, and never silent about a rule that breaks."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import itertools
import json
from typing import TYPE_CHECKING

import pytest

from analytics.evaluate import evaluate, verdicts
from analytics.finding import finding_id, plain
from analytics.forge.certificates import session_certificates
from analytics.forge.trial import Trial, trial
from analytics.network import home_ranges
from rules.pack import RulePack, load_rules, make_pack
from rules.rule import CertificateRecipe, Example, ExampleSession, Grade, Parameter, Rule, Severity, Subject, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics.evaluate import Evaluation, Finding

HOSTILE = "O=\\<script\\>alert(1)\\</script\\>\\0A\u202eevil,CN=device"
DEVICE = CertificateRecipe(not_after="2026-03-01T12:00:00Z", subject=HOSTILE)
CLIENT = CertificateRecipe(name="client", not_after="2026-03-01T12:00:00Z")
GATEWAY = CertificateRecipe(name="gateway", key="rsa1024")
FLOATING = CertificateRecipe(name="floating")
OFFICE = (
    ExampleSession((DEVICE,), (CLIENT,), server_name="device.example", time="2026-03-10T00:00:00Z"),
    ExampleSession((DEVICE,), server_name="other.example", server="198.51.100.7:8443", time="2026-03-11T00:00:00Z"),
    ExampleSession(version="TLSv1.3", server="10.0.0.11:443", time="2026-03-11T00:00:00Z"),
)
PLANT = (
    ExampleSession((DEVICE,), server="10.9.9.9:443", time="2026-03-12T00:00:00Z"),
    ExampleSession((GATEWAY,), server="10.9.9.8:443", version="TLSv1.0", time="2026-03-12T00:00:00Z"),
)
FORGED = (ExampleSession((FLOATING,), server="10.8.8.8:443", mirrored="server", ends_after="certificate"),)
NOW = dt.datetime(2026, 3, 15, tzinfo=dt.UTC)
PACK = load_rules()
HOME = home_ranges(())


def sha256(session: ExampleSession, name: str) -> str:
    """Name a certificate of a session as findings do."""
    return hashlib.sha256(session_certificates(session)[name]).hexdigest()


SHARED, OF_CLIENT = sha256(OFFICE[0], "device"), sha256(OFFICE[0], "client")


def example(*sessions: ExampleSession) -> Example:
    """Give something a trial can load."""
    return Example("fires", "", sessions, Verdict.PASS)


@pytest.fixture(scope="module")
def shared() -> Iterator[Trial]:
    """Give a store with both captures that no test writes to."""
    with trial() as found:
        found.prepare([example(*OFFICE), example(*PLANT), example(*FORGED)])
        yield found


@pytest.fixture(scope="module")
def judged(shared: Trial) -> Evaluation:
    """Give what all rules say of both captures."""
    return evaluate(shared.store, PACK, now=NOW, home=HOME)


def some(*ids: str) -> RulePack:
    """Give some of the rules."""
    return make_pack([each for each in PACK.rules if each.id in ids])


def load_of(place: Trial, sessions: tuple[ExampleSession, ...]) -> str:
    """Name of the load of these sessions: the one that brought most of their endpoints."""
    addresses = [session.server.rpartition(":")[0] for session in sessions]
    rows = place.store.query(
        "SELECT load_id FROM session(loads=[], home=[]) WHERE has({a:Array(String)}, server) GROUP BY load_id",
        {"a": addresses},
    )
    [(load_id,)] = rows
    return str(load_id)


def one(evaluation: Evaluation, rule: str, subject: str) -> Finding:
    """Give the one finding of a rule about a subject."""
    [found] = [finding for finding in evaluation.findings if (finding.rule, finding.subject) == (rule, subject)]
    return found


def rule(fails: str, **others: object) -> Rule:
    """Make a rule over certificates from its condition."""
    base = next(each for each in PACK.rules if each.id == "self-signed")
    return dataclasses.replace(base, id="made-up", fails=fails, evidence=("subject",), **others)  # type: ignore[arg-type]


def test_a_finding_tells_who_holds_it_ours_first(judged: Evaluation) -> None:
    found = one(judged, "expired", SHARED)
    assert found.severity is Severity.CRITICAL
    assert found.title == "expired 13 days ago, still in use when last seen"
    assert [(h.role, h.address, h.port, h.ours, h.server_names) for h in found.holders] == [
        ("server", "10.0.0.10", 443, True, ("device.example",)),
        ("server", "10.9.9.9", 443, True, ()),
        ("server", "198.51.100.7", 8443, False, ("other.example",)),
    ]
    assert found.ours
    assert found.confirmed
    assert found.first_seen == dt.datetime(2026, 3, 10, 0, 0, 0, 750, tzinfo=dt.UTC)
    assert found.last_seen.date() == dt.date(2026, 3, 12)
    assert found.evidence["certificates"] == [SHARED]
    assert found.evidence["not_after"] == "2026-03-01T12:00:00Z"


def test_certificates_of_clients_are_judged(judged: Evaluation) -> None:
    found = one(judged, "expired", OF_CLIENT)
    assert [(h.role, h.address, h.port) for h in found.holders] == [("client", "10.0.0.20", None)]


def test_unconfirmed_sessions_are_found_and_marked(judged: Evaluation) -> None:
    found = one(judged, "self-signed", sha256(FORGED[0], "floating"))
    assert not found.confirmed
    assert [holder.confirmed for holder in found.holders] == [False]


def test_home_decides_what_is_ours(shared: Trial) -> None:
    home = home_ranges(("198.51.100.0/24",))
    evaluation = evaluate(shared.store, some("expired", "blind-spot"), now=NOW, home=home)
    found = one(evaluation, "expired", SHARED)
    assert [h.address for h in found.holders if h.ours] == ["198.51.100.7"]
    assert not one(evaluation, "expired", OF_CLIENT).ours
    order = [(not each.ours, -each.severity, each.rule, each.subject) for each in evaluation.findings]
    assert order == sorted(order)


def test_loads_limit_what_is_judged(shared: Trial) -> None:
    plant = load_of(shared, PLANT)
    evaluation = evaluate(shared.store, some("expired", "old-tls"), now=NOW, loads=[plant], home=HOME)
    assert [h.address for h in one(evaluation, "expired", SHARED).holders] == ["10.9.9.9"]
    assert OF_CLIENT not in {finding.subject for finding in evaluation.findings}
    assert evaluation.verdicts["old-tls"] == {
        Verdict.FAIL: 1,
        Verdict.PASS: 1,
        Verdict.UNKNOWN: 0,
        Verdict.NOT_APPLICABLE: 0,
    }


def test_a_finding_about_an_endpoint_rests_on_what_was_shown_there(judged: Evaluation) -> None:
    old = one(judged, "old-tls", "10.9.9.8:443")
    assert old.evidence["certificates"] == [sha256(PLANT[1], "gateway")]
    assert [(h.role, h.address, h.port) for h in old.holders] == [("server", "10.9.9.8", 443)]
    blind = one(judged, "blind-spot", "10.0.0.11:443")
    assert blind.evidence["certificates"] == []
    assert blind.evidence["visibilities"] == {"encrypted": 1}


def test_findings_are_json_and_hold_texts_as_captured(judged: Evaluation) -> None:
    assert judged.findings
    for finding in judged.findings:
        assert json.loads(json.dumps(finding.evidence)) == finding.evidence
    subject = one(judged, "expired", SHARED).evidence["subject"]
    assert subject == "O=\\<script\\>alert(1)\\</script\\>\n\u202eevil,CN=device"


def test_the_id_of_a_finding_follows_from_rule_and_subject_alone(shared: Trial, judged: Evaluation) -> None:
    found = one(judged, "expired", SHARED)
    assert found.id == hashlib.sha256(f"expired\ncertificate\n{SHARED}".encode()).hexdigest()[:32]
    later = evaluate(shared.store, some("expired"), now=NOW + dt.timedelta(days=400), home=())
    assert one(later, "expired", SHARED).id == found.id
    ids = [finding.id for finding in judged.findings]
    assert len(ids) == len(set(ids))
    assert finding_id("a", "endpoint", "|10.0.0.1|443") != finding_id("a", "endpoint", "site|10.0.0.1|443")


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (rule("no_such_column < 5"), "no_such_column"),
        (rule("not_after <"), "yntax"),
        (rule("subject"), "fails is no condition: its type is Nullable(String)"),
        (rule("der_length"), "fails is no condition"),
        (rule("true", applies="length(subject)"), "applies is no condition"),
        (rule("max(not_after) < {now:DateTime64(3, 'UTC')}"), "aggregate"),
        (rule("toUInt8(2)"), "neither true, false nor NULL"),
        (rule("true", severity=(Grade("false", Severity.LOW),)), "no grade of severity holds"),
        (rule("key_bits < {bits:UInt32}"), "bits"),
        (rule("true", parameters=(Parameter("loads", "UInt8", 1, "", ""),)), "parameter loads"),
        (dataclasses.replace(rule("true"), evidence=("key_bits + 1",)), "evidence"),
        (rule("throwIf(true, 'on\npurpose')"), "purpose"),
    ],
)
def test_a_rule_that_breaks_is_an_error_and_the_others_go_on(
    shared: Trial, judged: Evaluation, broken: Rule, says: str
) -> None:
    others = some("blind-spot", "weak-key")
    evaluation = evaluate(shared.store, make_pack([*others.rules, broken]), now=NOW, home=HOME)
    [error] = evaluation.errors
    assert error.rule == "made-up"
    assert says in error.message
    assert "\n" not in error.message
    assert not error.message.startswith(shared.store.name)
    assert set(evaluation.verdicts) == {"blind-spot", "weak-key"}
    assert evaluation.findings == tuple(each for each in judged.findings if each.rule in evaluation.verdicts)


def test_rules_that_could_not_be_loaded_are_errors_of_the_run(shared: Trial) -> None:
    twice = make_pack([PACK.rules[0], dataclasses.replace(PACK.rules[0], title="'x'")])
    assert evaluate(shared.store, twice, now=NOW, home=HOME).errors == twice.errors != ()


TRUTH = {"true": True, "false": False, "NULL": None}


@pytest.mark.parametrize(("applies", "fails"), list(itertools.product(TRUTH, repeat=2)))
def test_three_values_make_four_verdicts(shared: Trial, applies: str, fails: str) -> None:
    if applies == "false":
        expected = Verdict.NOT_APPLICABLE
    elif applies == "NULL" or fails == "NULL":
        expected = Verdict.UNKNOWN
    else:
        expected = Verdict.FAIL if fails == "true" else Verdict.PASS
    made = rule(fails, applies=applies)
    found = verdicts(shared.store, made, now=NOW, home=HOME)
    assert set(found.values()) == {expected}
    evaluation = evaluate(shared.store, make_pack([made]), now=NOW, home=HOME)
    assert evaluation.errors == ()
    assert evaluation.verdicts["made-up"] == {v: len(found) if v is expected else 0 for v in Verdict}
    assert len(evaluation.findings) == (len(found) if expected is Verdict.FAIL else 0)


def test_a_title_that_is_not_known_is_the_summary(shared: Trial) -> None:
    made = rule("true", title="nullIf('x', 'x')")
    evaluation = evaluate(shared.store, make_pack([made]), now=NOW, home=HOME)
    assert {finding.title for finding in evaluation.findings} == {made.summary}


def test_values_of_the_store_become_json() -> None:
    moment = dt.datetime(2026, 1, 1, 12, 0, 0, 5000, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    value = {"a": (moment, b"\x00\xff", None), "b": {"c": [True, 1]}}
    assert plain(value) == {"a": ["2026-01-01T11:00:00.005Z", "00ff", None], "b": {"c": [True, 1]}}
    assert Subject.CERTIFICATE in {each.subject for each in PACK.rules}
