"""`certspan export`: what other tools take over."""

from __future__ import annotations

from typing import Any

import click

from analytics.asking import explained, store_option
from analytics.exits import Exit, Failure

_HOME = click.option("--home", multiple=True, metavar="CIDR", help="A network that is yours; as for certspan audit.")


@click.group()
def command() -> None:
    """Write lists and files for other tools."""


@command.command()
@store_option
@_HOME
@click.option("--all", "everybody", is_flag=True, help="Others' endpoints too: ask only what you may.")
@click.option("--json", "form", flag_value="json", help="One JSON object a line, with the reasons.")
@click.option("--csv", "form", flag_value="csv", help="For a spreadsheet, with the reasons.")
@click.option("--targets", "form", flag_value="targets", default="targets", help="Lines host:port: the default.")
def blind(url: str, home: tuple[str, ...], form: str, *, everybody: bool) -> None:
    """List endpoints that answered and never showed a certificate, as host:port lines for a scanner.

    A line by address, and one for each name that clients asked for. The sensor sends nothing: a scanner of yours does
    that, from where it may.

    \b
    certspan export blind --store chdb://inventory > targets.txt

    Exit status: 0 done (also when there are none); 2 usage, or no such store; 4 the store or the output failed.
    """  # noqa: D301  click's own mark
    from analytics.inventory import blind as lists  # noqa: PLC0415  `--help` need not wait for the store
    from analytics.network import home_ranges  # noqa: PLC0415
    from analytics.output import write_out  # noqa: PLC0415
    from analytics.store import open_store  # noqa: PLC0415

    with explained():
        ranges = home_ranges(home)
        with open_store(url, read_only=True) as store:
            found = lists.targets(store, home=ranges, everybody=everybody)
        form_of = {"json": lists.as_json, "csv": lists.as_csv, "targets": lists.as_targets}[form]
        write_out("".join(form_of(found)).encode())


@command.command()
@store_option
@_HOME
@click.argument("folder", type=click.Path(file_okay=False))
@click.option("--filter", "filters", multiple=True, metavar="FILTER", help="As for certspan inventory certificates.")
@click.option("--network", "networks", multiple=True, metavar="CIDR", help="Presented in this network.")
@click.option("--ours/--others", default=None, help="Only what is, or is not, presented in the home networks.")
@click.option(
    "--per-file",
    type=click.IntRange(1, 10_000),
    default=1,
    show_default=True,
    metavar="N",
    help="Certificates a file: 1 for a folder that ServiceNow reads, 100 for a bulk import into NetBox.",
)
def pem(url: str, home: tuple[str, ...], folder: str, per_file: int, **wished: Any) -> None:
    """Write certificates into FOLDER as PEM files, SHA256.pem each.

    \b
    certspan export pem --store chdb://inventory --ours --filter leaf=true pem/

    Exit status: 0 done; 2 usage, or no such store; 4 the store or a file failed.
    """  # noqa: D301  click's own mark
    from analytics.inventory import pem as certificates  # noqa: PLC0415
    from analytics.inventory.ask import Wish, ask  # noqa: PLC0415
    from analytics.inventory.kinds import KINDS  # noqa: PLC0415
    from analytics.network import home_ranges  # noqa: PLC0415
    from analytics.output import write_out  # noqa: PLC0415
    from analytics.report.text import counted  # noqa: PLC0415
    from analytics.store import open_store  # noqa: PLC0415

    with explained():
        wish = Wish(home=home_ranges(home), **wished)
        with open_store(url, read_only=True) as store:
            wanted = [row[0] for row in ask(store, KINDS["certificates"], wish).rows]
            try:
                written = certificates.write(store, folder, wanted, per_file)
            except OSError as error:
                raise Failure(f"{folder}: {error.strerror}", Exit.SINK) from error
            write_out(f"{counted(written, 'certificate')} in {folder}\n".encode())
