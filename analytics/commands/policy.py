"""`certspan policy`: check a policy, or print one to begin with."""

from __future__ import annotations

from importlib import resources

import click

from analytics.exits import Exit, Failure
from analytics.output import ReaderGoneError, write_out


@click.group()
def command() -> None:
    """Check a policy, or print one to begin with. A policy says how certspan judges here, in TOML."""


@command.command()
@click.argument("file", metavar="FILE", type=click.Path())
def check(file: str) -> None:
    """Say what a policy means, or what is wrong with it: a line each problem, with the line in FILE.

    Exit status: 0 it can be used; 2 it cannot.
    """
    from analytics.policy import explain  # noqa: PLC0415  `--help` need not wait
    from analytics.policy.read import PolicyError, read_policy  # noqa: PLC0415
    from rules.pack import load_rules  # noqa: PLC0415

    pack = load_rules()
    try:
        policy = read_policy(file, pack)
    except PolicyError as error:
        raise Failure(str(error), Exit.USAGE) from error
    _print("".join(f"{line}\n" for line in explain.lines(policy, pack)))


@command.command()
def example() -> None:
    """Print a policy with all its keys and what they mean: certspan policy example > site.toml."""
    _print((resources.files("analytics") / "policy" / "example.toml").read_text("utf-8"))


def _print(text: str) -> None:
    try:
        write_out(text.encode("utf-8", "backslashreplace"))
    except ReaderGoneError:
        return
