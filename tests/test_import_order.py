"""Imports point one way: sensor.events <- sensor, rules <- analytics; the driver and the clock have one file each."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = {"sensor", "rules", "analytics"}
ALLOWED = {"sensor": {"sensor"}, "rules": {"rules", "sensor.events"}, "analytics": OURS}


def modules() -> list[Path]:
    """Every module of the product."""
    found = [path for folder in sorted(OURS) for path in sorted((ROOT / folder).rglob("*.py"))]
    assert len(found) > 50
    return found


def imported(path: Path) -> set[str]:
    """Full names of what a module imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(str(node.module))
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def within(name: str, allowed: set[str]) -> bool:
    """Whether a name lies in one of these packages or modules."""
    return any(name == one or name.startswith(one + ".") for one in allowed)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_stands_left_of_it(path: Path) -> None:
    folder = path.relative_to(ROOT).parts[0]
    allowed = ALLOWED[folder]
    for name in imported(path):
        if name.partition(".")[0] not in OURS:
            continue
        # `from sensor import events` names the package first.
        assert within(name, allowed) or any(one.startswith(name + ".") for one in allowed), name


def test_the_ground_floor_imports_only_the_standard_library() -> None:
    names = {name.partition(".")[0] for name in imported(ROOT / "sensor" / "events.py")}
    assert names <= {"__future__", "dataclasses", "datetime", "enum", "typing"}


def test_one_file_imports_the_driver() -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in modules()
        if within("clickhouse_connect", imported(path) & {"clickhouse_connect"})
    }
    users |= {
        str(path.relative_to(ROOT))
        for path in modules()
        if any(name.startswith("clickhouse_connect.") for name in imported(path))
    }
    assert users == {"analytics/store.py"}


def test_the_sensor_never_imports_the_engine_of_the_store() -> None:
    for path in modules():
        if path.relative_to(ROOT).parts[0] == "sensor":
            assert not {name.partition(".")[0] for name in imported(path)} & {"chdb", "clickhouse_connect"}, path
