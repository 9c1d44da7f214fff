"""What is deployed: units, alerts, board and configuration, each held against who reads it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from analytics.cli import main
from analytics.collector.loading import Counted, Passed
from analytics.collector.metrics import Metrics
from analytics.forward.forwarder import Counts
from analytics.service.config import ServiceCommand, read_sinks
from sensor._rust import known_counters

DEPLOY = Path(__file__).parents[1] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def metric_names() -> set[str]:
    """Every name that a scrape can show, by the collector's own code."""
    passed = Passed()
    passed.counters["a"] = Counted(1, dict.fromkeys(known_counters(), 1))
    metrics = Metrics([], passed, [], lambda: 0)

    sinks = SimpleNamespace(counts={"s": Counts()}, waiting=lambda: {"s": (0, 0)})
    metrics.forwarder = sinks  # type: ignore[assignment]
    return {
        name + ("_total" if family.type == "counter" else "") for family in metrics.collect() for name in [family.name]
    }


def named(text: str) -> set[str]:
    return set(re.findall(r"\b(?:certspan|x509_cert|ssl_cert|probe_ssl)_[a-z0-9_]+\b", text))


@pytest.mark.parametrize("file", ["prometheus/certspan.rules.yaml", "grafana/certspan.json"])
def test_alerts_and_board_ask_for_metrics_that_are_there(file: str) -> None:
    text = (DEPLOY / file).read_text()
    if file.endswith(".json"):
        board = json.loads(text)
        text = "\n".join(target["expr"] for panel in board["panels"] for target in panel["targets"])
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"]) > 10
    else:
        text = "\n".join(re.findall(r"expr: (?:>-\s*)?(.*?)\n\s+(?:for|labels):", text, re.DOTALL))
    asked = named(text)
    assert len(asked) > 8
    assert asked <= metric_names(), asked - metric_names()


@pytest.mark.tools("promtool")
def test_alerts_do_what_their_tests_say() -> None:
    folder = DEPLOY / "prometheus"
    for words in (("check", "rules", "certspan.rules.yaml"), ("test", "rules", "certspan.test.yaml")):
        done = subprocess.run(["promtool", *words], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.tools("promtool")
def test_a_scrape_is_what_prometheus_reads() -> None:
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415

    passed = Passed()
    passed.counters['evil"\n\\'] = Counted(1, {"packets": 5})
    registry = CollectorRegistry()
    registry.register(Metrics([], passed, [], lambda: 0))
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=generate_latest(registry), capture_output=True, check=False
    )
    known = (b"probe_ssl_earliest_cert_expiry", b"x509_cert_")  # names that others chose
    troubles = [line for line in done.stdout.splitlines() + done.stderr.splitlines() if not line.startswith(known)]
    assert troubles == []


@pytest.mark.tools("systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_are_understood_and_closed(unit: Path) -> None:
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    said = [
        line for line in done.stderr.splitlines() if line and "/opt/certspan/bin/certspan is not executable" not in line
    ]
    assert said == []
    words = ["systemd-analyze", "security", "--offline=true", "--threshold=25", str(unit)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-300:]
    text = unit.read_text()
    assert ("AmbientCapabilities=CAP_NET_RAW" in text) == ("sensor" in unit.name)


def configurations() -> list[tuple[str, str]]:
    """Every TOML configuration that a page or a file shows, with where."""
    found = [("deploy/certspan.toml", (DEPLOY / "certspan.toml").read_text())]
    kubernetes = (DEPLOY / "kubernetes/certspan.yaml").read_text()
    inner = kubernetes.partition("certspan.toml: |\n")[2].partition("\n---")[0]
    found.append(("kubernetes", "\n".join(line.removeprefix("    ") for line in inner.splitlines())))
    for page in ("live.md", "forward.md"):
        text = (DEPLOY.parent / "docs" / page).read_text()
        found += [(page, block) for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL)]
    return found


@pytest.mark.parametrize(("where", "text"), configurations())
def test_every_configuration_that_is_shown_can_be_read(where: str, text: str, tmp_path: Path) -> None:
    # files that it names are not there on this machine; whether their keys exist is what counts
    text = re.sub(r"^(ca|secret-file|policy|key) = .*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"^# (\[\[sink\]\]|[a-z-]+ = )", r"\1", text, flags=re.MULTILINE)
    text = text.replace("policy =", "# policy =")
    config = tmp_path / "certspan.toml"
    config.write_text(text)
    assert isinstance(main, click.Group)
    read = 0
    for name in ("sensor", "collector"):
        command = main.get_command(click.Context(main), name)
        assert isinstance(command, ServiceCommand)
        if f"[{name}]" in text:
            params: dict[str, Any] = command.make_context(name, ["--config", str(config)]).params
            assert params["spool" if name == "sensor" else "spools"]
            read += 1
    assert read + len(read_sinks(config)) > 0, where


def test_containers_hold_no_more_rights_than_they_need() -> None:
    compose = (DEPLOY / "container/compose.yaml").read_text()
    assert compose.count("cap_drop: [ALL]") == 2
    assert compose.count("cap_add: [NET_RAW]") == 1
    kubernetes = (DEPLOY / "kubernetes/certspan.yaml").read_text()
    assert kubernetes.count("drop: [ALL]") == 2
    assert kubernetes.count("add: [NET_RAW]") == 1
    assert "privileged: true" not in compose + kubernetes
