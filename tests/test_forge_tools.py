"""What the forge makes is what it says, by the judgement of openssl and tshark."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from analytics.forge.certificates import forge_certificate, forge_chain, session_certificates
from analytics.forge.packets import forge_capture
from rules.rule import CertificateRecipe, ExampleSession

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.tools

SIGNATURES = (
    ("rsa1024", "md5"),
    ("rsa1024", "sha1"),
    ("rsa2048", "sha256"),
    ("rsa2048", "sha512"),
    ("p256", "sha1"),
    ("p384", "sha384"),
    ("dsa1024", "sha1"),
    ("ed25519", "sha256"),
)
CA = CertificateRecipe(name="ca", key="rsa2048", is_ca=True)
DEVICE = CertificateRecipe(name="device", issuer="ca", sans=("dns:device.example",))


def test_openssl_reads_and_verifies_what_is_forged(tmp_path: Path) -> None:
    openssl = _tool("openssl")
    middle = CertificateRecipe(name="middle", issuer="ca", is_ca=True)
    leaf = CertificateRecipe(issuer="middle", sans=("dns:device.example",))
    names = ("leaf", "middle", "ca")
    for name, raw in zip(names, forge_chain((leaf, middle, CA)), strict=True):
        pem = x509.load_der_x509_certificate(raw).public_bytes(serialization.Encoding.PEM)
        (tmp_path / f"{name}.pem").write_bytes(pem)
    subprocess.run(
        [openssl, "verify", "-x509_strict", "-CAfile", "ca.pem", "-untrusted", "middle.pem", "leaf.pem"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    for kind, digest in SIGNATURES:
        recipe = CertificateRecipe(key=kind, hash=digest, is_ca=True)
        (tmp_path / "own.der").write_bytes(forge_certificate(recipe, recipe))
        subprocess.run(
            [openssl, "x509", "-inform", "der", "-in", "own.der", "-out", "own.pem"], cwd=tmp_path, check=True
        )
        subprocess.run(
            [openssl, "verify", "-auth_level", "0", "-check_ss_sig", "-CAfile", "own.pem", "own.pem"],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )


@pytest.mark.parametrize("version", ["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize("kind", ["rsa1024", "p256", "ed25519", "dsa1024"])
def test_tshark_reads_a_whole_handshake_without_complaint(version: str, kind: str, tmp_path: Path) -> None:
    server = CertificateRecipe(name="server", issuer="ca", key=kind)
    client = CertificateRecipe(name="client", issuer="ca")
    session = ExampleSession((server, CA), (client,), version=version, server_name="device.example")
    found = _tshark(forge_capture((session,)), tmp_path)
    assert {*found["_ws.expert.severity"]} == {"2097152", "4194304"}  # chats and notes on SYN and FIN; no warning
    assert {*found["ip.checksum.status"], *found["tcp.checksum.status"]} == {"1"}  # good
    assert found["tls.handshake.extensions_server_name"] == ([] if version == "SSLv3" else ["device.example"])
    certificates = session_certificates(session)
    sent = (
        []
        if version == "TLSv1.3"
        else [certificates["server"].hex(), certificates["ca"].hex(), certificates["client"].hex()]
    )
    assert found["tls.handshake.certificate"] == sent
    codes = {"SSLv3": "0x0300", "TLSv1.0": "0x0301", "TLSv1.1": "0x0302", "TLSv1.2": "0x0303", "TLSv1.3": "0x0303"}
    assert found["tls.handshake.version"][-1] == codes[version]
    chosen = found["tls.handshake.extensions.supported_version"]
    assert chosen[-1:] == (["0x0304"] if version == "TLSv1.3" else [])


@pytest.mark.parametrize(
    ("session", "messages"),
    [
        (ExampleSession((DEVICE, CA)), "1 2 11 12 14 16"),
        (ExampleSession((DEVICE, CA), ()), "1 2 11 12 13 14 11 16"),
        (ExampleSession(None), "1 2"),
        (ExampleSession((DEVICE, CA), ends_after="client_hello"), "1"),
        (ExampleSession((DEVICE, CA), ends_after="server_hello"), "1 2"),
        (ExampleSession((DEVICE, CA), mirrored="client"), "1 16"),
        (ExampleSession((DEVICE, CA), mirrored="server"), "2 11 12 14"),
        (ExampleSession((DEVICE, CA), lost=True), "1 2 12 14 16"),
    ],
)
def test_a_session_holds_the_messages_it_should(session: ExampleSession, messages: str, tmp_path: Path) -> None:
    found = _tshark(forge_capture((session,)), tmp_path)
    assert " ".join(kind for kind in found["tls.handshake.type"] if kind) == messages


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"needs {name} (apt-get install {name})")
    return path


def _tshark(capture: bytes, folder: Path) -> dict[str, list[str]]:
    """All values of some fields, in the order of packets."""
    fields = (
        "_ws.expert.severity",
        "ip.checksum.status",
        "tcp.checksum.status",
        "tls.handshake.type",
        "tls.handshake.version",
        "tls.handshake.certificate",
        "tls.handshake.extensions_server_name",
        "tls.handshake.extensions.supported_version",
    )
    path = folder / "forged.pcap"
    path.write_bytes(capture)
    columns = [part for field in fields for part in ("-e", field)]
    checks = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
    run = subprocess.run(
        [
            _tool("tshark"),
            "-r",
            str(path),
            *checks,
            "-T",
            "fields",
            "-E",
            "separator=/t",
            "-E",
            "aggregator=;",
            *columns,
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    values: dict[str, list[str]] = {field: [] for field in fields}
    for line in run.stdout.splitlines():
        for field, cell in zip(fields, line.split("\t"), strict=True):
            values[field].extend(value for value in cell.split(";") if value)
    return values
