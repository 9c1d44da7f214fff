"""`certspan waive`: accept a finding until a date."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from analytics.asking import store_option
from analytics.exits import Exit, Failure, store_failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics.life.waivers import Waiver
    from analytics.store import Store


@click.command(
    epilog="""\b
Examples:
  certspan waive --store chdb://inventory 1a2b3c4d --until 2026-12-31 --owner ops --reason 'renewed at the next stop'
  certspan waive --store chdb://inventory --rule self-signed --subject 7f...e1 --until 2027-06-30 ...
  certspan waive --store chdb://inventory --list
  certspan waive --store chdb://inventory --remove 9d8c7b6a

\b
Exit status: 0 done; 2 usage, no such store, no such finding or rule; 4 the store or the output failed.
"""
)
@click.argument("finding", required=False, metavar="[ID]")
@store_option
@click.option("--rule", metavar="RULE", help="Instead of ID: the rule, with --subject.")
@click.option("--subject", metavar="TEXT", help="The certificate's SHA-256, or address:port, as the finding has it.")
@click.option("--until", metavar="DATE", help="Last day it holds, UTC; or a time such as 2026-12-01T08:00:00Z.")
@click.option("--reason", metavar="TEXT", help="Why this is acceptable until then.")
@click.option("--owner", metavar="NAME", help="Who accepts it.")
@click.option("--list", "action", flag_value="list", help="List all waivers, past ones too.")
@click.option("--remove", "action", flag_value="remove", help="Take a waiver back; ID is its id, or how that begins.")
def command(url: str, finding: str | None, action: str | None, **options: Any) -> None:
    """Accept a finding until a date: it is shown apart, and does not count for --fail-on.

    ID is the finding's id, or how that begins (certspan findings list). When the waiver ends, the next check tells.
    """
    from analytics.cli import clock  # noqa: PLC0415  the composition root imports us
    from analytics.output import ReaderGoneError, write_out  # noqa: PLC0415  `--help` need not wait for the store
    from analytics.store import StoreError, open_store  # noqa: PLC0415

    now = clock()
    if action is None:
        _check(finding, options)
    if action == "remove" and not finding:
        raise Failure("--remove needs the id of a waiver; --list shows them", Exit.USAGE)
    try:
        with open_store(url, read_only=True):  # a store that is not there is not made
            pass
        with open_store(url) as store:
            store.migrate()
            if action == "list":
                told = "".join(_listed(store, now))
            elif action == "remove":
                told = _remove(store, finding or "", now)
            else:
                told = _add(store, finding, options, now)
        write_out(told.encode())
    except StoreError as error:
        raise store_failure(error) from error
    except ReaderGoneError:
        return


def _check(finding: str | None, options: dict[str, Any]) -> None:
    """Refuse what cannot be a waiver before the store is opened."""
    if bool(finding) == bool(options["rule"] or options["subject"]):
        raise Failure("write the id of a finding, or --rule and --subject", Exit.USAGE)
    if not finding and not (options["rule"] and options["subject"]):
        raise Failure("--rule and --subject go together", Exit.USAGE)
    missing = [f"--{name}" for name in ("until", "reason", "owner") if not (options[name] or "").strip()]
    if missing:
        raise Failure(f"a waiver needs {' and '.join(missing)}", Exit.USAGE)


def _end(written: str, now: dt.datetime) -> dt.datetime:
    """Give the end of a waiver; a day alone counts to its end."""
    from analytics import at  # noqa: PLC0415

    try:
        until = at.moment(written)
    except at.AtError as error:
        raise Failure(f"--until {written}: {error}; write a date as 2026-12-31", Exit.USAGE) from error
    if "T" not in written.upper():
        until += dt.timedelta(days=1)
    if until <= now:
        raise Failure(f"--until {written}: that is over already", Exit.USAGE)
    return until


def _add(store: Store, finding: str | None, options: dict[str, Any], now: dt.datetime) -> str:
    """Write a waiver down; what is said of it."""
    from analytics.life import listing, waivers  # noqa: PLC0415
    from analytics.report import text  # noqa: PLC0415

    until = _end(options["until"], now)
    if finding:
        row = listing.one(store, finding, now)
    else:
        wanted = listing.Wanted(rules=(options["rule"],), subject=options["subject"])
        names = [column.name for column in listing.COLUMNS]
        rows = [dict(zip(names, found, strict=True)) for found in listing.ask(store, wanted, now).rows]
        row = next((one for one in rows if one["subject"] == options["subject"]), {})
        if not row:
            raise Failure(
                f"--rule {options['rule']} --subject {options['subject']}: there is no such finding; "
                f"certspan findings list --store {store.name} shows them",
                Exit.USAGE,
            )
    waiver = waivers.make(
        row["rule"],
        row["subject"],
        until=until,
        reason=options["reason"].strip(),
        owner=options["owner"].strip(),
        created_at=_cut(now),
    )
    waivers.write(store, waiver)
    return f"{waiver.id[:8]}  waived until {text.moment(until)}: {row['rule']}, {text.inert(row['subject'])}\n"


def _remove(store: Store, prefix: str, now: dt.datetime) -> str:
    from analytics.life import waivers  # noqa: PLC0415
    from analytics.report import text  # noqa: PLC0415

    found = [one for one in waivers.read(store) if one.id.startswith(prefix.lower()) and one.removed_at is None]
    if len(found) != 1:
        told = "several waivers' ids begin so" if found else "no waiver's id begins so"
        raise Failure(f"{prefix}: {told}; --list shows them", Exit.USAGE)
    waivers.write(store, replace(found[0], removed_at=_cut(now)))
    return f"{found[0].id[:8]}  taken back: {found[0].rule}, {text.inert(found[0].subject)}\n"


def _listed(store: Store, now: dt.datetime) -> Iterator[str]:
    from analytics.life import waivers  # noqa: PLC0415
    from analytics.report import text  # noqa: PLC0415

    found = waivers.read(store)
    for one in found:
        yield f"{one.id[:8]}  {_state(one, now):<10} {text.day(one.until)}  {one.rule}  {text.inert(one.subject, 64)}  "
        yield f"{text.inert(one.owner, 40)}: {text.inert(one.reason, 200)}\n"
    yield f"{text.counted(len(found), 'waiver')}\n"


def _state(waiver: Waiver, now: dt.datetime) -> str:
    if waiver.removed_at is not None:
        return "taken back"
    return "holds" if waiver.holds(now) else "over"


def _cut(moment: dt.datetime) -> dt.datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
