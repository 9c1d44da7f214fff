"""A policy does what it says and nothing else: zones, pins, owners, criticality, against what servers were given.

The capture is the smart building with VLAN tags, which differ by direction, and a link-layer address for each host.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import hashlib
import ipaddress
import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import rewrite
import wraps
from command import CERTSPAN
from hypothesis import given
from hypothesis import strategies as st

from analytics.cmdb.seen import load
from analytics.evaluate import Evaluation, evaluate
from analytics.finding import Holder
from analytics.network import home_ranges
from analytics.owners import Held, Owners
from analytics.parameter_types import bound
from analytics.policy import values
from analytics.policy.apply import rules_by
from analytics.policy.place import _TAGS, shifted, zone_of
from analytics.policy.read import Policy, parse_policy
from analytics.store import temporary_store
from rules.pack import load_rules, make_pack
from rules.rule import Severity
from rules.zones import of_holders, zones_of
from sensor.source import CaptureInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics.store import Store

ROOT = Path(__file__).parents[1]
PCAPS = ROOT / "pcaps"
SESSIONS = [json.loads(line) for line in (PCAPS / "smart-building.expected.jsonl").read_text().splitlines()]
FACTS = [json.loads(line) for line in (PCAPS / "smart-building.certificates.jsonl").read_text().splitlines()]
AT = dt.datetime(2026, 10, 12, 8, 30, tzinfo=dt.UTC)
HOME = home_ranges(())
RULES = {rule.id: rule for rule in load_rules().rules}
PACK = make_pack([RULES[name] for name in ("self-signed", "expired", "blind-spot", "zone-lifetime-too-long")])
TAG = 40
"""VLAN of packets to the lower end; those to the higher one have the next."""


def mac(address: bytes) -> bytes:
    """Make a link-layer address out of an IP address."""
    return b"\x02\x00" + address[-4:]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """Give a store with the building, tagged."""
    whole = rewrite.segments(rewrite.read(PCAPS / "smart-building.pcapng"))
    heads = [dataclasses.replace(one, head=mac(one.target[0]) + mac(one.source[0]) + one.head[12:]) for one in whole]
    with temporary_store() as made, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tagged.pcapng"
        path.write_bytes(rewrite.pcapng(map(wraps.tagged((0x8100, TAG)), heads)))
        [report] = load(made, [CaptureInput(str(path), path.name, path.stat().st_size)])
        assert report.sessions == len(SESSIONS)
        yield made


def policy(text: str, folder: Path = ROOT) -> Policy:
    """Read a policy."""
    return parse_policy(text.encode(), str(folder / "site.toml"), load_rules())


def judged(store: Store, text: str | None, folder: Path = ROOT, *names: str) -> Evaluation:
    """Judge the building by this policy; None: without one."""
    pack = make_pack([RULES[name] for name in names]) if names else PACK
    by = None if text is None else policy(text, folder)
    return evaluate(store, pack if by is None else rules_by(by, pack), now=AT, home=HOME, policy=by)


def members(store: Store, text: str) -> Evaluation:
    """Judge by zones that allow a day: whatever is presented in them fails."""
    return judged(store, text, ROOT, "zone-lifetime-too-long")


def ends(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Who presented which leaf in a session: address and SHA-256."""
    for side in ("server", "client"):
        if row[f"{side}_chain"]:
            yield row[f"{side}_address"], row[f"{side}_chain"][0]


def first_tag(row: dict[str, Any]) -> int:
    """VLAN of the first packet, the client's: it goes to the higher end or to the lower one."""
    client, server = (
        (ipaddress.ip_address(row[f"{side}_address"]).packed, row[f"{side}_port"]) for side in ("client", "server")
    )
    return TAG + (client < server)


def failing(evaluation: Evaluation, rule: str = "zone-lifetime-too-long") -> set[str]:
    """Give the subjects of a rule's findings."""
    assert not evaluation.errors
    return {finding.subject for finding in evaluation.findings if finding.rule == rule}


LEAVES = {sha256 for row in SESSIONS for _, sha256 in ends(row)}
READABLE = {row["sha256"] for row in FACTS if row.get("not_before") and row.get("not_after")}


@pytest.mark.parametrize(
    "network",
    [
        "10.20.4.11",
        "10.20.4.12/31",
        "10.20.4.8/30",
        "10.20.4.14/31",
        "10.20.0.0/16",
        "10.20.10.0/24",
        "::ffff:10.20.4.11",
        "::ffff:10.20.4.8/126",
        "fd20:20::9:31",
        "fd20:20::9:0/112",
        "fd20:20::9:32/127",
        "fd20:20::/32",
        "0.0.0.0/0",
        "::/0",
    ],
)
def test_a_zone_has_the_members_of_its_networks(store: Store, network: str) -> None:
    inside = ipaddress.ip_network(
        network.replace("::ffff:10.20.4.11", "10.20.4.11").replace("::ffff:10.20.4.8/126", "10.20.4.8/30")
    )
    expected = {one for row in SESSIONS for address, one in ends(row) if ipaddress.ip_address(address) in inside}
    found = members(store, f'[[zones]]\nname = "a"\nnetworks = ["{network}"]\nlifetime_days = 1')
    assert failing(found) == expected & READABLE
    assert bool(expected) != network.endswith(("14/31", "/127"))
    assert {finding.zones for finding in found.findings} <= {("a",)}


@pytest.mark.parametrize("vlans", [[TAG], [TAG + 1], [TAG, TAG + 1], [TAG + 2]])
def test_a_zone_has_the_members_of_its_vlans_of_the_first_packet(store: Store, vlans: list[int]) -> None:
    expected = {one for row in SESSIONS if first_tag(row) in vlans for _, one in ends(row)}
    found = members(store, f'[[zones]]\nname = "a"\nvlans = {vlans}\nlifetime_days = 1')
    assert failing(found) == expected & READABLE
    assert {TAG, TAG + 1} == {first_tag(row) for row in SESSIONS}


def test_a_zone_has_the_servers_that_are_asked_for_by_its_names(store: Store) -> None:
    shown = {
        row["server_chain"][0]
        for row in SESSIONS
        if row["server_chain"] and (row["server_name"] or "").endswith(".building.example")
    }
    assert shown
    found = members(store, '[[zones]]\nname = "a"\nnames = ["*.BUILDING.example"]\nlifetime_days = 1')
    assert failing(found) == shown & READABLE
    assert failing(members(store, '[[zones]]\nname = "a"\nnames = ["building.example"]\nlifetime_days = 1')) == set()


def test_all_kinds_of_selection_must_match_and_the_first_zone_wins(store: Store) -> None:
    both = '[[zones]]\nname = "a"\nnetworks = ["10.20.4.0/24"]\nvlans = [{}]\nlifetime_days = 1\n'
    tags = {first_tag(row) for row in SESSIONS if row["server_address"].startswith("10.20.4.")}
    [tag] = tags
    doors = {one for row in SESSIONS for address, one in ends(row) if address.startswith("10.20.4.")}
    assert failing(members(store, both.format(tag))) == doors
    assert failing(members(store, both.format(2 * TAG + 1 - tag))) == set()
    spared = '[[zones]]\nname = "b"\nnetworks = ["10.20.4.12/32"]\n'
    one = {sha256 for row in SESSIONS for address, sha256 in ends(row) if address == "10.20.4.12"}
    assert failing(members(store, spared + both.format(tag))) == doors - one
    assert failing(members(store, both.format(tag) + spared)) == doors


ZONES = st.lists(
    st.fixed_dictionaries(
        {
            "networks": st.lists(
                st.sampled_from(["10.20.4.0/24", "10.20.0.0/17", "fd20:20::/64", "10.20.10.11", "::/0", "0.0.0.0/1"]),
                max_size=2,
            ),
            "vlans": st.lists(st.sampled_from([TAG, TAG + 1, 7]), max_size=2),
            "names": st.lists(st.sampled_from(["*", "*.building.example", "hvac-*", "a_b", "m%"]), max_size=2),
        }
    ).filter(lambda zone: any(zone.values())),
    min_size=1,
    max_size=4,
)


@given(ZONES)
def test_sql_and_python_find_the_same_zone(store: Store, zones: list[dict[str, Any]]) -> None:
    text = "".join(
        f'[[zones]]\nname = "z{number}"\nlifetime_days = 1\n' + "".join(f"{key} = {one}\n" for key, one in zone.items())
        for number, zone in enumerate(zones)
    )
    by = policy(text.replace("'", '"'))
    kind = zones_of("days UInt32")
    rule = next(rule for rule in rules_by(by, load_rules()).rules if rule.id == "zone-lifetime-too-long")
    scope = {"loads": [], "home": HOME}
    rows = store.query(
        f"SELECT holders, arrayMap(zone -> zone.name, {of_holders(kind)}) "
        "FROM certificate(loads = {loads:Array(String)}, home = {home:Array(String)})",
        {"zones": bound(rule.parameters[0].default, kind), **scope},
    )
    assert len(rows) > 60
    tags = {
        (role, address, port): found
        for role, address, port, found in store.query(_TAGS, {"tags": [f"vlan:{TAG}", f"vlan:{TAG + 1}"], **scope})
    }
    ready = [(zone, [values.network(one) for one in zone.networks]) for zone in by.document.zones]
    for holders, names in rows:
        found = [
            zone_of(Holder(**{**holder, "server_names": tuple(holder["server_names"])}), ready, tags)
            for holder in holders
        ]
        assert names == [zone.name if zone else "" for zone in found]


def plain(evaluation: Evaluation) -> list[Any]:
    """Give the findings as JSON shows them."""
    return [dataclasses.asdict(finding) for finding in evaluation.findings]


def test_a_policy_changes_what_it_says_and_nothing_else(store: Store) -> None:
    before = judged(store, None)
    assert len(before.findings) > 8
    for text in ("", '[[zones]]\nname = "a"\nnetworks = ["192.0.2.0/24"]\nlifetime_days = 1\ncriticality = "high"'):
        after = judged(store, text)
        assert plain(after) == plain(before)
        assert after.pack.sha256 == before.pack.sha256
    after = judged(store, '[rules]\ndisable = [{rule = "expired", reason = "x"}]')
    assert plain(after) == [one for one in plain(before) if one["rule"] != "expired"]
    assert set(before.verdicts) - set(after.verdicts) == {"expired"}
    owned = judged(store, '[[owners]]\nbusiness = "a"\nnetworks = ["10.20.4.0/24"]')
    for old, new in zip(plain(before), plain(owned), strict=True):
        inside = any(holder["address"].startswith("10.20.4.") for holder in new["holders"])
        assert bool(new["owners"]) == inside
        assert {**new, "owners": ()} == old


def test_a_parameter_of_a_rule_is_what_the_policy_says(store: Store) -> None:
    steps = "[rules.expiring]\nsteps = [{}]\n"
    ends_at = {
        row["sha256"]: dt.datetime.fromisoformat(row["not_after"])
        for row in FACTS
        if row["sha256"] in LEAVES & READABLE
    }
    for days in (1, 30, 300):
        found = judged(store, steps.format(days), ROOT, "expiring")
        rules = {finding.subject for finding in found.findings if finding.rule == "expiring"}
        limit = AT + dt.timedelta(days=days)
        assert {one for one, end in ends_at.items() if AT <= end <= limit} == rules & LEAVES
        assert rules & LEAVES


@pytest.mark.parametrize(
    ("severity", "steps", "expected"),
    [
        (Severity.INFO, 1, Severity.INFO),
        (Severity.INFO, -1, Severity.INFO),
        (Severity.LOW, -1, Severity.LOW),
        (Severity.LOW, 1, Severity.MEDIUM),
        (Severity.MEDIUM, -1, Severity.LOW),
        (Severity.HIGH, 1, Severity.CRITICAL),
        (Severity.CRITICAL, 1, Severity.CRITICAL),
        (Severity.CRITICAL, -1, Severity.HIGH),
        (Severity.HIGH, 0, Severity.HIGH),
    ],
)
def test_severities_move_within_bounds(severity: Severity, steps: int, expected: Severity) -> None:
    assert shifted(severity, steps) is expected


@pytest.mark.parametrize(
    ("zone", "owner", "step"),
    [
        ("high", None, 1),
        ("low", None, -1),
        ("normal", None, 0),
        (None, "high", 1),
        (None, "low", -1),
        ("low", "high", 1),
        ("high", "low", 1),
        ("low", "normal", 0),
        (None, None, 0),
    ],
)
def test_the_graver_of_zone_and_owner_moves_the_severity(
    store: Store, zone: str | None, owner: str | None, step: int
) -> None:
    network = 'networks = ["10.20.3.11/32"]\n'
    text = f'[[zones]]\nname = "a"\n{network}criticality = "{zone}"\n' if zone else ""
    text += f'[[owners]]\nbusiness = "b"\n{network}criticality = "{owner}"\n' if owner else ""
    before = {one.id: one for one in judged(store, None).findings}
    moved = 0
    for one in judged(store, text).findings:
        here = {holder.address for holder in one.holders} == {"10.20.3.11"}
        wanted = shifted(before[one.id].severity, step) if here else before[one.id].severity
        assert (one.severity, one.shift) == (wanted, wanted - before[one.id].severity)
        moved += here
    assert moved


def test_a_holder_without_criticality_keeps_a_finding_from_sinking(store: Store) -> None:
    found = judged(store, '[[zones]]\nname = "a"\nnetworks = ["10.20.4.12/31"]\ncriticality = "low"\n')
    for one in found.findings:
        low = all(holder.address in ("10.20.4.12", "10.20.4.13") for holder in one.holders)
        assert (one.shift < 0) == (low and one.severity is not Severity.INFO)


HELD = Held("10.0.0.1", ("Pump.plant.example",), ("00:11:22:33:44:55",), ("a.example", "*.b.example"), ("CN=CA,O=X",))


@pytest.mark.parametrize(
    ("selection", "reason"),
    [
        ('networks = ["10.0.0.0/8"]', "networks 10.0.0.0/8: 10.0.0.1"),
        ('networks = ["::ffff:10.0.0.0/104"]', "networks ::ffff:10.0.0.0/104: 10.0.0.1"),
        ('networks = ["::/0"]', None),
        ('networks = ["10.0.0.2", "10.0.0.1"]', "networks 10.0.0.1: 10.0.0.1"),
        ('names = ["*.plant.example"]', "names *.plant.example: Pump.plant.example"),
        ('names = ["a.example"]', "names a.example: a.example"),
        ('names = ["plant.example"]', None),
        ('names = ["*.*.example"]', "names *.*.example: Pump.plant.example"),
        ('issuers = ["CN=CA,O=X"]', "issuers CN=CA,O=X"),
        ('issuers = ["CN=CA"]', None),
        ('macs = ["00:11:22"]', "macs 00:11:22: 00:11:22:33:44:55"),
        ('macs = ["00-11-22-33-44-55"]', "macs 00:11:22:33:44:55: 00:11:22:33:44:55"),
        ('macs = ["00:11:2"]', "no policy"),
        ('macs = ["00:11:23"]', None),
        ('networks = ["10.0.0.0/8"]\nmacs = ["ff"]', None),
        ('networks = ["10.0.0.0/8"]\nmacs = ["00"]', "networks 10.0.0.0/8: 10.0.0.1; macs 00: 00:11:22:33:44:55"),
        ("", "which matches all"),
    ],
)
def test_an_owner_matches_by_each_kind_of_selection(selection: str, reason: str | None) -> None:
    text = f'[[owners]]\nbusiness = "b"\ntechnical = "t"\nrenewal = "r"\n{selection}\n'
    if reason == "no policy":
        with pytest.raises(Exception, match="not a link-layer address"):
            policy(text)
        return
    match = Owners(policy(text).document.owners, None).first(HELD)
    assert (match is None) == (reason is None)
    if match is not None:
        assert dataclasses.astuple(match.ownership) == ("b", "t", "r", f"owners[1], {reason}")


def test_the_first_owner_wins_and_two_holders_can_have_two(store: Store) -> None:
    order = ['business = "wide"\nnetworks = ["10.20.4.0/24"]', 'business = "narrow"\nnetworks = ["10.20.4.12"]']
    texts = ["".join(f"[[owners]]\n{one}\n" for one in some) for some in (order, order[::-1])]
    for text, expected in zip(texts, ({"wide"}, {"wide", "narrow"}), strict=True):
        owners = {o.business for one in judged(store, text).findings for o in one.owners}
        assert owners == expected
    shared = Held("10.0.0.2", (), (), (), ())
    two = policy('[[owners]]\nbusiness = "b"\nnetworks = ["10.0.0.2"]\n[[owners]]\nbusiness = "a"').document.owners
    assert [Owners(two, None).first(one).ownership.business for one in (HELD, shared)] == ["a", "b"]  # type: ignore[union-attr]


def test_owners_by_mac_issuer_and_name_are_found_in_the_store(store: Store) -> None:
    before = judged(store, None)
    door = mac(ipaddress.ip_address("10.20.4.11").packed).hex(":")
    text = (
        f'[[owners]]\nbusiness = "by mac"\nmacs = ["{door}"]\n'
        '[[owners]]\nbusiness = "by issuer"\nissuers = ["CN=Acme Access CA,O=Acme Access"]\n'
        '[[owners]]\nbusiness = "by name"\nnames = ["meter-*"]\n'
    )
    issuers = {row["sha256"]: row["issuer"] for row in FACTS}
    sans = {row["sha256"]: row["sans"] or [] for row in FACTS}
    found: set[str] = set()
    for one in judged(store, text).findings:
        concerned = one.evidence["certificates"]
        if one.subject_kind != "certificate":
            continue
        at = {holder.address for holder in one.holders}
        if at == {"10.20.4.11"}:
            expected = ["by mac"]
        elif issuers[concerned[0]] == "CN=Acme Access CA,O=Acme Access":
            expected = ["by issuer"]
        else:
            expected = ["by name"] if any(san.startswith("dns:meter-") for san in sans[concerned[0]]) else []
        assert [owner.business for owner in one.owners] == expected, one.title
        found |= set(expected)
    assert found >= {"by mac", "by issuer"}
    assert len(before.findings) == len(judged(store, text).findings)


def test_owners_come_out_of_the_cmdb(store: Store, tmp_path: Path) -> None:
    (tmp_path / "cmdb.csv").write_text(
        "Name,IP Address,Site,Owner\ndoor,10.20.4.11,P1,Works\nx,10.20.4.12,P2,Other\nprinter-3f,,P1,\n"
    )
    text = '[cmdb]\nfile = "cmdb.csv"\n[[owners]]\n{}cmdb = {{ Site = "P1" }}\n'
    found = {
        (holder.address, owner.business, owner.reason)
        for one in judged(store, text.format(""), tmp_path).findings
        for owner in one.owners
        for holder in one.holders
    }
    assert found == {("10.20.4.11", "Works", "owners[1], cmdb.csv line 2: door")}
    named = {
        (holder.address, owner.business)
        for one in judged(store, text.format('business = "B"\n'), tmp_path).findings
        for owner in one.owners
        for holder in one.holders
    }
    assert named == {("10.20.4.11", "B"), ("10.20.3.11", "B")}


MUTUAL = [json.loads(line) for line in (PCAPS / "mqtt-mutual.expected.jsonl").read_text().splitlines()]


def audit(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `certspan audit`."""
    return subprocess.run(
        [CERTSPAN, "audit", *map(str, arguments)], check=False, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Write every output of one run with a policy whose texts are hostile."""
    folder = tmp_path_factory.mktemp("policy")
    site = folder / "site.toml"
    site.write_text(
        "home_networks = ['0.0.0.0/0']\n[rules]\n"
        "disable = [{rule = 'self-signed', reason = \"</dd><script>alert(1)</script>\\u001b[2J\"}]\n"
        "[[zones]]\nname = \"=cmd()\\u202e<b>\"\nnetworks = ['0.0.0.0/0']\nlifetime_days = 1\nmtls = true\n"
        "criticality = 'high'\n[[owners]]\nbusiness = \"@SUM(1)\\u001b[31m<i>\"\nrenewal = '=1+1'\ntechnical = 't'\n"
    )
    made = {kind: folder / f"out.{kind}" for kind in ("report", "json", "csv", "ndjson")}
    files = [part for kind, path in made.items() for part in (f"--{kind}", path)]
    done = audit(PCAPS / "mqtt-mutual.pcap", "--policy", site, *files, "--store", f"chdb://{folder}/store")
    assert (done.returncode, done.stderr) == (0, "")
    kept = "(SELECT countIf(length(owners) = 1 AND length(zones) = 1) = count() FROM findings FINAL)"
    query = f"SELECT policy_sha256, {kept} FROM evaluations FINAL"
    stored = subprocess.run(
        [CERTSPAN, "store", "query", "--store", f"chdb://{folder}/store", query], check=True, capture_output=True
    )
    texts = {kind: path.read_bytes().decode() for kind, path in made.items()}
    digest = hashlib.sha256(site.read_bytes()).hexdigest()
    return texts | {"terminal": done.stdout, "sha256": digest, "store": stored.stdout.decode()}


def test_the_hash_of_the_policy_stands_in_every_output(outputs: dict[str, str]) -> None:
    digest = outputs["sha256"]
    document = json.loads(outputs["json"])
    jsonschema.validate(document, json.loads((ROOT / "docs/audit.schema.json").read_text()))
    assert document["run"]["policy"]["sha256"] == digest
    assert f"<code>{digest}</code>" in outputs["report"]
    assert digest[:16] in outputs["terminal"]
    assert outputs["store"] == f"{digest}\t1\n"
    assert document["run"]["home"] == ["0.0.0.0/0"]


def test_texts_of_a_policy_are_harmless_in_every_output(outputs: dict[str, str]) -> None:
    for kind, text in outputs.items():
        assert "\x1b" not in text, kind
        assert "\u202e" not in text, kind
    for hostile in ("<script>alert", "<i>", "<b>\\"):
        assert hostile not in outputs["report"]
    rows = list(csv.DictReader(outputs["csv"].splitlines()))
    assert rows
    assert {row["owners"][:9] for row in rows} == {"'@SUM(1)\\"}
    assert {row["renewal"] for row in rows} == {"'=1+1"}
    assert {row["zones"][:6] for row in rows} == {"'=cmd("}


def test_numbers_of_owners_agree_in_all_outputs(outputs: dict[str, str]) -> None:
    document = json.loads(outputs["json"])
    [owner] = document["owners"]
    assert owner["findings"] == len(document["findings"]) == sum(owner["severities"].values())
    assert len(outputs["ndjson"].splitlines()) == owner["findings"]
    told = re.search(r"OWNERS .*?: (.*?) renewal", " ".join(outputs["terminal"].split()))
    assert told is not None
    counted = ", ".join(f"{count} {severity}" for severity, count in owner["severities"].items())
    assert told[1].strip() == counted


def test_where_clients_show_certificates_mtls_is_met(outputs: dict[str, str]) -> None:
    asked = {f"{row['server_address']}:{row['server_port']}" for row in MUTUAL if row["client_certificate_requested"]}
    let_in = {
        f"{row['server_address']}:{row['server_port']}"
        for row in MUTUAL
        if row["client_certificate_requested"] and row["client_visibility"] == "none_sent" and row["established"]
    }
    plain_ones = {
        f"{row['server_address']}:{row['server_port']}"
        for row in MUTUAL
        if row["client_certificate_requested"] is False
    }
    expected = (plain_ones - asked) | let_in
    found = [one for one in json.loads(outputs["json"])["findings"] if one["rule"] == "zone-mtls-missing"]
    assert {one["subject"] for one in found} == expected
    assert asked


def test_a_run_without_a_policy_says_so(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    assert audit(PCAPS / "mqtt-mutual.pcap", "--json", path, "--store", f"chdb://{tmp_path}/store").returncode == 0
    document = json.loads(path.read_text())
    assert (document["run"]["policy"], document["owners"]) == (None, [])
    query = "SELECT isNull(policy_sha256) FROM evaluations FINAL"
    stored = subprocess.run(
        [CERTSPAN, "store", "query", "--store", f"chdb://{tmp_path}/store", query], check=True, capture_output=True
    )
    assert stored.stdout == b"1\n"


def test_a_policy_that_is_wrong_ends_the_run_before_it_begins(tmp_path: Path) -> None:
    site, report = tmp_path / "site.toml", tmp_path / "report.html"
    site.write_text("[[zones]]\nname = 'a'\nnetwork = []\n")
    done = audit(PCAPS / "mqtt-mutual.pcap", "--policy", site, "--report", report)
    assert done.returncode == 2
    assert done.stderr.startswith(f"certspan: {site}, line 3: zones[1].network: no such key; did you mean networks?")
    assert (done.stdout, report.exists()) == ("", False)
