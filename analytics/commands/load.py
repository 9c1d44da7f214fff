"""`certspan load`: segments that were carried by hand into a store."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analytics.asking import store_option
from analytics.exits import Exit, Failure, complain, store_failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analytics.store import Store
    from sensor.backlog import Together
    from sensor.segment import Segment


@click.command(
    epilog="""\b
Examples:
  certspan load /media/usb/segments --store chdb:///srv/certspan
  certspan load plant7-18eb51d0* --store clickhouse://db.example.com

\b
Exit status: 0 all are in the store; 1 some are damaged, the others are loaded; 2 usage; 4 the store failed.
"""
)
@click.argument(
    "places",
    nargs=-1,
    required=True,
    metavar="SEGMENT...",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@store_option
def command(places: tuple[Path, ...], url: str) -> None:
    """Load segments, or folders full of them, into a store. They stay where they are; a second load adds nothing."""
    from analytics.store import StoreError, open_store  # noqa: PLC0415  `--help` need not wait for the store

    found = list(_readings(places))
    bad = 0
    for one in found:
        if one.trouble is not None:
            complain(one.trouble)
            bad += 1
    if len(found) == bad:
        raise Failure("no segment there that could be loaded", Exit.DAMAGED)
    try:
        with open_store(url) as store:
            store.migrate()
            for one in found:
                bad += one.trouble is None and not _load(store, one.segments)
    except StoreError as error:
        raise store_failure(error) from error
    sys.exit(Exit.DAMAGED if bad else Exit.DONE)


def _readings(places: Sequence[Path]) -> Iterator[Together]:
    """Put together what belongs together; a place is a segment, or a folder of them."""
    from sensor import backlog  # noqa: PLC0415

    folders = [folder for place in places for folder in (place, *sorted(place.iterdir()))]
    looked = map(backlog.look, dict.fromkeys(folders))
    return backlog.readings(one for one in looked if one is not None)


def _load(store: Store, segments: list[Segment]) -> bool:
    """Load what belongs together and say what came of it; False: it is damaged."""
    from analytics.load import load_segments  # noqa: PLC0415
    from analytics.store_errors import DataError  # noqa: PLC0415
    from sensor.segment import SpoolError  # noqa: PLC0415

    try:
        result = load_segments(store, segments)
    except (SpoolError, DataError) as error:
        complain(str(error))
        return False
    what = f"{result.sessions:,} sessions, {result.certificates:,} certificates"
    click.echo(f"{segments[0].name}: {what if result.new else 'in the store already, nothing added'}")
    return True
