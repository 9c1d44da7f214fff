"""`certspan store`: look into a store."""

from __future__ import annotations

import signal
import threading

import click

from analytics.exits import store_failure
from analytics.output import ReaderGoneError, write_out
from analytics.store import StoreError, open_store


@click.group()
def command() -> None:
    """Look into a store of sessions, certificates and findings."""


@command.command()
@click.option(
    "--store", "url", required=True, metavar="URL", help="The store: chdb:///absolute/folder or chdb://folder."
)
@click.argument("sql", metavar="SQL")
def query(url: str, sql: str) -> None:
    """Run a query, read-only, and print what ClickHouse says.

    The answer is tab-separated; a FORMAT clause in the SQL chooses another (JSONEachRow, CSVWithNames, Vertical,
    Parquet ...). Nothing but the store can be read, and nothing can be changed.

    \b
    certspan store query --store chdb://inventory "SHOW TABLES"
    certspan store query --store chdb://inventory \\
        "SELECT subject, not_after FROM certificates FINAL ORDER BY not_after LIMIT 10 FORMAT PrettyCompact"

    Exit status: 0 done; 2 the query is wrong or there is no such store; 4 the store failed.
    """  # noqa: D301  click's own mark
    try:
        with open_store(url, read_only=True) as store:
            _let_interrupt_kill()
            answer = store.query_text(sql)
        write_out(answer)
    except StoreError as error:
        raise store_failure(error) from error
    except ReaderGoneError:
        return


def _let_interrupt_kill() -> None:
    """Let Ctrl-C end the process at once: the engine does not hear of it, and a reader has nothing to lose."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_DFL)
