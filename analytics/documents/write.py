"""A document as text, JSON, CSV files, one HTML page."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

from analytics.documents.document import plain, readable
from analytics.report import csv, json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics.documents.document import Document, Section

SCHEMA_VERSION = 1
"""Of the JSON; rises when a field changes its meaning or goes."""
_WIDEST = 60
"""Characters of one column on the terminal."""
_STYLE = Path(__file__).parent.parent / "report" / "report.css"
_FOLDER = Path(__file__).parent


def as_object(document: Document) -> dict[str, Any]:
    """Give the document as plain objects: what JSON and PDF are made of."""
    return {
        "schema": SCHEMA_VERSION,
        "report": document.kind,
        "title": document.title,
        "summary": document.sentence,
        "made": {name: plain(value) for name, value in document.made},
        "sections": [
            {
                "name": section.name,
                "title": section.title,
                "note": section.note,
                "columns": list(section.columns),
                "rows": [dict(zip(section.columns, map(plain, row), strict=True)) for row in section.rows],
            }
            for section in document.sections
        ],
    }


def as_json(document: Document) -> Iterator[str]:
    """Give one JSON document."""
    yield json.dumps(as_object(document), indent=1) + "\n"


def as_csv(section: Section) -> Iterator[str]:
    """Give one table: a header, and a line a row; an unknown value is an empty cell."""
    yield csv.line(section.columns)
    for row in section.rows:
        yield csv.line(csv.shown(plain(value)) for value in row)


def as_text(document: Document) -> Iterator[str]:
    """Give the document for a terminal: tables without lines between columns."""
    yield f"{document.title}\n{document.sentence}\n"
    for section in document.sections:
        yield f"\n{section.title}\n"
        if section.note:
            yield f"  {section.note}\n"
        if section.rows:
            yield from _table(section)
        else:
            yield "  none\n"
    yield "\n"
    for name, value in document.made:
        yield f"{name}: {readable(value)}\n"


def as_html(document: Document) -> Iterator[str]:
    """Give one page that loads nothing; its own style is allowed by its hash alone."""
    style = _STYLE.read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    environment.filters["readable"] = readable
    page = environment.get_template("document.html.j2")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    yield page.render(document=document, style=Markup(style), policy=policy)  # noqa: S704  our own file


def _table(section: Section) -> Iterator[str]:
    cells = [[readable(value, _WIDEST) or "-" for value in row] for row in section.rows]
    widths = [max(map(len, (head, *held))) for head, *held in zip(section.columns, *cells, strict=True)]
    for line in (section.columns, *cells):
        yield "  " + "  ".join(value.ljust(width) for value, width in zip(line, widths, strict=True)).rstrip() + "\n"
