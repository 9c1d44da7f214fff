"""The report: one file that loads nothing, readable by people and machines of all kinds, with the same numbers."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import itertools
import re
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import hostile_run
import pytest
import sample_run

from analytics.report import charts, html
from analytics.report.model import Coverage

if TYPE_CHECKING:
    from analytics.report.model import Run

RUN = sample_run.run()
NOTHING = dataclasses.replace(sample_run.run([], []), coverage=Coverage())
VOID = {"meta", "br", "img", "link", "input", "hr"}
LOADING = {"src", "href", "srcset", "action", "data", "poster", "background", "formaction", "xlink:href"}


class Page(HTMLParser):
    """What a browser would make of the page: elements with attributes, the text, and what is nested wrongly."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that holds nothing."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Check that what ends is what began last."""
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        """Keep text, script and style apart."""
        inside = self.open[-1] if self.open else ""
        {"script": self.scripts, "style": self.styles}.get(inside, self.texts).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Give the attributes of all elements of this kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        """All that is read, in one line."""
        return " ".join(" ".join(self.texts).split())


def page(run: Run = RUN) -> Page:
    return Page(html.render(run))


def policy(shown: Page) -> str:
    [found] = [one["content"] for one in shown.all("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    assert found is not None
    return found


@pytest.mark.parametrize("run", [RUN, NOTHING], ids=["building", "nothing"])
def test_it_is_one_well_formed_file_that_loads_nothing(run: Run) -> None:
    shown = page(run)
    assert not shown.wrong
    assert not shown.open
    for tag, attributes in shown.elements:
        assert tag not in {"link", "iframe", "object", "embed", "img", "base", "form"}
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in LOADING & set(attributes):
            assert (attributes[name] or "").startswith("#"), (tag, name)
    assert not re.search(r"@import|url\(|https?:", "".join(shown.styles))
    assert not re.search(r"fetch|XMLHttp|import\(|eval|innerHTML|https?:", "".join(shown.scripts))


def test_its_own_style_and_script_are_all_that_the_policy_allows() -> None:
    shown = page()
    allowed = policy(shown)
    assert allowed.startswith("default-src 'none';")
    assert "unsafe" not in allowed
    for kind, [own] in (("script-src", shown.scripts), ("style-src", shown.styles)):
        made = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
        assert f"{kind} 'sha256-{made}'" in allowed


def test_it_can_be_read_by_everyone() -> None:
    shown = page()
    assert shown.all("html") == [{"lang": "en"}]
    assert len(shown.all("h1")) == len(shown.all("main")) == 1
    assert "Certificate audit: smart-building.pcap" in shown.texts
    levels = [int(tag[1]) for tag, _ in shown.elements if re.fullmatch(r"h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    tables = len(shown.all("table"))
    assert tables > 5
    assert len(shown.all("caption")) == tables
    assert all("scope" in cell for cell in shown.all("th"))
    assert all(picture.get("aria-label") or picture.get("aria-hidden") for picture in shown.all("svg"))
    identifiers = [one["id"] for _, one in shown.elements if "id" in one]
    assert len(identifiers) == len(set(identifiers))


@pytest.mark.parametrize("run", [RUN, NOTHING], ids=["building", "nothing"])
def test_links_lead_somewhere(run: Run) -> None:
    shown = page(run)
    targets = {(one["href"] or "")[1:] for one in shown.all("a")}
    assert targets
    assert targets <= {one["id"] for _, one in shown.elements if "id" in one}


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_text_has_enough_contrast(scheme: int) -> None:
    style = Path(html.__file__).with_name("report.css").read_text()
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    assert len(blocks) == 3
    colours = {
        name: value if len(value) == 7 else "#" + "".join(char * 2 for char in value[1:])
        for name, value in re.findall(r"--([a-z0-9]+): (#[0-9a-f]{3,6})", blocks[scheme])
    }
    texts = ("ink", "soft", "link", "critical", "high", "medium", "low", "info")
    pairs = [(text, ground) for text in texts for ground in ("card", "page")]
    pairs += [("on", chip) for chip in ("critical", "high", "medium", "low", "info")]
    for text, ground in pairs:
        bright, dark = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


def test_the_first_screen_says_it_all() -> None:
    read = page().text
    read = read[read.index("3 certificates") :]  # behind the navigation, which names the sections too
    order = (
        "3 certificates are broken now",
        "Judged as of 2026-10-12 08:30:00 UTC",
        "This report is not complete smart-building.pcap: the last packet is cut",
        "When certificates end",
        "What could be seen",
        "What is wrong, one line a cause",
        "Machines of others",
        "Who signs here",
        "Cryptography in use",
        "All certificates",
        "What could not be seen, and why",
        "How this was made",
    )
    places = [read.find(piece) for piece in order]
    assert -1 not in places, order[places.index(-1)]
    assert places == sorted(places)


def test_numbers_are_those_of_the_run() -> None:
    shown = page()
    read = shown.text
    for capture in RUN.provenance.inputs:
        assert capture.sha256
        assert capture.sha256 in read
    assert RUN.provenance.rule_pack.sha256 in read
    for certificate in RUN.certificates:
        assert certificate.sha256 in read
    for group in RUN.groups:
        assert group.headline in read
    assert len([one for one in shown.all("details") if one.get("class") == "group"]) == len(RUN.groups)
    assert "All handshakes 188" in read


def test_each_certificate_is_in_one_band_of_the_expiry_line() -> None:
    line = charts.expiry(RUN.certificates, sample_run.AT)
    assert line.total == len(RUN.certificates)
    counts = {band.label: band.count for band in line.bands if band.count}
    assert counts == {
        "already ended": 4,
        "1 day": 1,
        "2 to 7 days": 1,
        "8 to 15 days": 1,
        "16 to 30 days": 5,
        "31 to 90 days": 13,
        "later": 31,
    }


@pytest.mark.parametrize(
    ("seconds", "band"),
    [(-1, "already ended"), (0, "1 day"), (86_399, "1 day"), (86_400, "2 to 7 days"), (90 * 86_400, "later")],
)
def test_bands_end_where_they_say(seconds: int, band: str) -> None:
    ends = sample_run.AT + seconds * sample_run.DAY / 86_400
    row = dataclasses.replace(RUN.certificates[0], not_after=ends)
    [found] = [one.label for one in charts.expiry([row], sample_run.AT).bands if one.count]
    assert found == band


def test_an_end_that_cannot_be_read_is_counted() -> None:
    row = dataclasses.replace(RUN.certificates[0], not_after=None)
    line = charts.expiry([row, RUN.certificates[1]], sample_run.AT)
    assert line.total == 2
    assert line.bands[-1].count == 1


def test_the_coverage_bar_adds_up() -> None:
    bar = charts.stacked([("seen0", 121, "121 seen"), ("nature0", 63, "63 hidden"), ("fault0", 4, "4 lost")])
    widths = [float(one["width"] or 0) for one in Page(bar).all("rect")]
    assert sum(widths) == pytest.approx(1000, abs=0.1)


def test_long_lists_are_cut_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "MAX_CERTIFICATES", 10)
    monkeypatch.setattr(html, "MAX_SUBJECTS", 5)
    read = page().text
    assert "56 certificates, the first 10 shown" in read
    assert "24 certificates, the first 5 shown" in read


@pytest.mark.parametrize("hostile", hostile_run.TEXTS, ids=hostile_run.NAMES)
def test_hostile_text_is_inert(hostile: str) -> None:
    rendered = html.render(hostile_run.run(hostile))
    shown, plain = Page(rendered), page()
    assert not shown.wrong
    assert len(shown.scripts) == len(shown.styles) == 1
    assert {tag for tag, _ in shown.elements} <= {tag for tag, _ in plain.elements}
    assert policy(shown) == policy(plain)
    assert not {unicodedata.category(char) for char in rendered if char != "\n"} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    if hostile.isprintable() and len(hostile) < 60:
        assert hostile in "".join(shown.texts)
    assert len(rendered) < 80_000
    rendered.encode()
