"""Where a ClickHouse server is, and how to get in: a URL without secrets, and secrets out of files or the environment.

    clickhouse://[user@]host[:port][/database][?ca=FILE&password_file=FILE&token_file=FILE&cluster=NAME]

`clickhouses://` is the same over TLS; `http://` and `https://` are other words for the two. Ports are those of
ClickHouse's HTTP interface, 8123 and 8443, unless others are named.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from analytics.store_errors import StoreUrlError

SCHEMES = {"clickhouse": False, "http": False, "clickhouses": True, "https": True}
"""Whether it is over TLS."""
DATABASE = "certspan"
"""Of a store whose URL names none."""
_PORTS = {False: 8123, True: 8443}
_FILES = {"ca", "password_file", "token_file"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
PASSWORD, TOKEN = "CERTSPAN_STORE_PASSWORD", "CERTSPAN_STORE_TOKEN"


@dataclass(frozen=True, slots=True)
class Server:
    """A server, and who we are to it."""

    host: str
    port: int
    tls: bool
    user: str
    database: str
    ca: str | None = None
    """Path of PEM certificates that its own is to be signed by; None: those of the system."""
    cluster: str | None = None
    """Name of the cluster over which tables are made."""
    password: str = field(default="", repr=False)
    token: str | None = field(default=None, repr=False)


def names_server(url: str) -> bool:
    """Tell whether the URL is one of a server."""
    return url.partition("://")[0] in SCHEMES and "://" in url


def parse(url: str) -> Server:
    """Read the URL and the secrets; StoreUrlError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise StoreUrlError(f"{_shown(url)}: not a URL: {error}") from error
    tls = SCHEMES[parts.scheme]
    if parts.password is not None:
        raise StoreUrlError(
            f"{_shown(url)}: a password does not belong into a URL; set {PASSWORD}, or name a file: ?password_file=FILE"
        )
    if not parts.hostname:
        raise StoreUrlError(f"{url}: names no host; write clickhouse://host:8123")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(set(options) - _FILES - {"cluster"})
    if unknown or parts.fragment:
        raise StoreUrlError(
            f"{url}: {unknown[0] if unknown else '#'} is unknown; there are ca, cluster, password_file and token_file"
        )
    for name in ("database", "cluster"):
        given = parts.path.strip("/") if name == "database" else options.get("cluster", "")
        if given and not _NAME.fullmatch(given):
            raise StoreUrlError(f"{url}: {given} cannot be the name of a {name}")
    ca = options.get("ca")
    if ca is not None and not Path(ca).is_file():
        raise StoreUrlError(f"{url}: {ca}: no such file")
    return Server(
        host=parts.hostname,
        port=port or _PORTS[tls],
        tls=tls,
        user=unquote(parts.username or "default"),
        database=parts.path.strip("/") or DATABASE,
        ca=ca,
        cluster=options.get("cluster"),
        password=_secret(url, options.get("password_file"), PASSWORD) or "",
        token=_secret(url, options.get("token_file"), TOKEN),
    )


def _secret(url: str, file: str | None, variable: str) -> str | None:
    """Read a secret: of the URL's file, else of the variable, else of the file that the variable with _FILE names."""
    file = file or (None if variable in os.environ else os.environ.get(f"{variable}_FILE"))
    if file is None:
        return os.environ.get(variable)
    try:
        secret = Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreUrlError(f"{url}: {file}: {getattr(error, 'strerror', None) or 'not text'}") from error
    if not secret:
        raise StoreUrlError(f"{url}: {file}: empty")
    return secret


def _shown(url: str) -> str:
    """Give the URL without what could be a password."""
    return re.sub(r"(://[^/@]*?):.*@", r"\1:***@", url)
