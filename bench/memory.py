"""Run certspan over attacks on its memory: `make memory`. Tells its highest anonymous memory, and what it still found.

The attack comes through a pipe, so nothing of it is stored. Memory is the highest sum of RssAnon of the process and its
children; it must stay under the budget and what Python itself takes. Of the honest servers' certificates that are in
the capture, 99% must be found.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hostile import ATTACKS
from measured import Sampler

_CERTSPAN = "certspan extract --memory {memory}M --format arrow -"
_PYTHON_MB = 64
"""Megabytes granted to Python beside the budget."""
_ENOUGH = 0.99
_CHUNK = 4 << 20
_LONGEST = 64
"""Bytes of a SHA-256 written as text."""
_COLUMNS = "{:<18} {:>8} {:>8} {:>14} {:>8}  {}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attack went."""

    peak_mb: float
    honest: int
    found: int
    status: int


def attempt(attack: str, command: list[str], *, seed: int, scale: float) -> Outcome:
    """Send one attack to certspan."""
    with tempfile.NamedTemporaryFile("r") as truth:
        script = [sys.executable, str(Path(__file__).with_name("attacks.py")), attack, "-", "--truth", truth.name]
        sender = subprocess.Popen([*script, "--seed", str(seed), "--scale", str(scale)], stdout=subprocess.PIPE)
        with tempfile.TemporaryFile() as output:
            reader = subprocess.Popen(command, stdin=sender.stdout, stdout=output, stderr=subprocess.DEVNULL)
            if sender.stdout:
                sender.stdout.close()
            sampler = Sampler(reader.pid)
            status = reader.wait()
            peak = sampler.peak()
            if sender.wait():
                raise RuntimeError(f"{attack} could not be made, or certspan did not read it to its end")
            honest = [bytes.fromhex(text) for text in json.load(truth)["honest"]]
            output.seek(0)
            return Outcome(peak / 1e6, len(honest), len(among(output, honest)), status)


def among(output: BinaryIO, digests: list[bytes]) -> set[bytes]:
    """Give those SHA-256 that are in the output, as bytes (Arrow) or as text (JSON)."""
    left, found = {digest: digest.hex().encode() for digest in digests}, set()
    before = b""
    while chunk := output.read(_CHUNK):
        data = before[-_LONGEST:] + chunk
        here = [digest for digest, text in left.items() if digest in data or text in data]
        for digest in here:
            found.add(digest)
            del left[digest]
        before = chunk
    return found


def main() -> int:
    """Run the attacks; 1 if one of them went through."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("attacks", nargs="*", metavar="ATTACK", help=f"of {', '.join(ATTACKS)}; default: all")
    parser.add_argument("--memory", type=int, default=256, metavar="MB", help="the budget")
    parser.add_argument("--scale", type=float, default=1.0, help="of the attacks; 1: some hundred MB")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--certspan", default=_CERTSPAN, metavar="COMMAND", help="with {memory}; reads standard input")
    options = parser.parse_args()
    if unknown := set(options.attacks) - set(ATTACKS):
        parser.error(f"no such attack: {', '.join(sorted(unknown))}")
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    words = [word.format(memory=options.memory) for word in shlex.split(options.certspan)]
    print(_COLUMNS.format("attack", "peak MB", "most MB", "honest found", "share", ""))
    bad = 0
    for attack in options.attacks or ATTACKS:
        outcome = attempt(attack, words, seed=options.seed, scale=options.scale)
        most, share = options.memory * 1.048576 + _PYTHON_MB, outcome.found / outcome.honest
        good = outcome.peak_mb <= most and share >= _ENOUGH and outcome.status == 0
        bad += not good
        told = "" if good else f"BROKEN (exit status {outcome.status})"
        counted = f"{outcome.found} of {outcome.honest}"
        print(
            _COLUMNS.format(attack, f"{outcome.peak_mb:.1f}", f"{most:.0f}", counted, f"{share:.1%}", told), flush=True
        )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
