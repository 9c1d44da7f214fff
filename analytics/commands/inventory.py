"""`certspan inventory`: what a store holds, as lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from analytics.asking import explained, store_option
from analytics.inventory.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analytics.inventory.ask import Listing

_ROWS = 50
"""Rows of a table on the terminal, unless `--limit` says otherwise."""


@click.command(
    epilog="""\b
Examples:
  certspan inventory certificates --store chdb://inventory --filter 'not_after<2027-01-01'
  certspan inventory certificates --store chdb://inventory --filter issuer~acme --csv > acme.csv
  certspan inventory endpoints --store chdb://inventory --network 10.20.0.0/16 --filter certificate_seen=false
  certspan inventory holders --store chdb://inventory --filter role=client --json | jq .address
  certspan inventory coverage --store chdb://inventory

\b
A filter is COLUMN, one of = != < <= > >= ~ (contains, in any case), and a value; 'unknown' is what nobody
knows. Several filters must all hold. The columns are those of --json.

\b
Exit status: 0 done; 2 usage, or no such store; 4 the store or the output failed.
"""
)
@click.argument("kind", type=click.Choice(list(KINDS)))
@store_option
@click.option("--filter", "filters", multiple=True, metavar="FILTER", help="Show what fits, such as subject~camera.")
@click.option("--network", "networks", multiple=True, metavar="CIDR", help="Show what is in this network.")
@click.option("--ours/--others", default=None, help="Only what is, or is not, in the home networks.")
@click.option("--home", multiple=True, metavar="CIDR", help="A network that is yours; as for certspan audit.")
@click.option("--limit", type=click.IntRange(0), metavar="N", help=f"Rows; 0 is all. Default: {_ROWS} in a table.")
@click.option("--json", "form", flag_value="json", help="One JSON object a line, all columns.")
@click.option("--csv", "form", flag_value="csv", help="For a spreadsheet, all columns.")
@click.option("--table", "form", flag_value="table", default="table", help="For people, what tells most: the default.")
def command(kind: str, url: str, form: str, limit: int | None, **wished: tuple[str, ...] | bool | None) -> None:
    """List what a store holds: certificates, endpoints, holders, issuers, keys, and how much was seen (coverage)."""
    from analytics.inventory.ask import Wish, ask  # noqa: PLC0415  `--help` need not wait for the store
    from analytics.network import home_ranges  # noqa: PLC0415
    from analytics.output import write_out  # noqa: PLC0415
    from analytics.store import open_store  # noqa: PLC0415

    if limit is None:
        limit = _ROWS if form == "table" else 0
    with explained():
        wish = Wish(home=home_ranges(wished.pop("home")), limit=limit, **wished)  # type: ignore[arg-type]
        with open_store(url, read_only=True) as store:
            listing = ask(store, KINDS[kind], wish)
        write_out("".join(_lines(listing, form)).encode())


def _lines(listing: Listing, form: str) -> Iterable[str]:
    from analytics.inventory import show  # noqa: PLC0415

    return {"json": show.as_json, "csv": show.as_csv, "table": show.as_table}[form](listing)
