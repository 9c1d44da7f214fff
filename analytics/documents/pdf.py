"""A document as PDF, set by Typst (extra `certspan[pdf]`): its data go in as JSON, so nothing captured is markup."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.documents.document import readable

if TYPE_CHECKING:
    from analytics.documents.document import Document

_TEMPLATE = Path(__file__).parent / "document.typ"


class NoTypesetterError(Exception):
    """The extra is not installed; the text says how to get it."""


def render(document: Document) -> bytes:
    """Give the PDF. NoTypesetterError; nothing in the data can make it fail."""
    try:
        import typst  # noqa: PLC0415  an extra of 80 MB
    except ImportError as error:
        raise NoTypesetterError("PDF needs Typst: pip install 'certspan[pdf]'") from error
    shown = {
        "title": document.title,
        "summary": document.sentence,
        "made": [[name, readable(value)] for name, value in document.made],
        "sections": [
            {
                "title": section.title,
                "note": section.note,
                "columns": [column.replace("_", " ") for column in section.columns],
                "rows": [[readable(value, 300) for value in row] for row in section.rows],
            }
            for section in document.sections
        ],
    }
    with tempfile.TemporaryDirectory(prefix="certspan-pdf-") as folder:
        place = Path(folder)
        (place / "document.typ").write_text(_TEMPLATE.read_text("utf-8"), "utf-8")
        (place / "data.json").write_text(json.dumps(shown), "utf-8")
        return bytes(typst.compile(str(place / "document.typ"), root=folder))
