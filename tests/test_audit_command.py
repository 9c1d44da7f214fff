"""`certspan audit` from end to end: outputs that agree, errors that are told, exit statuses that hold."""

from __future__ import annotations

import csv
import datetime as dt
import errno
import fcntl
import hashlib
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import wire
from click.testing import CliRunner
from command import CERTSPAN

import rules.pack
from analytics.cli import clock
from analytics.commands.audit import command
from analytics.forge.certificates import forge_chain
from rules.pack import load_rules, make_pack
from rules.rule import CertificateRecipe, Rule, Severity, Subject

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "docs" / "audit.schema.json").read_text())
EXPIRED = CertificateRecipe(name="old", not_after="2026-01-01T00:00:00Z", sans=("dns:device.example",))
FINE = CertificateRecipe(
    name="fine",
    issuer="root",
    not_after="2027-01-01T00:00:00Z",
    sans=("dns:device.example",),
    crl_urls=("http://ca.example/list.crl",),
)
ROOT_CA = CertificateRecipe(name="root", is_ca=True)


def forged(*recipes: CertificateRecipe, hidden: tuple[CertificateRecipe, ...] = ()) -> bytes:
    """Make a capture in which a server sends these certificates."""
    return wire.capture(forge_chain(recipes, hidden))


def run(*arguments: str | Path, stdin: bytes | None = None, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run `certspan audit` as a user does."""
    if "stdout" not in options:
        options |= {"stdout": subprocess.PIPE}
    return subprocess.run(
        [CERTSPAN, "audit", *arguments], check=False, input=stdin, stderr=subprocess.PIPE, timeout=60, **options
    )


def told(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    """Give the lines of standard error, which all say who speaks."""
    lines = done.stderr.decode().splitlines()
    assert all(line.startswith("certspan: ") for line in lines), lines
    return lines


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of captures: one with an expired certificate, one in order."""
    made = tmp_path_factory.mktemp("captures")
    (made / "old.pcap").write_bytes(forged(EXPIRED))
    (made / "fine.pcap").write_bytes(forged(FINE, hidden=(ROOT_CA,)))
    return made


@pytest.fixture(scope="module")
def outputs(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Write every output of one run, kind -> text."""
    made = tmp_path_factory.mktemp("outputs")
    wanted = {kind: made / f"out.{kind}" for kind in ("report", "json", "csv", "ndjson")}
    store = made / "store"
    files = [part for kind, path in wanted.items() for part in (f"--{kind}", str(path))]
    done = run(folder / "old.pcap", folder / "fine.pcap", *files, "--store", f"chdb://{store}")
    assert (done.returncode, told(done)) == (0, [])
    again = run(folder / "old.pcap", "--json", "-", "--store", f"chdb://{store}")
    assert again.returncode == 0
    texts = {kind: path.read_bytes().decode() for kind, path in wanted.items()}
    return texts | {"summary": done.stdout.decode(), "again": again.stdout.decode()}


def test_all_outputs_tell_the_same(outputs: dict[str, str], folder: Path) -> None:
    document = json.loads(outputs["json"])
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    findings = {(one["rule"], one["subject"], one["severity"]) for one in document["findings"]}
    [der] = forge_chain([EXPIRED])
    subject = hashlib.sha256(der).hexdigest()
    assert findings == {("expired", subject, "critical"), ("self-signed", subject, "medium")}
    assert {
        (one["rule"], one["subject"], one["severity"]) for one in csv.DictReader(outputs["csv"].splitlines())
    } == findings
    lines = [json.loads(line) for line in outputs["ndjson"].splitlines()]
    assert {(one["rule"], one["subject"], one["severity"]) for one in lines} == findings
    for text in (outputs["summary"], outputs["report"], document["summary"]):
        assert "1 certificate is broken now." in text
    assert subject in outputs["report"]
    assert document["coverage"]["handshakes"] == 2
    assert document["coverage"]["server_visibility"] == {"visible": 2}
    assert document["coverage"]["certificates"] == 2
    inputs = {one["name"]: one for one in document["run"]["inputs"]}
    for name in ("old.pcap", "fine.pcap"):
        found = inputs[str(folder / name)]
        assert found["sha256"] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
        assert found["sha256"] in outputs["report"]
        assert (found["state"], found["sessions"], found["damage"]) == ("new", 1, [])


def test_it_judges_as_of_the_latest_packet(outputs: dict[str, str]) -> None:
    document = json.loads(outputs["json"])
    last = max(dt.datetime.fromisoformat(one["last_packet"]) for one in document["run"]["inputs"])
    frames = 7
    assert last == dt.datetime.fromtimestamp(wire.START, dt.UTC) + dt.timedelta(milliseconds=frames - 1)
    assert document["run"]["clock"] == {"at": "2026-09-21T14:13:20.006Z", "how": "capture"}


def test_a_capture_that_is_known_is_still_reported_on(outputs: dict[str, str]) -> None:
    first, again = json.loads(outputs["json"]), json.loads(outputs["again"])
    assert [one["state"] for one in again["run"]["inputs"]] == ["known"]
    assert [one["id"] for one in again["findings"]] == [one["id"] for one in first["findings"]]
    assert again["coverage"]["handshakes"] == 1


def test_standard_input_and_output(folder: Path) -> None:
    done = run("-", "--json", "-", stdin=(folder / "old.pcap").read_bytes())
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document["run"]["inputs"][0]["name"] == "standard input"
    assert document["run"]["inputs"][0]["size"] is None
    assert len(document["findings"]) == 2


def test_times_and_networks_of_the_user(folder: Path) -> None:
    done = run(folder / "old.pcap", "--at", "2025-06-01", "--home", "192.0.2.0/24", "--json", "-")
    document = json.loads(done.stdout)
    assert document["run"]["clock"] == {"at": "2025-06-01T00:00:00Z", "how": "time"}
    assert document["run"]["home"] == ["192.0.2.0/24"]
    # Judged before it ended; that it was shown after its end is a fact of that session, whatever the clock says.
    found = sorted((one["rule"], one["ours"]) for one in document["findings"])
    assert found == [("self-signed", False), ("served-while-expired", False)]
    assert document["coverage"]["holders"]["other_servers"] == 1


def test_now_is_now(folder: Path) -> None:
    before = clock()
    done = run(folder / "old.pcap", "--at", "now", "--json", "-")
    found = json.loads(done.stdout)["run"]["clock"]
    assert found["how"] == "now"
    assert before - dt.timedelta(milliseconds=1) <= dt.datetime.fromisoformat(found["at"]) <= clock()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.pcap"], "none.pcap: No such file or directory"),
        (["old.pcap", "--at", "2026-13-01"], "--at 2026-13-01: month must be in 1..12"),
        (["old.pcap", "--home", "10.0.0.300/8"], "--home 10.0.0.300/8: not a network"),
        (
            ["old.pcap", "--report", "none/report.html"],
            "--report none/report.html: there is no folder none: make it first",
        ),
        (["old.pcap", "--report", "."], "--report .: is a folder"),
        (["old.pcap", "--report", "old.pcap"], "--report old.pcap: it is the capture old.pcap"),
        (["old.pcap", "--json", "x", "--csv", "./x"], "--csv ./x: another output goes there"),
        (["old.pcap", "--json", "-", "--ndjson", "-"], "--ndjson -: another output goes there"),
        (["old.pcap", "--store", "mysql://x"], "mysql://x"),
        (["old.pcap", "-", "--report", "/proc/none/x"], "--report /proc/none/x: "),
    ],
)
def test_what_cannot_work_is_refused_before_the_work(folder: Path, arguments: list[str], said: str) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    started = time.monotonic()
    done = run(*arguments, cwd=folder)
    assert (done.returncode, done.stdout) == (2, b"")
    assert told(done)[0].startswith(f"certspan: {said}")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("content", "findings"),
    [
        (forged(EXPIRED)[:-20], 2),
        (b"", 0),
        (b"this is a text, and no capture\n" * 50, 0),
        (wire.HEADER[:20] + (147).to_bytes(4, "little") + forged(EXPIRED)[24:], 0),
    ],
    ids=["cut", "empty", "text", "unknown-link-type"],
)
def test_a_damaged_capture_is_told_and_the_rest_reported(tmp_path: Path, content: bytes, findings: int) -> None:
    (tmp_path / "bad.pcap").write_bytes(content)
    done = run("bad.pcap", "--json", "out.json", "--report", "out.html", cwd=tmp_path)
    assert done.returncode == 1
    [line] = told(done)
    assert line.startswith("certspan: bad.pcap: ")
    document = json.loads((tmp_path / "out.json").read_text())
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert len(document["findings"]) == findings
    [damage] = document["run"]["inputs"][0]["damage"]
    assert damage["message"] in line
    assert "DAMAGED   bad.pcap" in done.stdout.decode()
    assert "This report is not complete" in (tmp_path / "out.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["old.pcap", "--fail-on", "critical"], 3),
        (["fine.pcap", "--fail-on", "info"], 0),
        (["old.pcap", "--fail-on", "low", "--home", "192.0.2.0/24"], 3),
        (["fine.pcap", "--fail-on", "critical", "--at", "2026-12-31"], 0),
        (["old.pcap", "--fail-on", "critical", "--json", "/dev/full"], 4),
    ],
)
def test_exit_statuses(folder: Path, arguments: list[str], status: int) -> None:
    assert run(*arguments, cwd=folder).returncode == status


def test_findings_outrank_damage(tmp_path: Path) -> None:
    (tmp_path / "cut.pcap").write_bytes(forged(EXPIRED)[:-20])
    assert run("cut.pcap", "--fail-on", "critical", cwd=tmp_path).returncode == 3


def test_a_full_disk_is_told_and_other_outputs_are_written(folder: Path, tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run(folder / "fine.pcap", "--csv", tmp_path / "out.csv", stdout=full)
    assert done.returncode == 4
    assert told(done) == [f"certspan: standard output: {os.strerror(errno.ENOSPC)}"]
    assert (tmp_path / "out.csv").exists()


def test_a_store_in_use_is_told(folder: Path, tmp_path: Path) -> None:
    hold = (
        "import sys; from analytics.store import open_store\n"
        "with open_store(sys.argv[1]) as s: s.migrate(); print('open', flush=True); sys.stdin.read()"
    )
    url = f"chdb://{tmp_path}/store"
    with subprocess.Popen(
        [sys.executable, "-c", hold, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"open\n"
        done = run(folder / "old.pcap", "--store", url)
        holder.communicate()
    assert done.returncode == 4
    [line] = told(done)
    assert url in line
    assert str(holder.pid) in line


def test_trouble_as_json_lines(tmp_path: Path) -> None:
    (tmp_path / "bad.pcap").write_bytes(b"x" * 100)
    done = run("bad.pcap", "--log-format", "json", cwd=tmp_path)
    [event] = [json.loads(line) for line in done.stderr.decode().splitlines()]
    assert event.items() >= {"event": "capture damaged", "about": "bad.pcap", "level": "error", "packets": 0}.items()
    assert dt.datetime.fromisoformat(event["time"]).tzinfo is not None


def test_a_broken_rule_is_told_everywhere_and_the_others_go_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Rule(
        id="broken",
        title="'broken'",
        summary="Names a column that is not there.",
        subject=Subject.CERTIFICATE,
        severity=Severity.LOW,
        applies="true",
        fails="no_such_column > 0",
        evidence=(),
        why="",
        action="",
        references=(),
        examples=(),
    )
    pack = load_rules()
    monkeypatch.setattr(rules.pack, "load_rules", lambda _folder: make_pack([*pack.rules, broken]))
    done = CliRunner().invoke(
        command, [str(folder / "old.pcap"), "--json", str(tmp_path / "j"), "--report", str(tmp_path / "r")]
    )
    assert done.exit_code == 1
    assert done.stderr.startswith("certspan: rule broken: ")
    assert "no_such_column" in done.stderr
    assert "ERROR     rule broken: " in done.stdout
    document = json.loads((tmp_path / "j").read_text())
    assert [one["rule"] for one in document["rule_errors"]] == ["broken"]
    assert len(document["findings"]) == 2
    assert "The rule broken broke" in (tmp_path / "r").read_text()


def on_terminal(*arguments: str | Path, **environment: str) -> str:
    """Run with a terminal of 72 columns as standard output, and give what it shows."""
    main, side = pty.openpty()
    os.set_inheritable(side, True)
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 72, 0, 0))
    variables = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS", "TERM"}}
    with subprocess.Popen(
        [CERTSPAN, "audit", *arguments], stdout=side, stderr=subprocess.PIPE, env=variables | environment
    ):
        os.close(side)
        shown = b""
        while True:
            try:
                piece = os.read(main, 4096)
            except OSError:
                break
            if not piece:
                break
            shown += piece
    os.close(main)
    return shown.decode()


def test_colour_is_for_terminals_that_want_it(folder: Path) -> None:
    coloured = on_terminal(folder / "old.pcap", TERM="xterm-256color")
    plain = on_terminal(folder / "old.pcap", TERM="xterm-256color", NO_COLOR="1")
    assert "\x1b[" in coloured
    assert "\x1b" not in plain
    assert max(map(len, plain.splitlines())) <= 72
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_help_loads_nothing_heavy_and_teaches() -> None:
    heavy = "{'rich', 'structlog', 'jinja2', 'clickhouse_connect', 'chdb', 'cryptography', 'sensor._rust'}"
    code = (
        "import sys; from analytics.cli import main\n"
        "try: main(['audit', '--help'])\n"
        f"except SystemExit: print('heavy:', sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, cwd=ROOT)
    assert done.stdout.endswith("heavy: []\n")
    for piece in ("Examples:", "--report report.html", "Exit status:", "[info|low|medium|high|critical]"):
        assert piece in done.stdout
