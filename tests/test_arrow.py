"""Arrow IPC streams: the names and types of columns are read right, streams of one schema can be joined."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor import arrow
from sensor._rust import encode_arrow, session_columns

COLUMNS: list[tuple[str, str, list[object]]] = [
    ("flag", "bool", [True, None]),
    ("number", "int64", [-1, None]),
    ("text", "string", ["é", None]),
    ("bytes", "binary", [b"\xff", None]),
    ("hash", "fixed_32", [bytes(32), None]),
    ("time", "timestamp_ms", [253_402_300_799_000, None]),
    ("list", "list_string", [["a", ""], []]),
]
STREAM = encode_arrow(COLUMNS)


def test_columns_are_named_in_order_with_their_types() -> None:
    assert list(arrow.columns(STREAM).items()) == [(name, kind) for name, kind, _ in COLUMNS]


def test_only_the_start_is_needed() -> None:
    schema, _ = arrow.split(STREAM)
    assert arrow.columns(schema) == arrow.columns(STREAM)


def test_a_stream_is_its_schema_its_batches_and_an_end_mark() -> None:
    schema, batches = arrow.split(STREAM)
    assert schema + batches + arrow.END == STREAM


def test_the_columns_of_sessions_have_types_with_names() -> None:
    kinds = {kind for _, kind, _ in session_columns()}
    assert kinds
    assert not [kind for kind in kinds if "type_" in kind]


@pytest.mark.parametrize("stream", [b"", b"PK\x03\x04", bytes(64), STREAM[:7], STREAM[:100], STREAM[:-1], arrow.END])
def test_what_is_no_stream_is_an_error(stream: bytes) -> None:
    with pytest.raises(arrow.ArrowError):
        arrow.split(stream)


@given(place=st.integers(0, 511), value=st.integers(0, 255), length=st.integers(0, len(STREAM)))
def test_damaged_bytes_give_columns_or_an_arrow_error(place: int, value: int, length: int) -> None:
    damaged = bytearray(STREAM)
    damaged[place] = value
    try:
        assert isinstance(arrow.columns(bytes(damaged[:length])), dict)
    except arrow.ArrowError as error:
        assert str(error)  # noqa: PT017  both outcomes are right
