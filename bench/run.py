"""Run certspan beside other programs over the mixes, on one core, in alternation: `make bench`.

What is told of a program is its CPU time, user and system, without what it takes to start (told apart): the median of
the rounds. The ratio is tcpdump's CPU time for a byte over the program's, in the same round. Memory is the highest sum
of RssAnon of the process and its children. Truth is one more run of `certspan extract`, which is not timed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import captures
from measured import Failed, Usage, run
from mixes import MIXES
from peers import CERTSPAN, PEERS, TCPDUMP, Peer

if TYPE_CHECKING:
    from captures import Made

_TWO_CORES = ("campus", "storm")
_SHORTEST_S = 0.005
"""CPU time, start-up left out, of which a rate can be told."""
_COLUMNS = "{:<10} {:>9} {:>9} {:>9} {:>12} {:>9} {:>9}  {}"


@dataclass(slots=True)
class Line:
    """What was measured of one program over one capture."""

    peer: Peer
    capture: Path
    start_s: float
    handshakes_a_byte: float
    rounds: dict[int, float] = field(default_factory=dict)
    """CPU seconds of each round, start-up included."""
    anonymous_bytes: int = 0
    failed: str = ""

    @property
    def size(self) -> int:
        """Bytes that it read."""
        return self.capture.stat().st_size

    def net_s(self, number: int | None = None) -> float | None:
        """Give CPU seconds without start-up, of a round or the median; `None` if there is too little to tell."""
        if not self.rounds:
            return None
        net = (median(self.rounds.values()) if number is None else self.rounds[number]) - self.start_s
        return net if net >= _SHORTEST_S else None

    def ratio(self, other: Line) -> float | None:
        """Give `other`'s CPU time for a byte over this one's: the median of the rounds that both ran in."""
        same = self.rounds.keys() & other.rounds.keys()
        # A slow program ran once, beside no timed round.
        pairs = [(self.net_s(n), other.net_s(n)) for n in same] or [(self.net_s(), other.net_s())]
        ratios = [(theirs / other.size) / (ours / self.size) for ours, theirs in pairs if ours and theirs]
        return median(ratios) if ratios else None

    def told(self, tcpdump: Line) -> dict[str, Any]:
        """Give the numbers."""
        net, ratio = self.net_s(), self.ratio(tcpdump)
        rate = self.size / net if net else None
        return {
            "program": self.peer.name,
            "bytes": self.size,
            "cpu_s": round(median(self.rounds.values()), 4) if self.rounds else None,
            "start_s": round(self.start_s, 4),
            "gbit_per_cpu_s": round(rate * 8 / 1e9, 3) if rate else None,
            "handshakes_per_cpu_s": round(rate * self.handshakes_a_byte) if rate and self.peer.tls else None,
            "ratio_to_tcpdump": round(ratio, 3) if ratio else None,
            "anonymous_bytes": self.anonymous_bytes,
            "note": self.failed or ("" if self.peer.most_bytes is None else f"first {self.size >> 20} MB, one round"),
        }


class Bench:
    """One run of everything."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._cores = sorted(os.sched_getaffinity(0))
        self._certspan = Peer("certspan", options.certspan)
        self._peers = [self._certspan, TCPDUMP]
        wanted = options.peers.split(",")
        self._peers += [peer for peer in PEERS[1:] if peer.installed() and (peer.name in wanted or wanted == ["all"])]
        self._start: dict[str, float] = {}

    def start_up(self) -> None:
        """Measure what each program takes to start."""
        tiny = captures.one_packet(self._options.data)
        for peer in self._peers:
            times = [self._run(peer, tiny).cpu_s for _ in range(3 if peer.most_bytes else 2 * self._options.rounds)]
            self._start[peer.name] = median(times)
        print("start-up, CPU ms:", ", ".join(f"{name} {s * 1000:.0f}" for name, s in self._start.items()), flush=True)

    def _run(self, peer: Peer, capture: Path, *, workers: int = 1, cores: int = 1, memory: bool = False) -> Usage:
        # Not the first core: it serves most interrupts.
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            words = peer.words(capture.resolve(), workers=workers)
            return run(words, cores=self._cores[-cores:], memory=memory, folder=Path(folder))

    def mix(self, name: str) -> dict[str, Any]:
        """Measure all programs over one mix."""
        made = captures.capture(name, self._options.data, seed=self._options.seed, scale=self._options.scale)
        lines = [self._line(peer, made) for peer in self._peers]
        for number in range(self._options.rounds + 1):
            for line in lines:
                self._round(line, number)
        rows = [line.told(lines[1]) for line in lines]
        found = self._truth(made)
        result = {"mix": name, **{key: made.truth[key] for key in ("packets", "bytes", "flows", "handshakes")}}
        result |= {"programs": rows, "truth": found}
        if name in _TWO_CORES and len(self._cores) > 1 and "{workers}" in self._options.certspan:
            result["two_cores"] = self._two_cores(made.path)
        _show(result)
        return result

    def _line(self, peer: Peer, made: Made) -> Line:
        capture = captures.beginning(made.path, peer.most_bytes)
        return Line(peer, capture, self._start[peer.name], made.truth["handshakes"] / made.truth["bytes"])

    def _round(self, line: Line, number: int) -> None:
        """Run one program. The first round warms the page cache and watches memory; slow programs have no other."""
        first, once = number == 0, line.peer.most_bytes is not None
        if line.failed or (once and not first):
            return
        try:
            usage = self._run(line.peer, line.capture, memory=first)
        except Failed as failed:
            line.failed = str(failed)
            return
        if first:
            line.anonymous_bytes = usage.anonymous_bytes
        if once or not first:
            line.rounds[number] = usage.cpu_s

    def _truth(self, made: Made) -> dict[str, int]:
        words = ["certspan", "extract", str(made.path)]
        found: set[str] = set()
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            for text in process.stdout or ():
                session = json.loads(text)
                found.update(session["server_chain"] or (), session["client_chain"] or ())
        visible = set(made.truth["visible"])
        return {
            "visible": len(visible),
            "found": len(found & visible),
            "missing": len(visible - found),
            "extra": len(found - visible),
        }

    def _two_cores(self, capture: Path) -> dict[str, Any]:
        tiny = captures.one_packet(self._options.data)
        times: dict[int, list[float]] = {1: [], 2: []}
        for _ in range(self._options.rounds):
            for workers, walls in times.items():
                try:
                    start = self._run(self._certspan, tiny, workers=workers, cores=2).wall_s
                    walls.append(self._run(self._certspan, capture, workers=workers, cores=2).wall_s - start)
                except Failed as failed:
                    return {"note": str(failed)}
        one, two = (median(walls) for walls in times.values())
        return {"one_wall_s": round(one, 3), "two_wall_s": round(two, 3), "speed_up": round(one / two, 2)}


def _show(result: dict[str, Any]) -> None:
    size = result["bytes"] / 1e6
    print(
        f"\n{result['mix']}: {size:,.0f} MB, {result['packets']:,} packets, {result['flows']:,} flows, "
        f"{result['handshakes']:,} handshakes"
    )
    print(_COLUMNS.format("program", "CPU s", "start s", "Gbit/s", "handshakes/s", "ratio", "anon MB", ""))
    for row in result["programs"]:
        shown = [row[key] for key in ("cpu_s", "start_s", "gbit_per_cpu_s")]
        handshakes, ratio = row["handshakes_per_cpu_s"], row["ratio_to_tcpdump"]
        shown += ["-" if handshakes is None else f"{handshakes:,}", "-" if ratio is None else f"{ratio:.2f}"]
        shown += [f"{row['anonymous_bytes'] / 1e6:.1f}", row["note"]]
        print(_COLUMNS.format(row["program"], *("-" if one is None else one for one in shown)))
    truth = result["truth"]
    print("truth: {visible} visible, {found} found, {missing} missing, {extra} extra".format(**truth))
    if two := result.get("two_cores"):
        print("two cores:", two.get("note") or "wall {one_wall_s} s -> {two_wall_s} s, {speed_up}x".format(**two))
    sys.stdout.flush()


def main() -> int:
    """Run what the command line asks for; 1 if a certificate was missed or made up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mixes", nargs="*", metavar="MIX", help=f"of {', '.join(MIXES)}; default: all")
    parser.add_argument("--scale", type=float, default=0.2, help="of the captures; 1: about 1 GB each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path, default=captures.HERE / "data", help="where captures are kept")
    parser.add_argument(
        "--certspan",
        default=CERTSPAN,
        metavar="COMMAND",
        help="with {capture}, and {workers} if it can use several cores",
    )
    parser.add_argument("--peers", default="all", help="names, with commas between; tcpdump is always there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers here")
    options = parser.parse_args()
    if unknown := set(options.mixes) - set(MIXES):
        parser.error(f"no such mix: {', '.join(sorted(unknown))}")
    # The command of this very environment goes first.
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    if not TCPDUMP.installed():
        parser.error("tcpdump is not installed: apt-get install tcpdump")
    bench = Bench(options)
    try:
        bench.start_up()
    except Failed as failed:
        print(failed, file=sys.stderr)
        return 2
    results = [bench.mix(name) for name in options.mixes or MIXES]
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    return 1 if any(result["truth"]["missing"] or result["truth"]["extra"] for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
