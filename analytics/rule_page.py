"""A rule's page, made from its module alone: docs/rules/, and `certspan rules show`.

What examples forge is told field by field, those that differ from the default: a recipe that learns more needs no
change here.
"""

from __future__ import annotations

import dataclasses
import textwrap
from typing import TYPE_CHECKING, Any, Final

from analytics.forge.certificates import DAMAGES
from rules.rule import CertificateRecipe, ExampleSession, Finds, Grade

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.rule import Example, Parameter, Rule

_WIDTH: Final = 120
_VERDICTS: Final = {"not_applicable": "not applicable"}
_CHAINS: Final = ("server_chain", "client_chain", "hidden")


def pages(rules: Sequence[Rule]) -> dict[str, str]:
    """Give the text of every file of docs/rules, by its name."""
    return {"README.md": index(rules)} | {f"{rule.id}.md": page(rule) for rule in rules}


def index(rules: Sequence[Rule]) -> str:
    """Give the list of all pages."""
    rows = [f"| [{rule.id}]({rule.id}.md) | {rule.summary} | {rule.subject} | {_grades(rule)} |" for rule in rules]
    lines = ["# Rules", "", "Made by `make rule-pages` from the modules in [rules/](../../rules).", ""]
    return "\n".join([*lines, "| rule | what it says | subject | severity |", "|---|---|---|---|", *rows, ""])


def page(rule: Rule) -> str:
    """Give the page of one rule, as Markdown."""
    parts = [
        f"# {rule.id}",
        _wrapped(rule.summary),
        f"Judged for each {rule.subject}. Since certspan {rule.since}.",
        _severities(rule),
        "## What it means",
        _wrapped(rule.why),
        "## What to do",
        _wrapped(rule.action),
        "## How it is judged",
        f"A {rule.subject} is judged where this is true:",
        _sql(rule.applies),
        "and fails where this is true; where either is NULL, a fact is missing and the verdict is unknown:",
        _sql(rule.fails),
        *_parameters(rule.parameters),
        "The finding shows:",
        _listed(f"`{column}`" for column in rule.evidence),
        "## Examples",
        "Forged, sent through the extractor and the store, and judged by this rule in every test run.",
        *(_example(example) for example in rule.examples),
        *([f"There is no unknown: {rule.never_unknown}"] if rule.never_unknown else []),
        "## References",
        _listed(rule.references),
    ]
    return "\n\n".join(parts) + "\n"


def _grades(rule: Rule) -> str:
    grades = rule.severity if isinstance(rule.severity, tuple) else (Grade("true", rule.severity),)
    return ", ".join(dict.fromkeys(str(grade.severity) for grade in grades))


def _severities(rule: Rule) -> str:
    grades = rule.severity if isinstance(rule.severity, tuple) else (Grade("true", rule.severity),)
    rows = [f"| {grade.severity} | {_when(grade.when, place)} |" for place, grade in enumerate(grades)]
    return "\n".join(["| severity | when |", "|---|---|", *rows])


def _when(condition: str, place: int) -> str:
    if condition == "true":
        return "otherwise" if place else "always"
    return f"`{_cell(condition)}`"


def _parameters(parameters: Sequence[Parameter]) -> Iterator[str]:
    if parameters:
        rows = [
            f"| `{one.name}` | {_cell(_value(one.default))} | {_cell(one.unit)} | {_cell(one.meaning)} |"
            for one in parameters
        ]
        yield "\n".join(["| parameter | default | unit | meaning |", "|---|---|---|---|", *rows])


def _example(example: Example) -> str:
    facts = [fact for number, session in enumerate(example.sessions, 1) for fact in _session(session, number, example)]
    return "\n\n".join(
        [
            f"### {example.name}",
            _wrapped(example.why),
            _listed([*facts, f"judged at {example.at}: **{_expected(example)}**"]),
        ]
    )


def _expected(example: Example) -> str:
    if not isinstance(example.expect, Finds):
        return _VERDICTS.get(str(example.expect), str(example.expect))
    step = "" if example.expect.step is None else f", step {example.expect.step}"
    return f"fail, {example.expect.severity}{step}: {example.expect.title}"


def _session(session: ExampleSession, number: int, example: Example) -> Iterator[str]:
    """Tell one forged handshake: what differs from a plain one, then its certificates."""
    which = f"handshake {number}" if len(example.sessions) > 1 else "handshake"
    facts = _facts(session, ExampleSession(), leave=_CHAINS, always=("time",))
    yield f"{which}: {', '.join(facts)}"
    for name in _CHAINS:
        chain: tuple[CertificateRecipe, ...] | None = getattr(session, name)
        if chain is None:
            continue
        whose = {"server_chain": "server presents", "client_chain": "client presents", "hidden": "not sent"}[name]
        if not chain and name == "hidden":
            continue
        if not chain:
            yield f"{whose} an empty list"
        for recipe in chain:
            about = " (this one is judged)" if example.about == recipe.name else ""
            yield f"{whose} {_certificate(recipe)}{about}"


def _certificate(recipe: CertificateRecipe) -> str:
    """Tell a forged certificate: subject, issuer, validity, key, hash, and whatever else is not as usual."""
    leave = ("name", "subject", "issuer", "not_before", "not_after", "key", "hash", "damage")
    subject = recipe.subject or f"CN={recipe.name}"
    issuer = "itself" if recipe.issuer is None else f"`{recipe.issuer}`"
    told = [
        f"`{subject}`" if recipe.subject is None else f"`{subject}` (`{recipe.name}`)",
        f"signed by {issuer}",
        f"valid {recipe.not_before} to {recipe.not_after}",
        f"key {recipe.key}",
        f"hash {recipe.hash}",
        *_facts(recipe, CertificateRecipe(), leave=leave),
    ]
    if recipe.damage is not None:
        told.append(DAMAGES.get(recipe.damage, recipe.damage))
    return ", ".join(told)


def _facts(value: Any, usual: Any, *, leave: Sequence[str], always: Sequence[str] = ()) -> list[str]:
    """Tell the fields of a dataclass that are not as usual."""
    fields = [field.name for field in dataclasses.fields(value) if field.name not in leave]
    told = [name for name in fields if name in always or getattr(value, name) != getattr(usual, name)]
    return [f"{name.replace('_', ' ')} {_value(getattr(value, name))}" for name in told]


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return " ".join(map(_value, value)) or "empty"
    return "none" if value is None else str(value)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _sql(expression: str) -> str:
    return f"```sql\n{expression}\n```"


def _cell(text: str) -> str:
    """Make text fit into a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def _listed(items: Any) -> str:
    return "\n".join(f"- {item}" for item in items)
