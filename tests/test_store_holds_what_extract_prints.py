"""Each field of each session is the same in the store as in `certspan extract`; unknown is not empty in either."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import rewrite
from command import certspan

from sensor._rust import session_columns

ROOT = Path(__file__).resolve().parent.parent
CAPTURES = sorted((ROOT / "pcaps").glob("*.pcap*"))
COLUMNS = {name: kind for name, kind, _ in session_columns()}
TEXT = {
    "fixed_16": "lower(hex({0}))",
    "list_fixed_32": "arrayMap(h -> lower(hex(h)), {0})",
    "list_binary": "arrayMap(h -> lower(hex(h)), {0})",
    "timestamp_ns": "concat(replaceOne(toString({0}), ' ', 'T'), 'Z')",
}


def run(*words: object) -> list[dict[str, Any]]:
    """Run the command; the JSON lines it prints."""
    return [json.loads(line) for line in certspan(*words).splitlines()]


def column(name: str, kind: str) -> str:
    """Give the SQL for a column as JSON shows it."""
    if name.endswith("_address"):
        return f"replaceRegexpOne(toString({name}), '^::ffff:(\\\\d+\\\\.)', '\\\\1') AS {name}_"
    return TEXT.get(kind, "{0}").format(name) + f" AS {name}_"


def unknown_as_null(row: dict[str, Any]) -> dict[str, Any]:
    """Take the `_known` columns away: where one is false, the list must be empty and is null in JSON."""
    plain = {name.removesuffix("_"): value for name, value in row.items()}
    for name in [name for name in plain if name.endswith("_known")]:
        known, values = plain.pop(name), name.removesuffix("_known")
        if not known:
            assert plain[values] == []
            plain[values] = None
    return plain


def servers_only(folder: Path) -> Path:
    """Make a capture in which no ClientHello is."""
    path = folder / "servers-only.pcap"
    whole = rewrite.segments(rewrite.read(ROOT / "pcaps" / "openssl-mutual.pcap"))
    kept = [one for part in rewrite.connections(whole) for one in part if one.source != rewrite.client(part)]
    path.write_bytes(rewrite.pcap(rewrite.packets(kept)))
    return path


@pytest.mark.xdist_group("store holds")
@pytest.mark.parametrize("capture", [*CAPTURES, None], ids=lambda path: path.name if path else "servers-only.pcap")
def test_every_field(capture: Path | None, tmp_path: Path) -> None:
    capture = capture or servers_only(tmp_path)
    printed = {row["session_id"]: row for row in run("extract", capture)}
    url = f"chdb://{tmp_path}/store"
    certspan("audit", capture, "--store", url)
    columns = ", ".join(column(name, kind) for name, kind in COLUMNS.items())
    settings = "SETTINGS output_format_json_quote_64bit_integers = 0"
    rows = run("store", "query", "--store", url, f"SELECT {columns} FROM sessions {settings} FORMAT JSONEachRow")
    held = {row["session_id"]: row for row in map(unknown_as_null, rows)}
    assert held == printed
    assert len(printed) >= 4
    assert len(rows) == len(held)


def test_both_cases_of_each_list_are_there(tmp_path: Path) -> None:
    seen: dict[str, set[bool]] = {name: set() for name in COLUMNS if f"{name}_known" in COLUMNS}
    assert len(CAPTURES) >= 5
    assert len(seen) == 4
    for capture in [*CAPTURES, servers_only(tmp_path)]:
        for row in run("extract", capture):
            for name, cases in seen.items():
                cases.add(row[name] is None)
    assert [name for name, cases in seen.items() if len(cases) < 2] == []
