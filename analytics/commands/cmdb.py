"""`certspan cmdb`: what a CMDB lists against what was seen."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analytics.exits import Exit, Failure, complain, store_failure
from analytics.output import ReaderGoneError, write_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics.cmdb.read import Table
    from analytics.policy.model import Cmdb
    from analytics.policy.read import Policy
    from analytics.store import Store

_TOLD = 20
"""Bad rows told one by one."""


@click.group()
def command() -> None:
    """Compare a CMDB with what was seen."""


@command.command()
@click.argument("file", metavar="FILE.csv", type=click.Path())
@click.argument("captures", nargs=-1, metavar="[CAPTURE...]")
@click.option("--store", metavar="URL", help="Compare with all that this store holds, instead of captures.")
@click.option("--policy", metavar="FILE", type=click.Path(), help="Take [cmdb] and home_networks from this policy.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="KIND=COLUMN",
    help="What a column holds, where its name is not a usual one: addresses, names, macs or owner; may be repeated.",
)
@click.option("--delimiter", metavar="CHARACTER", help="What cuts the cells; by default what cuts the header.")
@click.option("--encoding", metavar="NAME", help="Of the file, such as cp1252; default: UTF-8, or what its mark says.")
@click.option("--home", multiple=True, metavar="CIDR", help="A network that is yours; as for audit.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "csv", "json"]),
    default="text",
    show_default=True,
    help="How the lists are printed.",
)
@click.option("--all", "everything", is_flag=True, help="Leave nothing out of the text.")
def compare(file: str, captures: tuple[str, ...], **options: Any) -> None:
    """Tell three lists: what was seen and is not listed, what is listed and was not seen, and what differs.

    FILE.csv is an export of NetBox, ServiceNow or any other table with addresses, names or MACs in columns. It is
    compared with CAPTURE... or with a store: servers that answered, and clients that presented a certificate.

    \b
    certspan cmdb compare devices.csv office.pcap
    certspan cmdb compare devices.csv --store chdb:///srv/certspan --format csv > differences.csv
    certspan cmdb compare list.csv span/ --column addresses="Mgmt IP" --column owner=Department

    Exit status: 0 done; 1 rows or captures were damaged, the rest is compared; 2 usage, or a file that cannot be
    used; 4 the store or the output failed.
    """  # noqa: D301  click's own mark
    from analytics.cmdb import show  # noqa: PLC0415  `--help` need not wait
    from analytics.cmdb.compare import compare as compared  # noqa: PLC0415
    from analytics.cmdb.read import CmdbError, read_table  # noqa: PLC0415
    from analytics.cmdb.seen import look  # noqa: PLC0415
    from analytics.store_errors import StoreError  # noqa: PLC0415
    from sensor.segment import SpoolError  # noqa: PLC0415

    if bool(captures) == bool(options["store"]):
        raise Failure("name captures or a --store to compare with, one of the two", Exit.USAGE)
    policy, home = _policy(options)
    try:
        table = read_table(Path(file), _how(policy, options))
        with _seen(captures, options["store"]) as (store, whole):
            found = compared(table.rows, look(store, home=home))
    except CmdbError as error:
        raise Failure(str(error), Exit.USAGE) from error
    except StoreError as error:
        raise store_failure(error) from error
    except SpoolError as error:
        raise Failure(str(error), Exit.SINK) from error
    _complain(table)
    if options["form"] == "json":
        pieces = show.as_json(found, table)
    elif options["form"] == "csv":
        pieces = "".join(show.as_csv(found))
    else:
        pieces = "".join(f"{line}\n" for line in show.as_text(found, table, everything=options["everything"]))
    try:
        write_out(pieces.encode("utf-8", "backslashreplace"))
    except ReaderGoneError:
        return
    sys.exit(Exit.DONE if whole and not (table.bad_rows or table.doubts) else Exit.DAMAGED)


def _policy(options: dict[str, Any]) -> tuple[Policy | None, list[str]]:
    """Give the policy and the home networks."""
    from analytics.network import NetworkError  # noqa: PLC0415
    from analytics.policy.apply import home  # noqa: PLC0415
    from analytics.policy.read import PolicyError, read_policy  # noqa: PLC0415
    from rules.pack import load_rules  # noqa: PLC0415

    try:
        policy = read_policy(options["policy"], load_rules()) if options["policy"] else None
        return policy, home(policy, options["home"])
    except PolicyError as error:
        raise Failure(str(error), Exit.USAGE) from error
    except NetworkError as error:
        raise Failure(f"--home {error}", Exit.USAGE) from error


def _how(policy: Policy | None, options: dict[str, Any]) -> Cmdb:
    """Say how the file is written: options win over the policy."""
    from analytics.policy.checks import near  # noqa: PLC0415
    from analytics.policy.model import Cmdb, Columns  # noqa: PLC0415

    base = policy.document.cmdb if policy else Cmdb()
    kinds = Columns.__struct_fields__
    columns: dict[str, list[str]] = {kind: [] for kind in kinds}
    for text in options["columns"]:
        kind, sign, column = text.partition("=")
        if kind not in kinds or not sign or not column:
            raise Failure(f"--column {text}: write addresses=COLUMN{near(kind, kinds)}", Exit.USAGE)
        columns[kind].append(column)
    delimiter = options["delimiter"] or base.delimiter
    delimiter = "\t" if delimiter in ("\\t", "tab") else delimiter
    if delimiter is not None and (len(delimiter) > 1 or delimiter.isalnum() or delimiter in "\"'\r\n\0 "):
        raise Failure(f"--delimiter {delimiter}: give one character that cuts cells, such as ';'", Exit.USAGE)
    return Cmdb(
        delimiter=delimiter,
        encoding=options["encoding"] or base.encoding,
        columns=Columns(**{kind: columns[kind] or getattr(base.columns, kind) for kind in kinds}),
    )


@contextmanager
def _seen(captures: tuple[str, ...], url: str | None) -> Iterator[tuple[Store, bool]]:
    """Give the store to compare with, and whether all of the captures could be read."""
    from analytics.cmdb.seen import load  # noqa: PLC0415
    from analytics.store import open_store, temporary_store  # noqa: PLC0415
    from sensor.source import SourceError, expand  # noqa: PLC0415

    if url is not None:
        with open_store(url, read_only=True) as store:
            yield store, True
        return
    try:
        inputs = expand(captures)
    except SourceError as error:
        raise Failure(str(error), Exit.USAGE) from error
    with temporary_store() as store:
        damage = [(report.name, one) for report in load(store, inputs) for one in report.damage]
        for name, one in damage:
            complain(f"{name}: {one.message}")
        yield store, not damage


def _complain(table: Table) -> None:
    """Tell which rows are bad."""
    for line, what in table.troubles[:_TOLD]:
        complain(f"{table.name}, line {line}: {what}")
    left = len(table.troubles) - _TOLD
    if left > 0:
        complain(f"{table.name}: {left:,} more such rows or cells; --format json has them")
