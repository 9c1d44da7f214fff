"""`certspan check`: judge all that a store holds, and tell what changed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from analytics.asking import store_option
from analytics.checking import check_options, read_checking
from analytics.exits import Exit, Failure, store_failure
from rules.rule import SEVERITIES

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from analytics.evaluate import Evaluation


@click.command(
    epilog="""\b
Examples:
  certspan check --store chdb:///srv/certspan                    what is new since the last check
  certspan check --store chdb:///srv/certspan --fail-on high || mail -s certificates me@example.com
  certspan check --store chdb:///srv/certspan --json | jq '.events[] | select(.kind == "opened")'
  certspan check --store chdb:///srv/certspan --rules /etc/certspan/rules

\b
Exit status:
  0  done
  1  a rule broke; the others judged
  2  usage, or a store or folder that cannot be opened
  3  findings at or above --fail-on stand about machines of yours (about any, where nothing is yours)
  4  the store or the output failed
If several apply: 4, then 3, then 1.
"""
)
@store_option
@click.option(
    "--at", "when", default="now", show_default=True, metavar="WHEN", help="Judge as of: 'now', or a time or date."
)
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    help="Exit 3 if findings of this severity or above stand: open or stale, not waived.",
)
@check_options
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(url: str, *, as_json: bool, **options: Any) -> None:
    """Judge everything a store holds, keep what became of each finding, and tell what changed since the last check."""
    from analytics.keep import last_evaluation  # noqa: PLC0415  `--help` need not wait for the store
    from analytics.life import listing, tell  # noqa: PLC0415
    from analytics.output import ReaderGoneError, write_out  # noqa: PLC0415
    from analytics.store import StoreError, open_store  # noqa: PLC0415

    checking = read_checking(options)
    now = _clock(options["when"])
    try:
        with open_store(url, read_only=True):  # a store that is not there is not made
            pass
        with open_store(url) as store:
            store.migrate()
            last = last_evaluation(store, ())
            evaluation = checking.check(store, now)
            names = [column.name for column in listing.COLUMNS]
            rows = listing.ask(store, listing.Wanted(states=("open", "stale")), now).rows
            standing = [dict(zip(names, row, strict=True)) for row in rows]
        told = tell.as_json if as_json else tell.as_text
        write_out(told(url, evaluation, standing, last).encode())
    except StoreError as error:
        raise store_failure(error) from error
    except ReaderGoneError:
        pass
    sys.exit(_status(evaluation, standing, options["fail_on"]))


def _clock(when: str) -> dt.datetime:
    """Read the clock that is to judge."""
    from analytics import at  # noqa: PLC0415
    from analytics.cli import clock  # noqa: PLC0415

    try:
        now, _ = at.parse(when, clock)
    except at.AtError as error:
        raise Failure(str(error), Exit.USAGE) from error
    if now is None:
        raise Failure("--at capture: a store has no last packet to judge at; write 'now' or a time", Exit.USAGE)
    return now


def _status(evaluation: Evaluation, standing: Sequence[dict[str, Any]], fail_on: str | None) -> int:
    """Give the exit status: the gravest that applies. What is waived does not count."""
    any_ours = any(row["ours"] for row in standing)
    counting = [row for row in standing if row["waived_until"] is None and (row["ours"] or not any_ours)]
    if fail_on is not None:
        graver = SEVERITIES[SEVERITIES.index(fail_on) :]
        if any(row["severity"] in graver for row in counting):
            return Exit.FINDINGS
    return Exit.DAMAGED if evaluation.errors else Exit.DONE
