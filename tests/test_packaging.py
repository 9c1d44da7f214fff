"""The wheel holds the three packages with their data, the native module, and nothing else of the repository."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA = {".sql", ".j2", ".css", ".js", ".pyi"}


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Build the wheel, offline, with what `make` compiled already, and list it."""
    folder = tmp_path_factory.mktemp("wheel")
    maturin = Path(sys.executable).with_name("maturin")
    with (tmp_path_factory.getbasetemp().parent / "wheel.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two builds at a time would be in each other's way
        done = subprocess.run(
            [maturin, "build", "--release", "--locked", "--offline", "--out", folder],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    assert "-abi3-" in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_three_names_at_the_top(names: set[str]) -> None:
    top = {name.partition("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"sensor", "rules", "analytics"}


def test_every_module_and_data_file_is_there(names: set[str]) -> None:
    wanted = {
        str(path.relative_to(ROOT))
        for folder in ("sensor", "rules", "analytics")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in DATA | {".py"} and "rust" not in path.relative_to(ROOT).parts
    }
    assert len(wanted) > 80
    assert wanted <= names
    assert "sensor/_rust.abi3.so" in names


def test_no_rust_source_and_no_test_is_there(names: set[str]) -> None:
    # Data of ours, in the words of people; and a rule about CAs that are made for tests.
    data = (
        "rules/clauses/",
        "analytics/policy/example.toml",
        "analytics/derive/profiles.toml",
        "rules/trust/test_ca_in_use.py",
    )
    ours = {name for name in names if not name.startswith(data)}
    assert not [name for name in ours if name.endswith((".rs", ".toml", ".lock")) or "test" in name or "pcap" in name]
