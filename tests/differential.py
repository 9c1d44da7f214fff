"""The native core against tshark over a folder of captures: each difference is on a list, with its reason.

    python tests/differential.py FOLDER            compare with differential.json, which must be neither short nor stale
    python tests/differential.py FOLDER --write    write it anew, for review; what it says of each difference stays

The captures are known by the SHA-256 of their bytes; of those that do not differ nothing is written down. A difference
that `analytics.compare.reasons` does not explain needs a word in the list (`why`): who is right, by the bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analytics.compare.reasons import UNEXPLAINED
from analytics.compare.run import Comparison, compare_capture
from analytics.compare.text import lines
from sensor.engine import NativeEngine
from sensor.source import CaptureInput, expand
from sensor.tshark.engine import TsharkEngine

if TYPE_CHECKING:
    from collections.abc import Iterable

LIST = Path(__file__).with_suffix(".json")
Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one capture."""

    path: str
    name: str
    """SHA-256."""
    sessions: tuple[int, int]
    entry: Entry | None
    """None: no difference."""
    told: str
    """The differences, for people."""


def one(path: str) -> Outcome:
    """Compare one capture; in a process of its own."""
    data = Path(path).read_bytes()
    comparison = compare_capture(CaptureInput(path, path, len(data)), NativeEngine(), TsharkEngine())
    return Outcome(
        path,
        hashlib.sha256(data).hexdigest(),
        (comparison.native_sessions, comparison.tshark_sessions),
        entry(comparison) if comparison.reasons else None,
        "\n".join(lines(comparison)),
    )


def entry(comparison: Comparison) -> Entry:
    """Give what the list says of a capture: how many differences of which reason, and which are unexplained."""
    unexplained = sorted(
        f"frame {difference.row['frame']} {difference.field}"
        for difference, reason in comparison.differences
        if reason is None
    )
    counts = {code: n for code, n in sorted(comparison.reasons.items()) if code != UNEXPLAINED}
    return {"reasons": counts, UNEXPLAINED: unexplained}


def judge(found: dict[str, Entry], listed: dict[str, Entry], seen: Iterable[str]) -> list[str]:
    """Give each way in which the list is wrong: what is new, what is stale, what is said of nothing."""
    troubles = []
    for name in sorted(set(seen) | set(listed)):
        if name not in set(seen):
            troubles.append(f"{name}: is listed, and is not in the folder")
            continue
        now, then = found.get(name), listed.get(name)
        if now != (None if then is None else {key: then[key] for key in ("reasons", UNEXPLAINED)}):
            troubles.append(f"{name}: is {now}, the list says {then}")
        elif now and now[UNEXPLAINED] and not (then or {}).get("why"):
            troubles.append(f"{name}: {now[UNEXPLAINED]} needs a word of explanation (why)")
    return troubles


def _why(listed: Entry) -> Entry:
    return {"why": listed["why"]} if listed.get("why") else {}


def main() -> int:
    """Run it; 0 when the list is right."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    paths = [capture.path for capture in expand([options.folder]) if capture.path is not None]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(one, paths))
    seen = {outcome.name: outcome for outcome in outcomes}
    found = {outcome.name: outcome.entry for outcome in outcomes if outcome.entry is not None}
    listed = json.loads(LIST.read_text()) if LIST.exists() else {}
    ours, theirs = (sum(outcome.sessions[engine] for outcome in outcomes) for engine in (0, 1))
    print(f"{len(seen)} captures, {ours} sessions by the native core, {theirs} by tshark")  # noqa: T201
    if options.write:
        whole = {name: found[name] | _why(listed.get(name, {})) for name in sorted(found)}
        rows = (f" {json.dumps(name)}: {json.dumps(row)}" for name, row in whole.items())
        LIST.write_text("{\n" + ",\n".join(rows) + "\n}\n")
        listed = whole
    troubles = judge(found, listed, seen)
    for trouble in troubles:
        outcome = seen.get(trouble.partition(":")[0])
        print(trouble if outcome is None else f"{trouble}\n{outcome.told}")  # noqa: T201
    return 1 if troubles or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
