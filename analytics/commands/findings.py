"""`certspan findings`: what a store holds of findings, and the history of one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from analytics.asking import explained, store_option

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATES = ("open", "stale", "resolved")


@click.group()
def command() -> None:
    """Show findings as the last evaluation of a store left them (certspan check)."""


@command.command("list")
@store_option
@click.option("--rule", "rules", multiple=True, metavar="RULE", help="Of this rule.")
@click.option(
    "--severity", type=click.Choice(("info", "low", "medium", "high", "critical")), help="Of this severity or above."
)
@click.option("--state", "states", multiple=True, type=click.Choice(_STATES), help="Default: open and stale.")
@click.option("--subject", metavar="TEXT", help="About this subject (or how it begins), or held by this address.")
@click.option("--ours/--others", default=None, help="Only what is, or is not, about the home networks.")
@click.option("--waived/--not-waived", default=None, help="Only what is, or is not, waived now.")
@click.option("--json", "form", flag_value="json", help="One JSON object a line, all columns.")
@click.option("--csv", "form", flag_value="csv", help="For a spreadsheet, all columns.")
@click.option("--table", "form", flag_value="table", default="table", help="For people: the default.")
def list_(url: str, form: str, **wished: Any) -> None:
    """List findings, the gravest first.

    \b
    certspan findings list --store chdb://inventory --severity high
    certspan findings list --store chdb://inventory --subject 10.20.6.12 --state resolved
    certspan findings list --store chdb://inventory --csv > findings.csv

    Exit status: 0 done (also when there are none); 2 usage, or no such store; 4 the store or the output failed.
    """  # noqa: D301  click's own mark
    from analytics.cli import clock  # noqa: PLC0415  the composition root imports us
    from analytics.inventory import show  # noqa: PLC0415  `--help` need not wait for the store
    from analytics.life import listing  # noqa: PLC0415
    from analytics.output import write_out  # noqa: PLC0415
    from analytics.store import open_store  # noqa: PLC0415

    wished["states"] = wished["states"] or ("open", "stale")
    with explained():
        with open_store(url, read_only=True) as store:
            found = listing.ask(store, listing.Wanted(**wished), clock())
        told = {"json": show.as_json, "csv": show.as_csv, "table": show.as_table}[form](found)
        write_out("".join(told).encode())


@command.command()
@store_option
@click.argument("finding", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def show(url: str, finding: str, *, as_json: bool) -> None:
    """Show one finding: what it rests on, who holds it, what became of it. ID is its id, or how that begins.

    Exit status: 0 done; 2 usage, no such store, or no such finding; 4 the store or the output failed.
    """
    from analytics.cli import clock  # noqa: PLC0415  the composition root imports us
    from analytics.life import history, listing, tell  # noqa: PLC0415  `--help` need not wait for the store
    from analytics.output import write_out  # noqa: PLC0415
    from analytics.store import open_store  # noqa: PLC0415

    with explained():
        with open_store(url, read_only=True) as store:
            row = listing.one(store, finding, clock())
            events = [tell.event(one) for one in history.of(store, row["id"])]
        row |= {"holders": json.loads(row["holders"]), "evidence": json.loads(row["evidence"]), "events": events}
        write_out((json.dumps(row) + "\n" if as_json else "".join(_told(row))).encode())


def _told(row: dict[str, Any]) -> Iterator[str]:
    from analytics.report import text  # noqa: PLC0415

    holders, evidence, events = row.pop("holders"), row.pop("evidence"), row.pop("events")
    for name, value in row.items():
        if value is not None:
            yield f"{name.replace('_', ' '):<15} {text.inert(_plain(value), 400)}\n"
    yield f"\nHOLDERS ({len(holders)})\n"
    for holder in holders:
        port = "" if holder["port"] is None else f" port {holder['port']}"
        yield f"  {holder['role']} {text.inert(holder['address'])}{port}, last seen {holder['last_seen']}\n"
    yield "\nEVIDENCE\n"
    for name, value in evidence.items():
        yield f"  {name:<15} {text.inert(_plain(value), 400)}\n"
    yield "\nHISTORY\n"
    for event in events:
        why = f" ({event['reason'].replace('_', ' ')})" if event["reason"] else ""
        yield f"  {event['at']}  {event['kind'].replace('_', ' ')}{why}: {event['severity']}, "
        yield f"{text.inert(event['title'], 200)}\n"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    return "unknown" if value is None else str(value)
