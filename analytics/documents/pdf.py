"""A document as PDF, set by Typst (extra `certspan[pdf]`): its data go in as JSON, so nothing captured is markup."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.documents.document import readable

if TYPE_CHECKING:
    from analytics.documents.document import Document

_TEMPLATE = Path(__file__).parent / "document.typ"
_STYLE = Path(__file__).parent.parent / "report" / "report.css"
_DRAWN = ("svg", ".band", ".axis", ".bar", ".side")
"""Beginnings of the rules of the page's style that are about drawings."""


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
                "chart": "" if section.chart is None else drawing(section.chart),
            }
            for section in document.sections
        ],
    }
    with tempfile.TemporaryDirectory(prefix="certspan-pdf-") as folder:
        place = Path(folder)
        (place / "document.typ").write_text(_TEMPLATE.read_text("utf-8"), "utf-8")
        (place / "data.json").write_text(json.dumps(shown), "utf-8")
        return bytes(typst.compile(str(place / "document.typ"), root=folder))


def drawing(chart: str) -> str:
    """Give a chart of the page as a drawing that stands alone: in the colours of the page by day, written out."""
    style = _STYLE.read_text("utf-8")
    light, _, rest = style.partition("@media")
    colours = dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6});", light))
    rules = [rule for rule in re.findall(r"[^{}]+\{[^{}]*\}", rest) if rule.strip().startswith(_DRAWN)]
    written = re.sub(r"var\((--[\w-]+)\)", lambda found: colours[found[1]], "".join(rules))
    head, mark, body = chart.partition(">")
    return f'{head} xmlns="http://www.w3.org/2000/svg"{mark}<style>{written}</style>{body}'
