"""Messages in the words of others: held against OCSF's own schema, ECS's fields, and readers made by the book."""

from __future__ import annotations

import copy
import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from analytics.forward.formats import FORMATS, cef, ecs, leef, ocsf, plain, splunk, syslog
from analytics.forward.sample import sample

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = dt.datetime(2026, 3, 4, 5, 6, 7, 89_000, tzinfo=dt.UTC)
HOSTILE = [
    "a\nb\r\nc",
    'pipe|equals=bracket]quote"backslash\\',
    "nul\0tab\tbell\a",
    "right\u202eleft",
    "x" * 65_536,
    "\ud800 lone",
    "ü漢😀",
    "=|\\",
    "literally \\n and \\= and \\\\",
]
KINDS = [
    ("finding", "opened", "open", None),
    ("finding", "changed", "open", None),
    ("finding", "resolved", "resolved", "replaced"),
    ("finding", "stale", "stale", None),
    ("finding", "reopened", "open", None),
    ("finding", "waived", "open", None),
    ("certificate", "new", None, None),
    ("issuer", "new", None, None),
    ("sighting", "seen", None, None),
]


def made(topic: str, kind: str, state: str | None, reason: str | None) -> dict[str, Any]:
    found = {**sample(NOW), "topic": topic, "kind": kind, "state": state, "reason": reason}
    if reason == "replaced":
        found["replaced_by"] = ["ab" * 32]
    if topic == "issuer":
        found |= {"certificate": None, "holders": [], "holder_count": 0, "subject_kind": "issuer"}
    if topic != "finding":
        for name in ("finding", "rule", "ordinal", "step"):
            found.pop(name)
    return found


def everywhere(message: dict[str, Any], text: str) -> dict[str, Any]:
    """Put a text into every field that someone else writes."""
    found = copy.deepcopy(message)
    found["title"] = text
    if found["certificate"]:
        for name in ("subject", "issuer", "serial", "signature_algorithm", "key_algorithm"):
            found["certificate"][name] = text
        found["certificate"]["sans"] = [f"dns:{text}"]
        found["certificate"]["subject_attributes"] = [f"CN={text}", f"O={text}"]
        found["certificate"]["issuer_attributes"] = [f"CN={text}"]
    for holder in found["holders"]:
        holder["server_names"] = [text]
    return found


def messages() -> Iterator[dict[str, Any]]:
    for kind in KINDS:
        yield made(*kind)
        for text in HOSTILE:
            yield everywhere(made(*kind), text)


@pytest.mark.parametrize("name", FORMATS)
def test_one_message_is_one_line_of_utf_8(name: str) -> None:
    count = 0
    for message in messages():
        data = FORMATS[name](message)
        text = data.decode("utf-8")
        assert "\n" not in text
        assert "\r" not in text
        if name in {"cef", "leef", "rfc5424"}:
            assert not [char for char in text if ord(char) < 32 and (name != "leef" or char != "\t")]
            assert "\u202e" not in text
            assert len(data) < 65_000
        count += 1
    assert count == len(KINDS) * (1 + len(HOSTILE))


SCHEMA = OcsfJsonSchemaEmbedded(get_ocsf_schema(ocsf.OCSF_VERSION))


def ocsf_error(document: dict[str, Any]) -> str | None:
    classes = {2004: "detection_finding", 2003: "compliance_finding", 4001: "network_activity"}
    schema = SCHEMA.get_class_schema(classes[document["class_uid"]], [])
    errors = sorted(jsonschema.validators.validator_for(schema)(schema).iter_errors(document), key=str)
    return errors[0].message[:500] if errors else None


def test_ocsf_is_valid_by_its_own_schema() -> None:
    seen = set()
    for message in messages():
        for write in (ocsf.write, ocsf.write_compliance):
            document = json.loads(write(message))
            assert ocsf_error(document) is None, message["topic"]
            seen.add(document["class_uid"])
            assert document["type_uid"] == document["class_uid"] * 100 + document["activity_id"]
    assert seen == {2004, 2003, 4001}
    broken = ocsf.detection(made(*KINDS[0]))
    del broken["finding_info"]["uid"]
    assert ocsf_error(broken) is not None


def test_ocsf_says_what_became_of_a_finding() -> None:
    got = {kind[1]: ocsf.detection(made(*kind)) for kind in KINDS if kind[0] == "finding"}
    assert {kind: (one["activity_id"], one["status_id"]) for kind, one in got.items()} == {
        "opened": (1, 1),
        "changed": (2, 1),
        "resolved": (3, 4),
        "stale": (2, 1),
        "reopened": (1, 1),
        "waived": (2, 3),
    }
    assert ocsf.compliance(made(*KINDS[0]))["compliance"]["status_id"] == 3
    assert ocsf.compliance(made(*KINDS[2]))["compliance"]["status_id"] == 1
    assert {"uid": "ab" * 32, "type": "certificate", "labels": ["replaced by"]} in got["resolved"]["resources"]


ECS = """
@timestamp message ecs.version event.kind event.category event.type event.action event.dataset event.module event.id
event.severity event.risk_score event.reason event.start event.end rule.id rule.name rule.ruleset observer.vendor
observer.product observer.version observer.type server.address server.ip server.port destination.address destination.ip
destination.port client.address client.ip client.port source.address source.ip source.port related.ip related.hosts
related.hash
"""
ECS_SIDE = """
subject issuer not_before not_after hash.sha256 hash.sha1 server_name x509.version_number x509.serial_number
x509.not_before x509.not_after x509.signature_algorithm x509.public_key_algorithm x509.public_key_size
x509.public_key_curve x509.alternative_names x509.subject.distinguished_name x509.subject.common_name
x509.subject.organization x509.subject.organizational_unit x509.subject.locality x509.subject.state_or_province
x509.subject.country x509.issuer.distinguished_name x509.issuer.common_name x509.issuer.organization
x509.issuer.organizational_unit x509.issuer.locality x509.issuer.state_or_province x509.issuer.country
"""
"""Fields of Elastic Common Schema 9, from its field reference."""


def flat(document: dict[str, Any], lead: str = "") -> Iterator[str]:
    for key, value in document.items():
        if isinstance(value, dict):
            yield from flat(value, f"{lead}{key}.")
        else:
            yield lead + key


def test_ecs_has_no_field_that_ecs_does_not_know() -> None:
    known = set(ECS.split()) | {f"tls.{side}.{name}" for side in ("server", "client") for name in ECS_SIDE.split()}
    known.remove("tls.server.server_name")
    seen: set[str] = set()
    for message in messages():
        document = json.loads(ecs.write(message))
        fields = {name for name in flat(document) if not name.startswith("certspan.")}
        assert fields <= known, fields - known
        seen |= fields
        assert document["event"]["kind"] in {"alert", "event", "asset"}
        assert isinstance(document["event"]["category"], list)
    assert {"tls.server.x509.serial_number", "rule.id", "destination.ip"} <= seen
    document = ecs.document(made(*KINDS[0]))
    assert document["tls"]["server"]["hash"]["sha256"] == "0" * 64
    hexed = made(*KINDS[0])
    hexed["certificate"]["sha256"] = "ab" * 32
    assert ecs.document(hexed)["tls"]["server"]["hash"]["sha256"] == "AB" * 32


def read_cef(line: str) -> tuple[list[str], dict[str, str]]:
    """Read CEF as its specification says: seven header fields, then keys before unescaped equals signs."""
    parts = re.split(r"(?<!\\)(?:\\\\)*\|", line, maxsplit=7)
    header = [re.sub(r"\\([\\|])", r"\1", part) for part in parts[:7]]
    extension: dict[str, str] = {}
    found = list(re.finditer(r"(?:^| )([A-Za-z0-9_]+)(?<!\\)=", parts[7]))
    for one, following in zip(found, [*found[1:], None], strict=True):
        raw = parts[7][one.end() : following.start() if following else None]
        extension[one[1]] = re.sub(r"\\([nr=\\])", lambda m: {"n": "\n", "r": "\r"}.get(m[1], m[1]), raw)
    return header, extension


LIMITS = {"externalId": 40, "msg": 1023, "reason": 1023, "act": 63, "cat": 1023, "fileHash": 255, "dhost": 1023}


def test_cef_can_be_read_by_the_book() -> None:
    names = {"rt", "start", "end", "act", "outcome", "reason", "msg", "cat", "externalId", "dst", "dpt", "dhost", "src"}
    names |= {"fileHash", "fileType", *(f"cs{n}" for n in range(1, 7)), *(f"cn{n}" for n in range(1, 4))}
    names |= {"deviceCustomDate1", "deviceCustomDate2", "flexString1", "flexString2"}
    names |= {f"{name}Label" for name in names}
    for message in messages():
        header, extension = read_cef(cef.write(message).decode())
        assert header[:3] == ["CEF:1", "certspan", "certspan"]
        assert len(header) == 7
        assert 0 <= int(header[6]) <= 10
        assert extension.keys() <= names, extension.keys() - names
        assert int(extension["rt"]) == 1_772_600_767_089
        for name, most in LIMITS.items():
            assert len(extension.get(name, "")) <= most
        for name in extension:
            if re.fullmatch(r"(cs|cn|flexString|deviceCustomDate)\d", name):
                assert f"{name}Label" in extension
    for text in (HOSTILE[1], HOSTILE[-1], HOSTILE[-2]):
        _, extension = read_cef(cef.write(everywhere(made(*KINDS[0]), text)).decode())
        assert extension["cs1"] == text
        assert extension["msg"] == text
    assert read_cef(cef.write(everywhere(made(*KINDS[0]), "a\r\nb")).decode())[1]["cs1"] == "a\nb"


def test_leef_can_be_read_by_the_book() -> None:
    for message in messages():
        line = leef.write(message).decode()
        head, _, rest = line.partition("|x09|")
        assert head.split("|")[:3] == ["LEEF:2.0", "certspan", "certspan"]
        assert len(head.split("|")) == 5
        fields = dict(field.partition("=")[::2] for field in rest.split("\t"))
        assert all(re.fullmatch(r"[A-Za-z0-9]+", name) for name in fields)
        assert fields["devTime"] == "Mar 04 2026 05:06:07.089 UTC"
        assert fields["devTimeFormat"] == "MMM dd yyyy HH:mm:ss.SSS z"
        assert 1 <= int(fields["sev"]) <= 10


HEADER = re.compile(
    rb"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([\x21-\x7e]{1,255}) certspan - ([\x21-\x7e]{1,32}) "
    rb'(\[certspan@32473(?: [\x21-\x7e]{1,32}="(?:[^"\\\]]|\\["\\\]])*")+\]) \xef\xbb\xbf(.*)',
    re.DOTALL,
)


def test_rfc_5424_by_its_grammar() -> None:
    for message in messages():
        found = HEADER.fullmatch(syslog.write(message))
        assert found is not None, syslog.write(message)[:300]
        assert found[2] == b"2026-03-04T05:06:07.089Z"
        assert int(found[1]) >> 3 == 16
    assert HEADER.fullmatch(syslog.write({**made(*KINDS[0]), "severity": "critical"}, 4))[1] == b"34"  # type: ignore[index]


def test_splunk_gets_numbers_for_times_and_names_of_the_common_model() -> None:
    document = json.loads(splunk.write(made(*KINDS[0])))
    assert document["time"] == 1_772_600_767.089
    event = document["event"]
    assert event["ssl_end_time"] - event["ssl_start_time"] == event["ssl_validity_window"] == 90 * 86_400
    assert event["ssl_is_valid"] is True
    assert (event["dest"], event["dest_port"], event["severity"]) == ("192.0.2.10", 443, "informational")
    late = made(*KINDS[0])
    late["certificate"]["not_after"] = "2026-03-04T05:06:07.088Z"
    assert splunk.document(late)["event"]["ssl_is_valid"] is False
    late["certificate"]["not_after"] = None
    assert "ssl_is_valid" not in splunk.document(late)["event"]


def test_plain_is_the_message_itself() -> None:
    for message in messages():
        if "\ud800" not in message["title"]:
            assert json.loads(plain.write(message)) == message
