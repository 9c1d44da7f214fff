"""`certspan compare`: each difference between the engines, with its reason, and an exit status that can be trusted."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from captures import THREE, capture
from command import CERTSPAN
from differential import LIST, judge
from rewrite import ETHERNET, Packet, pcap, read

from analytics.compare.differences import SESSION, Difference, Row, compare
from analytics.compare.reasons import DATAGRAM, REASONS, UNEXPLAINED, explain

ROOT = Path(__file__).resolve().parent.parent
MANUAL = (ROOT / "docs/using.md").read_text()
CAPTURES = sorted((ROOT / "pcaps").glob("*.pcap*"))
TAG = struct.pack(">HH", 0x8100, 7)
NSH = b"\x89\x4f" + bytes.fromhex("0fc20201000001ff")
"""Ethertype, and a Network Service Header (RFC 8300) of two words before IPv4."""

tshark = pytest.mark.tools("tshark")


def run(*words: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    settings: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 120} | options
    return subprocess.run([CERTSPAN, "compare", *words], check=False, **settings)


def wrapped(path: Path, between: bytes, *, keep_type: bool = True) -> Path:
    """Put bytes behind the MAC addresses of each frame of the forged capture."""
    source = path / "plain.pcap"
    source.write_bytes(capture(THREE[:1]))
    frames = [
        Packet(one.time_ns, ETHERNET, one.frame[:12] + between + one.frame[12 if keep_type else 14 :])
        for one in read(source)
    ]
    target = path / "wrapped.pcap"
    target.write_bytes(pcap(frames))
    return target


@tshark
def test_no_difference() -> None:
    done = run(*CAPTURES)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"5 captures compared: (\d+) and \1 sessions, no difference\n", done.stdout)


@tshark
def test_an_explained_difference(tmp_path: Path) -> None:
    """A service header: tshark takes it off, the native core does not."""
    path = wrapped(tmp_path, NSH, keep_type=False)
    done = run(path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"{path}: 0 sessions by the native core, 1 by tshark"
    assert lines[1].startswith("  frame ")
    assert lines[1].endswith(" (one.example)")
    assert lines[2] == "    only tshark sees this session"
    assert lines[3].startswith("    -> encapsulation: ")
    assert lines[4].endswith(" 1 difference: encapsulation 1")


@tshark
def test_an_unexplained_difference(tmp_path: Path) -> None:
    """Nine tags are more than the native core takes off; nothing says so yet but the difference itself."""
    path = wrapped(tmp_path, TAG * 9)
    done = run(path)
    assert (done.returncode, done.stderr) == (1, "")
    assert "    -> unexplained: look at the bytes\n" in done.stdout
    assert done.stdout.endswith(" 1 difference: unexplained 1\n")


@tshark
def test_as_json(tmp_path: Path) -> None:
    path = wrapped(tmp_path, TAG * 9)
    done = run("--json", path, CAPTURES[0])
    first, second = map(json.loads, done.stdout.splitlines())
    assert (done.returncode, first["capture"], second["capture"]) == (1, str(path), str(CAPTURES[0]))
    assert (first["native_sessions"], first["tshark_sessions"], first["reasons"]) == (0, 1, {UNEXPLAINED: 1})
    (difference,) = first["differences"]
    assert (difference["field"], difference["native"], difference["tshark"]) == (SESSION, False, True)
    assert (difference["reason"], difference["server_name"]) == (UNEXPLAINED, "one.example")
    assert (second["differences"], second["reasons"]) == ([], {})


@tshark
def test_damage_is_told_for_both_and_the_rest_compared(tmp_path: Path) -> None:
    path = tmp_path / "cut.pcap"
    path.write_bytes(capture()[:-10])
    text = tmp_path / "text.pcap"
    text.write_text("no capture")
    done = run(path, text)
    assert done.returncode == 1
    assert [line.split(": ")[1:3] for line in done.stderr.splitlines()] == [
        [str(path), "native"],
        [str(path), "tshark"],
        [str(text), "native"],
        [str(text), "tshark"],
    ]
    assert done.stdout == "2 captures compared: 3 and 3 sessions, no difference\n"


def test_what_cannot_be_compared(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(capture())
    for words, environment in (
        (["/no/such"], os.environ),
        (["-"], os.environ),
        ([path], os.environ | {"PATH": str(tmp_path)}),
    ):
        done = run(*words, env=environment, stdin=subprocess.DEVNULL)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


def row(**fields: Any) -> Row:
    """Give a session as the native core reports it, some fields changed."""
    nothing = dict.fromkeys(json.loads((ROOT / "docs/session.schema.json").read_text())["properties"])
    known = {
        "session_id": "0" * 32,
        "frame": 4,
        "client_address": "10.0.0.1",
        "client_port": 1_000,
        "server_address": "10.0.0.2",
        "server_port": 443,
        "encapsulation": [],
        "alerts": [],
        "plaintext_before": 0,
        "bytes_lost": 0,
        "ja3": "a",
        "ja3s": "b",
        "version_code": 0x0303,
        "version_offered_code": 0x0303,
        "server_visibility": "visible",
        "client_visibility": "not_requested",
    }
    return nothing | known | fields


CHAIN = ["1" * 64]
EXAMPLES: dict[str, tuple[list[Row], list[Row]]] = {
    "encapsulation": ([], [row(encapsulation=None)]),
    "packets_of_its_own": (
        [row(server_visibility="unsupported")],
        [row(carrier="openvpn", server_chain=CHAIN, server_visibility="unsupported")],
    ),
    "repeated": ([row(), row(frame=99)], [row()]),
    "upgrade": ([row(plaintext_before=38)], []),
    "ssl2": ([], [row(version_offered_code=2)]),
    "without_hello": ([row(plaintext_before=None, version_offered_code=None, ja3=None)], []),
    "cut_message": ([row(server_chain=CHAIN, server_visibility="truncated")], [row(server_visibility=None)]),
    "psk_exchange": (
        [row(cipher_suite="TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA", named_group_code=29)],
        [row(cipher_suite="TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA")],
    ),
    "broken_hello": ([row(ja3=None)], [row(ja3="a")]),
    "no_text": ([row(alpn_offered=["\\xba"])], [row(alpn_offered=["\ufffd"])]),
    "lost": ([row(bytes_lost=7)], [row(frame=5)]),
}


@pytest.mark.parametrize("code", EXAMPLES)
def test_each_reason_is_known_by_its_example(code: str) -> None:
    reasons = [explain(difference) for difference in compare(*EXAMPLES[code])]
    assert [reason.code if reason else None for reason in reasons] == [code]


def test_what_no_reason_fits_is_unexplained() -> None:
    theirs = row(server_chain=CHAIN, version_code=0x0301)
    differences = list(compare([row(server_chain=["2" * 64])], [theirs]))
    assert [(difference.field, explain(difference)) for difference in differences] == [
        ("version_code", None),
        ("server_chain", None),
    ]
    assert explain(Difference(SESSION, row(), None)) is None
    assert explain(Difference(SESSION, None, row())) is None


def test_silence_of_tshark_is_no_difference_where_it_cannot_tell() -> None:
    ours = row(client_visibility="truncated", resumed=True, server_mac="02:00:00:00:00:01")
    assert list(compare([ours], [row(client_visibility=None, encapsulation=None)])) == []


def test_every_reason_has_an_example_and_is_in_the_manual() -> None:
    codes = [reason.code for reason in REASONS]
    assert codes == list(dict.fromkeys(codes))
    assert set(EXAMPLES) == set(codes)
    section = MANUAL.partition("## certspan compare")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == {*codes, DATAGRAM.code, UNEXPLAINED}


def test_the_list_of_differences_is_in_order() -> None:
    listed = json.loads(LIST.read_text())
    codes = {reason.code for reason in REASONS} | {DATAGRAM.code}
    assert len(listed) > 50
    assert [name for name in listed if not re.fullmatch("[0-9a-f]{64}", name)] == []
    assert {code for entry in listed.values() for code in entry["reasons"]} <= codes
    assert [name for name, entry in listed.items() if bool(entry[UNEXPLAINED]) != bool(entry.get("why"))] == []
    found = {name: {key: entry[key] for key in ("reasons", UNEXPLAINED)} for name, entry in listed.items()}
    assert judge(found, listed, found) == []


def test_the_list_must_be_neither_short_nor_stale() -> None:
    entry = {"reasons": {"upgrade": 1}, UNEXPLAINED: []}
    odd = {"reasons": {}, UNEXPLAINED: ["frame 4 ja3"]}
    assert judge({"a": entry}, {"a": entry}, ["a", "b"]) == []
    assert len(judge({"a": entry}, {}, ["a"])) == 1
    assert len(judge({}, {"a": entry}, ["a"])) == 1
    assert len(judge({}, {"a": entry}, [])) == 1
    assert len(judge({"a": odd}, {"a": odd}, ["a"])) == 1
    assert judge({"a": odd}, {"a": odd | {"why": "because"}}, ["a"]) == []
