"""A network of its own for a capture: loopback, or two sides of one Ethernet cable, and the tap on it."""

from __future__ import annotations

import re
import struct
import subprocess
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

ETHERNET_MTU = 1500
NEAR_MAC, FAR_MAC = "02:00:5e:10:20:01", "02:00:5e:10:20:02"
_NANOSECONDS = 1_000_000_000


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


class Process:
    """A program that runs until it is told to stop; its output is kept line by line in a file."""

    def __init__(self, command: Sequence[str | Path], log: Path) -> None:
        self._log = log
        with log.open("wb") as output:
            self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT)
        self.command = " ".join(str(word) for word in command)

    @property
    def output(self) -> str:
        """Everything it has said so far."""
        return self._log.read_text(errors="replace")

    def wait_for(self, text: str, seconds: float = 20) -> None:
        """Wait until it says `text`."""
        for _ in range(int(seconds / 0.02)):
            if text in self.output:
                return
            if self.child.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError(f"{self.command}: never said {text!r} but:\n{self.output}")

    def stop(self) -> None:
        """Ask it to end, and wait for that."""
        self.child.terminate()
        self.child.wait(timeout=20)
        if self.child.stdin:
            self.child.stdin.close()


class Network:
    """Two sides: `near`, where this script lives, and `far`; on loopback they are one."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._count = 0
        self.far: tuple[str, ...] = ()
        """Words to put before a command so that it runs on the far side."""

    def start(self, command: Sequence[str | Path], *, far: bool = False) -> Process:
        """Start a program; it is stopped when the capture is done."""
        self._count += 1
        process = Process([*(self.far if far else ()), *command], self._folder / f"process{self._count:03}.log")
        self._stack.callback(process.stop)
        return process

    def loopback(self) -> None:
        """Use 127.0.0.0/8 and ::1, with packets of the size they have on a cable."""
        _run("ip", "link", "set", "lo", "mtu", str(ETHERNET_MTU), "up")

    def cable(self, near: Iterable[str], far: Iterable[str], routes: Iterable[str]) -> None:
        """Lay a cable (veth pair) with these addresses (with prefix length) on its ends, and routes from the near end.

        Segmentation offload is off, so that the capture holds the frames of a real cable.
        """
        side = self.start(["unshare", "-n", "sleep", "infinity"])
        self.far = ("nsenter", "-t", str(side.child.pid), "-n")
        one = ["near0", "gso_max_segs", "1", "address", NEAR_MAC]
        other = ["far0", "gso_max_segs", "1", "address", FAR_MAC]
        _run("ip", "link", "add", *one, "type", "veth", "peer", "name", *other)
        self._move("far0", str(side.child.pid))
        for before, name, addresses in (((), "near0", near), (self.far, "far0", far)):
            _run(*before, "ip", "link", "set", "lo", "up")
            _run(*before, "ip", "link", "set", name, "up")
            for address in addresses:
                _run(*before, "ip", "address", "add", address, "dev", name, *(["nodad"] if ":" in address else []))
        for route in routes:
            _run("ip", "route", "add", route, "dev", "near0")

    def _move(self, name: str, pid: str) -> None:
        """Put an interface into the network of a process, which may not have left ours yet."""
        for _ in range(100):
            if self._network_of("self") != self._network_of(pid):
                _run("ip", "link", "set", name, "netns", pid)
                return
            time.sleep(0.02)
        raise RuntimeError("unshare -n made no second network")

    @staticmethod
    def _network_of(pid: str) -> str:
        return subprocess.run(["readlink", f"/proc/{pid}/ns/net"], check=True, capture_output=True, text=True).stdout

    @contextmanager
    def tap(self, interface: str, file: Path) -> Iterator[None]:
        """Capture all that passes, as pcap with microseconds; raises when the kernel dropped a packet."""
        dumpcap = Process(["dumpcap", "-q", "-P", "-i", interface, "-w", file], self._folder / "dumpcap.log")
        try:
            dumpcap.wait_for("File:")
            time.sleep(0.5)
            yield
            time.sleep(1.5)
        finally:
            dumpcap.stop()
        if not re.search(r"dropped on interface .*: [1-9]\d*/0 ", dumpcap.output):
            raise RuntimeError(f"the tap lost packets: {dumpcap.output}")


def retime(source: Path, target: Path, *, marks: Sequence[int], start_ns: int, slot_ns: int) -> None:
    """Move packets in time: those from marks[i] on (real time, ns) to `start_ns` + i * `slot_ns`.

    What happens within a slot keeps its pace; what comes before the first mark is moved with it.
    """
    data = source.read_bytes()
    if struct.unpack_from("<I", data)[0] != 0xA1B2C3D4:  # noqa: PLR2004  little-endian, microseconds
        raise ValueError(f"{source}: not what the tap writes")
    parts = [data[:24]]
    place, slot = 24, 0
    while place < len(data):
        seconds, micros, kept, size = struct.unpack_from("<IIII", data, place)
        real = seconds * _NANOSECONDS + micros * 1000
        while slot + 1 < len(marks) and real >= marks[slot + 1] - 1000:
            slot += 1
        shown = start_ns + slot * slot_ns + real - marks[slot]
        seconds, nanos = divmod(shown, _NANOSECONDS)
        parts.append(struct.pack("<IIII", seconds, nanos // 1000, kept, size))
        parts.append(data[place + 16 : place + 16 + kept])
        place += 16 + kept
    target.write_bytes(b"".join(parts))
