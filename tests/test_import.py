"""`certspan import`: what other programs write of certificates that the tests made is what the store then holds."""

from __future__ import annotations

import base64
import datetime as dt
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from command import CERTSPAN, certspan
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.importing import bundle, keep
from analytics.importing.found import Found, ImportFileError, Trouble
from analytics.importing.keep import keep as keep_file
from analytics.importing.read import read
from analytics.store import StoreError, temporary_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics.store import Store

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
BUILDING = Path(__file__).parents[1] / "pcaps" / "smart-building.pcapng"


def make(name: str) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(NOW)
    return builder.not_valid_after(NOW + dt.timedelta(days=90)).sign(key, hashes.SHA256())


CHAIN = [make("leaf"), make("middle"), make("root")]
DERS = [one.public_bytes(Encoding.DER) for one in CHAIN]
PEMS = [one.public_bytes(Encoding.PEM).decode() for one in CHAIN]
B64 = [base64.b64encode(der).decode() for der in DERS]


def taken(data: bytes | str) -> list[Found]:
    found = list(read(data.encode() if isinstance(data, str) else data))
    assert [one for one in found if isinstance(one, Trouble)] == []
    return [one for one in found if isinstance(one, Found)]


def vector(data: bytes) -> bytes:
    return len(data).to_bytes(3) + data


def entry(kind: int, leaf: bytes, extra: bytes, at: dt.datetime = NOW) -> dict[str, str]:
    """Write an entry as RFC 6962 3.4 and 4.6 say."""
    head = b"\0\0" + int(at.timestamp() * 1000).to_bytes(8) + kind.to_bytes(2)
    return {
        "leaf_input": base64.b64encode(head + leaf + b"\0\0").decode(),
        "extra_data": base64.b64encode(extra).decode(),
    }


CT = {
    "entries": [
        entry(0, vector(DERS[0]), vector(vector(DERS[1]) + vector(DERS[2]))),
        entry(1, bytes(32) + vector(b"tbs"), vector(DERS[0]) + vector(vector(DERS[1]))),
    ]
}
TLSX = {
    "timestamp": "2026-10-30T12:00:00Z",
    "host": "cam-1.example",
    "ip": "10.20.1.9",
    "port": "8443",
    "sni": "cam-1.example",
    "certificate": PEMS[0],
    "chain": [{"certificate": PEMS[1]}],
}
ZGRAB = {
    "ip": "fd00::9",
    "domain": "cam-2.example",
    "data": {
        "tls": {
            "port": 443,
            "timestamp": "2026-10-30T14:00:00+02:00",
            "result": {
                "handshake_log": {"server_certificates": {"certificate": {"raw": B64[0]}, "chain": [{"raw": B64[1]}]}}
            },
        }
    },
}
SSLYZE = {
    "server_scan_results": [
        {
            "server_location": {"hostname": "cam-3.example", "ip_address": "10.20.1.8", "port": 443},
            "scan_result": {
                "certificate_info": {
                    "result": {
                        "certificate_deployments": [{"received_certificate_chain": [{"as_pem": pem} for pem in PEMS]}]
                    }
                }
            },
        },
        {"server_location": {"hostname": "down.example", "ip_address": None, "port": 443}, "scan_result": None},
    ]
}


@pytest.mark.parametrize(
    "data",
    [
        "".join(PEMS),
        "# roots\n" + "\n\n".join(PEMS).replace("\n", "\r\n"),
        "subject=CN = leaf\n" + "".join(PEMS) + "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        b"".join(DERS),
        pkcs7.serialize_certificates(CHAIN, Encoding.DER),
        pkcs7.serialize_certificates(CHAIN, Encoding.PEM),
        "\ufeff" + "".join(PEMS),
    ],
    ids=["pem", "crlf", "text-and-key", "der", "p7b", "p7-pem", "bom"],
)
def test_certificates_by_themselves(data: bytes | str) -> None:
    found = taken(data)
    assert sorted(one.der for one in found) == sorted(DERS)
    assert {one.place.address for one in found} == {None}


@pytest.mark.tools("openssl")
def test_what_openssl_bundles(tmp_path: Path) -> None:
    (tmp_path / "chain.pem").write_text("".join(PEMS))
    command = ["openssl", "crl2pkcs7", "-nocrl", "-certfile", str(tmp_path / "chain.pem"), "-outform", "DER"]
    made = subprocess.run(command, check=True, capture_output=True).stdout
    assert sorted(one.der for one in taken(made)) == sorted(DERS)
    trusted = ["openssl", "x509", "-in", str(tmp_path / "chain.pem"), "-addtrust", "serverAuth", "-trustout"]
    made = subprocess.run(trusted, check=True, capture_output=True).stdout
    assert [one.der for one in taken(made)] == DERS[:1]


@pytest.mark.parametrize(
    ("record", "where", "chain"),
    [
        (TLSX, ("10.20.1.9", 8443, "cam-1.example", dt.datetime(2026, 10, 30, 12, tzinfo=dt.UTC)), 2),
        (ZGRAB, ("fd00::9", 443, "cam-2.example", dt.datetime(2026, 10, 30, 12, tzinfo=dt.UTC)), 2),
        (SSLYZE, ("10.20.1.8", 443, "cam-3.example", None), 3),
        ({"host": "10.0.0.1", "port": 1, "der": B64[0]}, ("10.0.0.1", 1, None, None), 1),
        ({"address": "10.0.0.1", "name": "a", "chain": PEMS}, ("10.0.0.1", None, "a", None), 3),
    ],
    ids=["tlsx", "zgrab2", "sslyze", "plain", "chain"],
)
def test_records_of_scanners(record: dict[str, Any], where: tuple[object, ...], chain: int) -> None:
    for text in (json.dumps(record), json.dumps(record, indent=2)):
        found = taken(text)
        assert [one.der for one in found] == DERS[:chain]
        assert [one.position for one in found] == list(range(chain))
        places = {(p.address, p.port, p.server_name, p.seen) for p in (one.place for one in found)}
        assert places == {where}
    if record is not SSLYZE:
        assert len(taken(json.dumps([record, record]))) == 2 * chain
        assert len(taken(json.dumps(record) + "\n\n" + json.dumps(record) + "\n")) == 2 * chain


def test_entries_of_a_log() -> None:
    found = taken(json.dumps(CT))
    assert [(one.der, one.position) for one in found] == [
        *((DERS[place], place) for place in range(3)),
        *((DERS[place], place) for place in range(2)),
    ]
    assert {one.place.seen for one in found} == {NOW}


@pytest.mark.parametrize("cut", ["leaf", "extra", "type"])
def test_an_entry_that_is_no_entry_does_not_stop_the_others(cut: str) -> None:
    wrong = {
        "leaf": entry(0, vector(DERS[0])[:-9], b""),
        "extra": entry(1, bytes(32), vector(DERS[0])[:40]),
        "type": entry(7, vector(DERS[0]), vector(b"")),
    }[cut]
    found = list(read(json.dumps({"entries": [wrong, *CT["entries"]]}).encode()))
    troubles = [one for one in found if isinstance(one, Trouble)]
    assert [one.where for one in troubles] == ["entry 1"]
    assert len(found) == 6


@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_rows_of_a_spreadsheet(between: str) -> None:
    rows = [
        ["IP Address", "Port", "SNI", "PEM", "Seen"],
        ["10.0.0.7", "443", "", f'"{PEMS[0]}"', "2026-10-30T12:00:00Z"],
    ]
    rows += [["printer.example", "443", "p.example", B64[1], ""], ["10.0.0.8", "99999", "", B64[2], ""]]
    text = "\ufeff" + "\r\n".join(between.join(row) for row in rows)
    found = list(read(text.encode()))
    good = [one for one in found if isinstance(one, Found)]
    assert [one.der for one in good] == DERS[:2]
    assert (good[0].place.address, good[0].place.port, good[0].place.server_name) == ("10.0.0.7", 443, None)
    assert (good[1].place.address, good[1].place.server_name) == (None, "p.example")
    [trouble] = [one for one in found if isinstance(one, Trouble)]
    assert "'99999' is no port" in trouble.message


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"hello", "neither PEM"),
        (b"\xff\xfe\xfd", "neither DER nor text"),
        (b"\x80\x81", "neither DER nor text"),
        (b"a,b\n1,2\n", "no column holds certificates"),
        (b"{broken", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no certificate stands in it"),
    ],
)
def test_a_file_of_which_nothing_can_be_made(data: bytes, says: str) -> None:
    with pytest.raises(ImportFileError, match=says):
        list(read(data))


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({"port": 0, "der": B64[0]}, "no port"),
        ({"port": "x", "der": B64[0]}, "no port"),
        ({"seen": "yesterday", "der": B64[0]}, "no time"),
        ({"der": "%%%"}, "neither PEM nor base64"),
        ({"der": 7}, "a certificate is a text"),
        ({"address": "10.0.0.1"}, "no certificate"),
        ("text", "no object"),
    ],
)
def test_a_record_that_cannot_be_taken_says_why(record: object, says: str) -> None:
    found = list(read(json.dumps([record, TLSX]).encode()))
    assert isinstance(found[0], Trouble)
    assert found[0].where == "record 1"
    assert says in found[0].message
    assert len(found) == 3


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\x30\x82", bundle.SIGNED_DATA, DERS[0], PEMS[0].encode(), b"{", b"["]),
)
def test_whatever_the_bytes_nothing_else_is_raised(tail: bytes, head: bytes) -> None:
    try:
        for one in read(head + tail):
            assert isinstance(one, Found | Trouble)
    except ImportFileError:
        return


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 5000), st.integers(0, 255))
def test_a_damaged_pkcs7_file_raises_nothing(place: int, value: int) -> None:
    data = bytearray(pkcs7.serialize_certificates(CHAIN, Encoding.DER))
    data[place % len(data)] = value
    for one in (*bundle.pkcs7(bytes(data)), *bundle.der(bytes(data[: place % len(data)]))):
        assert isinstance(one, Found | Trouble)


@pytest.fixture
def store() -> Iterator[Store]:
    with temporary_store() as found:
        yield found


def held(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    views = "(loads = [], home = ['::ffff:10.0.0.0/104'])"
    return {
        "holders": store.query(
            f"SELECT hex(sha256), role, address, port, position, ours, peers FROM holder{views} ORDER BY ALL"
        ),
        "certificates": store.query("SELECT hex(sha256) FROM certificates FINAL ORDER BY 1"),
        "der": store.query("SELECT hex(der) FROM certificate_der FINAL ORDER BY 1"),
        "imports": store.query("SELECT source, hex(sha256), address, port, seen FROM imports FINAL ORDER BY ALL"),
        "loads": store.query("SELECT load_id, kind, name, certificates FROM loads FINAL ORDER BY ALL"),
    }


def test_a_scan_makes_its_endpoints_holders(store: Store) -> None:
    data = json.dumps([TLSX, ZGRAB]).encode()
    result = keep_file(store, data, name="scan.json", source="scanner", now=NOW)
    assert (len(result.certificates), result.endpoints) == (2, {("10.20.1.9", 8443), ("fd00::9", 443)})
    found = held(store)
    names = sorted(
        x509.load_der_x509_certificate(bytes.fromhex(der)).subject.rfc4514_string() for (der,) in found["der"]
    )
    assert names == ["CN=leaf", "CN=middle"]
    assert {row[1:] for row in found["holders"]} == {
        ("server", "10.20.1.9", 8443, 0, True, 0),
        ("server", "10.20.1.9", 8443, 1, True, 0),
        ("server", "fd00::9", 443, 0, False, 0),
        ("server", "fd00::9", 443, 1, False, 0),
    }
    [(load_id, *entry_)] = found["loads"]
    assert entry_ == ["import", "scan.json", 2]
    assert load_id.startswith("import:scanner:")
    again = keep_file(store, data, name="other.json", source="scanner", now=NOW)
    assert not again.new
    assert held(store) == found


def test_an_attempt_that_breaks_leaves_nothing_behind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    data = json.dumps([TLSX]).encode()
    with monkeypatch.context() as patch:
        patch.setattr(keep, "_LEDGER", "INSERT INTO no_such_table VALUES (1)")
        with pytest.raises(StoreError):
            keep_file(store, data, name="scan.json", source="scanner", now=NOW)
    keep_file(store, data, name="scan.json", source="scanner", now=NOW)
    found = held(store)
    assert [len(found[name]) for name in ("imports", "holders", "loads", "certificates")] == [2, 2, 1, 2]


def test_more_than_one_batch(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep, "_BATCH", 2)
    result = keep_file(store, ("".join(PEMS) * 2).encode(), name="x.pem", source="files", now=NOW)
    assert len(result.certificates) == 3
    assert len(held(store)["certificates"]) == 3
    assert {row[4] for row in held(store)["imports"]} == {NOW}


def test_a_blind_endpoint_becomes_known(tmp_path: Path) -> None:
    url = f"chdb://{tmp_path}/store"
    certspan("audit", "--store", url, BUILDING)
    blind = certspan("export", "blind", "--store", url).splitlines()
    assert "10.20.1.201:443" in blind
    assert "10.20.1.201:443" in _blind_spots(url, "2026-10-12T12:00:00Z")
    (tmp_path / "scan.json").write_text(json.dumps({"ip": "10.20.1.201", "port": 443, "certificate": PEMS[0]}))
    said = certspan("import", "--store", url, "--source", "night scan", tmp_path / "scan.json")
    assert said == f"{tmp_path}/scan.json: 1 certificate, 1 endpoint\n"
    assert [line for line in certspan("export", "blind", "--store", url).splitlines() if "10.20.1.201" in line] == []
    ask = ("inventory", "certificates", "--store", url, "--json", "--filter", "sources=night scan")
    [row] = map(json.loads, certspan(*ask).splitlines())
    assert (row["subject"], row["holders"]) == ("CN=leaf", ["10.20.1.201:443"])
    after = _blind_spots(url, "2026-10-13T12:00:00Z")
    assert "10.20.1.201:443" not in after
    assert after  # the other ports and machines are as blind as before


def _blind_spots(url: str, at: str) -> set[str]:
    """Judge, and give the endpoints that are blind spots now."""
    certspan("check", "--store", url, "--at", at)
    listed = certspan("findings", "list", "--store", url, "--rule", "blind-spot", "--json")
    return {json.loads(line)["subject"] for line in listed.splitlines()}


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("--source", "x", "no-such-file"), 2, "No such file"),
        (("--source", "a;b", "bad.pem"), 2, "a name of letters"),
        (("--source", "x", "bad.pem"), 1, "neither PEM"),
        (("--source", "x", "some.json"), 1, "record 1"),
        (("--source", "x", "."), 2, "Is a directory"),
    ],
)
def test_what_goes_wrong_is_one_line(tmp_path: Path, words: tuple[str, ...], status: int, says: str) -> None:
    (tmp_path / "bad.pem").write_text("hello")
    (tmp_path / "some.json").write_text(json.dumps([{"port": 1}, TLSX]))
    command = [str(CERTSPAN), "import", "--store", f"chdb://{tmp_path}/store", *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    [line] = done.stderr.splitlines()
    assert line.startswith("certspan: ")
    assert says in line
    assert done.returncode == status
