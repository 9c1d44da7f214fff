"""A certificate's JSON follows its schema, and its columns follow the ground floor and can be encoded."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from damage import NOT_AFTER, NOT_BEFORE, replace, tlv
from damaged_certificates import CASES
from jsonschema import Draft202012Validator
from made_certificates import NOT_AFTER as END
from made_certificates import plain, rich

from sensor import _rust
from sensor.certificate import DEFECTS, certificate_json, certificate_rows, read_certificate
from sensor.events import Certificate, certificate_columns

SCHEMA: dict[str, Any] = json.loads(Path(__file__).parent.parent.joinpath("docs/certificate.schema.json").read_text())
FOREVER = replace(replace(plain(), NOT_AFTER, tlv(0x18, b"99991231235959Z")), NOT_BEFORE, tlv(0x18, b"18500101000000Z"))


def rows(*ders: bytes) -> dict[str, list[object]]:
    return {name: values for name, _, values in certificate_rows([(read_certificate(der), der) for der in ders])}


def test_the_schema_is_a_schema_and_closed() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["additionalProperties"] is False
    assert SCHEMA["required"] == list(SCHEMA["properties"]) == [field.name for field in fields(Certificate)]


def test_every_field_is_described_and_null_is_explained() -> None:
    for name, field in SCHEMA["properties"].items():
        assert field["description"].endswith("."), name
        explained = "null" in field["description"] or field["description"].startswith("As ")
        assert explained == ("null" in field["type"]), name


def test_the_schema_lists_the_defects() -> None:
    assert SCHEMA["properties"]["defects"]["items"]["properties"]["code"]["enum"] == list(DEFECTS)


@pytest.mark.parametrize("der", [plain(), rich(), FOREVER, *(case.der() for case in CASES)])
def test_json_follows_the_schema(der: bytes) -> None:
    value = json.loads(json.dumps(certificate_json(read_certificate(der))))
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(value)] == []


def test_json_values() -> None:
    value = certificate_json(read_certificate(FOREVER))
    assert (value["not_before"], value["not_after"]) == ("1850-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
    assert value["sha256"] == read_certificate(FOREVER).sha256.hex()
    assert value["sans"] == ["dns:door-1.example"]
    value = certificate_json(read_certificate(b""))
    assert (value["sans"], value["not_after"], value["spki_sha256"]) == (None, None, None)
    assert value["defects"] == [
        {"code": "not_der", "where": "certificate", "offset": 0, "need": "a tag and a length", "got": "0 bytes"}
    ]


def test_columns_are_those_of_the_ground_floor() -> None:
    made = certificate_rows([(read_certificate(plain()), plain())])
    assert [(name, kind) for name, kind, _ in made] == [(column.name, column.kind) for column in certificate_columns()]


def test_times_are_milliseconds() -> None:
    columns = rows(plain(), FOREVER, b"")
    assert columns["not_after"] == [int(END.timestamp()) * 1000, 253402300799000, None]
    assert columns["not_before"][1] == -(dt.datetime(1970, 1, 1) - dt.datetime(1850, 1, 1)).days * 86_400_000  # noqa: DTZ001


def test_unknown_lists_are_told_from_empty_ones() -> None:
    columns = rows(plain(), b"")
    assert (columns["sans"], columns["sans_known"]) == ([["dns:door-1.example"], None], [True, False])
    assert (columns["policies"], columns["policies_known"]) == ([[], None], [True, False])


def test_defects_travel_as_one_json_text_each() -> None:
    columns = rows(plain(), b"")
    texts = columns["defects"]
    assert texts[0] == []
    assert [json.loads(text) for text in texts[1]] == certificate_json(read_certificate(b""))["defects"]  # type: ignore[attr-defined]


def test_no_certificate_at_all_is_a_batch_too() -> None:
    assert _rust.encode_arrow(certificate_rows([]))


def test_all_damage_can_be_encoded() -> None:
    pairs = [(read_certificate(case.der()), case.der()) for case in CASES]
    assert len(_rust.encode_arrow(certificate_rows(pairs))) > sum(len(der) for _, der in pairs)
