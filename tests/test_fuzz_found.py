"""What fuzzing found stays mended; the seeds, the targets and the page of fuzzing fit together."""

from __future__ import annotations

import re
from pathlib import Path

import fuzz_certificate
import fuzz_seeds
import pytest

ROOT = Path(__file__).resolve().parent.parent
FOUND = ROOT / "tests/fuzz_found"
CRATE = ROOT / "sensor/rust/fuzz"
TARGETS = {*re.findall(r'^name = "(\w+)"\npath', (CRATE / "Cargo.toml").read_text(), re.MULTILINE), "certificate"}


@pytest.mark.parametrize("path", sorted((FOUND / "certificate").iterdir()), ids=lambda path: path.name)
def test_certificates_that_were_found(path: Path) -> None:
    fuzz_certificate.check(path.read_bytes())


def test_each_target_has_inputs_and_seeds_and_a_row(tmp_path: Path) -> None:
    counts = fuzz_seeds.write(tmp_path)
    assert {place.name for place in FOUND.iterdir()} == TARGETS
    assert set(counts) == TARGETS
    assert min(counts.values()) > 5
    page = (ROOT / "docs/fuzzing.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \| [\d,]+ \| [\d,]+ \|", page, re.MULTILINE)) == TARGETS
    for target in TARGETS - {"certificate"}:
        assert (CRATE / f"fuzz_targets/{target}.rs").exists()
        assert f"pub mod {target};" in (CRATE / "src/lib.rs").read_text()


def test_seeds_hold_what_the_captures_hold(tmp_path: Path) -> None:
    fuzz_seeds.write(tmp_path)
    certificates = {path.read_bytes() for path in (tmp_path / "certificate").iterdir()}
    messages = b"".join(path.read_bytes() for path in (tmp_path / "handshake").iterdir())
    assert sum(der in messages for der in certificates) > 20
    again = tmp_path / "again"
    fuzz_seeds.write(again)
    names = {path.relative_to(again) for path in again.rglob("*") if path.is_file()}
    assert all((tmp_path / name).exists() for name in names)


def test_what_is_kept_is_small() -> None:
    assert [path for path in FOUND.rglob("*") if path.is_file() and path.stat().st_size > fuzz_seeds.MAX_BYTES] == []
