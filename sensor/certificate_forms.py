"""The forms in which a certificate's facts travel: JSON (docs/certificate.schema.json) and columns for Arrow."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sensor.events import Certificate, certificate_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sensor.events import Defect

_FIELDS: Final = tuple(field.name for field in fields(Certificate))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def certificate_json(certificate: Certificate) -> dict[str, Any]:
    """Give the facts ready for `json.dumps`: hashes in hexadecimal, times as RFC 3339, defects as objects."""
    return {name: _json_value(getattr(certificate, name)) for name in _FIELDS}


def _json_value(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, tuple):
        return [asdict(member) if not isinstance(member, str) else member for member in value]
    return value


def certificate_rows(pairs: Sequence[tuple[Certificate, bytes]]) -> list[tuple[str, str, list[object]]]:
    """Give (name, kind, values) for `sensor._rust.encode_arrow`, one value a (certificate, DER) pair, in the order of
    `sensor.events.certificate_columns`.
    """
    return [(column.name, column.kind, _values(column.name, column.kind, pairs)) for column in certificate_columns()]


def _values(name: str, kind: str, pairs: Sequence[tuple[Certificate, bytes]]) -> list[object]:
    if name == "der":
        return [der for _, der in pairs]
    if name == "defects":
        return [[_defect_text(defect) for defect in certificate.defects] for certificate, _ in pairs]
    if name not in _FIELDS:
        known = name.removesuffix("_known")
        return [getattr(certificate, known) is not None for certificate, _ in pairs]
    return [_value(kind, getattr(certificate, name)) for certificate, _ in pairs]


def _value(kind: str, value: Any) -> object:
    if value is None:
        return None
    if kind == "timestamp_ms":
        return _milliseconds(value)
    return list(value) if kind == "list_string" else value


def _milliseconds(time: datetime) -> int:
    """Milliseconds since 1970; a fraction of one is cut towards the past."""
    return (time - _EPOCH) // _MILLISECOND


def _defect_text(defect: Defect) -> str:
    return json.dumps(asdict(defect), ensure_ascii=False, separators=(",", ":"))
