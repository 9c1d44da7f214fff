"""What a store takes on its disk, and how long the questions of a day take: for the page docs/sizing.md.

    .venv/bin/python bench/scale.py --store FOLDER --sessions 10000000     makes a store, if there is none
    .venv/bin/python bench/sizing.py FOLDER [--rounds 3]

The store is of generated rows (bench/scale.py): addresses, names and times differ from row to row, but not as real
ones do; bytes a session of real traffic are printed by the same command over a store of your own.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from analytics.store import open_store

_SIZES = """
SELECT table, sum(rows), sum(bytes_on_disk), sum(data_uncompressed_bytes)
FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table HAVING sum(rows) > 0
ORDER BY sum(bytes_on_disk) DESC
"""
_HOME = "[]"
_QUESTIONS = {
    "sessions of one server, latest 100": "SELECT * FROM sessions WHERE server_address = "
    "(SELECT server_address FROM sessions LIMIT 1) ORDER BY time DESC LIMIT 100",
    "sessions by hour of the last day": "SELECT toStartOfHour(time) AS hour, count() FROM sessions "
    "WHERE time > (SELECT max(time) FROM sessions) - INTERVAL 1 DAY GROUP BY hour ORDER BY hour",
    "handshakes by version and suite": "SELECT version, cipher_suite, count() FROM sessions "
    "GROUP BY ALL ORDER BY 3 DESC",
    "servers that still speak TLS 1.0 or 1.1": "SELECT server_address, server_port, count() FROM sessions "
    "WHERE version IN ('TLSv1.0', 'TLSv1.1') GROUP BY ALL ORDER BY 3 DESC LIMIT 100",
    "who presented one certificate": "SELECT address, port, min(first_seen), max(last_seen) FROM sightings "
    "WHERE sha256 = (SELECT sha256 FROM certificates LIMIT 1) GROUP BY ALL",
    "certificates that end within 30 days": "SELECT lower(hex(sha256)), subject, not_after FROM certificates FINAL "
    "WHERE not_after BETWEEN toDateTime64('2026-06-01', 3, 'UTC') AND toDateTime64('2026-07-01', 3, 'UTC') "
    "ORDER BY not_after",
    "holders, counted": f"SELECT count() FROM holder(loads = [], home = {_HOME})",
    "certificates with their holders, counted": "SELECT count(), max(holder_count) "
    f"FROM certificate(loads = [], home = {_HOME})",
    "endpoints with their sessions, counted": "SELECT count(), max(sessions) "
    f"FROM endpoint(loads = [], home = {_HOME})",
}


def main() -> None:
    """Print sizes, then times."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with open_store(f"chdb://{options.folder.resolve()}", read_only=True) as store:
        print(f"{'table':<22}{'rows':>14}{'MB on disk':>12}{'MB raw':>10}{'bytes a row':>13}")
        for table, rows, stored, raw in store.query(_SIZES):
            print(f"{table:<22}{rows:>14,}{stored / 1e6:>12,.1f}{raw / 1e6:>10,.1f}{stored / rows:>13,.1f}")
        print(f"\n{'question':<45}{'seconds (middle of ' + str(options.rounds) + ')':>22}")
        for name, sql in _QUESTIONS.items():
            took = []
            for _ in range(options.rounds):
                start = time.perf_counter()
                store.query(sql)
                took.append(time.perf_counter() - start)
            print(f"{name:<45}{statistics.median(took):>22.3f}", flush=True)


if __name__ == "__main__":
    main()
