"""A server of an embedded store: ClickHouse's HTTP interface, as far as its drivers use it, over the engine in-process.

Each request has a handle of its own on the engine, so that settings and the database of one never reach another. It
answers what clickhouse-connect, curl and Grafana's plain HTTP client ask: queries in the URL or the body, parameters
(`param_x`), settings, any format, inserts of any format, gzip. It knows one user, whose key is a random secret; not
known: sessions, roles, progress headers, other compressions of what comes in, external tables.
"""

from __future__ import annotations

import base64
import contextlib
import email
import gzip
import hmac
import http.server
import json
import re
import secrets
import tempfile
import threading
import zlib
from email.policy import HTTP
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from analytics.service.http import QuietServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

USER = "certspan"
MOST_BODY = 2 << 30
MOST_AT_ONCE = 8
"""Requests that are answered at a time; more wait."""
IDLE_SECONDS = 30
_CHUNK = 1 << 20
_TRANSPORT = frozenset(
    {
        "query", "database", "default_format", "session_id", "session_timeout", "session_check", "query_id",
        "quota_key",
        "compress", "decompress", "wait_end_of_query", "client_protocol_version", "role", "user", "password",
        "buffer_size", "send_progress_in_http_headers", "http_headers_progress_interval_ms", "enable_http_compression",
        "cancel_http_readonly_queries_on_client_close",
    }
)  # fmt: skip
_SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INSERT = re.compile(
    rb"\s*INSERT\s+INTO\s+(?P<where>.*?)\s*(?P<settings>SETTINGS\s.*?)?\s*FORMAT\s+(?P<format>\w+)[ \t]*(?:\r?\n|$)",
    re.IGNORECASE | re.DOTALL,
)
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_CODE = re.compile(r"Code: (\d+)\.")
_STATUS = {516: 401, 497: 403, 60: 404, 81: 404, 164: 403, 62: 400, 47: 400, 241: 500, 159: 408}
"""HTTP status of the commoner codes of errors; of others 500."""


class StoreServer:
    """Answers on an address until it is closed. RuntimeError if another process has it."""

    def __init__(
        self,
        folder: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        key: str | None = None,
    ) -> None:
        """`port` 0: any that is free; `key`: a random one if None."""
        import chdb  # noqa: PLC0415  half a second

        self.key = key or secrets.token_urlsafe(32)
        connect, room = chdb.connect, threading.BoundedSemaphore(MOST_AT_ONCE)
        self._engine: Any = connect(str(folder))  # with its last handle, the engine would close

        class Handler(_Handler):
            ours = _Ours(str(folder), self.key, connect, room)

        self._server = QuietServer(host, port, Handler)
        self.port = self._server.port

    def close(self) -> None:
        """Answer no more."""
        self._server.close()
        self._engine.close()


class _Ours:
    """What all requests share."""

    def __init__(
        self,
        folder: str,
        key: str,
        connect: Callable[[str], Any],
        room: threading.BoundedSemaphore,
    ) -> None:
        self.folder = folder
        self.key = key
        self.room = room
        self._connect = connect

    @contextlib.contextmanager
    def handle(self) -> Iterator[Any]:
        """Give a handle on the engine, for one request."""
        with self.room:
            handle = self._connect(self.folder)
            try:
                yield handle
            finally:
                handle.close()


class _RefusedError(Exception):
    """A request that is not answered: HTTP status, ClickHouse's code, text."""

    def __init__(self, status: int, code: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "certspan"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = -1
    """Headers and a short answer leave together."""
    ours: _Ours

    def log_message(self, *_: object) -> None:
        """Write nothing: the service has its own log."""

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/ping":
            self._send(200, b"Ok.\n", {})
            return
        self._answer(b"")

    def do_POST(self) -> None:
        try:
            body = self._body()
        except _RefusedError as error:
            self.close_connection = True
            self._refuse(error)
            return
        self._answer(body)

    def _answer(self, body: bytes) -> None:
        try:
            given = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
            self._check_user(given)
            if self.headers.get("Content-Type", "").startswith("multipart/form-data"):
                given, body = given | _fields(self.headers["Content-Type"], body), b""
            data, headers = self._run(given, body)
        except _RefusedError as error:
            self._refuse(error)
        else:
            self._send(200, data, headers)

    def _run(self, given: dict[str, str], body: bytes) -> tuple[bytes, dict[str, str]]:
        """Ask the engine; the answer, and headers about it."""
        parameters = {name[6:]: value for name, value in given.items() if name.startswith("param_")}
        settings = {
            name: value for name, value in given.items() if name not in _TRANSPORT and not name.startswith("param_")
        }
        statement = given.get("query", "").encode("utf-8", "surrogateescape")
        form = given.get("default_format") or self.headers.get("X-ClickHouse-Format") or "TabSeparated"
        with self.ours.handle() as handle, _told():
            if database := given.get("database"):
                handle.query("USE `" + database.replace("\\", "\\\\").replace("`", "\\`") + "`")
            if settings:
                handle.query("SET " + ", ".join(_assigned(name, value) for name, value in settings.items()))
            if self.command == "GET":
                handle.query("SET readonly = 2")  # as ClickHouse does
            text, data = _split(statement, body)
            if data is None:
                found = handle.query(text, form, params=parameters)
                if stated := _FORMAT.search(text):
                    form = stated[1]
            else:
                found = _insert(handle, text, data, parameters)
            summary = {
                "read_rows": str(found.rows_read()),
                "read_bytes": str(found.bytes_read()),
                "written_rows": str(found.rows_written()),
                "written_bytes": str(found.bytes_written()),
                "elapsed_ns": str(int(found.elapsed() * 1e9)),
            }
            answer = bytes(found.bytes() or b"")
        return answer, {
            "X-ClickHouse-Summary": json.dumps(summary),
            "X-ClickHouse-Format": form,
            "X-ClickHouse-Timezone": "UTC",
        }

    def _check_user(self, given: dict[str, str]) -> None:
        user = self.headers.get("X-ClickHouse-User") or given.get("user", "")
        key = self.headers.get("X-ClickHouse-Key") or given.get("password", "")
        scheme, _, word = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            with contextlib.suppress(ValueError):
                user, _, key = base64.b64decode(word, validate=True).decode("utf-8", "replace").partition(":")
        elif scheme.lower() == "bearer":
            user, key = USER, word
        known = hmac.compare_digest(user.encode(), USER.encode())
        if not (known & hmac.compare_digest(key.encode(), self.ours.key.encode())):
            raise _RefusedError(401, 516, "Authentication failed: password is incorrect, or there is no such user")

    def _body(self) -> bytes:
        """Read what was sent, unpacked."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            data = b"".join(self._chunks())
        else:
            try:
                length = int(self.headers.get("Content-Length") or 0)
            except ValueError:
                raise _RefusedError(400, 0, "Content-Length is no number") from None
            if not 0 <= length <= MOST_BODY:
                raise _RefusedError(413, 0, "too long")
            data = self.rfile.read(length)
            if len(data) != length:
                raise _RefusedError(400, 0, "cut off")
        encoding = self.headers.get("Content-Encoding", "identity").lower()
        if encoding == "gzip":
            try:
                data = _gunzip(data)
            except (OSError, EOFError, zlib.error):
                raise _RefusedError(400, 354, "the gzip stream is damaged") from None
        elif encoding != "identity":
            raise _RefusedError(400, 432, f"Content-Encoding {encoding} is not understood here")
        return data

    def _chunks(self) -> Iterator[bytes]:
        total = 0
        while True:
            try:
                length = int(self.rfile.readline(100).split(b";")[0], 16)
            except ValueError:
                raise _RefusedError(400, 0, "a chunk has no length") from None
            total += length
            if total > MOST_BODY or length < 0:
                raise _RefusedError(413, 0, "too long")
            data = self.rfile.read(length)
            if len(data) != length or self.rfile.readline(3) not in (b"\r\n", b"\n"):
                raise _RefusedError(400, 0, "cut off")
            if not length:
                return
            yield data

    def _refuse(self, error: _RefusedError) -> None:
        self._send(error.status, (str(error) + "\n").encode(), {"X-ClickHouse-Exception-Code": str(error.code)})

    def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        if len(data) > _CHUNK and "gzip" in self.headers.get("Accept-Encoding", ""):
            data = gzip.compress(data, 1)
            headers = {**headers, "Content-Encoding": "gzip"}
        with contextlib.suppress(OSError):  # whoever asked has gone
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)
            self.wfile.flush()


def _gunzip(data: bytes) -> bytes:
    out = zlib.decompressobj(31)
    found = out.decompress(data, MOST_BODY)
    if out.unconsumed_tail:
        raise _RefusedError(413, 0, "too long")
    if not out.eof:
        raise EOFError
    return found


def _fields(kind: str, body: bytes) -> dict[str, str]:
    """Read a form: how drivers send what is too long for a URL."""
    form = email.message_from_bytes(b"Content-Type: " + kind.encode("latin-1") + b"\r\n\r\n" + body, policy=HTTP)
    found = {}
    for part in form.iter_parts():
        name = part.get_param("name", header="Content-Disposition")
        data = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(data, bytes) or part.get_filename() is not None:
            raise _RefusedError(400, 48, "external tables are not known here")
        found[name] = data.decode("utf-8", "surrogateescape")
    return found


def _split(statement: bytes, body: bytes) -> tuple[str, bytes | None]:
    """Tell the SQL from the data of an insert; None: there is no data."""
    if statement:
        if _INSERT.match(statement + b"\n"):
            return statement.decode("utf-8", "surrogateescape"), body
        return (statement + b"\n" + body).decode("utf-8", "surrogateescape").rstrip("\n"), None
    if found := _INSERT.match(body):
        return body[: found.end()].decode("utf-8", "surrogateescape"), body[found.end() :]
    return body.decode("utf-8", "surrogateescape"), None


def _insert(handle: Any, text: str, data: bytes, parameters: dict[str, str]) -> Any:
    """Insert data of any format: the engine in the process reads it from a file."""
    found = _INSERT.match(text.encode("utf-8", "surrogateescape") + b"\n")
    if found is None:
        raise _RefusedError(400, 62, "not an insert")
    where, settings, form = (
        (found[name] or b"").decode("utf-8", "surrogateescape") for name in ("where", "settings", "format")
    )
    with tempfile.NamedTemporaryFile(prefix="certspan-insert-") as file:
        file.write(data)
        file.flush()
        sql = f"INSERT INTO {where} FROM INFILE '{file.name}' {settings} FORMAT {form}"
        return handle.query(sql, "TabSeparated", params=parameters)


def _assigned(name: str, value: str) -> str:
    if not _SETTING.fullmatch(name):
        raise _RefusedError(400, 115, f"Unknown setting {name[:100]}")
    return f"{name} = '" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turn an error of the engine into an answer."""
    try:
        yield
    except _RefusedError:
        raise
    except Exception as error:  # the engine's binding raises several kinds, none with the code
        text = str(error)
        found = _CODE.search(text)
        code = int(found[1]) if found else 0
        raise _RefusedError(_STATUS.get(code, 500), code, text) from error
