"""What clauses of standards the rules give evidence for: data, many to many, one TOML file a standard."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any

_CLAUSE = frozenset({"id", "asks", "rules", "note", "parameters"})


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause."""

    id: str
    asks: str
    """What it asks for, in our words; the standard's own count."""
    rules: tuple[str, ...]
    """Ids of the rules whose findings are against it."""
    note: str
    parameters: tuple[tuple[str, tuple[tuple[str, int], ...]], ...] = ()
    """Rule -> parameters in which the clause is stricter than the rule is by itself."""

    def asked(self, rule: str) -> tuple[tuple[str, int], ...]:
        """Give the parameters that a rule is judged with here, beside its own."""
        return dict(self.parameters).get(rule, ())


@dataclass(frozen=True, slots=True)
class Standard:
    """One standard."""

    id: str
    title: str
    judged: bool
    """False: only people can judge its clauses; evidence is listed, without a verdict."""
    clauses: tuple[Clause, ...]


class ClausesError(Exception):
    """A file that is no list of clauses."""


def standards() -> tuple[Standard, ...]:
    """Read all standards, by id. ClausesError: a file is not as it must be."""
    files = sorted(entry.name for entry in resources.files(__name__).iterdir() if entry.name.endswith(".toml"))
    return tuple(
        _standard(name, tomllib.loads((resources.files(__name__) / name).read_text("utf-8"))) for name in files
    )


def _standard(name: str, data: dict[str, Any]) -> Standard:
    if unknown := set(data) - {"title", "judged", "clause"}:
        raise ClausesError(f"{name}: unknown keys {', '.join(sorted(unknown))}")
    clauses = tuple(_clause(name, one) for one in data["clause"])
    return Standard(name.removesuffix(".toml"), data["title"], data["judged"], clauses)


def _clause(name: str, data: dict[str, Any]) -> Clause:
    if unknown := set(data) - _CLAUSE:
        raise ClausesError(f"{name}: unknown keys {', '.join(sorted(unknown))}")
    stricter = tuple((rule, tuple(sorted(values.items()))) for rule, values in data.get("parameters", {}).items())
    return Clause(data["id"], data["asks"], tuple(data["rules"]), data.get("note", ""), stricter)
