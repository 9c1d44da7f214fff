"""`certspan check`, `findings` and `waive` as users run them, over the building of pcaps/."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from pathlib import Path

import pytest
from command import CERTSPAN, certspan

PCAPS = Path(__file__).resolve().parent.parent / "pcaps"
CAPTURE = PCAPS / "smart-building.pcapng"
FINDINGS = [row for path in PCAPS.glob("smart-building.findings*.json") for row in json.loads(path.read_text())]
AT = "2026-10-12T09:00:00Z"

pytestmark = pytest.mark.xdist_group("check")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"chdb://{tmp_path_factory.mktemp('check')}/store"
    certspan("audit", "--store", url, CAPTURE)
    return url


def ends(*arguments: object) -> tuple[int, str]:
    done = subprocess.run([CERTSPAN, *map(str, arguments)], check=False, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr or done.stdout


def test_findings_are_listed_filtered_and_shown(url: str) -> None:
    rows = [json.loads(line) for line in certspan("findings", "list", "--store", url, "--json").splitlines()]
    assert {(row["rule"], row["subject"]) for row in rows} == {(row["rule"], row["subject"]) for row in FINDINGS}
    graver = certspan("findings", "list", "--store", url, "--severity", "high", "--csv")
    wanted = [row for row in FINDINGS if row["severity"] in ("high", "critical")]
    assert len(list(csv.DictReader(io.StringIO(graver)))) == len(wanted) > 3
    one = next(row for row in rows if row["rule"] == "weak-hash")
    at = json.loads(one["holders"])[0]["address"]
    held = certspan("findings", "list", "--store", url, "--subject", at, "--rule", "weak-hash", "--json")
    assert one["id"] in held
    shown = certspan("findings", "show", "--store", url, one["id"][:12])
    for words in (one["subject"], one["title"], at, "HISTORY", "opened: high"):
        assert words in shown
    assert json.loads(certspan("findings", "show", "--store", url, one["id"], "--json"))["events"][0]["ordinal"] == 1
    assert ends("findings", "show", "--store", url, "zz")[0] == 2
    assert ends("findings", "show", "--store", url, "")[0] == 2
    assert ends("findings", "list", "--store", "chdb:///no/such/store")[0] in (2, 4)


def test_waived_findings_stand_apart_and_do_not_count(url: str, tmp_path: Path) -> None:
    critical = [row for row in FINDINGS if row["severity"] == "critical"]
    assert ends("check", "--store", url, "--at", AT, "--fail-on", "critical")[0] == 3
    words = ("--until", "2099-12-31", "--owner", "ops", "--reason", "renewed at the next stop")
    for row in critical:
        certspan("waive", "--store", url, "--rule", row["rule"], "--subject", row["subject"], *words)
    assert len(certspan("waive", "--store", url, "--list").splitlines()) == len(critical) + 1
    status, told = ends("check", "--store", url, "--at", AT, "--fail-on", "critical")
    assert (status, f"WAIVED    {len(critical)} findings" in told) == (0, True)
    report = tmp_path / "audit.json"
    summary = certspan("audit", "--store", url, CAPTURE, "--fail-on", "critical")
    assert f"WAIVED    {len(critical)} findings" in summary
    certspan("audit", "--store", url, CAPTURE, "--json", report)
    document = json.loads(report.read_text())
    assert sorted(row["subject"] for row in document["waived"]) == sorted(row["subject"] for row in critical)
    assert not [row for row in document["findings"] if row["severity"] == "critical"]
    _waived_in_each_output(url, tmp_path, {(row["rule"], row["subject"]) for row in critical})
    name = certspan("waive", "--store", url, "--list").split()[0]
    certspan("waive", "--store", url, "--remove", name)
    assert ends("check", "--store", url, "--at", AT, "--fail-on", "critical")[0] == 3


def _waived_in_each_output(url: str, folder: Path, waived: set[tuple[str, str]]) -> None:
    """Check that each form tells what was waived apart, with who accepted it, until when and why."""
    forms = [word for form in ("csv", "ndjson", "json", "report") for word in (f"--{form}", folder / f"audit.{form}")]
    certspan("audit", "--store", url, CAPTURE, *forms)
    acceptance = {"until": "2100-01-01T00:00:00Z", "owner": "ops", "reason": "renewed at the next stop"}
    lines = [json.loads(line) for line in (folder / "audit.ndjson").read_text().splitlines()]
    told = [(row["rule"], row["subject"]) for row in lines if row["waiver"] is not None]
    assert (set(told), len(told)) == (waived, len(waived))
    assert all(row["waiver"] in (None, acceptance) for row in lines)
    document = json.loads((folder / "audit.json").read_text())
    assert {(row["rule"], row["subject"]) for row in document["waived"]} == waived
    assert all(row["waiver"] == acceptance for row in document["waived"])
    assert all(row["waiver"] is None for row in document["findings"])
    with (folder / "audit.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(lines) == len(document["findings"]) + len(waived)
    assert {(row["rule"], row["subject"]) for row in rows if row["waiver_owner"] == "ops"} == waived
    assert {row["waived_until"] for row in rows} == {"", acceptance["until"]}
    page = (folder / "audit.report").read_text()
    _, _, section = page.partition('<section id="waived"')
    section, _, _ = section.partition("</section>")
    assert section.count("<td>ops</td><td>renewed at the next stop</td>") == len(waived)
    assert all(subject in section for _, subject in waived)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["zzzz", "--until", "2099-01-01", "--reason", "x", "--owner", "y"], "no finding's id begins so"),
        (
            ["--rule", "expired", "--subject", "nobody", "--until", "2099-01-01", "--reason", "x", "--owner", "y"],
            "no such",
        ),
        (["--rule", "expired", "--until", "2099-01-01", "--reason", "x", "--owner", "y"], "go together"),
        (["--until", "2099-01-01"], "write the id of a finding"),
        (["abc", "--until", "2099-01-01", "--reason", " "], "needs --reason and --owner"),
        (["abc", "--until", "2001-01-01", "--reason", "x", "--owner", "y"], "that is over already"),
        (["abc", "--until", "soon", "--reason", "x", "--owner", "y"], "this is no time"),
        (["--remove"], "needs the id"),
        (["--remove", "zz"], "no waiver's id begins so"),
    ],
)
def test_what_cannot_be_waived_is_one_line(url: str, words: list[str], told: str) -> None:
    status, said = ends("waive", "--store", url, *words)
    assert (status, len(said.splitlines())) == (2, 1)
    assert told in said


def test_a_check_tells_what_changed_and_refuses_to_look_back(url: str) -> None:
    first = json.loads(certspan("check", "--store", url, "--at", "2026-10-20", "--json"))
    kinds = {(one["kind"], one["rule"]) for one in first["events"]}
    assert {("changed", "expiring"), ("opened", "expired")} <= kinds
    assert "nothing changed since" in certspan("check", "--store", url, "--at", "2026-10-20")
    assert "nothing was changed in the store" in certspan("check", "--store", url, "--at", "2026-10-19")
    assert ends("check", "--store", url, "--at", "capture")[0] == 2
    assert ends("check", "--store", url, "--rules", "/no/such/folder")[0] == 2
    assert ends("check", "--store", f"{url}-not-there")[0] in (2, 4)
