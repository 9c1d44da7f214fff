"""Rules about public certificates: by a verified chain to a public root, whatever the certificate says of itself.

The public root is one of the tests, which the system's list of roots names (`--system-roots` reads SSL_CERT_FILE).
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from command import CERTSPAN

from analytics.forge.certificates import forge_certificate
from analytics.forge.packets import forge_capture
from rules.rule import CertificateRecipe, ExampleSession

if TYPE_CHECKING:
    from pathlib import Path

ROOT = CertificateRecipe(name="public root", is_ca=True)


def leaf(name: str, **more: Any) -> CertificateRecipe:
    made = {"issuer": ROOT.name, "sans": ("dns:www.device.example",), "not_after": "2026-06-01T00:00:00Z"} | more
    return CertificateRecipe(name=name, **made)


LEAVES = (
    leaf("counted", serial="1267"),
    leaf("inside", sans=("dns:nas.local",)),
    leaf("inside of old", sans=("dns:nas.local",), not_before="2014-01-01T00:00:00Z", not_after="2015-10-31T23:59:59Z"),
    leaf("inside since", sans=("dns:nas.local",), not_before="2014-01-01T00:00:00Z", not_after="2015-11-01T00:00:00Z"),
    leaf("398 days", not_before="2025-01-01T00:00:00Z", not_after="2026-02-02T23:59:59Z"),
    leaf("a second more", not_before="2025-01-01T00:00:00Z", not_after="2026-02-03T00:00:00Z"),
    leaf("200 days", not_before="2026-03-15T00:00:00Z", not_after="2026-09-30T23:59:59Z"),
    leaf("201 days", not_before="2026-03-15T00:00:00Z", not_after="2026-10-01T00:00:00Z"),
    leaf("100 days", not_before="2027-03-15T00:00:00Z", not_after="2027-06-22T23:59:59Z"),
    leaf("101 days", not_before="2027-03-15T00:00:00Z", not_after="2027-06-23T00:00:00Z"),
    leaf("47 days", not_before="2029-03-15T00:00:00Z", not_after="2029-04-30T23:59:59Z"),
    leaf("48 days", not_before="2029-03-15T00:00:00Z", not_after="2029-05-01T00:00:00Z"),
    leaf("issued the day before", not_before="2029-03-14T23:59:59Z", not_after="2029-06-22T23:59:58Z"),
)
ABOUT = ("short-serial", "internal-name", "public-validity-too-long")
FOUND = {
    ("short-serial", "counted"): "is public, and its serial number has 16 bits at most",
    ("internal-name", "inside"): "is public, and names an internal host",
    ("internal-name", "inside since"): "is public, and names an internal host",
    ("public-validity-too-long", "inside"): "public, and valid for 517 days where 398 are allowed",
    ("public-validity-too-long", "counted"): "public, and valid for 517 days where 398 are allowed",
    ("public-validity-too-long", "a second more"): "public, and valid for 399 days where 398 are allowed",
    ("public-validity-too-long", "201 days"): "public, and valid for 201 days where 200 are allowed",
    ("public-validity-too-long", "101 days"): "public, and valid for 101 days where 100 are allowed",
    ("public-validity-too-long", "48 days"): "public, and valid for 48 days where 47 are allowed",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("public")
    sessions = tuple(
        ExampleSession((one,), hidden=(ROOT,), server=f"10.0.0.{number}:443") for number, one in enumerate(LEAVES, 1)
    )
    (folder / "leaves.pcap").write_bytes(forge_capture(sessions))
    pem = ssl.DER_cert_to_PEM_cert(forge_certificate(ROOT, ROOT))
    (folder / "roots.pem").write_text(pem)
    return folder


def found(folder: Path, *options: str) -> dict[tuple[str, str], str]:
    words = [str(CERTSPAN), "audit", str(folder / "leaves.pcap"), "--at", "2026-01-01", "--json", "-", *options]
    environment = os.environ | {"SSL_CERT_FILE": str(folder / "roots.pem")}
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    told = json.loads(done.stdout)
    assert told["coverage"]["certificates"] == len(LEAVES)
    return {
        (one["rule"], one["evidence"]["subject"].removeprefix("CN=")): one["title"]
        for one in told["findings"]
        if one["rule"] in ABOUT
    }


def test_a_chain_to_a_public_root_makes_public(folder: Path) -> None:
    assert found(folder, "--system-roots") == FOUND


def test_without_it_and_without_markers_nothing_is_public(folder: Path) -> None:
    assert found(folder) == {}
