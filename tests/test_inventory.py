"""`certspan inventory` and `certspan export`: what the captures of pcaps/ are known to hold is what is listed."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from command import CERTSPAN, certspan
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PCAPS = Path(__file__).parents[1] / "pcaps"
CAPTURE = PCAPS / "smart-building.pcapng"
TRUTH = [json.loads(line) for line in (PCAPS / "smart-building.certificates.jsonl").read_text().splitlines()]
SESSIONS = [json.loads(line) for line in (PCAPS / "smart-building.expected.jsonl").read_text().splitlines()]
FINDINGS = json.loads((PCAPS / "smart-building.findings.json").read_text())
DER = {row["sha256"]: base64.b64decode(row["der"]) for row in TRUTH}
KNOWN = {row["sha256"]: x509.load_der_x509_certificate(DER[row["sha256"]]) for row in TRUTH if not row["defective"]}
"""Those that another reader takes; what is said of facts is about these."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"chdb://{tmp_path_factory.mktemp('inventory')}/store"
    certspan("audit", "--store", url, CAPTURE)
    return url


def listed(*arguments: object) -> list[dict[str, Any]]:
    return [json.loads(line) for line in certspan(*arguments, "--json").splitlines()]


def fails(*arguments: object) -> str:
    done = subprocess.run(
        [str(CERTSPAN), *map(str, arguments)], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("certspan: ")
    return line


def test_every_certificate_is_listed_once_with_its_facts(url: str) -> None:
    rows = {row["sha256"]: row for row in listed("inventory", "certificates", "--store", url)}
    assert rows.keys() == DER.keys()
    assert len(KNOWN) >= len(DER) - 3
    for sha256, certificate in KNOWN.items():
        told = rows[sha256]
        assert told["not_after"] == certificate.not_valid_after_utc.isoformat().replace("+00:00", "Z")
        assert int(told["serial"], 16) == certificate.serial_number
    ends = [row["not_after"] for row in listed("inventory", "certificates", "--store", url)]
    assert ends == sorted(ends)


def test_filters_choose_what_the_certificates_say(url: str) -> None:
    cases = {
        "not_after<2027-01-01": {s for s, c in KNOWN.items() if c.not_valid_after_utc.year < 2027},
        "key=RSA 2048": {s for s, c in KNOWN.items() if getattr(c.public_key(), "key_size", 0) == 2048},
        "issuer~ACME": {s for s, c in KNOWN.items() if "acme" in c.issuer.rfc4514_string().lower()},
        "signature_hash!=sha256": {
            s for s, c in KNOWN.items() if c.signature_hash_algorithm and c.signature_hash_algorithm.name != "sha256"
        },
    }
    for text, wanted in cases.items():
        assert wanted, text
        found = {row["sha256"] for row in listed("inventory", "certificates", "--store", url, "--filter", text)}
        assert found & KNOWN.keys() == wanted, text
    both = listed("inventory", "certificates", "--store", url, *(w for t in list(cases)[:2] for w in ("--filter", t)))
    assert {row["sha256"] for row in both} & KNOWN.keys() == cases["not_after<2027-01-01"] & cases["key=RSA 2048"]


def test_endpoints_and_networks(url: str) -> None:
    wanted = {(row["server_address"], row["server_port"]) for row in SESSIONS}
    rows = listed("inventory", "endpoints", "--store", url)
    assert {(row["address"], row["port"]) for row in rows} == wanted
    sessions = sum(row["sessions"] for row in rows)
    assert sessions == len(SESSIONS)
    place = listed("inventory", "endpoints", "--store", url, "--network", "10.20.3.0/24", "--network", "10.20.4.11/32")
    assert {row["address"] for row in place} == {
        address for address, _ in wanted if address.startswith("10.20.3.") or address == "10.20.4.11"
    }
    others = listed("inventory", "endpoints", "--store", url, "--others")
    assert {row["address"] for row in others} == {
        address for address, _ in wanted if not address.startswith(("10.", "fd"))
    }


def test_holders_are_who_presented_a_chain(url: str) -> None:
    wanted = {
        ("server", row["server_address"], row["server_port"], sha)
        for row in SESSIONS
        for sha in row["server_chain"] or ()
    } | {("client", row["client_address"], None, sha) for row in SESSIONS for sha in row["client_chain"] or ()}
    rows = listed("inventory", "holders", "--store", url)
    assert {(row["role"], row["address"], row["port"], row["sha256"]) for row in rows} == wanted
    clients = listed("inventory", "holders", "--store", url, "--filter", "role=client")
    assert {row["address"] for row in clients} == {address for role, address, *_ in wanted if role == "client"}


def test_coverage_adds_up_to_all_handshakes(url: str) -> None:
    rows = listed("inventory", "coverage", "--store", url)
    for side in ("server", "client"):
        assert sum(row["sessions"] for row in rows if row["side"] == side) == len(SESSIONS)
    visible = {row["visibility"]: row["sessions"] for row in rows if row["side"] == "server"}["visible"]
    assert visible == sum(row["server_visibility"] == "visible" for row in SESSIONS)


def test_keys_are_those_of_the_certificates(url: str) -> None:
    wanted: dict[str, set[str]] = {}
    for sha256, certificate in KNOWN.items():
        spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        wanted.setdefault(hashlib.sha256(spki).hexdigest(), set()).add(sha256)
    rows = {row["spki_sha256"]: row for row in listed("inventory", "keys", "--store", url)}
    assert wanted.keys() <= rows.keys()
    assert len(rows) <= len(wanted) + len(DER) - len(KNOWN)
    assert {key: rows[key]["certificate_count"] for key in wanted} == {key: len(held) for key, held in wanted.items()}
    assert max(map(len, wanted.values())) > 1


def test_issuers_sign_what_their_key_verifies(url: str) -> None:
    cameras = [
        one for one in KNOWN.values() if "Vista Cam Root" in one.issuer.rfc4514_string() and one.subject != one.issuer
    ]
    rows = listed("inventory", "issuers", "--store", url, "--filter", "name~vista cam")
    assert [row["certificate_count"] for row in rows] == [len(cameras)]
    assert {row["class"] for row in rows} == {"unknown"}
    assert sum(row["certificate_count"] for row in listed("inventory", "issuers", "--store", url)) <= len(DER)


def test_csv_is_json_in_cells_and_the_table_says_what_it_leaves_out(url: str) -> None:
    told = certspan("inventory", "certificates", "--store", url, "--csv")
    rows = list(csv.DictReader(io.StringIO(told)))
    objects = listed("inventory", "certificates", "--store", url)
    assert [(row["sha256"], row["not_after"]) for row in rows] == [(one["sha256"], one["not_after"]) for one in objects]
    table = certspan("inventory", "certificates", "--store", url, "--limit", "5").splitlines()
    assert len(table) == 7
    assert table[-1] == f"{len(DER)} rows, the first 5 of them shown: --limit 0 shows all"
    assert len(certspan("inventory", "certificates", "--store", url, "--limit", "0").splitlines()) == len(DER) + 2


def test_what_cannot_be_asked_is_told_in_one_line(url: str) -> None:
    ask = ("inventory", "certificates", "--store", url)
    assert "did you mean subject?" in fails(*ask, "--filter", "subjekt~x")
    assert "compare it by = != ~" in fails(*ask, "--filter", "subject<x")
    assert "not a whole number" in fails(*ask, "--filter", "holder_count>many")
    assert "true, false or unknown" in fails(*ask, "--filter", "is_ca=maybe")
    assert "this is no time" in fails(*ask, "--filter", "not_after<soon")
    assert "write COLUMN" in fails(*ask, "--filter", "expired")
    assert "not a network" in fails(*ask, "--network", "10.0.0.1/8")
    assert "no addresses" in fails("inventory", "coverage", "--store", url, "--network", "10.0.0.0/8")
    assert "--home" in fails(*ask, "--home", "here")
    assert "/no/such" in fails("inventory", "holders", "--store", "chdb:///no/such/store")
    assert "/no/such" in fails("export", "blind", "--store", "chdb:///no/such/store")


def test_text_of_a_filter_is_never_sql(url: str) -> None:
    for value in ("x' OR 1=1 --", "x\\", "{x:String}", "%", "_", "\U0001f600"):
        assert listed("inventory", "certificates", "--store", url, "--filter", f"subject={value}") == []


def test_blind_endpoints_are_those_that_never_showed_a_certificate(url: str) -> None:
    wanted = {row["subject"] for row in FINDINGS if row["rule"] == "blind-spot"}
    assert wanted
    assert {row["endpoint"] for row in listed("export", "blind", "--store", url)} == wanted
    lines = certspan("export", "blind", "--store", url).splitlines()
    names = {
        f"{row['server_name']}:{row['server_port']}"
        for row in SESSIONS
        if f"{row['server_address']}:{row['server_port']}" in wanted and row["server_name"]
    }
    assert set(lines) == wanted | names
    rows = list(csv.DictReader(io.StringIO(certspan("export", "blind", "--store", url, "--csv"))))
    assert {row["endpoint"] for row in rows} == wanted


def test_pem_files_are_the_servers_own_certificates(url: str, tmp_path: Path) -> None:
    certspan("export", "pem", "--store", url, "--filter", "not_after<2027-01-01", tmp_path / "some")
    wanted = {sha for sha, certificate in KNOWN.items() if certificate.not_valid_after_utc.year < 2027}
    files = {path.stem: path for path in (tmp_path / "some").iterdir()}
    assert files.keys() & KNOWN.keys() == wanted
    for sha256, path in files.items():
        begin, *body, end = path.read_text().splitlines()
        assert (begin, end) == ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----")
        assert base64.b64decode("".join(body), validate=True) == DER[sha256]
    certspan("export", "pem", "--store", url, "--per-file", "20", tmp_path / "many")
    parts = [
        path.read_text().split("-----BEGIN CERTIFICATE-----")[1:] for path in sorted((tmp_path / "many").iterdir())
    ]
    assert [len(part) for part in parts] == [20] * (len(DER) // 20) + ([len(DER) % 20] if len(DER) % 20 else [])
    bodies = [base64.b64decode(one.split("-----END")[0]) for part in parts for one in part]
    assert sorted(bodies) == sorted(DER.values())
