"""The mixes of traffic, each at the size that its scale gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flows
from scene import Scene, leaves_for
from wide import wide
from wire import MICROSECOND, MILLISECOND, START_NS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from flows import Truth
    from wire import Writer


def _times(rng: Random, number: int, apart: int) -> Iterator[int]:
    """Give the times at which `number` flows begin, `apart` nanoseconds on the average."""
    at = START_NS
    for _ in range(number):
        at += 1 + int(rng.random() * 2 * apart)
        yield at


def bulk(writer: Writer, seed: str, scale: float) -> Truth:
    """Write long downloads: 0.2% of the bytes are handshakes."""
    number = max(2, int(360 * scale))
    scene = Scene(writer, seed, rate=0.001, leaves=leaves_for(number, 512), length=3)

    def begin() -> Iterator[tuple[int, Iterator[int]]]:
        for at in _times(scene.rng, number, 20 * MILLISECOND):
            size = int(2_700_000 * (0.5 + scene.rng.random()))
            if scene.rng.random() < 0.02:
                yield at, flows.midstream(scene.connection(at, v6=0.1), (scene.ciphertext, size))
            else:
                yield at, scene.full_handshake(scene.connection(at, v6=0.1), size)

    scene.timeline.play(begin())
    return scene.truth


def storm(writer: Writer, seed: str, scale: float) -> Truth:
    """Write full handshakes and nothing else."""
    number = max(8, int(150_000 * scale))
    scene = Scene(writer, seed, rate=0.001, leaves=leaves_for(number, 4_096), length=3)
    times = _times(scene.rng, number, 50 * MICROSECOND)
    scene.timeline.play((at, scene.full_handshake(scene.connection(at, v6=0.1))) for at in times)
    return scene.truth


def campus(writer: Writer, seed: str, scale: float) -> Truth:
    """Write what a campus does: 85% of the bytes downloads, 10% handshakes, 5% other."""
    number = max(40, int(66_000 * scale))
    scene = Scene(writer, seed, rate=0.002, leaves=leaves_for(number, 2_048), browsers=0.4)

    def size() -> int:
        return min(6_000_000, int(4_300 * scene.rng.paretovariate(1.2)))

    def plain(at: int, dice: float) -> Iterator[int]:
        packets = scene.timeline.packets
        if dice >= 0.44:
            return flows.http(scene.connection(at, 80, v6=0.1), scene.server().name, int(scene.rng.random() * 12_000))
        scene.truth.flows += 1
        if dice >= 0.38:
            return flows.quic(packets, at, scene.rng, scene.ends(443), 2 + int(scene.rng.random() * 6))
        return flows.dns(packets, at, scene.rng, scene.ends(53), scene.server().name)

    def flow(at: int) -> Iterator[int]:
        dice = scene.rng.random()
        if dice < 0.5:
            return plain(at, dice)
        connection = scene.connection(at, v6=0.15)
        if dice < 0.55:
            return flows.midstream(connection, (scene.ciphertext, size()))
        if dice < 0.67:
            return scene.full_handshake(connection, size())
        if dice < 0.7:
            return scene.mutual_handshake(connection, size())
        return scene.other_handshake(connection, scene.resumed if dice < 0.86 else scene.modern, size())

    scene.timeline.play((at, flow(at)) for at in _times(scene.rng, number, MILLISECOND))
    return scene.truth


MIXES: dict[str, Callable[[Writer, str, float], Truth]] = {"bulk": bulk, "campus": campus, "storm": storm, "wide": wide}
