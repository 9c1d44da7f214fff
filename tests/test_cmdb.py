"""A CMDB, however it is written, against the smart building: three lists, and every row that cannot be used is told."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import datetime as dt
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from analytics.cmdb import read, show
from analytics.cmdb.compare import compare, same_name
from analytics.cmdb.read import CmdbError, Row, Table, read_table
from analytics.cmdb.seen import Seen, load, look
from analytics.commands.cmdb import command
from analytics.network import home_ranges
from analytics.policy.model import Cmdb, Columns
from analytics.store import open_store
from sensor.source import CaptureInput

if TYPE_CHECKING:
    from click.testing import Result

PCAPS = Path(__file__).parents[1] / "pcaps"
BUILDING = PCAPS / "smart-building.pcapng"
SESSIONS = [json.loads(line) for line in (PCAPS / "smart-building.expected.jsonl").read_text().splitlines()]
NETBOX = (
    "Name,Status,Tenant,Site,Location,Rack,Role,Manufacturer,Type,IP Address\r\n"
    "door-ctl-1,Active,Facilities,HQ,,,door,Acme,D1,10.20.4.11/24\r\n"
)
SERVICENOW = (
    '"name","ip_address","mac_address","fqdn","owned_by","install_status"\n'
    '"door-ctl-1","10.20.4.11","02:00:0A:14:04:0B","door-ctl-1.building.example","Ann Smith","Installed"\n'
)
FREE = "Gerät;IPs;Kontakt\nTür Süd;10.20.4.11, fd20::1;Müller\n"


def table(folder: Path, data: bytes | str, how: Cmdb | None = None) -> Table:
    """Read these bytes as a CMDB."""
    path = folder / "cmdb.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_table(path, how)


def identity(row: Row) -> tuple[object, ...]:
    """Give what a row was read as."""
    return row.line, row.addresses, row.names, row.macs, row.owner


@pytest.mark.parametrize(
    ("data", "how", "expected"),
    [
        (NETBOX, None, (2, ("10.20.4.11",), ("door-ctl-1",), (), "Facilities")),
        (
            SERVICENOW,
            None,
            (
                2,
                ("10.20.4.11",),
                ("door-ctl-1", "door-ctl-1.building.example"),
                ("02:00:0a:14:04:0b",),
                "Ann Smith",
            ),
        ),
        (
            FREE.encode("cp1252"),
            Cmdb(encoding="cp1252", columns=Columns(addresses=["IPs"], owner=["Kontakt"])),
            (2, ("10.20.4.11", "fd20::1"), (), (), "Müller"),
        ),
    ],
    ids=["netbox", "servicenow", "free"],
)
def test_usual_tables_are_understood(
    tmp_path: Path, data: bytes | str, how: Cmdb | None, expected: tuple[object, ...]
) -> None:
    found = table(tmp_path, data, how)
    assert [identity(row) for row in found.rows] == [expected]
    assert (found.troubles, found.bad_rows) == ([], 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_marks_and_line_ends_do_not_matter(tmp_path: Path, encoding: str, delimiter: str, end: str) -> None:
    text = end.join(['"a,;|\tb"#IP#Owner', 'x#10.0.0.1#"Ä ""B"" ' + end + 'C"', "", "y#10.0.0.2#", ""])
    data = text.replace("#", delimiter).encode(encoding)
    if encoding == "utf-16-be":
        data = b"\xfe\xff" + data
    found = table(tmp_path, data)
    assert [(row.addresses, row.owner) for row in found.rows] == [
        (("10.0.0.1",), f'Ä "B" {end}C'),
        (("10.0.0.2",), None),
    ]
    assert found.rows[0].line == 2
    assert found.troubles == []


@pytest.mark.parametrize(
    ("row", "line", "told"),
    [
        ("a,10.0.0.1,x,y,z", 3, "5 cells under 3 columns; the row is left out"),
        ("a,10.0.0.1,\0", 3, "it holds a NUL; the row is left out"),
        (" ,-,x", 3, "no address, name or MAC that could be compared; the row is left out"),
        ('a,10.0.0.1,"' + "x" * 40_000 + '"', 3, "a cell of more than 32,768 characters"),
        ('a,"10.0.0.1"x,', 3, "not CSV: "),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_the_others_count(tmp_path: Path, row: str, line: int, told: str) -> None:
    found = table(tmp_path, f"Name,IP,Owner\nfirst,10.0.0.8,\n{row}\nlast,10.0.0.9,\n")
    assert [one.addresses[0] for one in found.rows] == ["10.0.0.8", "10.0.0.9"]
    assert found.bad_rows == 1
    assert found.troubles[0][0] == line
    assert told in found.troubles[0][1]


def test_a_quote_that_is_never_closed_is_told(tmp_path: Path) -> None:
    found = table(tmp_path, 'Name,IP\nfirst,10.0.0.8\nx,"10.0.0.9\nlast,10.0.0.10\n')
    assert [row.addresses for row in found.rows] == [("10.0.0.8",)]
    assert found.troubles == [(3, "a quote is not closed before the end of the file; the row is left out")]


def test_a_cell_that_is_no_address_is_told_and_the_row_counts(tmp_path: Path) -> None:
    found = table(tmp_path, "Name,IP,MAC\na,10.0.0.999 10.0.0.1,00:11\nb,DHCP,n/a\n")
    assert [identity(row)[1:4] for row in found.rows] == [(("10.0.0.1",), ("a",), ()), ((), ("b",), ())]
    assert found.troubles == [
        (2, "IP: '10.0.0.999' is none of the addresses; it is left out"),
        (2, "MAC: '00:11' is none of the macs; it is left out"),
    ]


def test_a_short_row_is_one_with_empty_cells(tmp_path: Path) -> None:
    [row] = table(tmp_path, "IP,Name,Owner\n10.0.0.1\n").rows
    assert identity(row) == (2, ("10.0.0.1",), (), (), None)


@pytest.mark.parametrize(
    ("data", "how", "told"),
    [
        (b"", None, "the file is empty"),
        (b"\xef\xbb\xbf\r\n", None, "the file is empty"),
        (b"Name;IP\nM\xfcller;10.0.0.1\n", None, "line 2: byte 9 is no utf-8; name the encoding, such as cp1252"),
        (b"\xff\xfea", None, "is no utf-16"),
        (b"colour,size\nred,1\n", None, "no column is known to hold addresses, names or MACs; there are: colour, size"),
        (b"Name,IP\n", Cmdb(columns=Columns(addresses=["Address"])), "there is no column 'Address' for addresses"),
        (b'"' + b"x" * 40_000, None, "its first row cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(tmp_path: Path, data: bytes, how: Cmdb | None, told: str) -> None:
    with pytest.raises(CmdbError) as caught:
        table(tmp_path, data, how)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_column_that_is_there_twice_is_told(tmp_path: Path) -> None:
    found = table(tmp_path, "IP,IP,Name\n10.0.0.1,10.0.0.2,a\n")
    assert found.rows[0].addresses == ("10.0.0.1",)
    assert found.troubles == [(1, "the column 'IP' is there 2 times; the first one counts")]


def test_troubles_are_counted_and_not_kept_without_end(tmp_path: Path) -> None:
    found = table(tmp_path, "IP\n" + "x\n" * 3_000)
    assert (found.bad_rows, found.doubts, len(found.troubles)) == (3_000, 3_000, read.MOST_TOLD)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    with contextlib.suppress(CmdbError):
        found = table(folder, b"IP,Name,MAC\n" + data)
        assert all(row.addresses or row.names or row.macs for row in found.rows)


def seen(address: str, *names: str, macs: tuple[str, ...] = (), ours: bool = True) -> Seen:
    """Make something that was seen."""
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return Seen(address, ours, (443,), names, macs, at, at)


def row(line: int, *addresses: str, names: tuple[str, ...] = (), macs: tuple[str, ...] = ()) -> Row:
    """Make a row."""
    return Row(line, addresses, names, macs, None, ())


def test_each_row_and_address_is_in_the_lists_it_belongs_to() -> None:
    mac, other = "00:11:22:33:44:55", "00:11:22:33:44:66"
    there = [
        seen("10.0.0.1", "a.example", macs=(mac,)),
        seen("10.0.0.2", "b.example"),
        seen("10.0.0.3", macs=(other,)),
        seen("10.0.0.4"),
        seen("192.0.2.1", ours=False),
    ]
    rows = [
        row(2, "10.0.0.1", names=("a",), macs=(mac,)),
        row(3, "10.0.0.2", names=("x.example",)),
        row(4, "10.9.9.9", names=("y",), macs=(other,)),
        row(5, "10.9.9.8"),
        row(6, names=("b.example",)),
        row(7, "10.0.0.1", macs=(other,)),
    ]
    found = compare(rows, there)
    assert [one.address for one in found.unlisted] == ["10.0.0.4"]
    assert [one.line for one in found.unseen] == [5]
    assert [(one.row.line, one.seen.address, one.what, one.listed, one.found) for one in found.differing] == [
        (3, "10.0.0.2", "name", ("x.example",), ("b.example",)),
        (4, "10.0.0.3", "address", ("10.9.9.9",), ("10.0.0.3",)),
        (7, "10.0.0.1", "mac", (other,), (mac,)),
    ]
    assert (found.agreeing, found.others) == (2, 1)


@pytest.mark.parametrize(
    ("listed", "found", "same"),
    [
        ("a", "a", True),
        ("a", "a.example", True),
        ("a.example", "a", True),
        ("a.example", "a.other", False),
        ("a.example", "*.example", True),
        ("a.b.example", "*.example", False),
        ("example", "*.example", False),
        ("a", "b", False),
        ("a", "aa.example", False),
    ],
)
def test_names_of_one_device(listed: str, found: str, same: bool) -> None:  # noqa: FBT001
    assert same_name(listed, found) is same


def run(*arguments: object) -> Result:
    """Run `certspan cmdb compare`."""
    return CliRunner().invoke(command, ["compare", *map(str, arguments)])


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give a store with the smart building."""
    found = f"chdb://{tmp_path_factory.mktemp('cmdb')}/store"
    with open_store(found) as store:
        store.migrate()
        load(store, [CaptureInput(str(BUILDING), BUILDING.name, BUILDING.stat().st_size)])
    return found


def test_what_was_seen_is_what_spoke(url: str) -> None:
    with open_store(url, read_only=True) as store:
        there = {one.address: one for one in look(store, home=home_ranges(()))}
    servers = {row["server_address"] for row in SESSIONS if row["version"] is not None}
    clients = {row["client_address"] for row in SESSIONS if row["client_chain"]}
    assert set(there) == servers | clients
    for address, one in there.items():
        asked = {row["server_name"] for row in SESSIONS if row["server_address"] == address} - {None, address}
        assert asked <= set(one.names)
        assert set(one.ports) == {row["server_port"] for row in SESSIONS if row["server_address"] == address}
        assert one.macs == ()  # all of them stand behind one bridge


def test_the_three_lists_of_the_building_agree_in_all_forms(url: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "Name,IP Address,Owner\ndoor-ctl-1,10.20.4.11/24,Works\nwrong,10.20.4.12,\ngone,10.20.77.1,=cmd()\n"
    )
    forms = {
        form: run(path, "--store", url, "--home", "10.20.4.0/24", "--format", form) for form in ("json", "csv", "text")
    }
    assert {done.exit_code for done in forms.values()} == {0}
    document = json.loads(forms["json"].stdout)
    doors = {row["server_address"] for row in SESSIONS if row["server_address"].startswith("10.20.4.")}
    assert {one["address"] for one in document["seen_not_listed"]} == doors - {"10.20.4.11", "10.20.4.12"}
    assert [one["line"] for one in document["listed_not_seen"]] == [4]
    assert [(one["what"], one["listed"], one["row"]["line"]) for one in document["differing"]] == [
        ("name", ["wrong"], 3)
    ]
    assert document["agreeing"] == 1
    rows = list(csv.DictReader(io.StringIO(forms["csv"].stdout)))
    lists = [one["list"] for one in rows]
    counts = {"seen_not_listed": len(document["seen_not_listed"]), "listed_not_seen": 1, "differing": 1}
    assert {kind: lists.count(kind) for kind in set(lists)} == counts
    assert tuple(rows[0]) == show.COLUMNS
    assert next(one["owner"] for one in rows if one["line"] == "4") == "'=cmd()"
    for title in ("listed, not seen: 1", "differing: 1", f"seen, not listed: {counts['seen_not_listed']}"):
        assert title in forms["text"].stdout


def test_captures_are_compared_as_a_store_is(url: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(NETBOX)
    assert run(path, BUILDING).stdout == run(path, "--store", url).stdout


def test_columns_come_from_the_options_or_the_policy(url: str, tmp_path: Path) -> None:
    path, site = tmp_path / "list.csv", tmp_path / "site.toml"
    path.write_bytes("Wo~Wem\n10.20.4.11~Müller\n".encode("cp1252"))
    site.write_text(
        'home_networks = ["10.20.4.11"]\n[cmdb]\ndelimiter = "~"\nencoding = "cp1252"\n'
        '[cmdb.columns]\naddresses = ["Wo"]\nowner = ["Wem"]\n'
    )
    options = ["--column", "addresses=Wo", "--column", "owner=Wem", "--delimiter", "~", "--encoding", "cp1252"]
    by_option = run(path, "--store", url, "--home", "10.20.4.11", "--format", "json", *options)
    by_policy = run(path, "--store", url, "--policy", site, "--format", "json")
    assert by_option.exit_code == by_policy.exit_code == 0
    assert by_option.stdout == by_policy.stdout
    assert json.loads(by_policy.stdout)["columns"]["owner"] == ["Wem"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--column", "addres=IP"], "--column addres=IP: write addresses=COLUMN; did you mean addresses?"),
        (["--column", "addresses"], "--column addresses: write addresses=COLUMN"),
        (["--delimiter", "xx"], "--delimiter xx: give one character"),
        (["--encoding", "utf-9"], "utf-9: no such encoding"),
        (["--home", "x"], "--home x: not a network"),
        (["--policy", "nowhere.toml"], "nowhere.toml: No such file"),
        (["--column", "addresses=Nope"], "there is no column 'Nope' for addresses; there are: Name, Status"),
    ],
)
def test_slips_of_the_command_are_told(tmp_path: Path, options: list[str], told: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(NETBOX)
    done = run(path, BUILDING, *options)
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr


def test_captures_or_a_store_and_not_both(url: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(NETBOX)
    for arguments in ([], [BUILDING, "--store", url]):
        assert "one of the two" in run(path, *arguments).stderr
    assert run(tmp_path / "none.csv", BUILDING).exit_code == 2
    assert run(path, tmp_path / "none.pcap").exit_code == 2


def test_bad_rows_and_damaged_captures_end_with_status_1(url: str, tmp_path: Path) -> None:
    path, cut = tmp_path / "list.csv", tmp_path / "cut.pcapng"
    path.write_text(NETBOX + "a,b\n" + ",".join("x" * 12) + "\n")
    done = run(path, "--store", url)
    assert done.exit_code == 1
    assert done.stderr == "certspan: list.csv, line 4: 12 cells under 10 columns; the row is left out\n"
    path.write_text(NETBOX)
    cut.write_bytes(BUILDING.read_bytes()[:200_001])
    done = run(path, cut)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"certspan: {cut}: ")


def test_hostile_texts_of_a_cmdb_come_out_harmless(url: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    hostile = ["=1+1", "+1", "-1", "@A1", "\t=1", "\x1b[31m", "\u202e", "\uff1d1"]
    body = "".join(f'10.99.0.{number},"{text}x"\n' for number, text in enumerate(hostile))
    path.write_text("IP,Owner\n" + body)
    for form in ("text", "csv", "json"):
        done = run(path, "--store", url, "--format", form, "--all")
        assert done.exit_code == 0
        assert "\x1b" not in done.stdout
        assert "\u202e" not in done.stdout
    rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(run(path, "--store", url, "--format", "csv").stdout)))
    owners = [one["owner"] for one in rows if one["list"] == "listed_not_seen"]
    assert len(owners) == len(hostile)
    assert not [owner for owner in owners if owner.startswith(("=", "+", "-", "@", "\t", "\uff1d"))]


def test_limits_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "LARGEST", 20)
    with pytest.raises(CmdbError, match="more than 0 MB"):
        table(tmp_path, "IP\n" + "10.0.0.1\n" * 10)
    monkeypatch.setattr(read, "LARGEST", 1 << 20)
    monkeypatch.setattr(read, "MOST_ROWS", 3)
    with pytest.raises(CmdbError, match="more than 3 rows"):
        table(tmp_path, "IP\n" + "10.0.0.1\n" * 10)
    assert dataclasses.replace(row(1), line=2).shown == "line 2"
