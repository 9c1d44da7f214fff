"""`certspan rules`: what there is, the page of one, and tests of a user's own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analytics.exits import Exit, Failure, complain

if TYPE_CHECKING:
    from rules.pack import RulePack

_RULES = click.option(
    "--rules", "folder", type=click.Path(path_type=Path), metavar="FOLDER", help="Rules of your own beside ours."
)


@click.group()
def command() -> None:
    """Show the rules, and test your own.

    A rule is one Python file with one RULE: copy the one of ours that is nearest to it (certspan rules show RULE) into
    a folder of your own, and name the folder with --rules. Its file is called as its id, with underscores. What is in
    the folder runs as a program: take it from people you trust.
    """


@command.command("list")
@_RULES
def list_(folder: Path | None) -> None:
    """List all rules: id, gravest severity, subject, what it says.

    Exit status: 0 done; 1 a rule could not be loaded; 2 usage.
    """
    from analytics.output import write_out  # noqa: PLC0415
    from rules.rule import Grade  # noqa: PLC0415

    pack = _load(folder)
    lines = []
    for rule in pack.rules:
        grades = rule.severity if isinstance(rule.severity, tuple) else (Grade("true", rule.severity),)
        gravest = max(grade.severity for grade in grades)
        lines.append(f"{rule.id:<24} {gravest!s:<9} {rule.subject:<12} {rule.summary}\n")
    write_out("".join(lines).encode())
    sys.exit(_complained(pack))


@command.command()
@click.argument("rule")
@_RULES
def show(rule: str, folder: Path | None) -> None:
    """Show the page of a rule: why, what to do, its SQL and parameters, its examples.

    Exit status: 0 done; 2 usage, or no such rule.
    """
    from analytics.output import write_out  # noqa: PLC0415
    from analytics.report import text  # noqa: PLC0415
    from analytics.rule_page import page  # noqa: PLC0415

    pack = _load(folder)
    found = next((one for one in pack.rules if one.id == rule), None)
    if found is None:
        broken = [error.message for error in pack.errors if error.rule == rule]
        raise Failure(f"{rule}: {broken[0] if broken else 'no such rule; certspan rules list shows them'}", Exit.USAGE)
    write_out("".join(text.inert(line, 10_000) + "\n" for line in page(found).splitlines()).encode())


@command.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
def test(folder: Path | None) -> None:
    """Run the examples of the rules in FOLDER (without it: of ours) through the extractor and a store.

    A line each: ok or FAIL. Exit status: 0 all as promised; 1 one is not, has no example, or cannot be loaded; 2 usage;
    4 the store failed.
    """
    from analytics.exits import store_failure  # noqa: PLC0415
    from analytics.forge.promises import try_all  # noqa: PLC0415
    from analytics.store import StoreError  # noqa: PLC0415
    from rules.pack import load_folder  # noqa: PLC0415

    pack = _load(None) if folder is None else _checked(lambda: load_folder(folder))
    ours = set() if folder is None else {rule.id for rule in _load(None).rules}
    failed = 0
    try:
        for tried in try_all(pack.rules):
            failed += tried.wrong is not None
            click.echo(f"ok    {tried.rule} {tried.example}" if tried.wrong is None else _failure(tried))
    except StoreError as error:
        raise store_failure(error) from error
    for rule in pack.rules:
        wrong = "it has no example" if not rule.examples else "one of ours has this id" if rule.id in ours else None
        if wrong:
            failed += 1
            click.echo(f"FAIL  {rule.id}: {wrong}")
    sys.exit(_complained(pack) or (Exit.DAMAGED if failed else Exit.DONE))


@command.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def pages(folder: Path) -> None:
    """Write the page of every rule, and a list of them, into FOLDER; pages of rules that are gone are removed.

    Exit status: 0 done; 1 a rule could not be loaded; 4 a page cannot be written.
    """
    from analytics import rule_page  # noqa: PLC0415

    pack = _load(None)
    written = rule_page.pages(pack.rules)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in written.items():
            (folder / name).write_text(text, encoding="utf-8")
        for path in folder.glob("*.md"):
            if path.name not in written and path.read_text(encoding="utf-8").startswith(f"# {path.stem}\n"):
                path.unlink()
    except OSError as error:
        raise Failure(f"{error.filename}: {error.strerror}", Exit.SINK) from error
    sys.exit(_complained(pack))


def _load(folder: Path | None) -> RulePack:
    from rules.pack import load_rules  # noqa: PLC0415

    return _checked(lambda: load_rules(folder))


def _checked(load: object) -> RulePack:
    from rules.pack import RuleFolderError, RulePack  # noqa: PLC0415

    try:
        pack = load()  # type: ignore[operator]
    except RuleFolderError as error:
        raise Failure(str(error).removeprefix("--rules "), Exit.USAGE) from error
    assert isinstance(pack, RulePack)  # noqa: S101
    return pack


def _complained(pack: RulePack) -> int:
    """Tell which rules could not be loaded; the exit status."""
    for error in pack.errors:
        complain(f"rule {error.rule}: {error.message}")
    return Exit.DAMAGED if pack.errors else Exit.DONE


def _failure(tried: object) -> str:
    from analytics.report import text  # noqa: PLC0415

    return f"FAIL  {tried.rule} {tried.example}: {text.inert(tried.wrong, 400)}"  # type: ignore[attr-defined]
