"""Count the instructions that the core takes over fixed small captures: a change's cost shows on a noisy machine too.

A native program without Python (`sensor/rust/examples/extract.rs`) runs under callgrind, which counts; what an almost
empty capture takes is left out. Counts are compared with those in instructions.json; `--update` writes them anew.
Callgrind knows no SHA instructions, so hashing counts several times of what it costs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import captures

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = captures.HERE.parent
KNOWN = captures.HERE / "instructions.json"
PROGRAM = ROOT / "target/release/examples/extract"
_MANIFEST = ROOT / "sensor/rust/Cargo.toml"
SCALES = {"bulk": 0.02, "campus": 0.01, "storm": 0.005, "wide": 0.003}
_COUNTED = re.compile(r"Collected : (\d+)")
_COLUMNS = "{:<24} {:>14} {:>9} {:>10} {:>12} {:>14}  {}"


@dataclass(frozen=True, slots=True)
class Count:
    """What one capture took."""

    instructions: int
    packets: int
    sessions: int


def build() -> None:
    """Build the native program."""
    words = ["cargo", "build", "--quiet", "--release", "--locked", "--example", "extract"]
    subprocess.run([*words, "--manifest-path", _MANIFEST], check=True)


def count(capture: Path) -> Count:
    """Run the core over a capture under callgrind."""
    words = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(PROGRAM), str(capture)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    found = _COUNTED.search(done.stderr)
    if found is None:
        raise RuntimeError(f"callgrind counted nothing: {done.stderr.strip()}")
    packets, sessions, _ = map(int, done.stdout.split())
    return Count(int(found[1]), packets, sessions)


def fixed(folder: Path) -> Iterator[tuple[str, Path]]:
    """Give the captures: those of the repository, and a small one of each mix."""
    for path in sorted((ROOT / "pcaps").glob("*.pcap*")):
        yield path.name, path
    for mix, scale in SCALES.items():
        yield mix, captures.capture(mix, folder, seed=1, scale=scale).path


def measure(folder: Path) -> dict[str, Any]:
    """Count all captures, and tell each; give what is to be kept."""
    known = json.loads(KNOWN.read_text()) if KNOWN.exists() else {}
    start = count(captures.one_packet(folder)).instructions
    print(_COLUMNS.format("capture", "instructions", "packets", "handshakes", "a packet", "a handshake", "change"))
    kept: dict[str, Any] = {}
    for name, path in fixed(folder):
        counted = count(path)
        instructions = counted.instructions - start
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        kept[name] = {"sha256": digest, "instructions": instructions, "packets": counted.packets}
        before = known.get(name, {})
        if not before:
            change = "new"
        elif before["sha256"] != digest:
            change = "another capture"
        else:
            change = f"{instructions / before['instructions'] - 1:+.1%}"
        a_packet = f"{instructions / max(1, counted.packets):,.0f}"
        a_handshake = f"{instructions / max(1, counted.sessions):,.0f}"
        numbers = f"{instructions:,}", f"{counted.packets:,}", f"{counted.sessions:,}"
        print(_COLUMNS.format(name, *numbers, a_packet, a_handshake, change), flush=True)
    return kept


def main() -> int:
    """Count, compare, perhaps keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=captures.HERE / "data", help="where captures are kept")
    parser.add_argument("--update", action="store_true", help="write instructions.json anew")
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("instructions are not counted: apt-get install valgrind", file=sys.stderr)
        return 0
    build()
    kept = measure(options.data)
    if options.update:
        KNOWN.write_text(json.dumps(kept, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
