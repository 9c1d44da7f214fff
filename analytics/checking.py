"""A check of a store, as commands and services ask for it: the options, what they come to, and the check itself."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from analytics.exits import Exit, Failure
from analytics.trust_options import settings, trust_options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from analytics.derive.settings import Settings
    from analytics.evaluate import Evaluation
    from analytics.policy.read import Policy
    from analytics.store import Store
    from rules.pack import RulePack

_Command = TypeVar("_Command", bound="Callable[..., Any]")


def check_options(command: _Command) -> _Command:
    """Give a command the options of a check."""
    options = (
        click.option("--home", multiple=True, metavar="CIDR", help="A network that is yours; as for certspan audit."),
        click.option(
            "--stale-after",
            type=click.IntRange(1, 3650),
            default=30,
            show_default=True,
            metavar="DAYS",
            help="Call a finding stale whose subject was not seen for so long.",
        ),
        click.option("--policy", type=click.Path(), metavar="FILE", help="Your policy; as for certspan audit."),
        trust_options,
        click.option("--rules", "folder", type=click.Path(path_type=Path), metavar="FOLDER", help="Rules of your own."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Checking:
    """How a store is judged."""

    pack: RulePack
    """The rules as the policy wants them."""
    policy: Policy | None
    home: Sequence[str]
    settings: Settings
    stale_after: dt.timedelta

    def check(self, store: Store, now: dt.datetime) -> Evaluation:
        """Derive what is missing, judge everything, and keep what became of each finding. StoreError."""
        from analytics.derive import derive_all  # noqa: PLC0415  `--help` need not wait for these
        from analytics.evaluate import evaluate  # noqa: PLC0415

        derive_all(store, self.settings)
        return evaluate(
            store,
            self.pack,
            now=now,
            home=self.home,
            policy=self.policy,
            keep=True,
            stale_after=self.stale_after,
        )


def read_checking(options: Mapping[str, Any]) -> Checking:
    """Read what the options name; Failure tells the first slip."""
    from analytics import network  # noqa: PLC0415
    from analytics.policy.apply import home, rules_by  # noqa: PLC0415
    from analytics.policy.read import PolicyError, read_policy  # noqa: PLC0415
    from rules.pack import RuleFolderError, load_rules  # noqa: PLC0415

    try:
        pack = load_rules(options["folder"])
        policy = None if options["policy"] is None else read_policy(options["policy"], pack)
        ranges = home(policy, options["home"])
    except (RuleFolderError, PolicyError) as error:
        raise Failure(str(error), Exit.USAGE) from error
    except network.NetworkError as error:
        raise Failure(f"--home {error}", Exit.USAGE) from error
    return Checking(
        pack if policy is None else rules_by(policy, pack),
        policy,
        ranges,
        settings(options, policy),
        dt.timedelta(days=options["stale_after"]),
    )
