"""The captures of a bench: made when needed, kept while the generator stays as it is; and beginnings of captures."""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generate import generate, truth_path

HERE = Path(__file__).parent
_HEADER, _RECORD = 24, 16
_GENERATOR = ("authority", "fields", "flows", "generate", "mixes", "recorded", "scene", "wide", "wire")


@dataclass(frozen=True, slots=True)
class Made:
    """A generated capture with its truth."""

    path: Path
    truth: dict[str, Any]


def capture(mix: str, folder: Path, *, seed: int, scale: float) -> Made:
    """Give a capture of a mix, made now if it is not there yet."""
    version = hashlib.sha256(b"".join((HERE / f"{name}.py").read_bytes() for name in _GENERATOR)).hexdigest()[:8]
    path = folder / f"{mix}-{scale:g}-{seed}-{version}.pcap"
    if not truth_path(path).exists():
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(f"{mix}-{scale:g}-{seed}-*.pcap*"):
            old.unlink()
        generate(mix, path, seed=seed, scale=scale)
    return Made(path, json.loads(truth_path(path).read_text()))


def beginning(path: Path, most_bytes: int | None) -> Path:
    """Give the capture itself, or its first packets in a file beside it."""
    if most_bytes is None or path.stat().st_size <= most_bytes:
        return path
    cut = path.with_name(f"{path.stem}-first-{most_bytes >> 20}M.pcap")
    if not cut.exists():
        with path.open("rb") as file:
            data = file.read(most_bytes)
        at = _HEADER
        while at + _RECORD <= len(data):
            following = at + _RECORD + int(struct.unpack_from("<I", data, at + 8)[0])
            if following > len(data):
                break
            at = following
        cut.write_bytes(data[:at])
    return cut


def one_packet(folder: Path) -> Path:
    """Give a capture of one packet: what a program takes to start."""
    path = folder / "one-packet.pcap"
    frame = bytes(12) + b"\x08\x06" + bytes(28)
    header = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, 1)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header + struct.pack("<IIII", 1_780_000_000, 0, len(frame), len(frame)) + frame)
    return path
