"""`certspan report`: the same numbers in every form, and what clauses may and may not say."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import html.parser
import ipaddress
import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from command import CERTSPAN, certspan
from cryptography import x509

from analytics.documents import clauses, expiry, pdf, write
from analytics.documents.clauses import Counts, Result
from analytics.documents.document import Document, Section
from analytics.report.model import CertificateRow
from rules.clauses import Clause, Standard, standards
from rules.pack import load_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

PCAPS = Path(__file__).parents[1] / "pcaps"
AT = dt.datetime(2026, 10, 12, 9, tzinfo=dt.UTC)
KINDS = ("audit", "expiry", "crypto", "shadow", "owner", "clauses")
DOORS, CAMERAS = "10.20.4.", "CN=Vista Cam Root,O=Vista Optics\\, Ltd."
POLICY = f"""
[[owners]]
business = "Doors"
technical = "doors@building.example"
renewal = "by hand, with a ladder"
networks = ["{DOORS}0/24"]

[[owners]]
business = "Cameras"
issuers = ['{CAMERAS}']
"""
TRUTH = [json.loads(line) for line in (PCAPS / "smart-building.certificates.jsonl").read_text().splitlines()]
SESSIONS = [json.loads(line) for line in (PCAPS / "smart-building.expected.jsonl").read_text().splitlines()]


class Tables(html.parser.HTMLParser):
    """Cells of the tables of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.loads: list[str] = []
        self._in = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note tables, rows, cells, and what a tag would load."""
        self.loads += [f"{tag} {name}" for name, _ in attrs if name in {"src", "href", "action"}]
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")
            self._in = True

    def handle_endtag(self, tag: str) -> None:
        """Note the end of a cell."""
        self._in = self._in and tag not in {"td", "th"}

    def handle_data(self, data: str) -> None:
        """Take the text of a cell."""
        if self._in:
            self.tables[-1][-1][-1] += data


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"chdb://{tmp_path_factory.mktemp('documents')}/store"
    certspan("audit", "--store", url, PCAPS / "smart-building.pcapng")
    return url


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("policy") / "site.toml"
    path.write_text(POLICY)
    return path


@pytest.fixture(scope="module")
def made(url: str, policy: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders with every report in every form."""
    folders = {}
    for kind in KINDS:
        place = tmp_path_factory.mktemp(kind)
        forms = [word for form in ("html", "json", "pdf") for word in (f"--{form}", place / f"report.{form}")]
        told = ("--at", AT.isoformat(), "--policy", policy)
        certspan("report", kind, "--store", url, *told, *forms, "--csv", place / "csv")
        folders[kind] = place
    return folders


def document(place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place / "report.json").read_text())
    return found


def test_each_certificate_is_in_the_band_where_it_ends(made: Mapping[str, Path]) -> None:
    leaves = {row["server_chain"][0] for row in SESSIONS if row["server_chain"] and _home(row["server_address"])}
    leaves |= {row["client_chain"][0] for row in SESSIONS if row["client_chain"] and _home(row["client_address"])}
    ends = [
        x509.load_der_x509_certificate(base64.b64decode(row["der"])).not_valid_after_utc
        for row in TRUTH
        if row["sha256"] in leaves and not row["defective"]
    ]
    assert len(ends) >= len(leaves) - 1
    sections = {one["name"]: one for one in document(made["expiry"])["sections"]}
    bands = {row["band"]: row["certificates"] for row in sections["bands"]["rows"]}
    days = [(end - AT).total_seconds() / 86_400 for end in ends]
    assert bands["already ended"] == sum(day < 0 for day in days) > 0
    assert bands["1 day"] == sum(0 <= day < 1 for day in days) > 0
    assert bands["2 to 7 days"] == sum(1 <= day < 7 for day in days) > 0
    assert bands["16 to 30 days"] == sum(15 <= day < 30 for day in days) > 0
    assert sum(bands.values()) == len(leaves)
    assert len(sections["ended"]["rows"]) == bands["already ended"]
    assert len(sections["next"]["rows"]) == sum(0 <= day < 90 for day in days)


def _home(address: str) -> bool:
    return address.startswith(("10.", "fd"))


def test_crypto_counts_what_was_negotiated(made: Mapping[str, Path]) -> None:
    [used] = [one for one in document(made["crypto"])["sections"] if one["name"] == "in-use"]
    told = {(row["what"], row["name"]): row["sessions"] for row in used["rows"]}
    wanted: dict[str, int] = {}
    for row in SESSIONS:
        if row.get("version") and (_home(row["server_address"]) or _home(row["client_address"])):
            wanted[row["version"]] = wanted.get(row["version"], 0) + 1
    assert len(wanted) >= 3
    assert {name: count for (what, name), count in told.items() if what == "protocol version"} == wanted


def test_what_changed_since_a_day(url: str) -> None:
    times = sorted(row["first_seen"] for row in _crypto(url, "2000-01-01")["in-use"])
    everything = _crypto(url, "2000-01-01")
    assert [row["name"] for row in everything["changes"]] == [row["name"] for row in everything["in-use"]]
    assert {row["change"] for row in everything["changes"]} == {"new"}
    later = _crypto(url, "2030-01-01")
    assert {row["change"] for row in later["changes"]} == {"gone"}
    assert len(later["changes"]) == len(times)
    between = _crypto(url, times[-1])
    assert "new" in {row["change"] for row in between["changes"]}
    assert {row["first_seen"] >= times[-1] for row in between["changes"] if row["change"] == "new"} == {True}


def _crypto(url: str, since: str) -> dict[str, list[dict[str, Any]]]:
    told = json.loads(
        certspan("report", "crypto", "--store", url, "--at", AT.isoformat(), "--since", since, "--json", "-")
    )
    return {one["name"]: one["rows"] for one in told["sections"]}


@pytest.mark.parametrize("kind", KINDS)
def test_every_form_has_the_same_cells(made: Mapping[str, Path], kind: str) -> None:
    told = document(made[kind])
    page = Tables()
    page.feed((made[kind] / "report.html").read_text())
    assert page.loads == []
    shown = [one for one in told["sections"] if one["rows"]]
    assert len(page.tables) == len(shown) > 0
    for section, table in zip(shown, page.tables, strict=True):
        assert len(table) == len(section["rows"]) + 1
        for row, cells in zip(section["rows"], table[1:], strict=True):
            numbers = [f"{value:,}" for value in row.values() if isinstance(value, int)]
            assert [cell for cell in cells if cell in numbers][: len(numbers)] or not numbers
    for section in told["sections"]:
        with (made[kind] / "csv" / f"{kind}-{section['name']}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [list(row.values()) for row in rows] == [
            [_csv(value) for value in row.values()] for row in section["rows"]
        ]


def _csv(value: Any) -> str:
    shown = "" if value is None else " | ".join(value) if isinstance(value, list) else str(value)
    return f"'{shown}" if shown.startswith(("=", "+", "-", "@")) else shown


@pytest.mark.tools("pdftotext")
@pytest.mark.parametrize("kind", KINDS)
def test_a_pdf_says_the_same(made: Mapping[str, Path], kind: str) -> None:
    command = ["pdftotext", "-raw", str(made[kind] / "report.pdf"), "-"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    told = document(made[kind])
    words = "".join(text.split()).replace("\u200b", "")
    assert "".join(told["summary"].split()) in words
    for section in told["sections"]:
        assert "".join(section["title"].split()) in words
        for row in section["rows"]:
            first = next(iter(row.values()))
            assert "".join(str(first).split()) in words, first


def test_the_terminal_has_every_row(url: str, policy: Path, made: Mapping[str, Path]) -> None:
    for kind in KINDS:
        text = certspan("report", kind, "--store", url, "--at", AT.isoformat(), "--policy", policy)
        told = document(made[kind])
        assert told["summary"] in text
        rows = sum(len(section["rows"]) for section in told["sections"])
        empty = sum(not section["rows"] for section in told["sections"])
        notes = sum(bool(section["note"]) for section in told["sections"])
        filled = len(told["sections"]) - empty
        assert len([line for line in text.splitlines() if line.startswith("  ")]) == rows + filled + empty + notes


def test_cliffs_begin_at_their_number_and_never_in_the_past() -> None:
    def rows(count: int, end: dt.datetime, issuer: str) -> list[CertificateRow]:
        return [_row(f"{issuer}-{number}", end, issuer) for number in range(count)]

    day = AT + dt.timedelta(days=40)
    held = [
        *rows(expiry.CLIFF, day, "cliff"),
        *rows(expiry.CLIFF - 1, day, "almost"),
        *rows(expiry.CLIFF, AT - dt.timedelta(seconds=1), "past"),
        *rows(2, day, "spread"),
        *rows(expiry.CLIFF - 2, day + dt.timedelta(days=1), "spread"),
    ]
    assert [found[:3] for found in expiry.cliffs(held, AT)] == [(f"{day:%Y-%m-%d}", "cliff", expiry.CLIFF)]


def _row(name: str, end: dt.datetime | None, issuer: str = "CA") -> CertificateRow:
    return CertificateRow(
        *("00" * 32, name, f"CN={name}", f"CN={issuer}", issuer, False, "01", (), None, end, "RSA 2048", "sha256"),
        *(False, True, (), True, True, AT, AT, ()),
    )


@pytest.mark.parametrize(
    ("counts", "hidden", "said"),
    [
        ([(0, 0, 5), (0, 0, 1)], 0, Result.PASS),
        ([(0, 0, 5), (0, 0, 1)], 1, Result.UNKNOWN),
        ([(0, 1, 5), (0, 0, 1)], 0, Result.UNKNOWN),
        ([(0, 0, 5), (0, 0, 0)], 0, Result.UNKNOWN),
        ([(0, 0, 5), None], 0, Result.UNKNOWN),
        ([None, None], 0, Result.UNKNOWN),
        ([(1, 0, 5), (0, 0, 1)], 0, Result.FAIL),
        ([(0, 0, 5), (1, 9, 1)], 7, Result.FAIL),
        ([(2, 0, 5), None], 3, Result.FAIL),
    ],
)
def test_a_clause_passes_only_if_nothing_is_hidden(
    counts: list[tuple[int, int, int] | None], hidden: int, said: Result
) -> None:
    clause = Clause("1", "Asks.", ("one", "two"), "")
    held: dict[clauses.Asked, Counts] = {
        (rule, ()): Counts(*count) for rule, count in zip(clause.rules, counts, strict=True) if count is not None
    }
    assert clauses.result(Standard("s", "S", True, (clause,)), clause, held, hidden) is said
    assert clauses.result(Standard("s", "S", False, (clause,)), clause, held, hidden) is Result.EVIDENCE


def test_a_stricter_clause_is_judged_by_its_own_number(made: Mapping[str, Path]) -> None:
    sections = {one["name"]: one["rows"] for one in document(made["clauses"])["sections"]}
    [bsi] = [row for row in sections["bsi-tr-02102-2"] if row["clause"] == "3.6"]
    [nist] = [row for row in sections["nist-800-131a"] if row["clause"] == "3"]
    sizes = [
        key.key_size
        for row in TRUTH
        if not row["defective"] and _presented_at_home(row["sha256"])
        if hasattr(key := x509.load_der_x509_certificate(base64.b64decode(row["der"])).public_key(), "key_size")
        and hasattr(key, "public_numbers")
        and hasattr(key.public_numbers(), "n")
    ]
    assert f"weak-key: {sum(size < 3000 for size in sizes)}" in bsi["against"]
    assert f"weak-key: {sum(size < 2048 for size in sizes)}" in nist["against"]


def _presented_at_home(sha256: str) -> bool:
    return any(
        sha256 in (row[f"{side}_chain"] or ()) and _home(row[f"{side}_address"])
        for row in SESSIONS
        for side in ("server", "client")
    )


def test_every_rule_of_a_clause_is_there_and_takes_its_parameters() -> None:
    known = {rule.id: rule for rule in load_rules().rules}
    found = standards()
    assert {one.id for one in found if one.judged} >= {"pci-dss-4.0.1", "nist-800-52r2", "iec-62443-3-3"}
    assert {one.id for one in found if not one.judged} == {"hipaa", "gdpr", "nist-csf-2.0"}
    for standard in found:
        names = [clause.id for clause in standard.clauses]
        assert len(set(names)) == len(names) > 0
        for clause in standard.clauses:
            assert clause.rules
            assert set(clause.rules) <= known.keys(), clause.id
            for rule, values in clause.parameters:
                assert {name for name, _ in values} <= {one.name for one in known[rule].parameters}


def test_nothing_captured_is_markup(tmp_path: Path) -> None:
    hostile = '<script>alert(1)</script>=cmd|"a\u202eb\x1b[2J#{}$*_\n'
    section = Section("one", "One", "", ("name", "more"), ((hostile, (hostile, hostile)), (None, 7)))
    held = Document("test", "Test", "A sentence.", (section,), (("store", hostile),))
    page = Tables()
    page.feed("".join(write.as_html(held)))
    shown = page.tables[0][1][0]
    assert shown.startswith("<script>alert(1)</script>=cmd")
    assert "\u202e" not in shown
    assert "\x1b" not in shown
    assert json.loads("".join(write.as_json(held)))["sections"][0]["rows"][0]["name"] == hostile
    assert "\x1b" not in "".join(write.as_text(held))
    rows = list(csv.reader("".join(write.as_csv(section)).splitlines()))
    assert rows[2] == ["", "7"]
    (tmp_path / "x.pdf").write_bytes(pdf.render(held))
    assert (tmp_path / "x.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("expiry", "--at", "capture"), 2, "judged as of"),
        (("expiry", "--since", "2026-01-01"), 2, "only the report crypto"),
        (("crypto", "--since", "soon"), 2, "--since"),
        (("crypto", "--home", "10.1.2.3/8"), 2, "--home"),
        (("expiry", "--json", "/no/such/folder/x.json"), 4, "No such file"),
    ],
)
def test_what_goes_wrong_is_one_line(url: str, words: tuple[str, ...], status: int, says: str) -> None:
    command = [str(CERTSPAN), "report", *words, "--store", url]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    [line] = done.stderr.splitlines()
    assert line.startswith("certspan: ")
    assert says in line
    assert done.returncode == status


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    command = [str(CERTSPAN), "report", "expiry", "--store", f"chdb://{tmp_path}/none"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert shutil.which(str(CERTSPAN))


def _leaves() -> dict[str, set[str]]:
    """Certificates that a machine at home presented as its own -> its addresses, with the port of servers."""
    found: dict[str, set[str]] = {}
    for row in SESSIONS:
        for side in ("server", "client"):
            chain, address = row[f"{side}_chain"], row[f"{side}_address"]
            if chain and _home(address):
                port = f":{row['server_port']}" if side == "server" else ""
                found.setdefault(chain[0], set()).add(f"{address}{port}")
    return found


def test_shadow_lists_who_issued_what_by_the_certificates(made: Mapping[str, Path]) -> None:
    leaves = _leaves()
    by_issuer: dict[str, set[str]] = {}
    own = set()
    for row in TRUTH:
        if row["sha256"] in leaves and row["self_issued"]:
            own.add(row["sha256"])
        elif row["sha256"] in leaves:
            by_issuer.setdefault(row["issuer"].split(",")[0].removeprefix("CN="), set()).add(row["sha256"])
    told = {one["name"]: one["rows"] for one in document(made["shadow"])["sections"]}
    assert {row["issuer"]: row["certificates"] for row in told["issuers"]} == {
        issuer: len(shas) for issuer, shas in by_issuer.items()
    }
    assert {(row["issuer"], row["sha256"]) for row in told["issued"]} == {
        (issuer, sha256) for issuer, shas in by_issuer.items() for sha256 in shas
    }
    for row in (*told["issued"], *told["self-signed"]):
        assert set(row["holders"]) == leaves[row["sha256"]]
    assert {row["sha256"] for row in told["self-signed"]} == own
    assert len(own) >= 3
    assert [(row["month"], row["new"], row["known"]) for row in told["growth"]] == [
        ("2026-10", len(leaves) - len(own), len(leaves) - len(own))
    ]
    for row in told["issuers"]:
        assert set(row["networks"]) == {_network(held) for sha in by_issuer[row["issuer"]] for held in leaves[sha]}


def _network(held: str) -> str:
    """/24 or /64 of `address` or `address:port`."""
    if held.startswith("10."):
        return held.partition(":")[0].rpartition(".")[0] + ".0/24"
    address = held.rpartition(":")[0]
    return str(ipaddress.ip_network(f"{address}/64", strict=False))


def test_what_is_sanctioned_is_no_shadow(url: str, tmp_path: Path) -> None:
    [root] = [row for row in TRUTH if row["subject"].startswith("CN=Vista Cam Root") and row["is_ca"]]
    (tmp_path / "vista.der").write_bytes(base64.b64decode(root["der"]))
    store = f"chdb://{shutil.copytree(url.removeprefix('chdb://'), tmp_path / 'store', symlinks=True)}"
    certspan("check", "--store", store, "--at", AT.isoformat(), "--vendor-trust", tmp_path / "vista.der")
    told = json.loads(certspan("report", "shadow", "--store", store, "--at", AT.isoformat(), "--json", "-"))
    names = {row["issuer"] for one in told["sections"] if one["name"] == "issuers" for row in one["rows"]}
    assert "Lockwerk Root" in names
    assert "Vista Cam Root" not in names


def test_owners_answer_for_what_the_policy_gives_them(url: str, policy: Path, tmp_path: Path) -> None:
    leaves = _leaves()
    ends = {row["sha256"]: dt.datetime.fromisoformat(row["not_after"]) for row in TRUTH if row["not_after"]}
    doors = {sha for sha, held in leaves.items() if any(one.startswith(DOORS) for one in held)}
    cameras = {row["sha256"] for row in TRUTH if row["issuer"] == CAMERAS} & leaves.keys() - doors
    store = f"chdb://{shutil.copytree(url.removeprefix('chdb://'), tmp_path / 'store', symlinks=True)}"
    clock = ("--store", store, "--at", "2026-10-20T00:00:00Z", "--policy", policy)
    certspan("check", *clock)
    before, after = _owners(clock), {"Doors": doors, "Cameras": cameras}
    after["nobody"] = leaves.keys() - doors - cameras
    assert list(before) == ["Cameras", "Doors", "nobody"]
    at = dt.datetime(2026, 10, 20, tzinfo=dt.UTC)
    for name, held in after.items():
        left = [(ends[sha] - at).total_seconds() / 86_400 for sha in held if sha in ends]
        assert before[name]["certificates"] == len(held) > 0
        assert before[name]["ended"] == sum(days < 0 for days in left)
        assert before[name]["ends_in_30_days"] == sum(0 <= days < 30 for days in left)
        assert before[name]["ends_in_90_days"] == sum(0 <= days < 90 for days in left)
    assert (before["Doors"]["technical"], before["Doors"]["renewal"]) == (
        ["doors@building.example"],
        ["by hand, with a ladder"],
    )
    ended = {sha for sha in doors if ends[sha] < at}
    assert before["Doors"]["critical"] == len(ended) > 1
    waived, *_ = sorted(ended)
    said = ("--until", "2027-01-01", "--reason", "doors are replaced", "--owner", "facility")
    certspan("waive", "--store", store, "--rule", "expired", "--subject", waived, *said)
    now = _owners(clock)
    assert now["Doors"]["critical"] == len(ended) - 1
    assert now["Doors"]["waived"] == 1
    told = json.loads(certspan("report", "owner", *clock, "--json", "-"))
    [row] = next(one["rows"] for one in told["sections"] if one["name"] == "waived")
    assert (row["owner"], row["subject"], row["waiver_owner"]) == ("Doors", waived, "facility")
    late = ("--at", "2027-01-02T00:00:00Z")  # the day that is named is the last one
    assert _owners((*clock, *late))["Doors"]["waived"] == 0


def _owners(options: tuple[object, ...]) -> dict[str, dict[str, Any]]:
    told = json.loads(certspan("report", "owner", *options, "--json", "-"))
    return {row["owner"]: row for one in told["sections"] if one["name"] == "owners" for row in one["rows"]}


def test_owner_needs_a_policy(url: str) -> None:
    done = subprocess.run([CERTSPAN, "report", "owner", "--store", url], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--policy FILE" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_audit_of_a_store_has_the_numbers_of_the_audit_of_its_capture(
    made: Mapping[str, Path], tmp_path: Path
) -> None:
    capture = PCAPS / "smart-building.pcapng"
    certspan("audit", capture, "--at", AT.isoformat(), "--json", tmp_path / "audit.json")
    first = json.loads((tmp_path / "audit.json").read_text())
    told = {one["name"]: one["rows"] for one in document(made["audit"])["sections"]}
    ours = {(row["rule"], row["subject"], row["severity"]) for row in first["findings"] if row["ours"]}
    assert {(row["rule"], row["subject"], row["severity"]) for row in told["findings"]} == ours
    assert len(told["findings"]) == len(ours) > 100
    assert len(told["others"]) == len(first["findings"]) - len(ours) > 0
    severities = [row["severity"] for row in first["findings"] if row["ours"]]
    assert {row["severity"]: row["findings"] for row in told["severities"]} == Counter(severities)
    assert {row["sha256"] for row in told["certificates"]} == {row["sha256"] for row in TRUTH}
    seen = {row["what"]: row["number"] for row in told["coverage"]}
    assert seen["handshakes"] == len(SESSIONS)
    assert told["waived"] == told["rule-errors"] == []


def test_a_waived_finding_is_apart_in_the_audit_of_a_store(url: str, tmp_path: Path) -> None:
    store = f"chdb://{shutil.copytree(url.removeprefix('chdb://'), tmp_path / 'store', symlinks=True)}"
    clock = ("--store", store, "--at", AT.isoformat(), "--json", "-")
    before = {one["name"]: one["rows"] for one in json.loads(certspan("report", "audit", *clock))["sections"]}
    chosen = before["findings"][0]
    words = ("--rule", chosen["rule"], "--subject", chosen["subject"], "--owner", "ops", "--reason", "next stop")
    certspan("waive", "--store", store, *words, "--until", "2100-01-01")
    after = {one["name"]: one["rows"] for one in json.loads(certspan("report", "audit", *clock))["sections"]}
    assert after["findings"] == before["findings"][1:]
    acceptance = {"waived_until": "2100-01-02T00:00:00Z", "waiver_owner": "ops", "waiver_reason": "next stop"}
    assert after["waived"] == [chosen | acceptance]


@pytest.mark.tools("pdftoppm")
def test_a_chart_is_drawn_in_the_pdf_in_the_colours_of_the_page(made: Mapping[str, Path], tmp_path: Path) -> None:
    command = ["pdftoppm", "-r", "50", "-f", "1", "-l", "1", str(made["expiry"] / "report.pdf"), str(tmp_path / "page")]
    subprocess.run(command, check=True)
    [page] = tmp_path.glob("page*.ppm")
    head, _, pixels = page.read_bytes().partition(b"\n255\n")
    assert head.startswith(b"P6")
    found = {pixels[place : place + 3] for place in range(0, len(pixels), 3)}
    wanted = ["f1f4f7", "fdf5df"]  # --band4, --band3 of report.css by day
    assert all(bytes.fromhex(one) in found for one in wanted)
    assert "var(" not in pdf.drawing('<svg class="line"></svg>')
