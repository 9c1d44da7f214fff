"""How fast a storm of handshakes comes into the embedded store; the facts of its certificates are told apart.

Each round is a process with a store of its own.

    .venv/bin/python bench/store.py [CAPTURE] [--rounds 3] [--workers 2]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from captures import HERE, capture

_ROUND = "--round"


def _round(path: str, workers: int) -> dict[str, float]:
    """Load one capture; seconds of the whole, and of the facts."""
    from analytics.audit import LoadingSink  # noqa: PLC0415  each round pays for its own
    from analytics.store import open_store  # noqa: PLC0415
    from sensor import pipeline  # noqa: PLC0415
    from sensor.engine import NativeEngine  # noqa: PLC0415
    from sensor.source import expand  # noqa: PLC0415
    from sensor.spool import Spool  # noqa: PLC0415

    facts_s = 0.0
    read = pipeline.FactsCache.read

    def timed(cache: pipeline.FactsCache, sha256: bytes, der: bytes) -> object:
        nonlocal facts_s
        begun = perf_counter()
        try:
            return read(cache, sha256, der)
        finally:
            facts_s += perf_counter() - begun

    pipeline.FactsCache.read = timed  # type: ignore[method-assign,assignment]
    with tempfile.TemporaryDirectory() as folder, open_store(f"chdb://{folder}/store") as store:
        store.migrate()
        engine = NativeEngine(workers=workers)
        sink = LoadingSink(Spool(Path(folder) / "spool", engine_version=engine.version, durable=False), store)
        begun = perf_counter()
        (report,) = pipeline.run(expand([path]), sink, engine=engine, sha256=True)
        whole_s = perf_counter() - begun
        ((stored,),) = store.query("SELECT count() FROM sessions")
    return {
        "whole_s": whole_s,
        "facts_s": facts_s,
        "sessions": report.sessions,
        "stored": stored,
        "certificates": report.certificates,
    }


def main() -> None:
    """Measure some rounds and print their median."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("capture", nargs="?", type=Path, help="default: storm at scale 1, made if it is not there")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument(_ROUND, action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    path = options.capture or capture("storm", HERE / "data", seed=1, scale=1.0).path
    if options.round:
        print(json.dumps(_round(str(path), options.workers)))
        return
    words = [sys.executable, __file__, str(path), "--workers", str(options.workers), _ROUND]
    told = [json.loads(subprocess.check_output(words)) for _ in range(options.rounds)]
    for one in told:
        if one["sessions"] != one["stored"]:
            raise SystemExit(f"{one['sessions']} sessions were read and {one['stored']} are stored")
    rates = [one["sessions"] / (one["whole_s"] - one["facts_s"]) for one in told]
    facts = [one["certificates"] / one["facts_s"] for one in told]
    print(f"{told[0]['sessions']} sessions, {told[0]['certificates']} certificates, {options.workers} workers")
    print(f"into the store      {statistics.median(rates):>9,.0f} sessions/s, facts of certificates left out")
    print(f"facts               {statistics.median(facts):>9,.0f} certificates/s on one core")
    whole = statistics.median(one["sessions"] / one["whole_s"] for one in told)
    print(f"one after the other {whole:>9,.0f} sessions/s")


if __name__ == "__main__":
    main()
