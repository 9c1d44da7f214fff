"""A certificate whose every field is hostile goes from the wire through every output and comes out as inert text."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import re
import subprocess
import unicodedata
import warnings

import pytest
import wire
from command import CERTSPAN
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
SCRIPT = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
HOSTILE = {
    NameOID.COMMON_NAME: "=cmd|' /C calc'!A1\r\n\x1b]0;owned\x07\x1b[2J\x00\u202e\u2066" + SCRIPT,
    NameOID.ORGANIZATION_NAME: "@SUM(1)\t\x85\u2028\ufeff{{ 7 * 7 }}[bold]x[/bold]",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "x" * 65_536,
    NameOID.LOCALITY_NAME: "\u0301" * 500,
}


def hostile_certificate() -> bytes:
    """Sign an expired certificate with a hostile subject, issuer and alternative names."""
    key = ec.generate_private_key(ec.SECP256R1())
    with warnings.catch_warnings(action="ignore"):  # of lengths, which are the point
        name = x509.Name([x509.NameAttribute(kind, text, _validate=False) for kind, text in HOSTILE.items()])
    names = [
        x509.DNSName._init_without_validation(SCRIPT),  # noqa: SLF001
        x509.DNSName._init_without_validation("\x1b[31mred\r\n\x00"),  # noqa: SLF001
        x509.UniformResourceIdentifier._init_without_validation("javascript:alert(1)"),  # noqa: SLF001
    ]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2025, 1, 1, tzinfo=dt.UTC))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.DER)


@pytest.fixture(scope="module")
def der() -> bytes:
    """Give the certificate."""
    return hostile_certificate()


@pytest.fixture(scope="module")
def outputs(der: bytes, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Audit a capture of it, under a hostile name, asked for by a hostile server name: kind of output -> text."""
    folder = tmp_path_factory.mktemp("hostile")
    capture = folder / "\u202e\x1b[31m=1+1\n.pcap"
    capture.write_bytes(wire.capture([der], server_name=b"\x1b[2J=1+1\r\n\x00<b>\xff"))
    kinds = ("report", "json", "csv", "ndjson")
    files = [part for kind in kinds for part in (f"--{kind}", str(folder / kind))]
    done = subprocess.run([CERTSPAN, "audit", capture, *files, "--all"], check=False, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    texts = {kind: (folder / kind).read_bytes().decode() for kind in kinds}
    return texts | {"summary": done.stdout.decode(), "errors": done.stderr.decode()}


@pytest.mark.parametrize("kind", ["summary", "report", "json", "csv", "ndjson"])
def test_nothing_that_moves_a_terminal_or_a_reader_comes_out(outputs: dict[str, str], kind: str) -> None:
    text = outputs[kind].replace("\r\n", "").replace("\n", "")
    assert text
    assert not {unicodedata.category(char) for char in text} & INVISIBLE
    assert "\u0301" * 4 not in text


def test_the_finding_is_there_whole(outputs: dict[str, str], der: bytes) -> None:
    sha256 = hashlib.sha256(der).hexdigest()
    document = json.loads(outputs["json"])
    found = {one["rule"]: one for one in document["findings"]}
    assert {"expired", "self-signed"} <= set(found)
    assert found["expired"]["subject"] == sha256
    assert found["expired"]["evidence"]["certificates"] == [sha256]
    assert "x" * 65_536 in found["expired"]["evidence"]["subject"]
    assert sha256 in outputs["report"]
    assert "1 certificate is broken now." in outputs["summary"]


def test_the_page_has_no_element_but_its_own(outputs: dict[str, str]) -> None:
    page = outputs["report"]
    assert len(re.findall(r"<script", page)) == len(re.findall(r"</script", page)) == 1
    assert "<img" not in page
    assert "<b>\\" not in page
    assert "&lt;/script&gt;" in page
    assert len(page) < 100_000


def test_the_summary_is_short(outputs: dict[str, str]) -> None:
    assert len(outputs["summary"]) < 8_000
    assert "xxxx" * 100 not in outputs["summary"]


def test_no_cell_is_a_formula(outputs: dict[str, str]) -> None:
    rows = list(csv.reader(outputs["csv"].splitlines()))
    assert len(rows) == 1 + len(json.loads(outputs["json"])["findings"])
    cells = [cell for row in rows for cell in row]
    assert any(cell.startswith("'=cmd|") for cell in cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
