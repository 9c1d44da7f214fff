"""The CA graph: the same answer as `openssl verify`, in whatever order certificates come, at once or bit by bit."""

from __future__ import annotations

import datetime as dt
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.derive import derive_all
from analytics.derive.anchors import AnchorError, anchors
from analytics.derive.classes import classify
from analytics.derive.graph_links import MAX_KEYS, Authorities, Node
from analytics.derive.graph_paths import OPEN, OWN_ROOT, Paths
from analytics.derive.profiles import match, profiles
from analytics.derive.settings import Settings
from analytics.forge.certificates import forge_certificate
from analytics.store import Store, temporary_store
from rules.rule import CertificateRecipe
from sensor._rust import encode_arrow
from sensor.certificate import certificate_rows, read_certificate
from sensor.certificate_link import read_link

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

ROOT = CertificateRecipe(name="root", is_ca=True)
OTHER_ROOT = CertificateRecipe(name="other root", is_ca=True)
TWIN = CertificateRecipe(name="twin", subject="CN=root", is_ca=True)
CA = CertificateRecipe(name="ca", issuer="root", is_ca=True, not_after="2030-01-01T00:00:00Z")
CROSS = replace(CA, issuer="other root", not_after="2028-01-01T00:00:00Z")
SHA1 = CertificateRecipe(name="sha1", issuer="old root", key="rsa1024", hash="sha1", is_ca=True)
OLD_ROOT = CertificateRecipe(name="old root", key="rsa1024", hash="md5", is_ca=True)
BOOK = {one.name: one for one in (ROOT, OTHER_ROOT, TWIN, CA, SHA1, OLD_ROOT)}
NO_CA = CertificateRecipe(name="no ca", issuer="ca")
BOOK["no ca"] = NO_CA
LEAVES = {
    "leaf": CertificateRecipe(name="leaf", issuer="ca", not_after="2031-01-01T00:00:00Z"),
    "of the root": CertificateRecipe(name="of the root", issuer="root"),
    "of the twin": CertificateRecipe(name="of the twin", issuer="twin"),
    "forged": CertificateRecipe(name="forged", issuer="ca", damage="bad_signature"),
    "weak": CertificateRecipe(name="weak", issuer="sha1", key="rsa1024", hash="md5"),
    "below a leaf": CertificateRecipe(name="below a leaf", issuer="no ca"),
    "own": CertificateRecipe(name="own"),
}
ALL = (ROOT, OTHER_ROOT, TWIN, CA, CROSS, SHA1, OLD_ROOT, NO_CA, *LEAVES.values())
ANCHORS = ("root", "other root", "old root", "twin")


def der(recipe: CertificateRecipe) -> bytes:
    return forge_certificate(recipe, BOOK.get(recipe.issuer or recipe.name, recipe))


def node(data: bytes, anchor: str | None = None) -> Node:
    """Make a node; `anchor` is the kind, if it is one."""
    read, link = read_certificate(data), read_link(data)
    assert link is not None
    return Node(
        read.sha256,
        link,
        bool(read.is_ca) or (read.version == 1 and bool(read.self_signed)),
        read.self_signed,
        read.subject_key_id,
        read.authority_key_id,
        read.not_after,
        read.subject_attributes or (),
        read.issuer_attributes or (),
        anchor,
        "a file" if anchor else "",
    )


def judged(nodes: Sequence[Node], leaf: Node) -> tuple[str, str, dt.datetime | None, tuple[bytes, ...]]:
    """Class, signer, effective end, path."""
    paths = Paths(Authorities(nodes))
    signer = paths.authorities.signer(leaf)
    path = paths.best(leaf, signer)
    kind, _ = classify(leaf, signer, path, [paths.authorities.nodes[sha] for sha in path.above])
    return kind, signer.state, path.ends if path.rank != OPEN else None, path.above


def pem(data: Iterable[bytes]) -> str:
    return "".join(load_der_x509_certificate(one).public_bytes(Encoding.PEM).decode() for one in data)


@pytest.mark.tools("openssl")
@pytest.mark.parametrize("anchor", ANCHORS)
def test_a_chain_is_there_where_openssl_finds_one(anchor: str, tmp_path: Path) -> None:
    """Every leaf under every anchor; dates and strengths are other rules' affair, so OpenSSL is told to ignore them.

    Of two certificates of one CA, OpenSSL follows the one that ends later and tries no other: it gets one at a time.
    """
    trusted = der(BOOK[anchor])
    (tmp_path / "anchor.pem").write_text(pem([trusted]))
    for name, hidden in (("a", CA), ("b", CROSS)):
        rest = [one for one in ALL if (one.is_ca or one is NO_CA) and one is not hidden]
        (tmp_path / f"rest-{name}.pem").write_text(pem(der(one) for one in rest))
    nodes = [node(der(one), "corporate" if one is BOOK[anchor] else None) for one in ALL]
    answers = set()
    for name, recipe in LEAVES.items():
        (tmp_path / "leaf.pem").write_text(pem([der(recipe)]))
        command = ["openssl", "verify", "-no_check_time", "-auth_level", "0", "-no-CApath", "-no-CAstore"]
        command += ["-CAfile", str(tmp_path / "anchor.pem"), "-untrusted"]
        ways = [[*command, str(tmp_path / rest), str(tmp_path / "leaf.pem")] for rest in ("rest-a.pem", "rest-b.pem")]
        done = [subprocess.run(way, capture_output=True, check=False).returncode == 0 for way in ways]
        found = judged(nodes, node(der(recipe)))[0] == "corporate"
        assert (name, found) == (name, any(done))
        answers.add(found)
    assert answers == {True, False}


@pytest.mark.tools("openssl")
def test_a_root_of_version_1_is_an_anchor_and_a_link(tmp_path: Path) -> None:
    def run(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=tmp_path, check=True, capture_output=True)

    for name in ("root", "leaf"):
        run("req", "-new", "-newkey", "rsa:1024", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
            "-subj", f"/CN=v1 {name}")  # fmt: skip
    run("x509", "-req", "-in", "root.csr", "-signkey", "root.key", "-out", "root.der", "-outform", "DER")
    run("x509", "-req", "-in", "leaf.csr", "-CA", "root.der", "-CAkey", "root.key", "-CAcreateserial",
        "-out", "leaf.der", "-outform", "DER")  # fmt: skip
    root, leaf = ((tmp_path / f"{name}.der").read_bytes() for name in ("root", "leaf"))
    assert read_certificate(root).version == 1
    assert judged([node(root, "corporate")], node(leaf))[0] == "corporate"
    assert judged([node(root)], node(leaf))[:2] == ("unknown", "verified")
    # Another certificate of version 1 may not issue: nothing says that it is a CA.
    assert judged([node(root, "corporate"), node(leaf)], node(leaf))[3] == (read_certificate(root).sha256,)


def test_relations_are_told_apart() -> None:
    nodes = [node(der(one)) for one in ALL]
    states = {name: judged(nodes, node(der(one)))[1] for name, one in LEAVES.items()}
    assert states == {
        "leaf": "verified",
        "of the root": "verified",
        "of the twin": "verified",
        "forged": "wrong",
        "weak": "verified",
        "below a leaf": "missing",
        "own": "self",
    }
    without = [one for one in nodes if one.sha256 != read_certificate(der(TWIN)).sha256]
    assert judged(without, node(der(LEAVES["of the twin"])))[1] == "namesake"
    crossed = Authorities(nodes).signer(node(der(LEAVES["leaf"])))
    assert {one.sha256 for one in crossed.issuers} == {read_certificate(der(one)).sha256 for one in (CA, CROSS)}


def test_the_best_path_decides_and_its_earliest_end_counts() -> None:
    leaf = node(der(LEAVES["leaf"]))

    def with_anchors(**kinds: str) -> tuple[str, dt.datetime | None]:
        given = {name.replace("_", " "): kind for name, kind in kinds.items()}
        kind, _, ends, _ = judged([node(der(one), given.get(one.name)) for one in ALL], leaf)
        return kind, ends

    by_ca, by_cross = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (2030, 2028))
    assert with_anchors() == ("unknown", by_ca)
    assert with_anchors(root="vendor") == ("vendor", by_ca)
    assert with_anchors(root="vendor", other_root="corporate") == ("corporate", by_cross)
    assert with_anchors(root="corporate", other_root="public") == ("public", by_cross)
    assert with_anchors(root="public", other_root="public") == ("public", by_ca)


@given(st.permutations(range(len(ALL))))
@settings(max_examples=20, deadline=None)
def test_the_order_of_certificates_does_not_matter(order: list[int]) -> None:
    nodes = [node(der(ALL[place]), "public" if ALL[place] is OTHER_ROOT else None) for place in range(len(ALL))]
    for recipe in LEAVES.values():
        leaf = node(der(recipe))
        assert judged([nodes[place] for place in order], leaf) == judged(nodes, leaf)


def test_cycles_and_meshes_end() -> None:
    """Six CAs that all signed each other, and no root among them: one answer, soon."""
    names = [f"mesh-{number}" for number in range(6)]
    book = {name: CertificateRecipe(name=name, is_ca=True) for name in names}
    mesh = [forge_certificate(replace(book[one], issuer=by), book[by]) for one in names for by in names if one != by]
    leaf = node(forge_certificate(CertificateRecipe(name="meshed", issuer="mesh-3"), book["mesh-3"]))
    nodes = [node(one) for one in mesh]
    kind, state, ends, path = judged(nodes, leaf)
    assert (kind, state, ends) == ("unknown", "verified", None)
    assert len(set(path)) == len(path) > 0
    assert judged(nodes[::-1], leaf) == (kind, state, ends, path)


def test_a_name_that_very_many_cas_have_costs_no_more_than_some_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []

    def refuses(link: object, _issuer: object) -> bool:
        tried.append(link)
        return False

    monkeypatch.setattr("analytics.derive.graph_links.signed_by", refuses)
    first = node(der(ROOT))
    crowd = [
        replace(first, sha256=number.to_bytes(32, "big"), link=replace(first.link, spki=b"%d" % number))
        for number in range(10_000)
    ]
    leaf = replace(node(der(LEAVES["of the root"])), authority_key_id=None)
    assert Authorities(crowd).signer(leaf).state == "unknown"
    assert len(tried) == MAX_KEYS


def test_each_profile_knows_a_certificate_of_its_product_and_no_other() -> None:
    names = {
        "lets-encrypt-staging": "CN=(STAGING) False Fennel E6,O=(STAGING) Let's Encrypt",
        "pebble": "CN=Pebble Intermediate CA 1a2b3c",
        "minica": "CN=minica root ca 0a1b2c",
        "boulder": "CN=root rsa,O=good guys,C=US",
        "mkcert": "CN=mkcert joe@laptop,OU=joe@laptop,O=mkcert development CA",
        "ingress-nginx": "CN=Kubernetes Ingress Controller Fake Certificate,O=Acme Co",
        "cert-manager-temporary": "CN=cert-manager.local",
        "traefik": "CN=TRAEFIK DEFAULT CERT",
        "azure-iot-test": "CN=Azure IoT Hub CA Cert Test Only",
        "burp": "CN=PortSwigger CA,OU=PortSwigger CA,O=PortSwigger",
        "mitmproxy": "CN=mitmproxy,O=mitmproxy",
        "fiddler": "CN=DO_NOT_TRUST_FiddlerRoot,O=DO_NOT_TRUST",
        "zscaler": "CN=Zscaler Intermediate Root CA (zscloud.net) (t),OU=Zscaler Inc.,O=Zscaler Inc.",
        "avast": "CN=Avast Web/Mail Shield Root,OU=generated by Avast Antivirus for SSL/TLS scanning",
    }
    for name, subject in names.items():
        ca = CertificateRecipe(name=name, subject=subject, is_ca=True)
        leaf = node(forge_certificate(CertificateRecipe(name=f"below {name}", issuer=name), ca))
        found = match([leaf.issuer])
        assert found is not None
        assert found[0].id == name
        assert judged([node(forge_certificate(ca, ca))], leaf)[0] == found[0].kind
        # A name makes nothing worse than an anchor made it.
        assert judged([node(forge_certificate(ca, ca), "corporate")], leaf)[0] == "corporate"
    assert set(names) == {one.id for one in profiles()}


def put(store: Store, certificates: Iterable[bytes], token: str) -> None:
    rows = certificate_rows([(read_certificate(one), one) for one in certificates])
    store.insert_arrow("certificates_in", encode_arrow(rows), token)


def derived(store: Store) -> list[tuple[object, ...]]:
    return store.query("SELECT * EXCEPT generation FROM paths FINAL ORDER BY sha256")


def test_bit_by_bit_comes_to_the_same_as_all_at_once(tmp_path: Path) -> None:
    (tmp_path / "roots.pem").write_text(pem([der(OTHER_ROOT)]))
    trusts = Settings(corporate=(tmp_path / "roots.pem",))
    everything = [der(one) for one in ALL]
    with temporary_store() as store:
        put(store, everything, "all")
        derive_all(store, trusts)
        whole = derived(store)
    assert len(whole) == len(ALL)
    with temporary_store() as store:
        for number, one in enumerate(reversed(everything)):
            put(store, [one], f"{number}")
            derive_all(store, trusts if number % 3 else Settings())
        derive_all(store, trusts)
        assert derived(store) == whole
        derive_all(store, trusts)
        assert derived(store) == whole


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.pem", b"", "no certificate in it"),
        ("cut.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n", "has no end"),
        ("bad.pem", b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n", "certificate 1 is no base64"),
        ("key.pem", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no certificate in it"),
        ("text.txt", b"hello", "certificate 1 cannot be read"),
    ],
)
def test_a_trust_file_that_is_no_good_is_named(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(AnchorError, match=says) as caught:
        anchors(Settings(corporate=(path,)))
    assert str(path) in str(caught.value)


def test_a_trust_folder_without_certificates_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AnchorError, match="no certificate in this folder"):
        anchors(Settings(vendors=(tmp_path,)))
    (tmp_path / "ca.der").write_bytes(der(ROOT))
    assert [one.kind for one in anchors(Settings(vendors=(tmp_path,)))][-1] == "vendor"
    assert OWN_ROOT < OPEN


def test_any_certificate_of_a_cas_key_will_do_in_a_chain() -> None:
    """The best path has CA; a server that sends its cross-signed twin sends what is needed."""
    nodes = [node(der(one), "public" if one is ROOT else None) for one in ALL]
    authorities = Authorities(nodes)
    wanted = {read_certificate(der(one)).sha256 for one in (CA, CROSS)}
    for one in (CA, CROSS):
        first, *others = authorities.of_key(
            next(each for each in nodes if each.sha256 == read_certificate(der(one)).sha256)
        )
        assert first.sha256 == read_certificate(der(one)).sha256
        assert {first.sha256, *(other.sha256 for other in others)} == wanted
