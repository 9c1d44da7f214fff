"""`certspan load`: segments that were carried by hand into a store."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analytics.exits import Exit, Failure, complain, store_failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.store import Store
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
@click.option("--store", "url", required=True, metavar="URL", help="The store, such as chdb:///srv/certspan.")
def command(places: tuple[Path, ...], url: str) -> None:
    """Load segments, or folders full of them, into a store. They stay where they are; a second load adds nothing."""
    from analytics.store import StoreError, open_store  # noqa: PLC0415  `--help` need not wait for the store

    readings, bad = _readings(places)
    if not readings:
        raise Failure("no segment there that could be loaded", Exit.DAMAGED)
    try:
        with open_store(url) as store:
            store.migrate()
            for segments in readings:
                bad += not _load(store, segments)
    except StoreError as error:
        raise store_failure(error) from error
    sys.exit(Exit.DAMAGED if bad else Exit.DONE)


def _readings(places: Sequence[Path]) -> tuple[list[list[Segment]], int]:
    """Put together what belongs together; and how many cannot be read."""
    from sensor.segment import MANIFEST, SpoolError, read_segment  # noqa: PLC0415

    folders = [
        folder
        for place in places
        for folder in ([place] if (place / MANIFEST).exists() else sorted(place.iterdir()))
        if (folder / MANIFEST).exists()
    ]
    together: dict[str, list[Segment]] = {}
    bad = 0
    for folder in dict.fromkeys(folders):
        try:
            segment = read_segment(folder)
        except SpoolError as error:
            complain(str(error))
            bad += 1
            continue
        together.setdefault(segment.reading, []).append(segment)
    return list(together.values()), bad


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
