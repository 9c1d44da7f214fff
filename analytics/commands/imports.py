"""`certspan import`: certificates that others found."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analytics.asking import store_option
from analytics.exits import Exit, Failure, complain, store_failure

if TYPE_CHECKING:
    from analytics.importing.keep import Imported

_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,63}")
_TOLD = 5
"""Records whose trouble is told for each file."""


@click.command(
    epilog="""\b
Examples:
  certspan import --store chdb://inventory --source scanner results.json
  certspan import --store chdb://inventory --source ad-cs issued.p7b roots.pem
  certspan import --store chdb://inventory --source ct entries.json

\b
Exit status: 0 done; 1 a file, or some record of one, could not be taken; 2 usage, or a file that cannot be
opened; 4 the store failed.
"""
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@store_option
@click.option("--source", required=True, metavar="NAME", help="Who found them: it stands beside each of them for ever.")
def command(files: tuple[str, ...], url: str, source: str) -> int:
    """Bring certificates that others found into a store, marked with their source.

    FILE is told by its content: PEM, DER, PKCS #7; JSON or JSON lines of tlsx, zgrab2 or sslyze, of get-entries of a
    CT log, or plain records; CSV with a header. A record that says where a certificate was met makes that endpoint
    known, also where no handshake shows it. The same file again adds nothing.
    """
    from analytics.cli import clock  # noqa: PLC0415  the composition root imports us
    from analytics.importing.found import ImportFileError  # noqa: PLC0415  `--help` need not wait for the store
    from analytics.importing.keep import keep  # noqa: PLC0415
    from analytics.importing.read import load  # noqa: PLC0415
    from analytics.store import StoreError, open_store  # noqa: PLC0415

    if not _SOURCE.fullmatch(source):
        raise Failure(f"--source {source!r}: a name of letters, digits, blanks, and . _ -, up to 64", Exit.USAGE)
    held: dict[str, bytes] = {}
    for path in files:
        try:
            held[path] = load(path)
        except ImportFileError as error:
            raise Failure(f"{path}: {error}", Exit.USAGE) from error
    whole = True
    try:
        with open_store(url) as store:
            store.migrate()
            for path, data in held.items():
                try:
                    result = keep(store, data, name=Path(path).name, source=source, now=clock())
                except ImportFileError as error:
                    complain(f"{path}: {error}")
                    whole = False
                    continue
                whole = _tell(path, result) and whole
    except StoreError as error:
        raise store_failure(error) from error
    return Exit.DONE if whole else Exit.DAMAGED


def _tell(path: str, result: Imported) -> bool:
    """Say what a file came to; False if some of it could not be taken."""
    from analytics.report.text import counted  # noqa: PLC0415

    if not result.new:
        click.echo(f"{path}: imported before, nothing added")
        return True
    for trouble in result.trouble[:_TOLD]:
        complain(f"{path}: {trouble.where}: {trouble.message}")
    if result.refused > _TOLD:
        complain(f"{path}: {result.refused - _TOLD:,} more records could not be taken")
    places = counted(len(result.endpoints), "endpoint")
    click.echo(f"{path}: {counted(len(result.certificates), 'certificate')}, {places}")
    return not result.refused
