"""A disk that is really full, a small one of its own: told in a sentence, and nothing half-written can be seen."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from captures import capture

if TYPE_CHECKING:
    from pathlib import Path

ALLOWED = (
    shutil.which("unshare") is not None
    and subprocess.run(["unshare", "-Urm", "true"], capture_output=True, check=False).returncode == 0
)
pytestmark = pytest.mark.skipif(not ALLOWED, reason="this machine lets nobody mount a small disk (unshare -Urm)")
STORE = """
from analytics.store import StoreError, open_store
try:
    with open_store("chdb://{disk}/store") as store:
        store.migrate()
        for number in range(1000):
            rows = "SELECT toString(number), randomString(4096), 0 FROM numbers(100)"
            store.command(f"INSERT INTO loads (load_id, name, sessions) {{rows}}")
except StoreError as error:
    print(error)
"""
SPOOL = """
import pathlib
from sensor.engine import NativeEngine
from sensor.pipeline import run
from sensor.segment import SpoolError, read_segment
from sensor.source import expand
from sensor.spool import Spool
spool = Spool(pathlib.Path("{disk}/spool"), engine_version="1")
try:
    while True:
        run(expand(["{capture}"]), spool, engine=NativeEngine())
except SpoolError as error:
    print(error)
for folder in pathlib.Path("{disk}/spool").iterdir():
    read_segment(folder).verify()
print(len(spool.segments) == len(list(pathlib.Path("{disk}/spool").iterdir())) > 0)
"""


def on_a_small_disk(tmp_path: Path, program: str, size: str) -> subprocess.CompletedProcess[str]:
    disk, path = tmp_path / "disk", tmp_path / "three.pcap"
    disk.mkdir()
    path.write_bytes(capture())
    text = program.format(disk=disk, capture=path)
    shell = f'mount -t tmpfs -o size={size} none "$1" && exec "$2" -c "$3"'
    return subprocess.run(
        ["unshare", "-Urm", "sh", "-c", shell, "sh", disk, sys.executable, text],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("size", ["300k", "12m"])
def test_the_disk_of_the_store(tmp_path: Path, size: str) -> None:
    done = on_a_small_disk(tmp_path, STORE, size)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"chdb://{tmp_path}/disk/store: no space left on its disk: make room, or choose another place"
    ]
    assert "Traceback" not in done.stderr


def test_the_disk_of_the_spool(tmp_path: Path) -> None:
    done = on_a_small_disk(tmp_path, SPOOL, "400k")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"no space left to write segments in {tmp_path}/disk/spool: make room, or choose another place",
        "True",
    ]
