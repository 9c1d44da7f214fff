"""The rules' vocabulary: what the views say about a few sessions whose every answer was worked out by hand."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from analytics.network import home_ranges
from analytics.store import Store, open_store
from sensor._rust import encode_arrow
from sensor.certificate import certificate_rows
from sensor.events import Certificate

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAF, ISSUER, BADGE, GONE = (bytes([number]) * 32 for number in (1, 2, 3, 4))
YEAR_9999 = dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)


def at(second: int) -> dt.datetime:
    return dt.datetime(2026, 1, 1, 0, 0, second, tzinfo=dt.UTC)


def quoted(value: object) -> str:
    """Write a value as SQL."""
    if isinstance(value, list):
        return "[" + ", ".join(quoted(item) for item in value) + "]"
    if isinstance(value, bytes):
        return f"unhex('{value.hex()}')"
    return f"'{value}'" if isinstance(value, str) else str(value)


def session(load: str, second: int, client: str, server: str, port: int, **more: object) -> dict[str, object]:
    return {
        "session_id": bytes([second]) * 16,
        "load_id": load,
        "capture": load + ".pcap",
        "time": f"2026-01-01 00:00:{second:02}.123456789",
        "client_address": client,
        "server_address": server,
        "server_port": port,
        **more,
    }


OLD: dict[str, object] = {"version": "TLSv1.0", "version_code": 0x0301}
NOW: dict[str, object] = {"version": "TLSv1.2", "version_code": 0x0303}
SEEN: dict[str, object] = {"server_visibility": "visible", "server_chain_known": 1}
SESSIONS = [
    session("a", 1, "10.0.0.9", "10.0.0.1", 443, server_chain=[LEAF, ISSUER], server_name="x.example", **NOW, **SEEN),
    session("a", 5, "8.8.8.8", "10.0.0.1", 443, server_chain=[LEAF], confirmed=1, established=1, **OLD, **SEEN),
    session("b", 3, "10.0.0.9", "10.0.0.1", 443, server_chain=[LEAF], server_name="y.example", **NOW, **SEEN),
    session("a", 2, "10.0.0.9", "2001:db8::1", 8443, server_visibility="encrypted", confirmed=1),
    session("a", 4, "10.9.9.9", "192.0.2.7", 8883, client_chain=[BADGE, GONE], server_visibility="one_way"),
    session("a", 6, "10.0.0.9", "10.0.0.2", 4433, version="DTLSv1.2", version_code=0xFEFD),
    session("a", 7, "10.0.0.9", "10.0.0.2", 4433, version="DTLSv1.0", version_code=0xFEFF),
]
CERTIFICATES = [
    Certificate(
        LEAF, bytes(20), 3, sans=("dns:x.example", "dns:y.example"), key_usage=(), extended_key_usage=("serverAuth",)
    ),
    Certificate(ISSUER, bytes(20), 3, key_usage=("keyCertSign",), not_after=YEAR_9999),
    Certificate(BADGE, bytes(20), 3, sans=()),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(f"chdb://{tmp_path_factory.mktemp('views')}/store") as opened:
        opened.migrate()
        rows = certificate_rows([(certificate, b"DER") for certificate in CERTIFICATES])
        opened.insert_arrow("certificates_in", encode_arrow(rows), "certificates")
        for row in SESSIONS:
            values = ", ".join(quoted(value) for value in row.values())
            opened.command(f"INSERT INTO sessions ({', '.join(row)}) VALUES ({values})")
        yield opened


def view(store: Store, columns: str, name: str, *, loads: tuple[str, ...] = (), home: tuple[str, ...] = ()) -> Any:
    sql = f"SELECT {columns} FROM {name}(loads = {{loads:Array(String)}}, home = {{home:Array(String)}}) ORDER BY ALL"
    return store.query(sql, {"loads": list(loads), "home": home_ranges(home)})


def test_sessions_have_addresses_as_text_and_know_what_is_ours(store: Store) -> None:
    rows = view(store, "toSecond(time), client, shown, endpoint, ours, client_ours", "session", loads=("a",))
    assert rows == [
        (1, "10.0.0.9", "10.0.0.1:443", "|10.0.0.1|443", True, True),
        (2, "10.0.0.9", "[2001:db8::1]:8443", "|2001:db8::1|8443", False, True),
        (4, "10.9.9.9", "192.0.2.7:8883", "|192.0.2.7|8883", False, True),
        (5, "8.8.8.8", "10.0.0.1:443", "|10.0.0.1|443", True, False),
        (6, "10.0.0.9", "10.0.0.2:4433", "|10.0.0.2|4433", True, True),
        (7, "10.0.0.9", "10.0.0.2:4433", "|10.0.0.2|4433", True, True),
    ]


@pytest.mark.parametrize(
    ("home", "ours"),
    [
        (("8.8.8.0/24",), set[str]()),
        (("192.0.2.7",), {"192.0.2.7"}),
        (("2001:db8::/32",), {"2001:db8::1"}),
        (("0.0.0.0/0",), {"10.0.0.1", "10.0.0.2", "192.0.2.7"}),
        (("10.0.0.0/31",), {"10.0.0.1"}),
        (("::/0",), {"10.0.0.1", "10.0.0.2", "192.0.2.7", "2001:db8::1"}),
    ],
)
def test_home_networks_of_both_kinds(store: Store, home: tuple[str, ...], ours: set[str]) -> None:
    assert {server for server, mine in view(store, "server, ours", "session", home=home) if mine} == ours


def test_holders(store: Store) -> None:
    columns = "hex(sha256), role, shown, port, server_names, first_seen, last_seen, position, confirmed, ours, peers"
    rows = {(row[0][:2], row[1]): row[2:] for row in view(store, columns, "holder")}
    micro = dt.timedelta(microseconds=123456)
    assert rows == {
        ("01", "server"): (
            "10.0.0.1:443",
            443,
            ["x.example", "y.example"],
            at(1) + micro,
            at(5) + micro,
            0,
            True,
            True,
            2,
        ),
        ("02", "server"): ("10.0.0.1:443", 443, ["x.example"], at(1) + micro, at(1) + micro, 1, False, True, 1),
        ("03", "client"): ("10.9.9.9", None, [], at(4) + micro, at(4) + micro, 0, False, True, 1),
        ("04", "client"): ("10.9.9.9", None, [], at(4) + micro, at(4) + micro, 1, False, True, 1),
    }


def test_holders_of_some_loads_only(store: Store) -> None:
    rows = view(store, "hex(sha256), server_names, last_seen > first_seen", "holder", loads=("b",))
    assert rows == [(LEAF.hex(), ["y.example"], False)]


def test_certificates(store: Store) -> None:
    columns = (
        "hex(sha256), san_count, has_server_auth, can_sign_certificates, position, presented_as_leaf, roles,"
        " holder_count, ours_count, ours, confirmed"
    )
    assert view(store, columns, "certificate") == [
        (LEAF.hex(), 2, True, False, 0, True, ["server"], 1, 1, True, True),
        (ISSUER.hex(), None, None, True, 1, False, ["server"], 1, 1, True, False),
        (BADGE.hex(), 0, None, None, 0, True, ["client"], 1, 1, True, False),
    ]


def test_what_is_not_known_is_never_zero_or_false(store: Store) -> None:
    rows = store.query("SELECT name FROM system.columns WHERE table = 'certificates' AND name LIKE '%_known'")
    singular = {
        "policies": "policy",
        "subject_attributes": "subject_attribute",
        "issuer_attributes": "issuer_attribute",
    }
    lists = [name.removesuffix("_known") for (name,) in rows]
    assert len(lists) > 10
    for name in lists:
        count = singular.get(name, name if name.endswith("usage") else name.removesuffix("s")) + "_count"
        (wrong,) = view(
            store, f"countIf(if({name}_known, {count} IS NULL, {count} IS NOT NULL)), count()", "certificate"
        )
        assert wrong == (0, 3), name


def test_the_holders_of_a_certificate_are_named_ours_first(store: Store) -> None:
    ((holders,),) = view(store, "holders", "certificate", loads=("b",))
    assert holders == [
        {
            "role": "server",
            "address": "10.0.0.1",
            "port": 443,
            "ours": True,
            "confirmed": False,
            "first_seen": at(3) + dt.timedelta(microseconds=123456),
            "last_seen": at(3) + dt.timedelta(microseconds=123456),
            "server_names": ["y.example"],
        }
    ]


def test_a_certificate_of_the_year_9999_breaks_no_comparison(store: Store) -> None:
    rows = view(store, "hex(sha256), not_after < last_seen, not_after - INTERVAL 30 DAY < first_seen", "certificate")
    assert rows[1] == (ISSUER.hex(), False, False)


def test_endpoints(store: Store) -> None:
    columns = (
        "shown, address, port, sessions, clients, versions, weakest_version, latest_version, visibilities,"
        " certificate_seen, answered, server_names, arraySort(arrayMap(c -> hex(c), certificates)), confirmed, ours"
    )
    rows = view(store, columns, "endpoint", loads=("a",))
    both = sorted([LEAF.hex(), ISSUER.hex()])
    assert rows == [
        (
            "10.0.0.1:443",
            "10.0.0.1",
            443,
            2,
            2,
            ["TLSv1.0", "TLSv1.2"],
            "TLSv1.0",
            "TLSv1.0",
            {"visible": 2},
            True,
            True,
            ["x.example"],
            both,
            True,
            True,
        ),
        (
            "10.0.0.2:4433",
            "10.0.0.2",
            4433,
            2,
            1,
            ["DTLSv1.0", "DTLSv1.2"],
            "DTLSv1.0",
            "DTLSv1.0",
            {"": 2},
            False,
            True,
            [],
            [],
            False,
            True,
        ),
        (
            "192.0.2.7:8883",
            "192.0.2.7",
            8883,
            1,
            1,
            [],
            None,
            None,
            {"one_way": 1},
            False,
            False,
            [],
            [],
            False,
            False,
        ),
        (
            "[2001:db8::1]:8443",
            "2001:db8::1",
            8443,
            1,
            1,
            [],
            None,
            None,
            {"encrypted": 1},
            False,
            True,
            [],
            [],
            True,
            False,
        ),
    ]


def test_when_each_version_was_last_negotiated(store: Store) -> None:
    columns = "shown, version_last_seen, weakest_version_code, latest_version_code"
    _, versions, weakest, latest = view(store, columns, "endpoint")[0]
    micro = dt.timedelta(microseconds=123456)
    assert versions == {"TLSv1.0": at(5) + micro, "TLSv1.2": at(3) + micro}
    assert (weakest, latest) == (0x0301, 0x0301)


def test_certificates_that_the_store_lacks_are_named(store: Store) -> None:
    assert store.query("SELECT hex(sha256), holders FROM lacking(loads = [])") == [(GONE.hex(), 1)]
    assert store.query("SELECT hex(sha256) FROM lacking(loads = ['b'])") == []


def test_told_again_sightings_stay_as_they_are(store: Store) -> None:
    before = store.query("SELECT * EXCEPT peers, finalizeAggregation(peers) FROM sightings FINAL ORDER BY ALL")
    row = SESSIONS[1]
    values = ", ".join(quoted(value) for value in row.values())
    store.command(f"INSERT INTO sessions ({', '.join(row)}) VALUES ({values})")
    after = store.query("SELECT * EXCEPT peers, finalizeAggregation(peers) FROM sightings FINAL ORDER BY ALL")
    store.command("DELETE FROM sessions WHERE session_id = {id:FixedString(16)}", {"id": bytes([5]) * 16})
    assert before == after
