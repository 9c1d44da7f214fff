"""csf1: what OpenSSL makes has the text of docs/csf1.md, names, times and keys change nothing, damage never raises."""

from __future__ import annotations

import base64
import hashlib
import random
import re
import subprocess
from pathlib import Path

import pytest
from command import certspan
from hypothesis import given
from hypothesis import strategies as st

from analytics.cli import main
from analytics.derive.structure import MAX_TEXT, fingerprint, structure
from analytics.forge.certificates import DAMAGES, forge_chain
from rules.rule import CertificateRecipe

PAGE = (Path(__file__).parents[1] / "docs/csf1.md").read_text()
COMMANDS = re.findall(r"^    (openssl req(?:.*\\\n)*.*)$", PAGE, re.MULTILINE)
VECTORS = re.findall(r"<!-- vector \d -->\n```text\n(csf1:[0-9a-f]{32})\n(csf1\n.*?)```", PAGE, re.DOTALL)
CA = CertificateRecipe(name="ca", is_ca=True)


def forged(**recipe: object) -> bytes:
    """One certificate of this recipe."""
    return forge_chain([CertificateRecipe(issuer="ca", **recipe), CA])[0]  # type: ignore[arg-type]


def text(der: bytes) -> str:
    found = structure(der)
    assert found is not None
    return found


def test_the_page_has_its_vectors() -> None:
    assert len(COMMANDS) == len(VECTORS) == 3


@pytest.mark.tools("openssl")
@pytest.mark.parametrize("number", range(3))
def test_what_openssl_makes_has_the_text_of_the_page(number: int, tmp_path: Path) -> None:
    stated, wanted = VECTORS[number]
    subprocess.run(COMMANDS[number], shell=True, cwd=tmp_path, check=True, capture_output=True)  # noqa: S602  the page's
    [path] = [path for path in tmp_path.iterdir() if path.name != "k.pem"]
    assert certspan("structure", path) == f"{path}\n{stated}\n{wanted}"
    assert stated == "csf1:" + hashlib.sha256(wanted.encode()).hexdigest()[:32]
    parsed = subprocess.run(["openssl", "asn1parse", "-in", path], capture_output=True, text=True, check=True).stdout
    named = {"UTF8STRING": "UTF8String", "PRINTABLESTRING": "PrintableString"}
    strings = [named[kind] for kind in re.findall(r"prim: (UTF8STRING|PRINTABLESTRING)", parsed)]
    assert re.findall(r":(\w+String)", wanted) == strings
    times = [re.sub(r"\d+", lambda run: f"d{len(run[0])}", one) for one in re.findall(r"TIME +:(\w+)", parsed)]
    assert re.findall(r"Time:(\w+)", wanted) == times
    assert len(re.findall(r"^extension ", wanted, re.MULTILINE)) == len(
        re.findall(r"prim: OCTET STRING +\[HEX", parsed)
    )


def test_names_times_keys_and_how_many_names_there_are_change_nothing() -> None:
    one = text(forged(name="a", sans=("dns:a.example",)))
    other = forged(name="b", sans=("dns:b.example", "dns:c.example"), not_before="2020-01-01T00:00:00Z")
    assert text(other) == one
    assert fingerprint(one) == "csf1:" + hashlib.sha256(one.encode()).hexdigest()[:32]


@pytest.mark.parametrize(
    "change",
    [
        {"key": "rsa1024"},
        {"sans": ("dns:a.example", "ip:192.0.2.1")},
        {"sans": ()},
        {"subject": "CN=a,O=b"},
        {"not_after": "2050-01-01T00:00:00Z"},
        {"is_ca": True},
        {"damage": "trailing_bytes"},
        {"damage": "duplicate_extension"},
        {"damage": "extensions_in_v1"},
        {"damage": "negative_serial"},
        {"damage": "unknown_key"},
    ],
    ids=str,
)
def test_how_it_is_built_changes_it(change: dict[str, object]) -> None:
    recipe: dict[str, object] = {"name": "a", "sans": ("dns:a.example",)}
    assert text(forged(**recipe | change)) != text(forged(**recipe))


def test_no_byte_of_a_key_is_in_it() -> None:
    for kind in ("p256-explicit", "p256-own", "dsa1024", "rsa1024"):
        assert "dsa" not in text(forged(name="a", key=kind))
        assert text(forged(name="a", key=kind)) == text(forged(name="b", key=kind))


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_what_is_damaged_has_a_text(damage: str) -> None:
    assert text(forged(name="a", key="rsa1024", damage=damage)).startswith(
        "csf1\nversion" if "v1" not in damage else "csf1"
    )


@given(st.integers(0, 2**32))
def test_whatever_the_bytes_nothing_raises(seed: int) -> None:
    source = random.Random(seed)
    der = bytearray(forged(name="a", sans=("dns:a.example",)))
    for _ in range(source.randrange(1, 6)):
        der[source.randrange(len(der))] = source.randrange(256)
    found = structure(bytes(der[: source.randrange(len(der) + 1)]))
    assert found is None or (found.isascii() and found.startswith("csf1\n") and found.endswith("\n"))
    assert structure(source.randbytes(60)) is None or True


def test_a_long_one_is_cut() -> None:
    nested = b""
    for number in range(2000):
        oid = bytes((0x55, 0x1D, 0x80 | number >> 7, number & 127))
        body = b"\x06\x04" + oid + b"\x04\x02\x05\x00"
        nested += b"\x30" + bytes((len(body),)) + body
    assert len(nested) < 65_536

    def wrap(tag: int, content: bytes) -> bytes:
        return bytes((tag, 0x83)) + len(content).to_bytes(3, "big") + content

    head = bytes.fromhex("02010130030601553000300030003000")
    found = text(wrap(0x30, wrap(0x30, head + wrap(0xA3, wrap(0x30, nested)))))
    assert len(found) == MAX_TEXT
    assert found.endswith("...\n")


def test_two_are_compared(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    files = []
    for name, recipe in {"a": {"name": "a"}, "b": {"name": "b"}, "c": {"name": "c", "key": "p384"}}.items():
        files.append(tmp_path / f"{name}.der")
        files[-1].write_bytes(forged(**recipe))
    assert certspan("structure", "--diff", files[0], files[1]).startswith("alike: csf1:")
    with pytest.raises(SystemExit) as ended:
        main(["structure", "--diff", str(files[0]), str(files[2])])
    assert ended.value.code == 1
    told = capfd.readouterr().out
    assert "\n-subjectPublicKeyInfo 1.2.840.10045.2.1 1.2.840.10045.3.1.7 point 04" in told
    assert "\n+subjectPublicKeyInfo 1.2.840.10045.2.1 1.3.132.0.34 point 04" in told


def test_files_that_hold_none_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.pem"
    for content, status, said in (
        (b"", 1, "no certificate"),
        (b"-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n", 1, "not well-formed PEM"),
        (b"hello", 1, "no certificate"),
    ):
        path.write_bytes(content)
        with pytest.raises(SystemExit) as ended:
            main(["structure", str(path)])
        told = capsys.readouterr()
        assert ended.value.code == status
        assert said in told.out + told.err
    for arguments in (
        ["structure", str(tmp_path / "none")],
        ["structure", "--diff", str(path)],
        ["structure", str(tmp_path)],
    ):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_of_pem_all_are_told(tmp_path: Path) -> None:
    pem = b"".join(
        b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(forged(name=name)) + b"-----END CERTIFICATE-----\n"
        for name in "ab"
    )
    (tmp_path / "two.pem").write_bytes(pem)
    assert certspan("structure", tmp_path / "two.pem").count("\ncsf1:") == 2
