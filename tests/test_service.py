"""Configuration of services by file, environment and flags; a log that cannot flood; what the service manager hears."""

from __future__ import annotations

import datetime as dt
import io
import json
import socket
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner

from analytics.duration import Duration
from analytics.service.config import ServiceCommand
from analytics.service.log import MOST_ALIKE, WINDOW_SECONDS, ServiceLog
from sensor.notify import notify

if TYPE_CHECKING:
    from pathlib import Path

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def made(seen: dict[str, Any]) -> click.Command:
    """Make a command like those of services; what it was given goes into `seen`."""

    @click.command(cls=ServiceCommand)
    @click.option("-i", "--interface", multiple=True, required=True)
    @click.option("--spool-size", type=int, default=1)
    @click.option("--every", type=Duration(), default="15m")
    @click.option("--serve/--no-serve", default=True)
    def command(**options: Any) -> None:
        seen.update(options)

    return command


def run(*words: str, env: dict[str, str] | None = None) -> tuple[dict[str, Any], str]:
    seen: dict[str, Any] = {}
    done = CliRunner().invoke(made(seen), list(words), env=env, prog_name="sensor")
    return seen, done.output


def test_the_nearest_wins(tmp_path: Path) -> None:
    config = tmp_path / "certspan.toml"
    config.write_text(
        '[sensor]\ninterface = ["a", "b"]\nspool-size = 2\nevery = "2h"\nserve = false\n[collector]\nx = 1\n'
    )
    assert run("--config", str(config))[0] == {
        "interface": ("a", "b"),
        "spool_size": 2,
        "every": 7200.0,
        "serve": False,
    }
    env = {"CERTSPAN_CONFIG": str(config), "CERTSPAN_SENSOR_SPOOL_SIZE": "3", "CERTSPAN_SENSOR_INTERFACE": "c d"}
    assert run(env=env)[0] == {"interface": ("c", "d"), "spool_size": 3, "every": 7200.0, "serve": False}
    assert run("--spool-size", "4", "-i", "e", "--serve", env=env)[0] == {
        "interface": ("e",),
        "spool_size": 4,
        "every": 7200.0,
        "serve": True,
    }
    config.write_text("[sensor]\nspool_size = 5\ninterface = 'one'\n")
    assert run("--config", str(config))[0]["spool_size"] == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[sensor]\nspool-sise = 2\n", "[sensor] has no key spool-sise; did you mean spool-size?"),
        ("[sensr]\n", "no table sensr; did you mean sensor?"),
        ("sensor = 1\n", "sensor is no table; write [sensor]"),
        ("[sensor]\nspool-size = [1]\n", "[sensor] spool-size: one value, not a list or table"),
        ("[sensor]\nspool-size = 'x'\n", "'x' is not a valid integer"),
        ("[sensor]\nevery = '0s'\n", "0s: write a time as 30s, 15m, 2h or 7d"),
        ("[sensor]\nconfig = 'x'\n", "[sensor] has no key config"),
        ("[sensor\n", "not TOML"),
        ("\xff", "not TOML"),
        (None, "No such file"),
    ],
)
def test_each_slip_is_told(tmp_path: Path, text: str | None, words: str) -> None:
    config = tmp_path / "certspan.toml"
    if text is not None:
        config.write_bytes(text.encode("latin-1"))
    seen, said = run("--config", str(config), "-i", "a")
    assert not seen
    assert words in said.replace("\n", " ")


def test_what_is_read_again_is_the_file_as_it_is_now(tmp_path: Path) -> None:
    config = tmp_path / "certspan.toml"
    config.write_text("[sensor]\nspool-size = 2\n")
    command = made({})
    assert isinstance(command, ServiceCommand)
    context = command.make_context("sensor", ["-i", "a", "--config", str(config)])
    assert context.params["spool_size"] == 2
    config.write_text("[sensor]\nspool-size = 3\n")
    assert command.read_again(context)["spool_size"] == 3
    assert command.read_again(context)["interface"] == ("a",)


def test_what_repeats_is_counted_and_not_repeated() -> None:
    out, time = io.StringIO(), [0.0]
    log = ServiceLog("json", clock=lambda: NOON, monotonic=lambda: time[0], to=out)
    for number in range(100):
        log("error", "failed", number=number)
    log("info", "other")
    time[0] = WINDOW_SECONDS
    log("error", "failed", number=100)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line.get("number") for line in lines[:MOST_ALIKE]] == list(range(MOST_ALIKE))
    assert [line["event"] for line in lines[MOST_ALIKE:]] == ["other", "failed", "failed"]
    assert lines[MOST_ALIKE + 1]["left_out"] == 100 - MOST_ALIKE
    assert lines[-1] == {"event": "failed", "level": "error", "number": 100, "time": "2026-01-01T12:00:00.000Z"}


def test_nothing_in_a_line_moves_a_terminal_or_begins_another_line() -> None:
    out = io.StringIO()
    ServiceLog("text", clock=lambda: NOON, monotonic=lambda: 0.0, to=out)(
        "warning", "evil", message="a\nb", name="\x1b[2J", empty=""
    )
    assert out.getvalue() == '2026-01-01T12:00:00.000Z warning evil: a\\u{a}b name=\\u{1b}[2J empty=""\n'


def test_the_service_manager_hears_how_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notify("READY=1")  # nobody listens: nothing happens
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        notify("READY=1", "WATCHDOG=1")
        assert manager.recv(100) == b"READY=1\nWATCHDOG=1"
    notify("READY=1")  # it has gone
