"""Reads a CMDB's CSV: whatever delimiter, marks and columns it has. A row that cannot be used is told with its line."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import ipaddress
import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from analytics.policy import values
from analytics.policy.model import Cmdb, Columns

if TYPE_CHECKING:
    import _csv
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

LARGEST: Final = 64 << 20
"""Bytes of the file."""
MOST_ROWS: Final = 500_000
LARGEST_CELL: Final = 32_768
"""Characters, as many as a spreadsheet's cell holds."""
MOST_TOLD: Final = 1_000
"""Troubles kept; the rest is counted."""
USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "addresses": (
        *("ip_address", "ip_addresses", "ip", "ips", "address", "primary_ip", "primary_ip4", "primary_ip6"),
        *("primary_ip_address", "ipv4", "ipv6", "ipv4_address", "ipv6_address", "management_ip", "host_ip"),
    ),
    "names": (
        *("name", "dns_name", "fqdn", "fully_qualified_domain_name", "hostname", "host_name", "host", "device"),
        *("device_name", "dns"),
    ),
    "macs": ("mac_address", "mac_addresses", "mac", "macs", "physical_address", "ethernet_address"),
    "owner": (
        *("owner", "owned_by", "business_owner", "tenant", "assigned_to", "managed_by", "support_group"),
        *("contact", "responsible"),
    ),
}
"""Names of columns in NetBox, ServiceNow and their like, in lower case and with `_` between words, best first."""
_DELIMITERS: Final = ",;\t|"
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BETWEEN: Final = re.compile(r"[,;|\s]+")
_NOTHING: Final = frozenset({"", "-", "—", "n/a", "na", "none", "null", "unknown", "dhcp", "tbd"})


class CmdbError(Exception):
    """A file that cannot be used at all; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """What the CMDB lists."""

    line: int
    """In the file, from 1, where the row begins."""
    addresses: tuple[str, ...]
    """Usual text."""
    names: tuple[str, ...]
    """Lower case, without a dot at the end."""
    macs: tuple[str, ...]
    owner: str | None
    cells: tuple[str, ...]
    """Text as it stands there, in the order of the header."""

    @property
    def shown(self) -> str:
        """What people call it."""
        return next(iter((*self.names, *self.addresses, *self.macs)), f"line {self.line}")


@dataclass(slots=True)
class Table:
    """A CMDB, read."""

    name: str
    sha256: str
    header: tuple[str, ...]
    columns: Columns
    """Which columns were taken for what."""
    rows: list[Row] = field(default_factory=list)
    troubles: list[tuple[int, str]] = field(default_factory=list)
    """Line and what is wrong there, at most `MOST_TOLD`."""
    bad_rows: int = 0
    """Rows that could not be used."""
    doubts: int = 0
    """Cells that could not be used."""

    def cell(self, row: Row, column: str) -> str:
        """Give what stands in a column, the first of this name; "" where the row ends before it."""
        place = self.header.index(column)
        return row.cells[place] if place < len(row.cells) else ""

    def tell(self, line: int, what: str) -> None:
        """Note a trouble."""
        if len(self.troubles) < MOST_TOLD:
            self.troubles.append((line, what))


def read_table(path: Path, wanted: Cmdb | None = None) -> Table:
    """Read a CMDB; `wanted` says how it is written. CmdbError: nothing of it can be used."""
    how = wanted or Cmdb()
    data = _bytes(path)
    text = _text(data, path.name, how.encoding)
    first = text.lstrip("\r\n")
    if not first.strip():
        raise CmdbError(f"{path.name}: the file is empty")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=how.delimiter or _delimiter(first), strict=True)
    csv.field_size_limit(LARGEST_CELL)
    rows = _rows(reader)
    head_line, head = next(((line, row) for line, row in rows if not isinstance(row, str)), (0, None))
    if head is None:
        raise CmdbError(f"{path.name}: its first row cannot be read, so the columns have no names")
    header = tuple(cell.strip() for cell in head)
    table = Table(path.name, hashlib.sha256(data).hexdigest(), header, _columns(header, how.columns, path.name))
    for column in {column for column in header if header.count(column) > 1}:
        table.tell(head_line, f"the column {column!r} is there {header.count(column)} times; the first one counts")
    for line, cells in rows:
        if len(table.rows) >= MOST_ROWS:
            raise CmdbError(f"{path.name}: more than {MOST_ROWS:,} rows")
        _take(table, line, cells)
    return table


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise CmdbError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    if len(data) > LARGEST:
        raise CmdbError(f"{path.name}: more than {LARGEST >> 20} MB")
    return data


def _text(data: bytes, name: str, encoding: str) -> str:
    """Decode; marks at the start win over what was said."""
    named = next((known for mark, known in _MARKS if data.startswith(mark)), encoding)
    try:
        return data.decode(named)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CmdbError(
            f"{name}, line {line}: byte {error.start} is no {named}; name the encoding, such as cp1252"
        ) from error
    except (LookupError, ValueError) as error:
        raise CmdbError(f"{name}: {encoding}: no such encoding") from error


def _delimiter(text: str) -> str:
    """Give what cuts the first line, outside of quotes; a comma if nothing does."""
    bare = re.sub(r'"[^"]*"', "", text.splitlines()[0][:LARGEST_CELL])
    return max(_DELIMITERS, key=lambda one: (bare.count(one), -_DELIMITERS.index(one)))


def _rows(reader: _csv.Reader) -> Iterator[tuple[int, list[str] | str]]:
    """Give each row with the line it begins on; a text says why it cannot be read. Empty rows are left out."""
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, _reason(str(error))
            continue
        if any(cell.strip() for cell in row):
            yield line, row


def _reason(said: str) -> str:
    if "field limit" in said:
        return f"a cell of more than {LARGEST_CELL:,} characters, perhaps behind a quote that is not closed"
    if "unexpected end" in said:
        return "a quote is not closed before the end of the file"
    return f"not CSV: {said}"


def _columns(header: Sequence[str], wanted: Columns, name: str) -> Columns:
    """Find which columns hold what. CmdbError: those wanted are not there, or nothing tells one device from another."""
    plain = {re.sub(r"[^a-z0-9]+", "_", column.casefold()).strip("_"): column for column in reversed(header)}
    found: dict[str, list[str]] = {}
    for kind, usual in USUAL.items():
        named = getattr(wanted, kind)
        if missing := [column for column in named if column not in header]:
            there = ", ".join(header[:40])
            raise CmdbError(f"{name}: there is no column {missing[0]!r} for {kind}; there are: {there}")
        found[kind] = list(named) or [plain[column] for column in usual if column in plain]
    if not (found["addresses"] or found["names"] or found["macs"]):
        there = ", ".join(header[:40])
        raise CmdbError(
            f"{name}: no column is known to hold addresses, names or MACs; there are: {there}; say which in "
            "[cmdb.columns] of a policy, or by --column addresses=NAME"
        )
    return Columns(**found)


def _take(table: Table, line: int, cells: list[str] | str) -> None:
    """Add a row to the table, or tell why not."""
    wrong = cells if isinstance(cells, str) else None
    if wrong is None and len(cells) > len(table.header):
        wrong = f"{len(cells)} cells under {len(table.header)} columns"
    if wrong is None and any("\0" in cell for cell in cells):
        wrong = "it holds a NUL"
    if wrong is not None:
        table.bad_rows += 1
        table.tell(line, f"{wrong}; the row is left out")
        return
    named: dict[str, str] = {}
    for column, cell in zip(table.header, cells, strict=False):
        named.setdefault(column, cell)
    row = Row(
        line,
        tuple(_each(table, line, named, "addresses", address)),
        tuple(_each(table, line, named, "names", values.name)),
        tuple(_each(table, line, named, "macs", _whole_mac)),
        next((named[one].strip() for one in table.columns.owner if _there(named.get(one, ""))), None),
        tuple(map(sys.intern, cells)),
    )
    if row.addresses or row.names or row.macs:
        table.rows.append(row)
    else:
        table.bad_rows += 1
        table.tell(line, "no address, name or MAC that could be compared; the row is left out")


def _each(table: Table, line: int, named: Mapping[str, str], kind: str, read: Callable[[str], str]) -> Iterator[str]:
    """Give what the cells of these columns hold, each once; what cannot be read is told."""
    seen: set[str] = set()
    for column in getattr(table.columns, kind):
        cell = named.get(column, "")
        parts = [cell.strip()] if kind == "names" else _BETWEEN.split(cell.strip())
        for part in parts:
            if not _there(part):
                continue
            try:
                value = read(part)
            except ValueError:
                if kind != "names":  # names of people's making hold blanks; addresses do not
                    table.doubts += 1
                    table.tell(line, f"{column}: {part[:60]!r} is none of the {kind}; it is left out")
                continue
            if value not in seen:
                seen.add(value)
                yield value


def address(text: str) -> str:
    """Give an IP address in its usual text, without a prefix length. ValueError: it is none."""
    one = ipaddress.ip_interface(text.strip("[]")).ip
    mapped = one.ipv4_mapped if isinstance(one, ipaddress.IPv6Address) else None
    return str(mapped or one)


def _whole_mac(text: str) -> str:
    whole = values.mac(text)
    if len(whole) != len("00:00:00:00:00:00"):
        raise ValueError("a part of a link-layer address")
    return whole


def _there(text: str) -> bool:
    return text.strip().casefold() not in _NOTHING
