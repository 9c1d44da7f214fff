"""The store: ClickHouse, embedded in the process (chDB) or a server. The only file that imports the driver.

A store is named by a URL: `chdb:///absolute/folder` or `chdb://relative/folder`, or that of a server
(analytics/server_url.py). One process at a time can hold an embedded store; a thread of that process can have several
handles on it, and it may serve the store to other processes, which then find it by its folder (analytics/serving/).
Every error leaves here as a StoreError, whose message is a sentence for people; no text of the driver is parsed for
more than that.
"""

from __future__ import annotations

import io
import json
import logging
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from analytics import cluster, embedded, migrations, query_guard, server_url
from analytics.arrow_types import mismatch
from analytics.server_url import DATABASE
from analytics.serving import place
from analytics.store_errors import DataError, QueryError, StoreError, StoreUrlError, explain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

    from clickhouse_connect.driver.client import Client

__all__ = ["QueryError", "Store", "StoreError", "StoreUrlError", "open_store", "temporary_store"]

_SCHEME = "chdb://"
_INBOX = "inbox"
_SETTINGS = {"session_timezone": "UTC", "async_insert": 0, "max_execution_time": 0}
_STRICT_INSERT = {
    "input_format_null_as_default": 0,  # NULL into a column that cannot hold it is an error, not '' or 0
    "input_format_arrow_allow_missing_columns": 0,
    "insert_deduplicate": 1,
    "deduplicate_blocks_in_dependent_materialized_views": 1,  # a retry completes views that failed in mid-insert
}
_SCHEMA_HEAD_BYTES = 1 << 20
_CONNECT_SECONDS = 10
_ANSWER_SECONDS = 300
_HAS_STORE = "SELECT 1 FROM system.tables WHERE database = {database:String} AND name = 'schema_migrations'"


class Store:
    """One handle on a store. Close it, or use it as a context manager."""

    def __init__(
        self, client: Client, folder: Path | None, *, name: str, read_only: bool, cluster: str | None = None
    ) -> None:
        """`name` is what messages call it: its URL, or `the temporary store`; `folder` None: a server has it."""
        self.name = name
        self.folder = folder
        self.cluster = cluster
        self.is_served = False
        """This process serves it to others."""
        self._client = client
        self._read_only = read_only
        self._columns: dict[str, tuple[dict[str, str], set[str]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_shared(self) -> bool:
        """Whether other processes may use it at the same time."""
        return self.folder is None or self.is_served

    def close(self) -> None:
        """Let go of the store; another process can have it then."""
        self._client.close()

    def migrate(self) -> list[str]:
        """Bring the tables to what this program needs; names of the migrations applied. StoreError if it cannot."""
        self._columns.clear()
        return migrations.apply(self)

    def query(
        self, sql: str, params: Mapping[str, Any] | None = None, *, binary: bool = False
    ) -> list[tuple[Any, ...]]:
        """Rows of a SELECT; `{x:Type}` in the SQL is `params["x"]`. Times come back with their zone, UTC.

        String columns are text, and must be UTF-8; `binary` gives all of them as bytes. FixedString is bytes always.
        """
        formats = {"String": "bytes"} if binary else None
        with self._explained():
            found = self._client.query(sql, parameters=dict(params or {}), query_formats=formats)
        return [tuple(row) for row in found.result_rows]

    def command(self, sql: str, params: Mapping[str, Any] | None = None) -> None:
        """Run a statement that gives no rows."""
        with self._explained():
            self._client.command(sql, parameters=dict(params or {}))

    def delete(self, table: str, condition: str, params: Mapping[str, Any]) -> None:
        """Remove the rows of a table for which a condition holds."""
        self.command(cluster.deletion(table, condition, self.cluster), params)

    def merge(self, table: str) -> None:
        """Merge what a table replaces."""
        self.command(cluster.optimization(table, self.cluster))

    def query_text(self, sql: str) -> bytes:
        """Run what a user wrote: ClickHouse's own text, TabSeparated unless the SQL names a FORMAT.

        QueryError if it does more than read this store. Only handles opened with `read_only` do this.
        """
        if not self._read_only:
            raise StoreError("queries of users run on a read-only handle only")
        with self._explained(of_user=True):
            query_guard.check(sql, self.query)
            return bytes(self._client.raw_query(sql))

    def insert_arrow(
        self, table: str, source: bytes | Path, token: str, *, comment: Mapping[str, str] | None = None
    ) -> None:
        """Insert an Arrow IPC stream, its bytes unchanged. The same token again adds nothing: never use one twice.

        Columns and types must be the table's; those with a DEFAULT are left out. `comment` is what such defaults can
        read (setting `log_comment`, as JSON). StoreError, and no row of this table, if something does not fit.
        """
        names = self._check(table, source)
        settings = _STRICT_INSERT | {
            "insert_deduplication_token": token,
            "log_comment": json.dumps(dict(comment)) if comment else "",
        }
        if self.folder is None:
            self._send_arrow(table, names, source, settings)
            return
        with self._explained(), self._as_file(source, self.folder) as path:
            columns = ", ".join(f"`{name}`" for name in names)
            stated = ", ".join(f"{key} = {_quote(str(value))}" for key, value in settings.items())
            where = f"`{table}` ({columns}) FROM INFILE {_quote(str(path))}"
            self._client.command(f"INSERT INTO {where} SETTINGS {stated} FORMAT ArrowStream")

    def _send_arrow(
        self, table: str, names: Sequence[str], source: bytes | Path, settings: Mapping[str, str | int]
    ) -> None:
        with self._explained(), io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as data:
            self._client.raw_insert(table, names, data, settings=dict(settings), fmt="ArrowStream")

    def _check(self, table: str, source: bytes | Path) -> list[str]:
        """Compare columns; ClickHouse itself would skip unknown ones and cut numbers that do not fit, silently."""
        if table not in self._columns:
            rows = self.query(
                "SELECT name, type, default_kind FROM system.columns"
                " WHERE database = currentDatabase() AND table = {table:String}",
                {"table": table},
            )
            self._columns[table] = ({name: kind for name, kind, _ in rows}, {name for name, _, given in rows if given})
        types, optional = self._columns[table]
        if isinstance(source, bytes):
            head = source
        else:
            with self._explained(), source.open("rb") as file:
                head = file.read(_SCHEMA_HEAD_BYTES + 8)
        names, trouble = mismatch(head, types, optional)
        if trouble:
            raise DataError(f"{self.name}: the data does not fit the table {table}: {trouble}")
        return names

    @contextmanager
    def _as_file(self, source: bytes | Path, folder: Path) -> Iterator[Path]:
        """Give a file, for that is what the engine reads; for bytes a temporary one on the disk of the store."""
        if isinstance(source, Path):
            yield source.resolve()
            return
        with tempfile.NamedTemporaryFile(dir=folder / _INBOX, suffix=".arrow") as file:
            file.write(source)
            file.flush()
            yield Path(file.name)

    @contextmanager
    def _explained(self, *, of_user: bool = False) -> Iterator[None]:
        """Turn what the driver or the system raises into a StoreError, or into a QueryError for what a user wrote."""
        from clickhouse_connect.driver.exceptions import Error  # noqa: PLC0415  costs a fifth of a second

        try:
            yield
        except (Error, OSError) as error:
            raise explain(error, self.name, of_user=of_user) from error


def open_store(url: str, *, read_only: bool = False, settings: Mapping[str, int] | None = None) -> Store:
    """Open the store at this URL; without `read_only` it is made if there is none (then call `migrate`).

    `settings` of the engine hold as long as it is open.

    StoreUrlError if the URL cannot be understood or names no store, StoreError if another process has it and does not
    serve it, or a server cannot be reached or refuses.
    """
    if server_url.names_server(url):
        return _open_server(server_url.parse(url), name=url, read_only=read_only, settings=settings)
    if not url.startswith(_SCHEME):
        raise StoreUrlError(
            f"{url}: not a store; write chdb:///absolute/folder, or clickhouse://host:8123 for a server"
        )
    path = url.removeprefix(_SCHEME)
    if not path or "?" in path or "\0" in path:
        raise StoreUrlError(f"{url}: names no folder; write chdb:///absolute/folder, without a question mark")
    folder = Path(path).expanduser().resolve()
    if (served := place.find(folder)) is not None:
        return _open_server(served, name=url, read_only=read_only, settings=settings)
    return _open(folder, name=url, read_only=read_only, settings=settings)


@contextmanager
def temporary_store(*, settings: Mapping[str, int] | None = None) -> Iterator[Store]:
    """Give an empty store, with its tables, in a folder that is removed in the end; `settings` are the engine's."""
    try:
        folder = tempfile.mkdtemp(prefix="certspan-")
    except OSError as error:
        raise StoreError(f"cannot make a folder for a temporary store: {error.strerror}; set TMPDIR") from error
    try:
        place = Path(folder).resolve() / "store"
        with _open(place, name="the temporary store", read_only=False, settings=settings) as store:
            store.migrate()
            yield store
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _open(folder: Path, *, name: str, read_only: bool, settings: Mapping[str, int] | None = None) -> Store:
    _require_engine(name)
    embedded.check_folder(folder, name, read_only=read_only, database=DATABASE)
    embedded.check_free(folder, name)
    from clickhouse_connect import get_client  # noqa: PLC0415  costs a fifth of a second
    from clickhouse_connect.driver.exceptions import Error  # noqa: PLC0415

    all_settings = _SETTINGS | dict(settings or {}) | ({"readonly": 1} if read_only else {})
    try:
        client = get_client(interface="chdb", path=str(folder), settings=all_settings, tz_mode="aware")
    except (Error, OSError, RuntimeError) as error:
        embedded.check_free(folder, name)
        raise explain(error, name) from error
    store = Store(client, folder, name=name, read_only=read_only)
    try:
        if not read_only:
            store.command(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
            shutil.rmtree(folder / _INBOX, ignore_errors=True)
            (folder / _INBOX).mkdir()
        client.database = DATABASE
    except OSError as error:
        store.close()
        raise explain(error, name) from error
    except BaseException:
        store.close()
        raise
    return store


def _open_server(
    server: server_url.Server, *, name: str, read_only: bool, settings: Mapping[str, int] | None = None
) -> Store:
    from clickhouse_connect import get_client  # noqa: PLC0415  costs a fifth of a second
    from clickhouse_connect.driver.exceptions import Error  # noqa: PLC0415

    logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)  # what it would say there is told by the error
    all_settings = _SETTINGS | dict(settings or {}) | ({"readonly": 1} if read_only else {})
    all_settings |= cluster.SETTINGS if server.cluster else {}
    try:
        client = get_client(
            interface="https" if server.tls else "http",
            host=server.host,
            port=server.port,
            ca_cert=server.ca,
            settings=all_settings,
            tz_mode="aware",
            connect_timeout=_CONNECT_SECONDS,
            send_receive_timeout=_ANSWER_SECONDS,
            autogenerate_session_id=False,  # several threads, and no state that a lost connection would take away
            compress="gzip",
            access_token=server.token,
            username=None if server.token else server.user,
            password="" if server.token else server.password,
        )
    except (Error, OSError) as error:
        raise explain(error, name) from error
    store = Store(client, None, name=name, read_only=read_only, cluster=server.cluster)
    try:
        if not read_only:
            everywhere = f" ON CLUSTER '{server.cluster}'" if server.cluster else ""
            store.command(f"CREATE DATABASE IF NOT EXISTS `{server.database}`{everywhere}")
        is_there = not read_only or store.query(_HAS_STORE, {"database": server.database})
    except BaseException:
        store.close()
        raise
    if not is_there:
        store.close()
        raise StoreUrlError(f"{name}: there is no certspan store in the database {server.database}")
    client.database = server.database
    return store


def _require_engine(name: str) -> None:
    try:
        import chdb  # noqa: F401, PLC0415  half a second
    except ImportError as error:
        raise StoreError(
            f"{name}: the embedded ClickHouse cannot be loaded ({error}); install it: pip install 'certspan[embedded]'"
        ) from error


def _quote(text: str) -> str:
    return "'" + re.sub(r"([\\'])", r"\\\1", text) + "'"
