"""A mirror port: a network namespace with two ends of a virtual cable; what is sent into one, the other shows."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CERTSPAN = str(Path(sys.executable).with_name("certspan"))
SWITCH, PORT = "switch0", "port0"
"""The end that frames are sent into, and the end that is watched."""
SECONDS = 60
_SEND = """
import socket, sys
from scapy.utils import RawPcapNgReader, RawPcapReader
with open(sys.argv[2], "rb") as file:
    plain = file.read(4) != b"\\x0a\\x0d\\x0d\\x0a"
with (RawPcapReader if plain else RawPcapNgReader)(sys.argv[2]) as reader:
    frames = [bytes(frame) for frame, _ in reader]
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind((sys.argv[1], 0))
for frame in frames:
    out.send(frame)
print(len(frames))
"""
_MAKE = (
    "mount -t sysfs none /sys; for of in all default; do echo 1 > /proc/sys/net/ipv6/conf/$of/disable_ipv6; done;"
    f" ip link set lo up; ip link add {SWITCH} type veth peer name {PORT}"
    f" && ip link set {SWITCH} mtu 65535 up && ip link set {PORT} mtu 65535 up && echo ready && exec sleep 600"
)


def _allowed() -> bool:
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    make = ["unshare", "-Urnm", "ip", "link", "add", "a0", "type", "veth", "peer", "name", "b0"]
    return subprocess.run(make, capture_output=True, check=False).returncode == 0


needs_mirror = pytest.mark.skipif(
    not _allowed(), reason="this machine lets nobody make networks of their own (unshare -Urn, ip)"
)


class Mirror:
    """The namespace; commands run inside of it."""

    def __init__(self, keeper: subprocess.Popen[str]) -> None:
        self._enter = ["nsenter", "-t", str(keeper.pid), "-U", "-n", "-m", "--preserve-credentials"]

    def run(self, *words: object, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = [*self._enter, *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=check, timeout=SECONDS)

    def start(self, *words: object) -> subprocess.Popen[str]:
        """Begin a command."""
        return subprocess.Popen(
            [*self._enter, *map(str, words)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def send(self, capture: Path, into: str = SWITCH) -> int:
        """Send the frames of a capture; how many."""
        return int(self.run(sys.executable, "-c", _SEND, into, capture).stdout)

    def sent_by_port(self, port: str = PORT) -> int:
        """How many frames went out of the end that is watched."""
        lines = self.run("cat", "/proc/net/dev").stdout.splitlines()
        (fields,) = [line.partition(":")[2].split() for line in lines if line.strip().startswith(f"{port}:")]
        return int(fields[9])

    @contextmanager
    def sensor(self, spool: Path, *words: object) -> Iterator[subprocess.Popen[str]]:
        """Run a sensor that watches already when this begins; it is ended, and must end well."""
        watched = [] if "-i" in words else ["-i", PORT]
        process = self.start(
            CERTSPAN, "sensor", *watched, "--spool", spool, "--segment-time", "1s", "--name", "t", *words
        )
        with process:
            try:
                until(lambda: (spool / "sensor.json").exists() or process.poll() is not None)
                assert process.poll() is None, process.communicate()
                yield process
                if process.poll() is None:
                    process.terminate()
                    _, log = process.communicate(timeout=SECONDS)
                    assert process.returncode == 0, log
            finally:
                with suppress(ProcessLookupError):
                    process.kill()


@contextmanager
def mirror() -> Iterator[Mirror]:
    """Make one, and take it away."""
    with subprocess.Popen(["unshare", "-Urnm", "sh", "-c", _MAKE], stdout=subprocess.PIPE, text=True) as keeper:
        try:
            assert keeper.stdout is not None
            assert keeper.stdout.readline() == "ready\n"
            yield Mirror(keeper)
        finally:
            keeper.kill()


def until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait for it."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def counters(spool: Path) -> dict[str, int]:
    """Give what the sensor last said that it counted."""
    state: dict[str, Any] = json.loads((spool / "sensor.json").read_text())
    found: dict[str, int] = state["counters"]
    return found
