"""Make a capture of one mix, with its truth beside it: `python bench/generate.py storm storm.pcap --scale 0.01`.

The same seed and scale give the same bytes, on a machine with the same OpenSSL.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mixes import MIXES
from wire import Writer

if TYPE_CHECKING:
    from flows import Truth


def truth_path(capture: Path) -> Path:
    """Give the place of a capture's truth."""
    return capture.with_name(capture.name + ".truth.json")


def generate(mix: str, capture: Path, *, seed: int, scale: float) -> Truth:
    """Write a capture and its truth."""
    with capture.open("wb", buffering=1 << 20) as file:
        writer = Writer(file)
        truth = MIXES[mix](writer, f"{mix}/{seed}", scale)
    document = {
        "mix": mix,
        "seed": seed,
        "scale": scale,
        "packets": writer.packets,
        "bytes": writer.bytes,
        "flows": truth.flows,
        "handshakes": truth.handshakes,
        "full_handshakes": truth.full_handshakes,
        "handshake_bytes": truth.handshake_bytes,
        "certificate_messages": truth.certificate_messages,
        "visible": sorted(truth.visible),
    }
    truth_path(capture).write_text(json.dumps(document, indent=1) + "\n")
    return truth


def main() -> int:
    """Make what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mix", choices=sorted(MIXES))
    parser.add_argument("capture", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0, help="1: about 1 GB")
    chosen = parser.parse_args()
    generate(chosen.mix, chosen.capture, seed=chosen.seed, scale=chosen.scale)
    return 0


if __name__ == "__main__":
    sys.exit(main())
