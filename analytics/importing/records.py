"""Records of scanners, as JSON objects or rows of CSV: an endpoint, and the chain that was met there.

Known forms: plain ones (`address`, `port`, `server_name`, `certificate` or `chain`, `seen`), and those of tlsx, zgrab2
and sslyze. A certificate is PEM text, or DER in base64.
"""

from __future__ import annotations

import base64
import binascii
import csv
import datetime as dt
import io
import ipaddress
import json
from typing import TYPE_CHECKING, Any

from analytics import at
from analytics.importing import bundle
from analytics.importing.found import Found, ImportFileError, Place, Trouble
from analytics.importing.transparency import entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_ADDRESS = ("address", "ip", "ip_address", "server_address", "host")
_PORT = ("port", "server_port")
_NAME = ("server_name", "sni", "hostname", "domain", "host", "name")
_LEAF = ("certificate", "pem", "der", "raw", "as_pem")
_SEEN = ("seen", "timestamp", "time", "last_seen")
_CELL = 4 << 20
"""Characters of one cell: a chain in PEM is some kilobytes."""
_PORTS = 65_535


def from_json(text: str) -> Iterator[Found | Trouble]:
    """Read one document, or one object a line. ImportFileError: it is neither."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        yield from _lines(text)
        return
    if isinstance(document, dict) and isinstance(document.get("entries"), list):
        yield from entries(document["entries"])
        return
    held = document if isinstance(document, list) else _of_sslyze(document) or [document]
    for number, record in enumerate(held, 1):
        yield from _record(record, f"record {number}")


def from_csv(text: str) -> Iterator[Found | Trouble]:
    """Read rows under a header. ImportFileError: no column holds certificates."""
    csv.field_size_limit(_CELL)
    try:
        dialect: type[csv.Dialect] | csv.Dialect = csv.Sniffer().sniff(text[:2000].splitlines()[0], ",;\t|")
    except (csv.Error, IndexError):
        dialect = csv.excel
    reader = csv.DictReader(io.StringIO(text), dialect=dialect)
    names = [(name or "").strip().lower().replace(" ", "_") for name in reader.fieldnames or ()]
    if not set(names) & {*_LEAF, "chain"}:
        raise ImportFileError(f"no column holds certificates: one must be called {', '.join(_LEAF)} or chain")
    reader.fieldnames = names
    try:
        for row in reader:
            kept = {name: value for name, value in row.items() if name and isinstance(value, str) and value.strip()}
            yield from _record(kept, f"line {reader.line_num}")
    except csv.Error as error:
        yield Trouble(f"line {reader.line_num}", f"{error}; nothing after it was read")


def _lines(text: str) -> Iterator[Found | Trouble]:
    good = 0
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            if not good:
                raise ImportFileError(f"line {number} is no JSON, and the file is no JSON document") from None
            yield Trouble(f"line {number}", "it is no JSON")
            continue
        good += 1
        yield from _record(record, f"line {number}")


def _of_sslyze(document: Any) -> list[Any]:
    """Give plain records of a result of sslyze; [] if it is none."""
    results = document.get("server_scan_results") if isinstance(document, dict) else None
    found = []
    for result in results if isinstance(results, list) else ():
        server = _at(result, "server_location")
        deployments = _at(result, "scan_result", "certificate_info", "result", "certificate_deployments")
        for deployment in deployments if isinstance(deployments, list) else ():
            chain = _at(deployment, "received_certificate_chain")
            found.append({**(server if isinstance(server, dict) else {}), "chain": chain})
    return found


def _record(record: Any, where: str) -> Iterator[Found | Trouble]:
    """Give the chain of one record, or say why there is none."""
    if not isinstance(record, dict):
        yield Trouble(where, "it is no object")
        return
    shown = _at(record, "data", "tls", "result", "handshake_log", "server_certificates")  # zgrab2
    if isinstance(shown, dict):
        record = {**shown, **{name: record[name] for name in ("ip", "domain") if name in record}, **_of_zgrab(record)}
    try:
        place = _place(record)
        chain = [*_ders(_first(record, _LEAF)), *(der for one in _listed(record.get("chain")) for der in _ders(one))]
    except ValueError as error:
        yield Trouble(where, str(error))
        return
    if not chain:
        yield Trouble(where, "it holds no certificate")
    for position, der in enumerate(dict.fromkeys(chain)):
        yield Found(der, place, position)


def _of_zgrab(record: Mapping[str, Any]) -> dict[str, Any]:
    told = {"timestamp": _at(record, "data", "tls", "timestamp"), "port": _at(record, "data", "tls", "port")}
    return {name: value for name, value in told.items() if value is not None}


def _place(record: Mapping[str, Any]) -> Place:
    """Read where it was met. ValueError: a port or a time that is none."""
    address = next((str(value) for name in _ADDRESS if _is_address(value := record.get(name))), None)
    name = next((value for key in _NAME if isinstance(value := record.get(key), str) and not _is_address(value)), None)
    port = _first(record, _PORT)
    if port is not None and not (str(port).strip().isdecimal() and 0 < int(port) <= _PORTS):
        raise ValueError(f"{str(port)[:40]!r} is no port")
    seen = _first(record, _SEEN)
    return Place(address, None if port is None else int(port), name, None if seen is None else _time(seen))


def _time(value: Any) -> dt.datetime:
    text = str(value)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no time; write it as 2026-12-01T00:00:00Z") from None
    return at.clamp(moment.replace(tzinfo=moment.tzinfo or dt.UTC).astimezone(dt.UTC))


def _ders(value: Any) -> list[bytes]:
    """Give the certificates of one value: PEM, base64, or an object that holds one. ValueError: it is none of these."""
    if value is None:
        return []
    if isinstance(value, dict):
        return _ders(_first(value, _LEAF))
    if not isinstance(value, str):
        raise ValueError(f"a certificate is a text, not {type(value).__name__}")  # noqa: TRY004  as all that is wrong
    if "-----BEGIN" in value:
        read = list(bundle.pem(value.replace("\\n", "\n").encode()))
        if trouble := next((one for one in read if isinstance(one, Trouble)), None):
            raise ValueError(trouble.message)
        return [one.der for one in read if isinstance(one, Found)]
    try:
        return [base64.b64decode("".join(value.split()), validate=True)]
    except binascii.Error as error:
        raise ValueError("its certificate is neither PEM nor base64") from error


def _is_address(value: Any) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return isinstance(value, str)


def _first(record: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((record[name] for name in names if record.get(name) not in (None, "")), None)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value in (None, "") else [value]


def _at(value: Any, *path: str) -> Any:
    """Give what lies at the end of a path of names; None if it does not go there."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
