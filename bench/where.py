"""Tell where the core's instructions go over a small capture of a mix: `python bench/where.py storm`.

Callgrind gives each instruction to the source file that it was written in, inlined or not: files of the core one by
one, other crates by name, Rust's own library by the function that it was inlined into. Callgrind knows no SHA
instructions, so sha2 counts several times of what it costs.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import captures
from instructions import PROGRAM, SCALES, build

_NAME = re.compile(r"(c?)(ob|fl|fi|fe|fn)=\((\d+)\)(?: (.*))?")
_COST = re.compile(r"[+\-*\d]\S* (\d+)$")
_PATH = re.compile(r"([a-z_0-9]+::[a-z_0-9]+)::")
_CRATE = re.compile(r"/registry/src/[^/]+/([a-z0-9_-]+?)-\d")


def shares(capture: Path) -> Counter[str]:
    """Count the instructions by place."""
    with tempfile.NamedTemporaryFile("r") as out:
        options = ["--tool=callgrind", f"--callgrind-out-file={out.name}", "--dump-instr=no"]
        subprocess.run(["valgrind", "--quiet", *options, PROGRAM, capture], check=True, capture_output=True)
        lines = out.read().splitlines()
    names: dict[tuple[str, str], str] = {}
    now = {"ob": "", "fl": "", "fn": ""}
    counted: Counter[str] = Counter()
    called = False
    for line in lines:
        if found := _NAME.match(line):
            kind = "fl" if found[2] in {"fi", "fe"} else found[2]
            # A number's name stands where it comes first, which may be the name of one that is called.
            names.setdefault((kind, found[3]), found[4] or "")
            if not found[1]:
                now[kind] = names[kind, found[3]]
        elif line.startswith("calls="):
            called = True
        elif found := _COST.match(line):
            if not called:
                counted[_named(**now)] += int(found[1])
            called = False
    return counted


def _named(ob: str, fl: str, fn: str) -> str:
    """Name a place shortly: the file, or where the function comes from that a library was inlined into."""
    _, own, file = fl.partition("sensor/rust/")
    if own or fl.startswith("src/"):
        return (file or fl).removeprefix("src/")
    if crate := _CRATE.search(fl):
        return f"crate {crate[1]}"
    if crate := _PATH.search(fn):
        return f"library, inlined into {crate[1].replace('_rust::', '')}"
    return f"{Path(ob).name} {fn}".strip() or "?"


def main() -> int:
    """Measure one mix."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mix", choices=sorted(SCALES))
    parser.add_argument("--data", type=Path, default=captures.HERE / "data", help="where captures are kept")
    options = parser.parse_args()
    build()
    capture = captures.capture(options.mix, options.data, seed=1, scale=SCALES[options.mix])
    counted = shares(capture.path)
    whole = counted.total()
    print(f"{options.mix}: {whole:,} instructions, {whole / capture.truth['packets']:,.0f} a packet")
    for name, number in counted.most_common(25):
        print(f"{number / whole:7.1%}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
