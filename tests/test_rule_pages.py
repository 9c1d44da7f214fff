"""docs/rules says what the modules of the rules say, for any rule, and nothing is left over."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from analytics.rule_page import page, pages
from rules.pack import load_rules
from rules.rule import CertificateRecipe, Example, ExampleSession, Parameter, Verdict

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "rules"
RULES = load_rules().rules


def test_the_committed_pages_are_what_the_modules_say() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert written == pages(RULES), "make rule-pages"
    assert len(written) == len(RULES) + 1 >= 10


def test_a_page_holds_each_word_of_its_rule() -> None:
    for rule in RULES:
        text = page(rule)
        flat = " ".join(text.split())
        for words in (rule.summary, rule.why, rule.action, rule.applies, rule.fails, *rule.references, *rule.evidence):
            assert " ".join(words.split()) in flat, (rule.id, words)
        for example in rule.examples:
            assert f"### {example.name}\n" in text
            assert example.at in text
        for parameter in rule.parameters:
            assert f"| `{parameter.name}` |" in text


def test_what_an_example_forges_is_told_whatever_it_is() -> None:
    leaf = CertificateRecipe(issuer="ca", sans=("dns:a.example",), damage="bad_key")
    session = ExampleSession(
        (leaf,), (), (CertificateRecipe(name="ca", is_ca=True),), lost=True, server="10.1.1.1:8443"
    )
    rule = dataclasses.replace(
        RULES[0],
        examples=(Example("fires", "Why.", (session, session), Verdict.NOT_APPLICABLE, about="device"),),
        parameters=(Parameter("some", "Array(String)", (), "names", "A|B."),),
    )
    text = page(rule)
    for words in (
        "handshake 2: time 2026-01-01T00:00:00Z, server 10.1.1.1:8443, lost yes",
        "sans dns:a.example",
        "the public key's bits are no key (this one is judged)",
        "client presents an empty list",
        "not sent `CN=ca`, signed by itself",
        "is ca yes",
        "**not applicable**",
        "| `some` | empty | names | A\\|B. |",
    ):
        assert words in text
