"""A ClickHouse server as the store, over HTTP with the real client: the same answers, each failure in a sentence."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme
from command import CERTSPAN, certspan
from faulty import PASSWORD, Engine, Faulty

from analytics.serving.place import served
from analytics.store import Store, StoreError, open_store
from analytics.store_errors import StoreUrlError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BUILDING = Path(__file__).parents[1] / "pcaps/smart-building.pcapng"
AT = ("--at", "2026-10-12T08:30:00Z")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    running = Engine(tmp_path_factory.mktemp("engine"))
    yield running
    running.close()


@pytest.fixture
def url(server: Engine, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """Name a database of its own on the server."""
    monkeypatch.setenv("CERTSPAN_STORE_PASSWORD", PASSWORD)
    name = "".join(char if char.isalnum() else "_" for char in request.node.name)[:50]
    return f"clickhouse://certspan@127.0.0.1:{server.port}/{name}"


def test_a_server_gives_the_answers_of_an_embedded_store(url: str, tmp_path: Path) -> None:
    told = {}
    for name, store in (("server", url), ("embedded", f"chdb://{tmp_path}/store")):
        certspan("audit", BUILDING, "--store", store, "--json", tmp_path / f"{name}.json")
        check = json.loads(certspan("check", "--store", store, *AT, "--json"))
        listed = certspan("inventory", "certificates", "--store", store, "--json")
        findings = certspan("findings", "list", "--store", store, "--json")
        count = certspan("store", "query", "--store", store, "SELECT count() FROM sessions")
        told[name] = (check["standing"], listed, findings, count)
    assert told["server"][3] == "118\n"
    assert len(told["server"][1].splitlines()) == 70
    assert told["server"] == told["embedded"]


def test_values_of_every_kind_come_over_as_they_are(url: str) -> None:
    with open_store(url) as store:
        store.migrate()
        nasty = "a'b\\c\n\t\0ü\u202e{x:String} %s"
        assert store.query("SELECT {x:String}, {y:Array(String)}", {"x": nasty, "y": [nasty, ""]}) == [
            (nasty, [nasty, ""])
        ]
        ((raw,),) = store.query("SELECT unhex('fffe')", binary=True)
        assert raw == b"\xff\xfe"
        long = ["x" * 1000] * 5000
        assert store.query("SELECT length({y:Array(String)})", {"y": long}) == [(5000,)]
    with open_store(url, read_only=True) as store:
        with pytest.raises(StoreError, match="only read"):
            store.command("DROP TABLE sessions")
        assert store.query_text("SELECT 1 AS one FORMAT CSV") == b"1\n"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda url: url.replace("certspan@", "nobody@"), " refuses the user, password or token"),
        (lambda url: url.replace("clickhouse:", "clickhouses:"), "it does not speak TLS on this port"),
        (lambda url: url.replace("127.0.0.1", "no-such-host.invalid"), "its name is not known"),
        (lambda url: url + "?ca=/nowhere", "/nowhere: no such file"),
        (lambda url: url + "?cluster=a-b", "cannot be the name of a cluster"),
        (lambda url: url + "?secret=1", "secret is unknown"),
        (lambda url: url + "; DROP", "cannot be the name of a database"),
        (lambda _: "clickhouse://", "names no host"),
        (lambda _: "clickhouse://h:99999", "not a URL"),
    ],
)
def test_what_is_wrong_with_a_server_is_told(url: str, change: Callable[[str], str], words: str) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(change(url))
    assert words in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_a_store_that_nobody_made_is_not_made_by_reading(url: str) -> None:
    with pytest.raises(StoreUrlError, match="there is no certspan store in the database"):
        open_store(url, read_only=True)


def test_a_password_in_a_url_is_refused_and_not_shown(tmp_path: Path) -> None:
    words = [str(CERTSPAN), "inventory", "certificates", "--store", f"clickhouse://certspan:{PASSWORD[:4]}@127.0.0.1/x"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert "a password does not belong into a URL" in done.stderr
    assert PASSWORD[:4] not in done.stderr


@pytest.mark.parametrize("way", ["variable", "file of a variable", "file of the url", "token"])
def test_secrets_come_from_the_environment_or_files(
    server: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: str
) -> None:
    monkeypatch.delenv("CERTSPAN_STORE_PASSWORD", raising=False)
    url = f"clickhouse://certspan@127.0.0.1:{server.port}/secrets"
    (tmp_path / "secret").write_text(PASSWORD + "\n")
    if way == "variable":
        monkeypatch.setenv("CERTSPAN_STORE_PASSWORD", PASSWORD)
    elif way == "file of a variable":
        monkeypatch.setenv("CERTSPAN_STORE_PASSWORD_FILE", str(tmp_path / "secret"))
    elif way == "file of the url":
        monkeypatch.setenv("CERTSPAN_STORE_PASSWORD", "wrong")
        url += f"?password_file={tmp_path}/secret"
    else:
        url = url.replace("certspan@", "") + f"?token_file={tmp_path}/secret"
    with open_store(url) as store:
        assert store.query("SELECT 1") == [(1,)]


def test_tls_with_an_authority_of_ones_own(server: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CERTSPAN_STORE_PASSWORD", PASSWORD)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    proxy = Faulty(server, context)
    try:
        url = f"clickhouses://certspan@127.0.0.1:{proxy.port}/tls"
        with open_store(f"{url}?ca={tmp_path}/ca.pem") as store:
            assert store.query("SELECT 1") == [(1,)]
        for untrusted in (url, f"{url}?ca={tmp_path}/other.pem"):
            with pytest.raises(StoreError, match="its certificate is not trusted; \\?ca=FILE names the authority"):
                open_store(untrusted)
    finally:
        proxy.close()


@pytest.mark.parametrize("fault", ["500", "503", "cut"])
def test_a_server_that_fails_is_told_in_a_sentence(server: Engine, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    monkeypatch.setenv("CERTSPAN_STORE_PASSWORD", PASSWORD)
    proxy = Faulty(server)
    try:
        with open_store(f"clickhouse://certspan@127.0.0.1:{proxy.port}/failing") as store:
            proxy.fault = fault
            with pytest.raises(StoreError) as caught:
                store.command("CREATE TABLE t (a Int8) ENGINE = Memory")
        words = "the connection was cut" if fault == "cut" else f"answers with the HTTP status {fault}"
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)
    finally:
        proxy.close()


def test_the_process_that_has_an_embedded_store_serves_it_to_others(tmp_path: Path) -> None:
    url = f"chdb://{tmp_path}/store"
    with open_store(url) as store:
        store.migrate()
        refused = subprocess.run(
            [CERTSPAN, "inventory", "certificates", "--store", url], capture_output=True, text=True, check=False
        )
        assert refused.returncode == 4
        assert f"is in use by process {os.getpid()}" in refused.stderr
        assert store.folder is not None
        with served(store.folder):
            (file,) = [entry for entry in store.folder.iterdir() if entry.name == "served.json"]
            assert file.stat().st_mode & 0o077 == 0
            certspan("audit", BUILDING, "--store", url)
            assert len(certspan("inventory", "certificates", "--store", url, "--json").splitlines()) == 70
            assert store.query("SELECT count() FROM sessions") == [(118,)]
            key = json.loads(file.read_text())["key"]
            assert key not in certspan("store", "query", "--store", url, "SELECT 1")
        assert not file.exists()
    assert certspan("store", "query", "--store", url, "SELECT count() FROM sessions") == "118\n"


def test_whoever_has_no_key_is_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CERTSPAN_STORE_PASSWORD", raising=False)
    with open_store(f"chdb://{tmp_path}/store") as store:
        store.migrate()
        assert store.folder is not None
        with served(store.folder) as server:
            for user, password in (("default", ""), ("certspan", ""), ("certspan", "x"), ("default", server.key)):
                monkeypatch.setenv("CERTSPAN_STORE_PASSWORD", password)
                with pytest.raises(StoreError, match="refuses the user, password or token"):
                    open_store(f"clickhouse://{user}@127.0.0.1:{server.port}/certspan", read_only=True)
            monkeypatch.setenv("CERTSPAN_STORE_PASSWORD", server.key)
            other: Store = open_store(f"clickhouse://certspan@127.0.0.1:{server.port}/certspan", read_only=True)
            other.close()
