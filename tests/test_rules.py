"""Every rule keeps its promises: its examples get their verdicts through the real extractor and store."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import rules
from analytics.forge.trial import Trial, TrialError, trial
from rules.pack import check, load_rules, make_pack
from rules.rule import Example, Finds, Grade, Rule, Severity, Subject, Verdict, presented

if TYPE_CHECKING:
    from collections.abc import Iterator

PACK = load_rules()
CASES = [(rule, example) for rule in PACK.rules for example in rule.examples]
EXPECTED = sorted(
    path.stem.replace("_", "-") for path in Path(rules.__path__[0]).glob("*/*.py") if path.stem != "__init__"
)
KINDS = {"fires": Verdict.FAIL, "silent": Verdict.PASS, "unknown": Verdict.UNKNOWN, "boundary": None}
REFERENCE = re.compile(
    r"(RFC \d{4}|NIST SP (800|1800)-\d+\w*|NIST IR \d{4}|ITU-T X\.\d+|IEEE 802\.1AR|IEC 62443-\d-\d|BSI TR-\d{5}"
    r"|FIPS \d+(-\d+)?|PCI DSS|CA/Browser Forum Baseline Requirements)\b.*"
)
AGGREGATE = re.compile(r"\b(count|sum|min|max|avg|any|anyLast|uniq\w*|quantile\w*|group\w+|arg(Min|Max))(If)?\s*\(")

every_rule = pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.id) for rule in PACK.rules])


@pytest.fixture(scope="module")
def place() -> Iterator[Trial]:
    """Give one store with everything that any example shows."""
    with trial() as found:
        found.prepare(example for _, example in CASES)
        yield found


def test_all_rules_load() -> None:
    assert PACK.errors == ()
    assert [rule.id for rule in PACK.rules] == EXPECTED
    assert len(EXPECTED) >= 9


@pytest.mark.parametrize(("rule", "example"), [pytest.param(r, e, id=f"{r.id}-{e.name}") for r, e in CASES])
def test_an_example_gets_its_verdict(place: Trial, rule: Rule, example: Example) -> None:
    outcome = place.judge(rule, example)
    if isinstance(example.expect, Verdict):
        assert outcome.verdict is example.expect
    else:
        assert outcome.finding is not None
        assert (outcome.finding.severity, outcome.finding.title) == (example.expect.severity, example.expect.title)
        assert outcome.finding.step == example.expect.step


@every_rule
def test_a_rule_has_an_example_of_each_kind(rule: Rule) -> None:
    names = [example.name for example in rule.examples]
    assert len(names) == len(set(names))
    assert {name.partition("-")[0] for name in names} <= set(KINDS)
    missing = set(KINDS) - {name.partition("-")[0] for name in names}
    assert missing == ({"unknown"} if rule.never_unknown else set())
    for example in rule.examples:
        verdict = Verdict.FAIL if isinstance(example.expect, Finds) else example.expect
        meant = KINDS[example.name.partition("-")[0]]
        assert verdict is meant or meant is None or (meant, verdict) == (Verdict.PASS, Verdict.NOT_APPLICABLE)
        assert re.fullmatch(r"(\.\.\. )?\S.*[.]", example.why)


@every_rule
def test_each_severity_of_a_rule_has_an_example(rule: Rule) -> None:
    grades = rule.severity if isinstance(rule.severity, tuple) else (Grade("true", rule.severity),)
    shown = {example.expect.severity for example in rule.examples if isinstance(example.expect, Finds)}
    assert shown == {grade.severity for grade in grades}


@every_rule
def test_a_rule_is_one_short_file_named_after_it(rule: Rule) -> None:
    [path] = Path(rules.__path__[0]).rglob(f"{rule.id.replace('-', '_')}.py")
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    assert text.startswith(f'"""{rule.id}: ')


@every_rule
def test_a_rule_says_why_and_what_to_do(rule: Rule) -> None:
    for text in (rule.summary, rule.why, rule.action):
        assert re.fullmatch(r"[A-Z].*[.]", text)
        assert "  " not in text
    assert rule.references
    assert all(REFERENCE.fullmatch(reference) for reference in rule.references)
    assert rule.evidence


@every_rule
def test_a_rule_asks_no_clock_and_aggregates_nothing(rule: Rule) -> None:
    assert list(check(rule)) == []
    for text in (rule.applies, rule.fails):
        assert not AGGREGATE.search(re.sub(r"\barray\w+\(", "", text))


@every_rule
def test_each_parameter_is_used_and_explained(rule: Rule) -> None:
    grades = rule.severity if isinstance(rule.severity, tuple) else ()
    sql = " ".join((rule.title, rule.applies, rule.fails, *(f"{grade.when} {grade.step}" for grade in grades)))
    for parameter in rule.parameters:
        assert f"{{{parameter.name}:{parameter.type}}}" in sql
        assert parameter.unit
        assert parameter.meaning.endswith(".")


def test_the_hash_of_the_pack_follows_what_judges_and_nothing_else() -> None:
    rule = PACK.rules[0]
    others = PACK.rules[1:]
    assert re.fullmatch(r"[0-9a-f]{64}", PACK.sha256)
    assert make_pack(PACK.rules[::-1]).sha256 == PACK.sha256
    assert make_pack([dataclasses.replace(rule, examples=()), *others]).sha256 == PACK.sha256
    for change in ({"fails": "true"}, {"severity": Severity.LOW}, {"parameters": ()}, {"title": "'x'"}):
        changed = [dataclasses.replace(each, **change) for each in PACK.rules]
        assert make_pack(changed).sha256 != PACK.sha256


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"fails": "not_after < now()"}, "clock (now)"),
        ({"title": "toString(today())"}, "clock (today)"),
        ({"severity": (Grade("now64(3) > not_after", Severity.LOW),)}, "clock (now64)"),
        ({"applies": "not_before < CURRENT_TIMESTAMP"}, "clock (CURRENT_TIMESTAMP)"),
        ({"severity": "high"}, "severity"),
        ({"severity": ()}, "severity"),
        ({"id": "Not_Kebab"}, "kebab-case"),
    ],
)
def test_a_rule_that_is_not_right_is_refused(change: dict[str, object], problem: str) -> None:
    broken = dataclasses.replace(PACK.rules[0], **change)  # type: ignore[arg-type]
    assert problem in " ".join(check(broken))
    assert list(check("no rule at all")) == ["RULE is no Rule but str"]


def test_a_file_that_breaks_is_an_error_with_the_rules_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "broken_examples"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "does_not_import.py").write_text("import no_such_module")
    (folder / "has_no_rule.py").write_text("x = 1")
    (folder / "has_another_id.py").write_text("from rules.validity.expired import RULE")
    monkeypatch.setattr(rules, "__path__", [*rules.__path__, str(tmp_path)])
    pack = load_rules()
    assert [rule.id for rule in pack.rules] == EXPECTED
    assert {error.rule for error in pack.errors} == {"does-not-import", "has-no-rule", "has-another-id"}
    messages = {error.rule: error.message for error in pack.errors}
    assert "no_such_module" in messages["does-not-import"]
    assert "'expired'" in messages["has-another-id"]
    assert all("\n" not in message for message in messages.values())


def test_an_example_about_nothing_is_an_error(place: Trial) -> None:
    rule = next(rule for rule in PACK.rules if rule.id == "expired")
    for about in ("nobody", None):
        example = dataclasses.replace(rule.examples[0], about=about, sessions=() if about is None else presented())
        with pytest.raises(TrialError):
            place.judge(rule, example)


def test_two_rules_with_one_id_are_an_error() -> None:
    twin = dataclasses.replace(PACK.rules[0], subject=Subject.CERTIFICATE)
    pack = make_pack([*PACK.rules, twin])
    assert pack.rules == PACK.rules
    assert [error.rule for error in pack.errors] == [twin.id]
