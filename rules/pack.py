"""The rules that come with certspan: found in the folders of this package, checked, and named by a hash."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import json
import pkgutil
import re
from typing import TYPE_CHECKING, Final

import rules
from rules.rule import Grade, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

VERSION: Final = "1"
"""Of the rules that come with certspan; rises when one of them judges differently."""

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_CLOCK = re.compile(
    r"\b(now|now64|nowInBlock|nowInBlock64|today|curdate|yesterday|UTCTimestamp|UTC_timestamp)\s*\("
    r"|\b(current_timestamp|current_date)\b",
    re.IGNORECASE,
)


@dataclasses.dataclass(frozen=True, slots=True)
class RuleError:
    """A rule that could not judge; the others did."""

    rule: str
    """Its id, as far as it is known: else what the name of its file says."""
    message: str
    """One line."""


@dataclasses.dataclass(frozen=True, slots=True)
class RulePack:
    """Rules to judge by, in the order of their ids."""

    rules: tuple[Rule, ...]
    errors: tuple[RuleError, ...]
    """Rules that could not be loaded."""
    version: str
    sha256: str
    """Hexadecimal, over everything in the rules that judges: SQL, severities, parameters, texts; not the examples."""


def load_rules() -> RulePack:
    """Load every rule of the package: `rules/<concern>/<id with underscores>.py` holds one `RULE`."""
    found: list[Rule] = []
    errors: list[RuleError] = []
    for name in _modules():
        expected = name.rpartition(".")[2].replace("_", "-")
        try:
            rule = importlib.import_module(name).RULE
        except Exception as error:  # noqa: BLE001  whatever a broken rule raises, the others go on
            errors.append(RuleError(expected, f"cannot be loaded: {_line(error)}"))
            continue
        problems = [*check(rule)]
        if isinstance(rule, Rule) and rule.id != expected:
            problems.append(f"its id is {rule.id!r}, but its file says {expected!r}")
        errors.extend(RuleError(expected, problem) for problem in problems[:1])
        if not problems:
            found.append(rule)
    return make_pack(found, errors)


def make_pack(rules_: Sequence[Rule], errors: Sequence[RuleError] = (), version: str = VERSION) -> RulePack:
    """Put rules together: sorted, each id once (a second one is an error), with their hash."""
    by_id: dict[str, Rule] = {}
    doubles = [rule.id for rule in rules_ if by_id.setdefault(rule.id, rule) is not rule]
    problems = (
        *errors,
        *(RuleError(double, "two rules have this id; the second one is not used") for double in doubles),
    )
    ordered = tuple(by_id[rule_id] for rule_id in sorted(by_id))
    return RulePack(ordered, problems, version, _hash(ordered))


def check(rule: object) -> Iterator[str]:
    """Say what is wrong with a rule before any data is seen; nothing, if all is well."""
    if not isinstance(rule, Rule):
        yield f"RULE is no Rule but {type(rule).__name__}"
        return
    if not _ID.fullmatch(rule.id):
        yield f"id {rule.id!r} is not in kebab-case"
    grades = rule.severity if isinstance(rule.severity, tuple) else (Grade("true", rule.severity),)
    if not grades or not all(isinstance(grade.severity, Severity) for grade in grades):
        yield "its severity is not one of rules.rule.Severity"
    texts = (rule.title, rule.applies, rule.fails, *rule.evidence, *(part for g in grades for part in (g.when, g.step)))
    for text in texts:
        if clock := _CLOCK.search(text):
            yield f"it asks the machine's clock ({clock[1] or clock[2]}): use {{now:DateTime64(3, 'UTC')}}"


def _modules() -> Iterator[str]:
    """Names of rule modules: those in the folders, not those that lie beside them."""
    for folder in pkgutil.iter_modules(rules.__path__, "rules."):
        if folder.ispkg:
            package = importlib.import_module(folder.name)
            yield from sorted(module.name for module in pkgutil.iter_modules(package.__path__, f"{folder.name}."))


def _hash(ordered: Sequence[Rule]) -> str:
    data = [dataclasses.asdict(dataclasses.replace(rule, examples=())) for rule in ordered]
    text = json.dumps(data, sort_keys=True, default=str, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _line(error: BaseException) -> str:
    """Give an exception in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
