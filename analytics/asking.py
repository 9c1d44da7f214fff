"""What commands that ask a store have in common: how it is named, and how they end when it cannot answer."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from analytics.exits import Exit, Failure, store_failure

if TYPE_CHECKING:
    from collections.abc import Iterator

store_option = click.option(
    "--store", "url", required=True, metavar="URL", help="The store, such as chdb:///srv/certspan."
)


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn what can go wrong while a store is asked, and its answer written, into the end of the command."""
    from analytics.inventory.filters import FilterError  # noqa: PLC0415  `--help` need not wait for these
    from analytics.network import NetworkError  # noqa: PLC0415
    from analytics.output import ReaderGoneError  # noqa: PLC0415
    from analytics.store_errors import StoreError  # noqa: PLC0415

    try:
        yield
    except NetworkError as error:
        raise Failure(f"--home {error}", Exit.USAGE) from error
    except FilterError as error:
        raise Failure(str(error), Exit.USAGE) from error
    except StoreError as error:
        raise store_failure(error) from error
    except ReaderGoneError:
        return
