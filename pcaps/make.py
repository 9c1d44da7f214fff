"""Make the captures of this folder from real software: `python pcaps/make.py [NAME ...]`.

Each scene runs in a network of its own (`unshare`), which ends with it: nothing listens on this machine, nothing leaves
it. Root is needed for `smtp-starttls` only. The expected output written beside each capture comes from what the servers
and clients were given and what they say themselves; tshark must agree, and adds JA3 and JA3S.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import truth
from building import OTHERS, smart_building
from mqtt import mqtt_mutual
from network import Network, retime
from pki import REFERENCE, Workshop
from scenes import openssl_mutual, smtp_starttls, tls13
from stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HERE = Path(__file__).parent
_SECOND = 1_000_000_000
_COMMON = ("openssl", "dumpcap", "editcap", "tshark", "unshare", "ip")
_PACKAGES = {
    "openssl": "openssl",
    "dumpcap": "tshark",
    "editcap": "tshark",
    "tshark": "tshark",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "ip": "iproute2",
    "postfix": "postfix",
    "mosquitto": "mosquitto",
    "mosquitto_pub": "mosquitto-clients",
    "nginx": "nginx-light",
    "gnutls-serv": "gnutls-bin",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """How one capture is made."""

    play: Callable[[Stage], None]
    format: str
    """As `editcap -F` calls it."""
    suffix: str
    interface: str = "lo"
    tools: tuple[str, ...] = ()
    root: bool = False
    slot_seconds: int = 2
    """From one exchange to the next, as the capture tells it."""
    others: frozenset[str] = frozenset()


SCENES = {
    "openssl-mutual": Scene(openssl_mutual, "nsecpcap", ".pcap"),
    "tls13": Scene(tls13, "pcapng", ".pcapng"),
    "smtp-starttls": Scene(smtp_starttls, "pcapng", ".pcapng", tools=("postfix",), root=True),
    "mqtt-mutual": Scene(mqtt_mutual, "pcap", ".pcap", "any", ("mosquitto", "mosquitto_pub")),
    "smart-building": Scene(
        smart_building,
        "pcapng",
        ".pcapng",
        "near0",
        ("nsenter", "mosquitto", "mosquitto_pub", "nginx", "gnutls-serv"),
        slot_seconds=12,
        others=OTHERS,
    ),
}


def play(name: str) -> None:
    """Make one capture; this process has a network of its own already."""
    scene = SCENES[name]
    with tempfile.TemporaryDirectory(prefix="pcaps-") as text:
        folder = Path(text)
        raw, moved = folder / "raw.pcap", folder / "moved.pcap"
        with ExitStack() as stack:
            network = Network(folder, stack)
            stage = Stage(folder, network, Workshop(folder), stack, interface=scene.interface, capture=raw)
            network.loopback()
            scene.play(stage)
        retime(
            raw,
            moved,
            marks=stage.marks,
            start_ns=int(REFERENCE.timestamp()) * _SECOND,
            slot_ns=scene.slot_seconds * _SECOND,
        )
        capture = HERE / f"{name}{scene.suffix}"
        subprocess.run(["editcap", "-F", scene.format, moved, capture], check=True)
        rows = truth.session_rows(stage.sessions, truth.second_opinion(capture, sorted(stage.tls_ports)))
        found = truth.finding_rows(stage.sessions, stage.endpoint_faults, others=scene.others)
        truth.write(capture, rows, truth.presented(stage.sessions), found)
    print(f"{capture.name}: {capture.stat().st_size:,} bytes, {len(rows)} sessions, {len(found)} findings")


def missing_tools(names: Sequence[str]) -> list[str]:
    """Give the tools that these scenes need and this machine lacks."""
    needed = {tool for name in names for tool in (*_COMMON, *SCENES[name].tools)}
    return sorted(tool for tool in needed if not shutil.which(tool))


def main() -> int:
    """Make the captures named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SCENES)}; default: all")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    names = chosen.names or list(SCENES)
    if unknown := set(names) - set(SCENES):
        parser.error(f"no such capture: {', '.join(sorted(unknown))}")
    if missing := missing_tools(names):
        packages = " ".join(sorted({_PACKAGES[tool] for tool in missing}))
        print(f"missing: {', '.join(missing)}\napt-get install -y --no-install-recommends {packages}", file=sys.stderr)
        return 2
    if chosen.inside:
        play(names[0])
        return 0
    failed = []
    for name in names:
        if SCENES[name].root and os.geteuid() != 0:
            print(f"{name}: needs root, for its daemons change their user; left as it is", file=sys.stderr)
            continue
        own_network = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-Urn"]
        inside = [*own_network, sys.executable, __file__, "--inside", name]
        if subprocess.run(inside, check=False).returncode:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
