"""What users read is true: each command, option, rule, visibility and limit is documented, each file named exists."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from rewrite import Packet, pcapng

from analytics.cli import COMMANDS, main
from rules.pack import load_rules
from sensor._rust import Reading, default_limits
from sensor.events import Visibility

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    ROOT / name
    for name in (
        "README.md",
        "CONTRIBUTING.md",
        "docs/using.md",
        "docs/DESIGN.md",
        "docs/fuzzing.md",
        "pcaps/README.md",
        "bench/README.md",
    )
]
MANUAL = (ROOT / "docs/using.md").read_text()


def commands() -> list[tuple[str, click.Command]]:
    """Every command that does something, by its full name."""
    found: list[tuple[str, click.Command]] = []
    group = main
    assert isinstance(group, click.Group)
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            found += [(f"{name} {inner}", command.commands[inner]) for inner in sorted(command.commands)]
        else:
            found.append((name, command))
    assert {name.split()[0] for name, _ in found} == set(COMMANDS)
    return found


@pytest.mark.parametrize(("name", "command"), commands(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_command_and_option_is_in_the_manual(name: str, command: click.Command) -> None:
    assert f"certspan {name}" in MANUAL
    assert command.help
    options = [option for option in command.params if isinstance(option, click.Option)]
    for option in options:
        assert option.help, option.name
        assert option.opts[-1] in MANUAL, option.opts


def test_every_rule_visibility_and_limit_is_in_the_manual() -> None:
    words = [rule.id for rule in load_rules().rules] + [*Visibility] + [*default_limits()]
    assert len(words) > 30
    assert [word for word in words if f"`{word}`" not in MANUAL] == []


def test_the_manual_names_no_rule_that_is_not_there() -> None:
    section = MANUAL.partition("## Rules")[2].partition("##")[0]
    named = set(re.findall(r"^\| `([a-z0-9-]+)` \|", section, re.MULTILINE))
    assert named == {rule.id for rule in load_rules().rules}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
    local = [target for target in targets if not target.startswith("http")]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_the_design_page_names_files_that_exist() -> None:
    text = (ROOT / "docs/DESIGN.md").read_text()
    files = set(re.findall(r"`([a-z_/]+\.(?:py|rs|pyi))`", text))
    assert len(files) > 30
    places = [ROOT, ROOT / "sensor/rust/src", ROOT / "sensor", ROOT / "analytics", ROOT / "sensor/rust/src/frame"]
    places += [ROOT / "sensor/rust/src" / name for name in ("capture", "connection", "flows")] + [
        ROOT / "analytics/report"
    ]
    assert sorted(name for name in files if not any((place / name).exists() for place in places)) == []


def test_every_module_of_the_core_is_on_the_road() -> None:
    text = (ROOT / "docs/DESIGN.md").read_text()
    rooms = [
        path for path in (ROOT / "sensor/rust/src").iterdir() if path.name not in {"lib.rs", "bytes.rs", "table.rs"}
    ]
    assert len(rooms) > 12
    assert [room.name for room in rooms if room.name not in text] == []


def test_the_sample_in_the_readme_is_what_certspan_prints() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools/sample.py", "--check"],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_no_page_names_a_registry_host() -> None:
    hosts = re.compile(r"(pypi|crates|files\.pythonhosted|index\.crates)\.(org|io)/")
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert len(tracked) > 100
    for name in tracked:
        path = ROOT / name
        if path.suffix in {".md", ".toml", ".txt", ".py", ".yml"} or name == "Makefile":
            assert not hosts.search(path.read_text(errors="replace")), name


def test_exactly_the_link_types_that_are_read_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "all.pcapng"
    path.write_bytes(pcapng([Packet(1, link, bytes(64)) for link in range(512)]))
    reading = Reading(str(path), name="all")
    while reading.read() is not None:
        pass
    refused = {int(re.findall(r"link type (\d+) is not", damage.message)[0]) for damage in reading.damage}
    table = MANUAL.partition("## Link types")[2].partition("## ")[0]
    rows = [line.rsplit("|", 2)[1] for line in table.splitlines() if line.startswith("| ")][1:]
    listed = {int(number) for row in rows for number in re.findall(r"\d+", row)}
    assert listed == set(range(512)) - refused
