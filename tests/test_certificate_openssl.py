"""A second opinion: names, serial, times and key as the `openssl` tool prints them."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from damage import SUBJECT, common_name, oid, replace, sequence, tlv
from made_certificates import builder, plain, rich, rsa_key, sign

from sensor.certificate import read_certificate

pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl tool (apt-get install openssl)"),
]

ODD_NAME = x509.Name(
    [
        x509.NameAttribute(x509.NameOID.DOMAIN_COMPONENT, "example"),
        x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, ' #Acme, "Doors" + <Locks>; \\ Söhne '),
        x509.NameAttribute(x509.NameOID.COMMON_NAME, "#7"),
    ]
)
TWO_IN_ONE = sequence(
    tlv(
        0x31, sequence(oid("2.5.4.3"), tlv(0x0C, b"a")), sequence(oid("2.5.4.10"), tlv(0x1E, "Tür".encode("utf-16-be")))
    )
)
"""A relative name of two attributes: their order means nothing (RFC 4514 2.2), and openssl turns it round."""
DERS = {
    "plain": plain(),
    "rich": rich(),
    "rsa": sign(builder(rsa_key().public_key()), rsa_key(), hashes.SHA512()),
    "odd name": replace(plain(), SUBJECT, ODD_NAME.public_bytes()),
    "latin": replace(plain(), SUBJECT, common_name(tlv(0x14, "Tür".encode("latin-1")))),
    "universal": replace(plain(), SUBJECT, common_name(tlv(0x1C, "Tür".encode("utf-32-be")))),
    "empty": replace(plain(), SUBJECT, sequence()),
}


def openssl(der: bytes, *arguments: str) -> str:
    command = ("openssl", "x509", "-inform", "DER", "-noout", *arguments)
    return subprocess.run(command, input=der, capture_output=True, check=True).stdout.decode()


@pytest.mark.parametrize("name", DERS)
def test_names(name: str) -> None:
    printed = openssl(DERS[name], "-subject", "-issuer", "-nameopt", "RFC2253,-esc_msb,utf8")
    certificate = read_certificate(DERS[name])
    assert printed == f"subject={certificate.subject}\nissuer={certificate.issuer}\n"


def test_a_relative_name_of_two_attributes() -> None:
    der = replace(plain(), SUBJECT, TWO_IN_ONE)
    printed = openssl(der, "-subject", "-nameopt", "RFC2253,-esc_msb,utf8").strip()
    subject = read_certificate(der).subject
    assert subject is not None
    assert sorted(printed.removeprefix("subject=").split("+")) == sorted(subject.split("+"))


@pytest.mark.parametrize("name", DERS)
def test_serial_fingerprint_and_times(name: str) -> None:
    printed = openssl(DERS[name], "-serial", "-startdate", "-enddate", "-fingerprint", "-sha256")
    certificate = read_certificate(DERS[name])
    found = dict(re.findall(r"^([\w ]+)=(.*)$", printed, re.MULTILINE))
    assert int(found["serial"], 16) == int(certificate.serial or "", 16)
    assert found["sha256 Fingerprint"].replace(":", "").lower() == certificate.sha256.hex()
    for key, value in (("notBefore", certificate.not_before), ("notAfter", certificate.not_after)):
        assert dt.datetime.strptime(found[key], "%b %d %H:%M:%S %Y GMT").replace(tzinfo=dt.UTC) == value


@pytest.mark.parametrize("name", ["plain", "rsa"])
def test_key(name: str) -> None:
    printed = openssl(DERS[name], "-text")
    certificate = read_certificate(DERS[name])
    assert f"({certificate.key_bits} bit)" in printed
    if name == "rsa":
        assert f"Exponent: {certificate.key_exponent} " in printed
    assert f"Signature Algorithm: {certificate.signature_algorithm}" in printed
