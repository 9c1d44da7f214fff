"""Make a capture of an attack on memory, with honest handshakes among the flood: `python bench/attacks.py syn-flood -`.

The capture goes to a file or to standard output (`-`), of any size; the truth, which names the honest servers'
certificates, goes to the file that `--truth` names.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import flows
from hostile import ATTACKS
from recorded import Playing
from scene import Scene
from wire import MICROSECOND, START_NS, Connection, Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACE_NS = 2 * MICROSECOND
"""From one frame of the attack to the next."""
_ROW = 64
_HONEST = 500
"""Honest handshakes, each with a server of its own."""


def write(attack: str, file: BinaryIO, *, seed: int, scale: float) -> list[str]:
    """Write the capture; give the SHA-256 of the honest servers' certificates."""
    frames, full = ATTACKS[attack]
    packets = max(1_000, int(full * scale))
    honest = max(20, min(_HONEST, packets // 2_000))
    scene = Scene(Writer(file), f"{attack}/{seed}", rate=0.0, leaves=honest, length=2)
    scene.timeline.play(_side_by_side(scene, frames(scene, packets), packets))
    issuers = {sha256 for chain in scene.servers for sha256 in chain.sha256[1:]}
    return sorted(scene.truth.visible - issuers)


def _side_by_side(scene: Scene, frames: Iterator[bytes], packets: int) -> Iterator[tuple[int, Iterator[int]]]:
    """Begin the attack, and honest flows from shortly after its begin to shortly before its end."""
    yield START_NS, _attack(scene, frames)
    apart = packets * _PACE_NS // (len(scene.servers) + 1)
    for number, chain in enumerate(scene.servers):
        at = START_NS + (number + 1) * apart
        connection = Connection(scene.timeline.packets, scene.weather, at, scene.ends(443))
        exchanges = scene.full[chain.kind]
        playing = Playing(exchanges[number % len(exchanges)], scene.rng, chain.name)
        yield at, flows.tls(connection, playing, scene.truth, (chain, None), (scene.ciphertext, 0))


def _attack(scene: Scene, frames: Iterator[bytes]) -> Iterator[int]:
    at = START_NS
    for number, frame in enumerate(frames):
        at += _PACE_NS
        scene.timeline.packets.append((at, frame))
        if number % _ROW == 0:
            yield at


def main() -> int:
    """Make what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("attack", choices=sorted(ATTACKS))
    parser.add_argument("capture", help="a file, or - for standard output")
    parser.add_argument("--truth", type=Path, metavar="FILE", help="default: beside the capture")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0, help="1: some hundred MB")
    chosen = parser.parse_args()
    if chosen.capture == "-":
        honest = write(chosen.attack, sys.stdout.buffer, seed=chosen.seed, scale=chosen.scale)
        sys.stdout.buffer.flush()
    else:
        with Path(chosen.capture).open("wb") as file:
            honest = write(chosen.attack, file, seed=chosen.seed, scale=chosen.scale)
    truth = chosen.truth or (None if chosen.capture == "-" else Path(f"{chosen.capture}.truth.json"))
    if truth:
        truth.write_text(json.dumps({"attack": chosen.attack, "honest": honest}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
