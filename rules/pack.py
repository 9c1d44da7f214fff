"""The rules that come with certspan, and those of a user's own folder: found, checked, and named by a hash."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import importlib.util
import json
import pkgutil
import re
import sys
from typing import TYPE_CHECKING, Any, Final

import rules
from rules.rule import Example, Grade, Parameter, Rule, Severity, Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path
    from types import ModuleType

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


class RuleFolderError(Exception):
    """A folder of a user's own rules that is none, or holds none; the message says so in one line."""


def load_rules(folder: Path | None = None) -> RulePack:
    """Load every rule of the package, `rules/<concern>/<id with underscores>.py`, and those of a user's own folder.

    Each file holds one `RULE`. RuleFolderError.
    """
    found, errors = _load((name.rpartition(".")[2], importlib.import_module, name) for name in _modules())
    if folder is None:
        return make_pack(found, errors)
    own = load_folder(folder)
    return make_pack([*found, *own.rules], [*errors, *own.errors])


def load_folder(folder: Path) -> RulePack:
    """Load the rules of a user's own folder alone: every .py file in it and below, but those that begin with _.

    RuleFolderError. Its files are programs: they run, as the user who calls.
    """
    if not folder.is_dir():
        raise RuleFolderError(f"--rules {folder}: not a folder")
    files = sorted(path for path in folder.rglob("*.py") if not path.name.startswith("_"))
    if not files:
        raise RuleFolderError(f"--rules {folder}: no .py file in it; each rule is one (certspan rules --help)")
    return make_pack(*_load((path.stem, _import_file, path) for path in files))


def _import_file(path: Path) -> ModuleType:
    """Run a file as a module; nothing is written beside it."""
    name = f"certspan_own_rules.{hashlib.sha256(str(path).encode()).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module


def _load(places: Iterable[tuple[str, Callable[[Any], ModuleType], Any]]) -> tuple[list[Rule], list[RuleError]]:
    """Load the rule of each module, by the stem of its file."""
    found: list[Rule] = []
    errors: list[RuleError] = []
    for stem, load, place in places:
        expected = stem.replace("_", "-")
        try:
            rule = load(place).RULE
        except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a broken rule raises, the others go on
            errors.append(RuleError(expected, f"cannot be loaded: {_line(error)}"))
            continue
        problems = [*check(rule)]
        if isinstance(rule, Rule) and not problems and rule.id != expected:
            problems.append(f"its id is {rule.id!r}, but its file says {expected!r}")
        errors.extend(RuleError(expected, problem) for problem in problems[:1])
        if not problems:
            found.append(rule)
    return found, errors


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
    if wrong := [*_wrong_types(rule)]:
        yield from wrong
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


def _wrong_types(rule: Rule) -> Iterator[str]:
    """Say which fields hold something else than they must: a comma too many makes a tuple of a text."""
    texts = ("id", "title", "summary", "applies", "fails", "why", "action", "since")
    yield from (f"its {name} is no text" for name in texts if not isinstance(getattr(rule, name), str))
    if not isinstance(rule.subject, Subject):
        yield "its subject is not one of rules.rule.Subject"
    members = {"evidence": str, "references": str, "examples": Example, "parameters": Parameter, "tags": str}
    for name, kind in members.items():
        value = getattr(rule, name)
        if not isinstance(value, tuple) or not all(isinstance(member, kind) for member in value):
            yield f"its {name} are no tuple of {'texts' if kind is str else kind.__name__}"
    if isinstance(rule.severity, tuple) and not all(isinstance(grade, Grade) for grade in rule.severity):
        yield "its severity is neither a Severity nor a tuple of Grade"


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
