"""A policy is read to the letter: every key, every slip with its line and what was meant, every limit."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from analytics import parameter_types
from analytics.commands.policy import command
from analytics.network import home_ranges
from analytics.policy import explain, places, values
from analytics.policy.apply import home, rules_by, settings
from analytics.policy.model import TABLES
from analytics.policy.read import LARGEST, Policy, PolicyError, parse_policy, read_policy
from rules.pack import load_rules

if TYPE_CHECKING:
    from rules.rule import Rule

PACK = load_rules()
ROOT = Path(__file__).parents[1]
EXAMPLE = (ROOT / "analytics/policy/example.toml").read_text()
KEY = "ab" * 32


def parsed(text: str, folder: Path | None = None) -> Policy:
    """Read this text as a policy."""
    return parse_policy(text.encode(), str((folder or ROOT) / "site.toml"), PACK)


def wrong(text: str, folder: Path | None = None) -> list[str]:
    """Give what is told of this text, without the folder."""
    with pytest.raises(PolicyError) as caught:
        parsed(text, folder)
    problems = [problem.replace(f"{folder or ROOT}/", "") for problem in caught.value.problems]
    assert all(problem.startswith("site.toml") and "\n" not in problem for problem in problems)
    return problems


def told(data: bytes) -> list[str]:
    """Tell what is wrong with a policy, if anything is."""
    try:
        parse_policy(data, "site.toml", PACK)
    except PolicyError as error:
        return list(error.problems)
    return []


def rule(policy: Policy, name: str) -> Rule:
    """Give a rule as the policy wants it."""
    return next(one for one in rules_by(policy, PACK).rules if one.id == name)


def filled(policy: Policy, name: str, parameter: str) -> Any:
    """Value of a parameter."""
    return next(one.default for one in rule(policy, name).parameters if one.name == parameter)


def test_every_key_is_read_and_reaches_what_it_is_for(tmp_path: Path) -> None:
    for name in ("ca", "vendor"):
        (tmp_path / name).mkdir()
    (tmp_path / "keys.txt").write_text("")
    (tmp_path / "cmdb.csv").write_text("Mgmt;Dev;Hw;Dept;Site\n10.0.0.1;a;00:11:22:33:44:55;Works;P1\n", "cp1252")
    policy = parsed(
        f"""
        home_networks = ["192.0.2.0/24"]
        [trust]
        corporate = ["ca"]
        vendors = ["vendor"]
        system_roots = true
        blocklists = ["keys.txt"]
        [rules]
        disable = [{{ rule = "weak-hash", reason = "old plant" }}]
        [rules.expiring]
        steps = [60, 30, 7]
        [rules.weak-key]
        rsa_bits = 3072
        [[zones]]
        name = "plant"
        networks = ["10.1.0.0/16", "::ffff:10.2.0.0/112", "fd00::1"]
        vlans = [0, 4094]
        names = ["*.Plant.example"]
        rsa_bits = 4096
        ec_bits = 384
        hashes = ["SHA-384", "sha512"]
        lifetime_days = 90
        issuers = ["CN=Works CA,O=Acme", "{KEY.upper()}"]
        mtls = true
        criticality = "high"
        [[pins]]
        server = "[fd00::1]:443"
        spki = ["sha256:{KEY}"]
        [[pins]]
        server = "*.Plant.example"
        spki = ["{KEY}", "{"0" * 64}"]
        [[owners]]
        business = "Works"
        technical = "ann"
        renewal = "ACME"
        criticality = "low"
        networks = ["10.1.0.0/16"]
        names = ["*.plant.example"]
        issuers = ["CN=Works CA"]
        macs = ["00-11-22", "0011.2233.4455"]
        cmdb = {{ Site = "P*" }}
        [cmdb]
        file = "cmdb.csv"
        delimiter = ";"
        encoding = "cp1252"
        [cmdb.columns]
        addresses = ["Mgmt"]
        names = ["Dev"]
        macs = ["Hw"]
        owner = ["Dept"]
        """,
        tmp_path,
    )
    kept = settings(policy)
    assert kept.corporate == (tmp_path / "ca",)
    assert kept.vendors == (tmp_path / "vendor",)
    assert kept.blocklists == (tmp_path / "keys.txt",)
    assert kept.system_roots
    assert "weak-hash" not in [one.id for one in rules_by(policy, PACK).rules]
    assert filled(policy, "expiring", "steps") == (60, 30, 7)
    assert filled(policy, "weak-key", "rsa_bits") == 3072
    chosen = ("plant", ("10.1.0.0/16", "10.2.0.0/16", "fd00::1/128"), ("vlan:0", "vlan:4094"), ("%.plant.example",))
    assert filled(policy, "zone-key-too-short", "zones") == ((*chosen, 4096, 384),)
    assert filled(policy, "zone-hash-not-allowed", "zones") == ((*chosen, ("sha384", "sha512")),)
    assert filled(policy, "zone-lifetime-too-long", "zones") == ((*chosen, 90),)
    assert filled(policy, "zone-issuer-not-allowed", "zones") == ((*chosen, ("CN=Works CA,O=Acme",), (KEY,)),)
    assert filled(policy, "zone-mtls-missing", "zones") == ((*chosen, True),)
    assert filled(policy, "pin-broken", "pins") == (
        ("[fd00::1]:443", (), "fd00::1", 443, (KEY,)),
        ("*.Plant.example", ("%.plant.example",), "", 0, (KEY, "0" * 64)),
    )
    assert filled(policy, "zone-key-too-short", "weak_rsa_bits") == 3072
    assert filled(policy, "zone-hash-not-allowed", "weak") == ()
    assert policy.cmdb is not None
    assert policy.cmdb.rows[0].owner == "Works"
    shown = "\n".join(explain.lines(policy, PACK))
    for part in ("192.0.2.0/24", "vendor", "old plant", "60, 30, 7", "VLAN 0 or 4094", "384 bits", "90 days", "ACME"):
        assert part in shown


def test_an_empty_policy_changes_nothing() -> None:
    policy = parsed("")
    assert rules_by(policy, PACK) == PACK
    assert home(policy, []) == home_ranges([])
    assert policy.sha256 == hashlib.sha256(b"").hexdigest()
    assert settings(policy).corporate == ()


def test_home_of_the_command_wins_over_the_policy() -> None:
    policy = parsed('home_networks = ["192.0.2.0/24"]')
    assert home(policy, []) == home_ranges(["192.0.2.0/24"])
    assert home(policy, ["10.0.0.0/8"]) == home_ranges(["10.0.0.0/8"])
    assert home(None, []) == home_ranges([])


ZONE = '[[zones]]\nname = "a"\nnetworks = ["10.0.0.0/8"]\n'
OWNER = '[[owners]]\nbusiness = "a"\n'


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("home_network = []", 1, "home_network: no such key; did you mean home_networks?"),
        ("\n[trust]\ncorporat = []", 3, "trust.corporat: no such key; did you mean corporate?"),
        (ZONE + "\nlifetime = 3", 5, "zones[1].lifetime: no such key; did you mean lifetime_days?"),
        (ZONE + ZONE.replace('"a"', '"b"') + "qqq = 3", 7, "zones[2].qqq: no such key; there are criticality, "),
        ("[[pins]]\nserver = 'a'\nspkis = []", 3, "pins[1].spkis: no such key; did you mean spki?"),
        (OWNER + "mac = []", 3, "owners[1].mac: no such key; did you mean macs?"),
        ("[cmdb.columns]\naddress = []", 2, "cmdb.columns.address: no such key; did you mean addresses?"),
        ("[rules]\ndisable = [{rule = 'expired', why = 'x'}]", 2, "rules.disable[1].why: no such key; there are"),
        ("[rules.expirng]", 1, "rules.expirng: no such rule; did you mean expiring?"),
        ("[rules]\nexpiring = 3", 2, "rules.expiring: expected a table of the rule's parameters"),
        ("[rules.expiring]\nstep = [1]", 2, "rules.expiring.step: expiring has no such parameter; did you mean steps?"),
        ("[rules]\ndisable = [{rule = 'expird', reason = 'x'}]", 2, "expird: no such rule; did you mean expired?"),
        ("[rules]\ndisable = [{rule = 'expired', reason = ' '}]", 2, "reason: say why the rule is switched off"),
        ("[rules]\ndisable = [{rule = 'expired'}]", 2, "rules.disable[1]: it lacks the key reason"),
        ("[rules]\ndisable = ['expired']", 2, "rules.disable[1]: expected a table, got a text"),
        ("[rules.zone-key-too-short]\nzones = []", 2, "zone-key-too-short takes them from [[zones]]"),
        ("[rules.pin-broken]\npins = []", 2, "pin-broken takes them from [[pins]]"),
        ("[rules.expiring]\nsteps = [30, -1]", 2, "member 2: -1 is not a whole number from 0 to 4,294,967,295"),
        ("[rules.expiring]\nsteps = [4294967296]", 2, "member 1: 4294967296 is not a whole number"),
        ("[rules.expiring]\nsteps = [40000]", 2, "more than 36,525 days"),
        ("[rules.expiring]\nsteps = []", 2, "an empty list; expected a list of whole numbers from 0 to"),
        ("[rules.expiring]\nsteps = 30", 2, "30 is not a list of whole numbers from 0 to 4,294,967,295"),
        ("[rules.expiring]\nurgent = true", 2, "True is not a whole number"),
        ("[rules.expiring]\nurgent = 7.0", 2, "7.0 is not a whole number"),
        ("home_networks = ['10.1.2.3/8']", 1, "10.1.2.3/8: not the start of a network; did you mean 10.0.0.0/8?"),
        ("home_networks = '10.0.0.0/8'", 1, "home_networks: expected a list, got a text"),
        ("home_networks = ['']", 1, "home_networks[1]: expected a text that is not empty"),
        ("[trust]\ncorporate = ['nowhere']", 2, "trust.corporate[1]: nowhere: no such file or folder"),
        ("[trust]\nblocklists = ['nowhere']", 2, "trust.blocklists[1]: nowhere: no such file or folder"),
        ("[trust]\nsystem_roots = 1", 2, "trust.system_roots: expected true or false, got a whole number"),
        ("zones = 3", 1, "zones: expected a list, got a whole number"),
        ("[zones]\nname = 'a'", 1, "zones: expected a list, got a table"),
        ("[[zones]]\nnetworks = []", 1, "zones[1]: it lacks the key name"),
        ("[[zones]]\nname = 'a'", 1, "zone 'a' has no members: give it networks, vlans or names"),
        (ZONE + ZONE, 5, "zones[2].name: a zone 'a' is there already"),
        (ZONE + "vlans = [4095]", 4, "zones[1].vlans[1]: expected a whole number of at most 4094"),
        (ZONE + "vlans = [-1]", 4, "zones[1].vlans[1]: expected a whole number of at least 0"),
        (ZONE + "rsa_bits = 511", 4, "zones[1].rsa_bits: expected a whole number of at least 512"),
        (ZONE + "ec_bits = 1025", 4, "zones[1].ec_bits: expected a whole number of at most 1024"),
        (ZONE + "lifetime_days = 0", 4, "zones[1].lifetime_days: expected a whole number of at least 1"),
        (ZONE + "hashes = ['sha-2']", 4, "zones[1].hashes[1]: sha-2: no such hash; known are sha224"),
        (ZONE + "issuers = ['Works CA']", 4, "Works CA: neither a name such as CN=Works CA,O=Acme nor"),
        (ZONE + "mtls = 'yes'", 4, "zones[1].mtls: expected true or false, got a text"),
        (ZONE + "criticality = 'hi'", 4, "zones[1].criticality: 'hi' is not low, normal or high"),
        (ZONE + "names = ['a b']", 4, "zones[1].names[1]: a b: neither a name nor a pattern"),
        ("[[zones]]\nname = 'a'\nnetworks = ['1.2.3']", 3, "zones[1].networks[1]: 1.2.3: not a network"),
        ("[[pins]]\nserver = '10.0.0.1'\nspki = ['x']", 2, "10.0.0.1: an address needs its port"),
        ("[[pins]]\nserver = 'fd00::1'\nspki = ['x']", 2, "fd00::1: an address needs its port"),
        ("[[pins]]\nserver = 'a:443'\nspki = ['x']", 2, "a:443: an endpoint begins with an IP address"),
        ("[[pins]]\nserver = '10.0.0.1:65536'\nspki = ['x']", 2, "there is no port 65536"),
        ("[[pins]]\nserver = 'a'\nspki = ['x']", 3, "pins[1].spki[1]: x: not the SHA-256 of a public key"),
        ("[[pins]]\nserver = 'a'\nspki = []", 3, "pins[1].spki: expected a list that is not empty"),
        ("[[pins]]\nserver = 'a'", 1, "pins[1]: it lacks the key spki"),
        ("[[owners]]\nnetworks = ['10.0.0.0/8']", 1, "owners[1]: nobody is named: give it business"),
        (OWNER + "macs = ['0g']", 3, "owners[1].macs[1]: 0g: not a link-layer address"),
        (OWNER + "issuers = ['Works']", 3, "owners[1].issuers[1]: Works: not a name such as"),
        (OWNER + "names = ['']", 3, "owners[1].names[1]: expected a text that is not empty"),
        (OWNER + "cmdb = { a = 'b' }", 3, "owners[1].cmdb: there is no CMDB: give [cmdb] a file"),
        (OWNER + "cmdb = { a = 1 }", 3, "owners[1].cmdb: expected a text, got a whole number"),
        ("[cmdb]\nfile = 'nowhere.csv'", 2, "cmdb.file: nowhere.csv: no such file"),
        ("[cmdb]\ndelimiter = ',,'", 2, "cmdb.delimiter: expected a text with a length of at most 1"),
        ("[cmdb]\ndelimiter = 'x'", 2, "cmdb.delimiter: 'x' cannot be a delimiter"),
        ("[cmdb]\nencoding = 'utf-9'", 2, "cmdb.encoding: utf-9: no such encoding"),
        ("[cmdb]\nencoding = 'base64'", 2, "cmdb.encoding: base64: no such encoding"),
        ("rules = 1", 1, "rules: expected a table, got a whole number"),
        ("zones = [1979-05-27]", 1, "zones[1]: expected a table, got"),
    ],
)
def test_every_slip_is_told_with_its_line(text: str, line: int, told: str) -> None:
    [problem] = [one for one in wrong(text) if told in one] or [wrong(text)[0]]
    assert problem.startswith(f"site.toml, line {line}: "), problem
    assert told in problem


def test_all_slips_are_told_at_once() -> None:
    problems = wrong('home_networks = ["x"]\n[rules.expirng]\n' + ZONE + 'hashes = ["md6"]\n' + ZONE)
    assert [int(re.findall(r"line (\d+)", problem)[0]) for problem in problems] == [1, 2, 6, 8]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"a = ", "site.toml, at its end: "),
        (b"\n[a\n", "site.toml, line 2, column 3: "),
        (b"a = 1\na = 2\n", "site.toml, line 2, column 6: Cannot overwrite a value"),
        (b"ok = 1\nno = '\xff'", "site.toml, line 2: byte 13 is no UTF-8"),
        (b"\x00", "site.toml, line 1, column 1: "),
        (b"a = " + b"[" * 100_000, "site.toml: lists or tables are nested too deep"),
    ],
)
def test_what_is_no_toml_is_told(data: bytes, told: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(data, "site.toml", PACK)
    assert str(caught.value).startswith(told)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    for path, told in ((tmp_path / "none.toml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(PolicyError, match=told):
            read_policy(str(path), PACK)
    big = tmp_path / "big.toml"
    with big.open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(PolicyError, match="more than 4 MB"):
        read_policy(str(big), PACK)
    with pytest.raises(PolicyError, match="null"):
        read_policy("a\0b", PACK)


def test_marks_and_line_ends_of_windows_do_not_matter() -> None:
    text = ZONE + "rsa_bits = 1\n"
    [plain] = wrong(text)
    assert wrong("\ufeff" + text.replace("\n", "\r\n")) == [plain]


def test_the_example_is_a_policy_and_shows_every_key() -> None:
    parsed(EXAMPLE)
    shown = set(re.findall(r"^\s*(?:# )?([a-z_]+) = ", EXAMPLE, re.MULTILINE)) | set(re.findall(r"{ (\w+) = ", EXAMPLE))
    shown |= set(re.findall(r"\[\[?([a-z.]+)\]", EXAMPLE)) | {"reason", "rule", "columns"}
    missing = [f"{table}.{key}" for table, one in TABLES.items() for key in one.__struct_fields__ if key not in shown]
    assert missing == []
    whole = re.sub(r"^# (?=[a-z\[]+.*(= |\]))", "", EXAMPLE, flags=re.MULTILINE)
    assert tomllib.loads(whole)["cmdb"]["columns"]["names"] == ["Device"]


def test_the_commands_print_the_example_and_check_it(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["example"])
    assert (done.exit_code, done.output) == (0, EXAMPLE)
    path = tmp_path / "site.toml"
    path.write_text(EXAMPLE)
    done = CliRunner().invoke(command, ["check", str(path)])
    assert done.exit_code == 0
    assert hashlib.sha256(EXAMPLE.encode()).hexdigest() in done.output
    path.write_text("zone = 1")
    done = CliRunner().invoke(command, ["check", str(path)])
    assert (done.exit_code, done.output) == (2, f"certspan: {path}, line 1: zone: no such key; did you mean zones?\n")


def test_the_manual_has_every_key() -> None:
    manual = (ROOT / "docs/using.md").read_text().partition("## Policy")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([a-z_.\[\]]+)` \| (.*?) \|", manual, re.MULTILINE)
    assert len(rows) > 30
    expected: dict[str, str] = {}
    for table, struct in TABLES.items():
        for one in msgspec.inspect.type_info(struct).fields:  # type: ignore[attr-defined]
            expected[f"{table}.{one.name}".lstrip(".")] = one.type.extra_json_schema["description"]
    assert {key: " ".join(meaning.split()) for key, meaning in rows} == expected


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert told(text.encode("utf-8", "surrogatepass")) != [""]


WORDS = st.sampled_from(["zones", "rules", "owners", "name", "disable", "networks", "cmdb", "expiring", "steps", "a"])
TOML = st.recursive(
    st.one_of(st.integers(-5, 5000), st.booleans(), st.text("ab*=.:/1", max_size=5), st.floats(allow_nan=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=8,
)


def written(value: Any) -> str:
    """Write a value as TOML does."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, str):
        return f'"{value}"'
    return str(value).lower() if isinstance(value, bool) else repr(value)


@given(st.dictionaries(WORDS, TOML, max_size=3))
def test_no_shape_of_values_breaks_the_reader(document: dict[str, Any]) -> None:
    text = "\n".join(f"{key} = {written(value)}" for key, value in document.items())
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert all(re.match(r"site\.toml, line \d+: ", problem) for problem in told(text.encode()))


def test_lines_are_found_behind_strings_and_lists_of_several_lines() -> None:
    text = 'a = """\nb = 1\n[c]\n"""\n[x]\nl = [\n  "]", # [\n  2,\n]\n'
    text += "\"q.r\" = ''''''\nd.e = 3\n[[y]]\n[[y]]\n[y.z]\nk=1\n"
    assert tomllib.loads(text)["y"][1]["z"]["k"] == 1
    found = places.places(text)
    expected = {("a",): 1, ("x",): 5, ("x", "l"): 6, ("x", "q.r"): 10, ("x", "d"): 11, ("x", "d", "e"): 11}
    assert expected.items() <= found.items()
    assert (found["y", 1, "z"], found["y", 1, "z", "k"], found["y", 0]) == (14, 15, 12)
    assert ("b",) not in found
    assert ("c",) not in found


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("UInt8", [0, 255], [-1, 256, True, 1.0, "1", None, []]),
        ("Int16", [-32768, 32767], [-32769, 32768]),
        ("UInt64", [2**64 - 1], [2**64]),
        ("Float64", [1, 1.5, -0.0], [float("nan"), float("inf"), True, "1"]),
        ("Bool", [True, False], [0, 1, "true"]),
        ("String", ["", "ä"], ["\0", 1, None]),
        ("Array(UInt8)", [[], [1, 2]], [1, [256], ["1"], {}, "12"]),
        ("Array(Tuple(name String, n UInt8))", [[["a", 1]]], [[["a"]], [["a", 256]], ["ab"], [{"name": "a", "n": 1}]]),
    ],
)
def test_types_of_parameters(kind: str, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        parameter_types.checked(value, kind)
    for value in bad:
        with pytest.raises(parameter_types.ParameterError):
            parameter_types.checked(value, kind)
    assert parameter_types.said(kind)


@pytest.mark.parametrize(
    "kind", ["", "Date", "Array", "Array()", "Array(UInt8, UInt8)", "UInt8)", "Tuple(", "Int7", "a'"]
)
def test_types_that_are_none(kind: str) -> None:
    with pytest.raises(ValueError, match=r"type|closed"):
        parameter_types.parse(kind)


def test_a_list_has_an_end() -> None:
    with pytest.raises(parameter_types.ParameterError, match="10,000 are the most"):
        parameter_types.checked([1] * 10_001, "Array(UInt8)")


def test_every_parameter_of_every_rule_has_a_type_and_its_default_is_of_it() -> None:
    count = 0
    for one in PACK.rules:
        for parameter in one.parameters:
            assert parameter_types.checked(parameter.default, parameter.type) == parameter.default
            count += 1
    assert count > 8


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.1", "10.0.0.1/32"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("fd00::/8", "fd00::/8"),
        ("::/0", "::/0"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_networks(text: str, shown: str) -> None:
    assert str(values.network(text)) == shown


def test_an_unknown_parameter_is_refused_by_the_rule_itself() -> None:
    from rules.rule import given as filled_in  # noqa: PLC0415

    with pytest.raises(ValueError, match="no parameter nonsense"):
        filled_in(PACK.rules[0], {"nonsense": 1})


def test_the_hash_of_the_rules_stays_and_that_of_the_policy_follows_every_byte() -> None:
    one, two = parsed("[rules.expiring]\nurgent = 6"), parsed("[rules.expiring]\nurgent = 6 ")
    assert one.sha256 != two.sha256
    assert rules_by(one, PACK).sha256 == PACK.sha256
    assert dataclasses.replace(rule(one, "expiring"), parameters=()) == dataclasses.replace(
        next(each for each in PACK.rules if each.id == "expiring"), parameters=()
    )
