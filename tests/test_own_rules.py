"""A user's own rules: what is right judges beside ours, what is not is one line, and their examples are their tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from command import CERTSPAN, certspan

from rules.pack import RuleFolderError, load_folder, load_rules

EXPIRED = (Path(__file__).resolve().parent.parent / "rules/validity/expired.py").read_text(encoding="utf-8")
OURS = EXPIRED.replace('id="expired"', 'id="our-own"')
WRONG = {
    "expired.py": EXPIRED,
    "no_rule.py": "x = 1",
    "no_python.py": "RULE = (",
    "leaves.py": "raise SystemExit(0)",
    "comma.py": OURS.replace('id="our-own"', 'id="comma"')
    .replace("fails=f", "fails=(f", 1)
    .replace('< {THIS_SECOND}",', '< {THIS_SECOND}",),', 1),
    "subject.py": OURS.replace('id="our-own"', 'id="subject"').replace("Subject.CERTIFICATE", "'machine'"),
    "other_name.py": OURS,
}


def test_each_wrong_file_is_one_line_and_the_others_judge(tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "our_own.py").write_text(OURS)
    (tmp_path / "_shared.py").write_text("raise ValueError")
    for name, text in WRONG.items():
        (tmp_path / name).write_text(text)
    pack = load_rules(tmp_path)
    ours = load_rules()
    assert {rule.id for rule in pack.rules} == {rule.id for rule in ours.rules} | {"our-own"}
    assert pack.sha256 != ours.sha256
    errors = {error.rule: error.message for error in pack.errors}
    assert errors.keys() == {name.removesuffix(".py").replace("_", "-") for name in WRONG}
    for rule, words in {
        "expired": "two rules have this id",
        "no-rule": "RULE",
        "no-python": "SyntaxError",
        "leaves": "SystemExit",
        "comma": "fails is no text",
        "subject": "its subject",
        "other-name": "its file says",
    }.items():
        assert words in errors[rule]
        assert "\n" not in errors[rule]
    assert not list(tmp_path.rglob("__pycache__"))


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path / "not-there", tmp_path):
        with pytest.raises(RuleFolderError, match="--rules"):
            load_folder(folder)


def test_examples_are_tests(tmp_path: Path) -> None:
    (tmp_path / "our_own.py").write_text(OURS)
    told = certspan("rules", "test", tmp_path).splitlines()
    assert len(told) == OURS.count("Example(\n") + OURS.count('        Example("') >= 6
    assert all(line.startswith("ok    our-own ") for line in told)
    (tmp_path / "our_own.py").write_text(OURS.replace("expired 30 days ago", "expired 31 days ago"))
    done = subprocess.run([CERTSPAN, "rules", "test", tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    [failed] = [line for line in done.stdout.splitlines() if not line.startswith("ok ")]
    assert failed.startswith("FAIL  our-own fires: expected fail (critical): expired 31 days ago")


def test_lists_and_pages(tmp_path: Path) -> None:
    (tmp_path / "our_own.py").write_text(OURS)
    listed = certspan("rules", "list", "--rules", tmp_path).splitlines()
    assert [line.split()[0] for line in listed] == sorted([*(rule.id for rule in load_rules().rules), "our-own"])
    page = Path(__file__).resolve().parent.parent / "docs/rules/expired.md"
    assert certspan("rules", "show", "expired") == page.read_text(encoding="utf-8")
    done = subprocess.run([CERTSPAN, "rules", "show", "nothing"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "certspan: nothing: no such rule; certspan rules list shows them\n"
