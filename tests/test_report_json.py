"""The JSON document and its lines: as the schema says, plain ASCII, with the numbers of all other outputs."""

from __future__ import annotations

import csv as reader
import json
from pathlib import Path
from typing import Any

import hostile_run
import jsonschema
import pytest
import sample_run

from analytics.report import csv, ndjson
from analytics.report import json as output
from analytics.report.model import LIMIT_COUNTERS, Run
from sensor import _rust
from sensor.events import Visibility

RUN = sample_run.run()
SCHEMA = json.loads((Path(__file__).parents[1] / "docs" / "audit.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def document(run: Run = RUN) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(output.render(run))
    return found


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("run", [RUN, sample_run.run([], [])], ids=["building", "nothing"])
def test_the_document_is_as_the_schema_says(run: Run) -> None:
    assert not [error.message for error in VALIDATOR.iter_errors(document(run))]


def every_object(schema: Any) -> list[dict[str, Any]]:
    """Find every schema of an object with named properties."""
    if isinstance(schema, list):
        return [found for part in schema for found in every_object(part)]
    if not isinstance(schema, dict):
        return []
    here = [schema] if schema.get("type") == "object" and "properties" in schema else []
    return here + [found for part in schema.values() for found in every_object(part)]


def test_the_schema_leaves_no_field_out() -> None:
    objects = every_object(SCHEMA)
    assert len(objects) > 8
    open_ones = [one for one in objects if one.get("additionalProperties") is not False]
    assert [one["required"] for one in open_ones] == [["certificates"]]
    for one in objects:
        assert set(one["required"]) == set(one["properties"])


def test_the_schema_knows_every_reason() -> None:
    assert set(SCHEMA["$defs"]["visibility"]["propertyNames"]["enum"]) == {str(reason) for reason in Visibility}


def test_numbers_add_up() -> None:
    made = document()
    seen = made["coverage"]
    assert sum(seen["server_visibility"].values()) == sum(seen["client_visibility"].values()) == seen["handshakes"]
    assert len(made["findings"]) == len(RUN.findings)
    assert sorted(one for group in made["groups"] for one in group["findings"]) == sorted(
        one["id"] for one in made["findings"]
    )


def test_every_finding_names_the_certificates_it_rests_on() -> None:
    for one in document()["findings"]:
        if one["subject_kind"] == "certificate":
            assert one["subject"] in one["evidence"]["certificates"]


def test_the_counters_of_limits_are_the_cores() -> None:
    assert LIMIT_COUNTERS
    assert set(LIMIT_COUNTERS) <= set(_rust.known_counters())


def test_lines_are_the_documents_findings() -> None:
    lines = [json.loads(line) for line in ndjson.lines(RUN)]
    assert lines == [{"judged_at": "2026-10-12T08:30:00Z", **one} for one in document()["findings"]]


def test_csv_has_a_row_for_each_finding() -> None:
    header, *rows = reader.reader("".join(csv.lines(RUN)).splitlines())
    assert tuple(header) == csv.COLUMNS
    made = document()["findings"]
    assert [row[0] for row in rows] == [one["severity"] for one in made]
    assert [row[header.index("subject")] for row in rows] == [one["subject"] for one in made]
    assert [int(row[header.index("holder_count")]) for row in rows] == [len(one["holders"]) for one in made]


@pytest.mark.parametrize("hostile", hostile_run.TEXTS, ids=hostile_run.NAMES)
def test_hostile_text_is_inert_in_json_and_whole(hostile: str) -> None:
    run = hostile_run.run(hostile)
    rendered = output.render(run)
    lines = list(ndjson.lines(run))
    for made in (rendered, *lines):
        assert made.isascii()
        assert made.replace("\n", "").isprintable()
    assert all(line.count("\n") == 1 for line in lines)
    found = json.loads(rendered)
    assert found["findings"][0]["title"] == hostile
    assert not [error.message for error in VALIDATOR.iter_errors(found)]


@pytest.mark.parametrize("hostile", hostile_run.TEXTS, ids=hostile_run.NAMES)
def test_hostile_text_is_inert_in_csv(hostile: str) -> None:
    made = list(csv.lines(hostile_run.run(hostile)))
    assert len(made) == 3
    assert all(line.endswith("\r\n") and line[:-2].isprintable() for line in made)
    for row in reader.reader(made):
        assert len(row) == len(csv.COLUMNS)
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
            assert len(cell) <= 32_767


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1", "\uff20x"])
def test_formulas_become_text(text: str) -> None:
    assert csv.cell(text).startswith("'")
    assert csv.cell("a" + text)[0] == "a"
