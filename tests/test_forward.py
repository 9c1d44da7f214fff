"""Sinks and their memories: everything is told at least once, to real receivers, whatever is away for how long."""

from __future__ import annotations

import datetime as dt
import json
import re
import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from captures import capture
from command import CERTSPAN, certspan
from mirror import until
from receivers import Elasticsearch, Receiver, Splunk, syslog_ng
from segments import live_segments

from analytics.cli import clock
from analytics.forward.box import Box, BoxError
from analytics.forward.forwarder import Counts, Forwarder, hand_on, make_sink
from analytics.forward.sample import sample
from analytics.forward.settings import SettingsError, SinkSettings, read_sinks
from analytics.forward.sinks import SinkError
from analytics.forward.sinks.http import signature
from rules.rule import CertificateRecipe, ExampleSession

if TYPE_CHECKING:
    from pathlib import Path

NOW = dt.datetime(2026, 3, 4, 5, 6, 7, tzinfo=dt.UTC)


def some(count: int) -> list[dict[str, Any]]:
    return [{**sample(NOW), "id": f"id-{number}", "finding": f"f-{number}"} for number in range(count)]


def settings(**given: Any) -> SinkSettings:
    (sink,) = read_sinks([{"name": "s", **given}])
    return sink


def told(folder: Path, sink: SinkSettings, messages: list[dict[str, Any]]) -> Box:
    """Tell messages by way of a memory, once; what is left in it."""
    box = Box(folder, sink.name)
    box.put(messages)
    way = make_sink(sink)
    try:
        while hand_on(box, way, sink, Counts()):
            pass
    finally:
        way.close()
    return box


@pytest.mark.tools("syslog-ng")
@pytest.mark.parametrize("kind", ["udp", "tcp", "tls"])
@pytest.mark.parametrize("form", ["rfc5424", "cef"])
def test_a_real_syslog_server_understands(tmp_path: Path, kind: str, form: str) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    messages = some(300)
    messages[1]["certificate"]["subject"] = 'CN=a]"\\b=|\u202e\n'
    with syslog_ng(tmp_path, tmp_path) as (ports, received):
        address = f"{kind}://127.0.0.1:{ports[kind]}"
        sink = settings(type="syslog", address=address, format=form, ca=str(tmp_path / "ca.pem"))
        assert told(tmp_path, sink, messages).counts() == (0, 0)
        until(lambda: len(received()) >= len(messages) or kind == "udp")
        time.sleep(0.5 if kind == "udp" else 0)
        found = received()
        if kind == "tls":
            strange = settings(type="syslog", address=address)
            with pytest.raises(SinkError, match="its certificate is not trusted"):
                make_sink(strange).send(messages[:1])
    assert len(found) == len(messages)
    assert {one["PROGRAM"] for one in found} == {"certspan"}
    assert {one["MSGID"] for one in found} == {"finding.opened"}
    if form == "rfc5424":
        elements = [one["_SDATA"]["certspan@32473"] for one in found]
        assert sorted(one["id"] for one in elements) == sorted(message["id"] for message in messages)
        (odd,) = [one for one in elements if one["id"] == "id-1"]
        assert odd["certSubject"] == 'CN=a]"\\b=|\\u{202e}\\u{a}'
        assert {one["MESSAGE"].lstrip("\ufeff") for one in found} == {sample(NOW)["title"]}
    else:
        assert all(one["MESSAGE"].startswith("CEF:1|certspan|certspan|") for one in found)
        assert len({re.search(r"externalId=(\S+)", one["MESSAGE"])[1] for one in found}) == 300  # type: ignore[index]


def test_a_syslog_server_that_closes_has_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def shut() -> None:
            with server.accept()[0] as connection:
                connection.recv(10, socket.MSG_PEEK)  # it has come, and is never read

        closing = threading.Thread(target=shut)
        closing.start()
        sink = settings(type="syslog", address=f"tcp://127.0.0.1:{server.getsockname()[1]}")
        box = Box(tmp_path, "s")
        box.put(some(1))
        with pytest.raises(SinkError):
            hand_on(box, make_sink(sink), sink, Counts())
        closing.join()
    assert box.counts() == (1, 0)


def test_elasticsearch_gets_each_document_once_and_a_refused_one_is_put_by(tmp_path: Path) -> None:
    server = Elasticsearch()
    receiver = Receiver(server)
    server.refuse = lambda document: document["certspan"]["finding"] == "f-7"
    (tmp_path / "key").write_text("abc=\n")
    table = {"name": "e", "type": "elastic", "address": receiver.url, "secret-file": str(tmp_path / "key"), "batch": 4}
    (sink,) = read_sinks([table])
    try:
        box = told(tmp_path, sink, some(10))
        assert box.counts() == (0, 1)
        (letter,) = box.dead()
        assert (letter["reason"], letter["message"]["id"]) == ("status 400: no", "id-7")
        assert server.documents.keys() == {f"id-{number}" for number in range(10) if number != 7}
        assert {one["_index"] for one in server.documents.values()} == {"logs-certspan.finding-default"}
        assert {headers["authorization"] for _, headers, _ in receiver.requests} == {"ApiKey abc="}
        server.refuse = lambda _: False
        assert box.revive() == 1
        told(tmp_path, sink, some(10))  # all again: they are known by their ids
        assert len(server.documents) == 10
        server.status = 503
        box.put(some(1))
        with pytest.raises(SinkError, match="HTTP status 503"):
            hand_on(box, make_sink(sink), sink, Counts())
        assert box.counts() == (1, 0)
    finally:
        receiver.close()


def test_splunk_acknowledges_and_a_spoilt_event_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Splunk("t0ken")
    receiver = Receiver(server)
    monkeypatch.setenv("CERTSPAN_SINK_S", "t0ken")
    try:
        messages = some(5)
        messages[2]["title"] = "spoilt"
        box = told(tmp_path, settings(type="hec", address=receiver.url, acknowledge=True, index="pki"), messages)
        assert box.counts() == (0, 1)
        assert box.dead()[0]["reason"] == "code 5: Incorrect data format"
        assert [event["event"]["id"] for event in server.events] == ["id-0", "id-1", "id-3", "id-4"]
        assert {event["index"] for event in server.events} == {"pki"}
        assert server.asked
        assert min(server.asked.values()) == 2
        monkeypatch.setenv("CERTSPAN_SINK_S", "wrong")
        with pytest.raises(SinkError, match="refuses the token or password"):
            make_sink(settings(type="hec", address=receiver.url)).send(some(1))
    finally:
        receiver.close()


def test_a_webhook_is_signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = Receiver(lambda *_: (204, None))
    monkeypatch.setenv("CERTSPAN_SINK_S", "key")
    try:
        told(tmp_path, settings(type="webhook", address=f"{receiver.url}/hook"), some(3))
        ((path, headers, body),) = receiver.requests
        assert path == "/hook"
        assert [one["id"] for one in json.loads(body)["messages"]] == ["id-0", "id-1", "id-2"]
        seconds = int(headers["x-certspan-signature"].split(",")[0].removeprefix("t="))
        assert abs(seconds - clock().timestamp()) < 60
        words = ["openssl", "dgst", "-sha256", "-hmac", "key", "-r"]
        made = subprocess.run(words, input=f"{seconds}.".encode() + body, capture_output=True, check=True).stdout
        assert headers["x-certspan-signature"] == f"t={seconds},v1={made.split()[0].decode()}"
        assert signature("key", body, seconds) == headers["x-certspan-signature"]
    finally:
        receiver.close()


def test_a_redirect_is_not_followed_with_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = Receiver(lambda *_: (307, None))
    monkeypatch.setenv("CERTSPAN_SINK_S", "key")
    try:
        with pytest.raises(SinkError, match="not the right address"):
            make_sink(settings(type="webhook", address=receiver.url)).send(some(1))
    finally:
        receiver.close()


def test_kafka_has_each_message_under_its_key(tmp_path: Path) -> None:
    import confluent_kafka  # noqa: PLC0415  loads a library

    cluster = confluent_kafka.Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 3}, logger=None)
    brokers = ",".join(f"{one.host}:{one.port}" for one in cluster.list_topics(timeout=10).brokers.values())
    box = told(tmp_path, settings(type="kafka", address=f"kafka://{brokers}", topic="findings"), some(200))
    assert box.counts() == (0, 0)
    options = {"bootstrap.servers": brokers, "group.id": "t", "auto.offset.reset": "earliest"}
    consumer = confluent_kafka.Consumer(options)
    consumer.subscribe(["findings"])
    found: dict[str, str] = {}
    until(lambda: received(consumer, found) >= 200)
    consumer.close()
    assert found == {f"f-{number}": f"id-{number}" for number in range(200)}
    gone = make_sink(settings(type="kafka", address="kafka://127.0.0.1:1", options={"message.timeout.ms": 500}))
    with pytest.raises(SinkError):
        gone.send(some(1))


def received(consumer: Any, into: dict[str, str]) -> int:
    for one in consumer.consume(100, 0.2):
        if one.error() is None:
            into[one.key().decode()] = json.loads(one.value())["id"]
    return len(into)


def test_a_file_is_begun_anew_when_it_is_large(tmp_path: Path) -> None:
    (sink,) = read_sinks(
        [
            {
                "name": "f",
                "type": "file",
                "address": f"file://{tmp_path}/out.ndjson",
                "rotate-bytes": 8000,
                "keep": 2,
                "batch": 3,
            }
        ]
    )
    told(tmp_path / "state", sink, some(30))
    files = sorted(entry.name for entry in tmp_path.glob("out.ndjson*"))
    assert files == ["out.ndjson", "out.ndjson.1", "out.ndjson.2"]
    lines = [json.loads(line)["id"] for name in reversed(files) for line in (tmp_path / name).read_text().splitlines()]
    assert lines == [f"id-{number}" for number in range(30)][-len(lines) :]
    assert all((tmp_path / name).stat().st_size <= 8000 for name in files)
    assert (tmp_path / "out.ndjson").stat().st_mode & 0o077 == 0


def test_a_sink_that_is_away_loses_nothing_and_slows_no_other(tmp_path: Path) -> None:
    server = Elasticsearch()
    receiver = Receiver(server)
    server.status = 503
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen(1)  # takes connections and never says a word
        sinks = read_sinks(
            [
                {"name": "away", "type": "elastic", "address": receiver.url},
                {"name": "mute", "type": "webhook", "address": f"http://127.0.0.1:{mute.getsockname()[1]}"},
                {"name": "file", "type": "file", "address": f"file://{tmp_path}/out"},
            ]
        )
        log: list[tuple[str, str, object]] = []

        def note(level: str, event: str, **facts: object) -> None:
            log.append((level, event, facts["sink"]))

        forwarder = Forwarder(sinks, tmp_path / "state", [], clock, note)
        for sink in sinks:
            box = Box(tmp_path / "state", sink.name)
            box.put(some(50))
            box.close()
        forwarder.start()
        try:
            until(lambda: (tmp_path / "out").exists() and len((tmp_path / "out").read_text().splitlines()) == 50)
            until(lambda: forwarder.counts["away"].failures >= 2)
            assert forwarder.waiting() == {"away": (50, 0), "mute": (50, 0), "file": (0, 0)}
            server.status = 200
            until(lambda: len(server.documents) == 50)
            until(lambda: forwarder.waiting()["away"] == (0, 0))
        finally:
            receiver.close()
            mute.close()
            forwarder.close()
    assert [entry for entry in log if entry[2] == "away"] == [
        ("error", "sink away", "away"),
        ("info", "sink back", "away"),
    ]


def test_a_secret_that_goes_away_stops_no_sink_for_good(tmp_path: Path) -> None:
    receiver = Receiver(lambda *_: (204, None))
    secret = tmp_path / "secret"
    secret.write_text("key")
    table = {"name": "s", "type": "webhook", "address": receiver.url, "secret-file": str(secret)}
    forwarder = Forwarder(read_sinks([table]), tmp_path / "state", [], clock, lambda *_, **__: None)
    secret.unlink()
    box = Box(tmp_path / "state", "s")
    box.put(some(3))
    box.close()
    forwarder.start()
    try:
        until(lambda: forwarder.counts["s"].failures >= 1)
        assert str(secret) in str(forwarder.counts["s"].error)
        secret.write_text("key")
        until(lambda: forwarder.waiting()["s"] == (0, 0))
        assert len(receiver.requests) == 1
    finally:
        receiver.close()
        forwarder.close()


def test_what_was_sent_but_not_noted_is_sent_again_with_the_same_id(tmp_path: Path) -> None:
    sink = settings(type="file", address=f"file://{tmp_path}/out")
    box = Box(tmp_path, "s")
    box.put(some(3))
    make_sink(sink).send([message for _, message in box.next(10)])  # and here the process is killed
    box.close()
    again = Box(tmp_path, "s")
    hand_on(again, make_sink(sink), sink, Counts())
    ids = [json.loads(line)["id"] for line in (tmp_path / "out").read_text().splitlines()]
    assert ids == ["id-0", "id-1", "id-2"] * 2
    assert again.counts() == (0, 0)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"type": "syslog", "address": "tcp://h"}, "missing required field `name`"),
        ({"name": "s", "type": "fax", "address": "x"}, "Invalid enum value 'fax'"),
        ({"name": "s", "type": "syslog", "address": "http://h"}, "one of syslog begins with tcp://, tls://, udp://"),
        (
            {"name": "s", "type": "syslog", "address": "tls://h", "format": "ecs"},
            "syslog takes rfc5424, cef, leef, json",
        ),
        ({"name": "s", "type": "syslog", "address": "tls://h", "colour": 1}, "unknown field `colour`"),
        ({"name": "s", "type": "webhook", "address": "https://u:p@h"}, "a password does not belong into an address"),
        ({"name": "s", "type": "webhook", "address": "https://h", "ca": "/no"}, "/no: no such file"),
        ({"name": "s", "type": "webhook", "address": "https://h", "secret-file": "/no"}, "/no: no such file"),
        ({"name": "s", "type": "webhook", "address": "https://h:x"}, "address: "),
        ({"name": "s", "type": "webhook", "address": "https://"}, "names no host"),
        ({"name": "../s", "type": "webhook", "address": "https://h"}, "Expected `str` matching regex"),
        ("x", "Expected `object`"),
    ],
)
def test_each_slip_of_a_sink_is_told(table: Any, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_sinks([table])
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_sinks_of_one_name_are_refused() -> None:
    table = {"name": "s", "type": "webhook", "address": "https://h"}
    with pytest.raises(SettingsError, match="there are two of this name"):
        read_sinks([table, table])


def test_filters() -> None:
    low, high = {**sample(NOW), "severity": "low"}, {**sample(NOW), "severity": "high"}
    new = {**sample(NOW), "topic": "certificate", "kind": "new"}
    base = {"type": "webhook", "address": "https://h"}
    assert [settings(**base, severity="medium").wants(one) for one in (low, high)] == [False, True]
    assert [settings(**base, severity="high").wants(one) for one in (high, new)] == [True, False]
    assert settings(**base, topics=["certificate"], severity="critical").wants(new)
    assert not settings(**base, kinds=["resolved"]).wants(high)
    assert settings(**base, kinds=["opened"], rules=["expiring"]).wants(high)
    assert not settings(**base, rules=["expired"]).wants(high)
    (ours,) = read_sinks([{"name": "s", **base, "ours-only": True}])
    assert [ours.wants({**high, "ours": one}) for one in (True, False)] == [True, False]


def test_a_memory_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "s.sqlite").write_bytes(b"x" * 5000)
    with pytest.raises(BoxError, match=r"s\.sqlite: file is not a database"):
        Box(tmp_path, "s")


def at(day: int) -> dt.datetime:
    return dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC) + dt.timedelta(days=day)


def test_a_renewal_and_a_silence_leave_what_they_should(tmp_path: Path) -> None:
    """A certificate is renewed on day 2, its twin is not, and then nobody is seen for a week."""
    old = CertificateRecipe(name="old.example", not_after=at(20).isoformat(), not_before=at(-70).isoformat())
    twin = CertificateRecipe(name="twin.example", not_after=at(20).isoformat(), not_before=at(-70).isoformat())
    new = CertificateRecipe(
        name="new.example", subject="CN=old.example", not_after=at(90).isoformat(), not_before=at(1).isoformat()
    )
    store, out = f"chdb://{tmp_path}/store", tmp_path / "out.ndjson"
    config = tmp_path / "certspan.toml"
    config.write_text(
        f'[[sink]]\nname = "soc"\ntype = "file"\naddress = "file://{out}"\nrules = ["expiring"]\n'
        f'[[sink]]\nname = "all"\ntype = "file"\naddress = "file://{out}.all"\ntopics = ["certificate", "sighting"]\n'
    )
    days: list[tuple[int, tuple[CertificateRecipe, ...]]] = [(0, (old, twin)), (2, (new, twin)), (8, ()), (10, ())]
    for day, shown in days:
        if shown:
            sessions = tuple(
                ExampleSession((one,), time=at(day).isoformat(), server=f"10.0.0.1{number}:443")
                for number, one in enumerate(shown)
            )
            (tmp_path / f"{day}.pcap").write_bytes(capture(sessions))
            live_segments(tmp_path / f"spool{day}", tmp_path / f"{day}.pcap", 1, sensor=f"day{day}")
            words = ("collector", "--spool", tmp_path / f"spool{day}", "--store", store, "--once", "--no-check")
            certspan(*words)
        moment = (at(day) + dt.timedelta(hours=1)).isoformat()
        certspan("check", "--store", store, "--at", moment, "--stale-after", 7)
        certspan("forward", "--config", config, "--store", store, "--state", tmp_path / "state", "--once")
        if day == 0:
            assert [json.loads(line)["kind"] for line in out.read_text().splitlines()] == ["opened", "opened"]
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    lives: dict[str, list[tuple[str, str | None]]] = {}
    for line in lines:
        lives.setdefault(line["certificate"]["subject"], []).append((line["kind"], line["reason"]))
    assert lives["CN=old.example"] == [("opened", None), ("resolved", "replaced")]
    assert [kind for kind, _ in lives["CN=twin.example"] if kind != "changed"] == ["opened", "stale"]
    (resolved,) = [line for line in lines if line["kind"] == "resolved"]
    everything = [json.loads(line) for line in (tmp_path / "out.ndjson.all").read_text().splitlines()]
    certificates = {one["subject"] for one in everything if one["topic"] == "certificate"}
    assert len(certificates) == 3
    assert len(everything) == len({one["id"] for one in everything}) == 6
    assert len(resolved["replaced_by"]) == 1
    assert resolved["replaced_by"][0] in certificates - {line["subject"] for line in lines}


def test_test_says_what_came_of_it(tmp_path: Path) -> None:
    config = tmp_path / "certspan.toml"
    config.write_text(
        f'[[sink]]\nname = "good"\ntype = "file"\naddress = "file://{tmp_path}/out"\n'
        '[[sink]]\nname = "bad"\ntype = "syslog"\naddress = "tcp://127.0.0.1:1"\n'
    )
    assert certspan("forward", "--config", config, "--test", "good").endswith("a test message was taken\n")
    assert "192.0.2.10" in (tmp_path / "out").read_text()
    for name, status, words in (("bad", 4, "Connection refused"), ("none", 2, "there are good, bad")):
        command = [str(CERTSPAN), "forward", "--config", str(config), "--test", name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, words in done.stderr) == (status, True), done.stderr
