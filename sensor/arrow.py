"""Arrow IPC streams, as far as certspan must look into what the native core writes: framing, and names of columns.

A stream is a schema message, record batch messages, and an end mark; a message is 0xFFFFFFFF, its length in four bytes,
and a FlatBuffer (Arrow columnar format, "Encapsulated message format" and Schema.fbs). Numbers are little-endian.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""End of a stream."""
_CONTINUATION = 0xFFFFFFFF
_PREFIX_BYTES = 8
_SCHEMA_HEADER = 1
_MAX_SCHEMA_BYTES = 1 << 20
_MAX_NESTING = 3
_MESSAGE_HEADER_TYPE, _MESSAGE_HEADER = 1, 2
_SCHEMA_FIELDS = 1
_FIELD_NAME, _FIELD_TYPE_ID, _FIELD_TYPE, _FIELD_CHILDREN = 0, 2, 3, 5
_SIMPLE_TYPES = {1: "null", 4: "binary", 5: "string", 6: "bool", 19: "large_binary", 20: "large_string"}
_INT, _TIMESTAMP, _LIST, _FIXED = 2, 10, 12, 15
_UNITS = ("s", "ms", "us", "ns")


class ArrowError(ValueError):
    """These bytes are no Arrow IPC stream that certspan can join or name the columns of."""


def split(stream: bytes) -> tuple[bytes, memoryview]:
    """Give the schema message, and the messages after it without the end mark: streams of one schema can be joined."""
    end = _schema_end(stream)
    if not stream.endswith(END) or len(stream) < end + len(END):
        raise ArrowError("the Arrow stream has no end mark")
    return stream[:end], memoryview(stream)[end : -len(END)]


def columns(stream: bytes) -> dict[str, str]:
    """Name -> type in words of each column, in order: `string`, `uint16`, `timestamp_ns`, `fixed_32`, `list_string` ...

    Only the start of the stream is needed, up to the end of its schema message.
    """
    end = _schema_end(stream)
    try:
        message = _Table.root(stream[_PREFIX_BYTES:end])
        if message.number(_MESSAGE_HEADER_TYPE, "<B") != _SCHEMA_HEADER:
            raise ArrowError("the Arrow stream does not start with a schema")
        fields = list(message.table(_MESSAGE_HEADER).tables(_SCHEMA_FIELDS))
        named = {field.text(_FIELD_NAME): _type(field) for field in fields}
    except (struct.error, UnicodeDecodeError) as error:
        raise ArrowError("the schema of the Arrow stream cannot be read") from error
    if len(named) != len(fields):
        raise ArrowError("the Arrow stream names a column twice")
    return named


def _schema_end(stream: bytes) -> int:
    if len(stream) < _PREFIX_BYTES:
        raise ArrowError("the Arrow stream is shorter than its first eight bytes")
    continuation, length = struct.unpack_from("<II", stream)
    if continuation != _CONTINUATION or not 0 < length <= _MAX_SCHEMA_BYTES:
        raise ArrowError("the bytes do not start like an Arrow stream")
    if len(stream) < _PREFIX_BYTES + length:
        raise ArrowError("the Arrow stream ends inside its schema")
    return int(_PREFIX_BYTES + length)


def _type(field: _Table, depth: int = 0) -> str:
    if depth > _MAX_NESTING:
        raise ArrowError("the Arrow stream nests lists too deeply")
    kind = field.number(_FIELD_TYPE_ID, "<B")
    if kind in _SIMPLE_TYPES:
        return _SIMPLE_TYPES[kind]
    if kind == _INT:
        sign = "int" if field.table(_FIELD_TYPE).number(1, "<?") else "uint"
        return f"{sign}{field.table(_FIELD_TYPE).number(0, '<i')}"
    if kind == _TIMESTAMP:
        unit = field.table(_FIELD_TYPE).number(0, "<h")
        return f"timestamp_{_UNITS[unit] if 0 <= unit < len(_UNITS) else unit}"
    if kind == _FIXED:
        return f"fixed_{field.table(_FIELD_TYPE).number(0, '<i')}"
    if kind == _LIST:
        return "list_" + ",".join(_type(child, depth + 1) for child in field.tables(_FIELD_CHILDREN))
    return f"type_{kind}"


class _Table:
    """A FlatBuffers table: fields by number, absent ones are zero. Reading outside the buffer raises struct.error."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        self._position = position
        self._slots = position - self._at(position, "<i")
        self._slots_bytes = self._at(self._slots, "<H")

    @classmethod
    def root(cls, data: bytes) -> _Table:
        return cls(data, struct.unpack_from("<I", data)[0])

    def number(self, field: int, form: str) -> int:
        place = self._place(field)
        return 0 if place is None else self._at(place, form)

    def text(self, field: int) -> str:
        place = self._place(field)
        if place is None:
            return ""
        start = place + self._at(place, "<I")
        length = self._at(start, "<I")
        return self._data[start + 4 : start + 4 + length].decode()

    def table(self, field: int) -> _Table:
        place = self._place(field)
        if place is None:
            raise struct.error("a table is missing")
        return _Table(self._data, place + self._at(place, "<I"))

    def tables(self, field: int) -> Iterator[_Table]:
        place = self._place(field)
        if place is None:
            return
        start = place + self._at(place, "<I")
        for index in range(self._at(start, "<I")):
            item = start + 4 + 4 * index
            yield _Table(self._data, item + self._at(item, "<I"))

    def _place(self, field: int) -> int | None:
        slot = 4 + 2 * field
        if slot >= self._slots_bytes:
            return None
        offset = self._at(self._slots + slot, "<H")
        return self._position + offset if offset else None

    def _at(self, position: int, form: str) -> int:
        if position < 0:
            raise struct.error("an offset points before the buffer")
        return int(struct.unpack_from(form, self._data, position)[0])
