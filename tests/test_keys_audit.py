"""From captures to findings about keys: with a blocklist, over several audits into one store, in every output."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import TYPE_CHECKING

import pytest
from command import certspan

from analytics.cli import main
from analytics.forge.certificates import forge_chain
from analytics.forge.keys import RsaKey, forge_key
from analytics.forge.packets import forge_capture
from rules.rule import CertificateRecipe, ExampleSession

if TYPE_CHECKING:
    from pathlib import Path

CA = CertificateRecipe(name="ca", is_ca=True)


def capture(path: Path, **devices: str) -> Path:
    """Write a capture of devices, name -> kind of key."""
    sessions = tuple(
        ExampleSession((CertificateRecipe(name=name, key=kind, issuer="ca"), CA), server=f"10.0.0.{number}:443")
        for number, (name, kind) in enumerate(devices.items(), 11)
    )
    path.write_bytes(forge_capture(sessions))
    return path


def about(document: str, rule: str) -> list[dict[str, object]]:
    return [one for one in json.loads(document)["findings"] if one["rule"] == rule]


def spki(kind: str, name: str) -> str:
    return hashlib.sha256(forge_key(kind, name).spki).hexdigest()


def test_a_blocklist_is_asked_also_for_keys_that_were_there_before_it(tmp_path: Path) -> None:
    first = capture(tmp_path / "a.pcap", lamp="p256", lock="rsa1024")
    store = f"chdb://{tmp_path}/store"
    told = certspan("audit", first, "--store", store, "--json", "-")
    [known] = [rule for rule in json.loads(told)["rules"] if rule["rule"] == "known-key"]
    assert (known["pass"], known["unknown"]) == (0, 0)  # no list, no verdict
    (tmp_path / "list.txt").write_text(f"{spki('rsa1024', 'lock')} lock of 2019\n")
    told = certspan("audit", first, "--store", store, "--blocklist", tmp_path / "list.txt", "--json", "-")
    [found] = about(told, "known-key")
    assert (found["subject_kind"], found["subject"]) == ("key", spki("rsa1024", "lock"))
    assert (found["severity"], found["title"]) == ("critical", "its private key is known: lock of 2019")
    (tmp_path / "other.txt").write_text("0" * 64 + "\n")
    told = certspan("audit", first, "--store", store, "--blocklist", tmp_path / "other.txt", "--json", "-")
    assert about(told, "known-key") == []


def test_a_prime_in_common_with_a_key_of_an_earlier_capture(tmp_path: Path) -> None:
    store = f"chdb://{tmp_path}/store"
    first = capture(tmp_path / "a.pcap", meter="rsa1024-shared", other="rsa1024")
    assert about(certspan("audit", first, "--store", store, "--json", "-"), "factored-key") == []
    second = capture(tmp_path / "b.pcap", pump="rsa1024-shared")
    [found] = about(certspan("audit", second, "--store", store, "--json", "-"), "factored-key")
    evidence = found["evidence"]
    assert isinstance(evidence, dict)
    key = forge_key("rsa1024-shared", "pump")
    assert isinstance(key, RsaKey)
    assert int(evidence["factor_p"], 16) * int(evidence["factor_q"], 16) == key.n
    meter = forge_chain([CertificateRecipe(name="meter", key="rsa1024-shared", issuer="ca"), CA])[0]
    assert evidence["shares_prime_with"] == [f"{hashlib.sha256(meter).hexdigest()} CN=meter"]
    again = about(certspan("audit", first, "--store", store, "--json", "-"), "factored-key")
    assert [one["subject"] for one in again] == [spki("rsa1024-shared", "meter")]


def test_every_output_tells_of_keys(tmp_path: Path) -> None:
    path = capture(tmp_path / "a.pcap", cam1="p256@firmware", cam2="p256@firmware", cam3="p256@firmware")
    outputs = {name: tmp_path / name for name in ("report", "json", "csv", "ndjson")}
    shown = certspan("audit", path, *(word for name, place in outputs.items() for word in (f"--{name}", place)))
    title = "one private key for 3 different names on 3 holders"
    assert f"1 key: {title}" in shown
    assert "cam1, cam2, cam3" in shown or "cam{1,2,3}" in shown
    assert "1 key is easy to forge" in shown.replace("\n", " ")
    [row] = [row for row in csv.DictReader(io.StringIO(outputs["csv"].read_text())) if row["rule"] == "shared-key"]
    assert (row["subject_kind"], row["subject"], row["name"]) == ("key", spki("p256", "firmware"), "cam1 | cam2 | cam3")
    assert (row["issuer"], row["holder_count"]) == ("CN=ca", "3")
    assert row["not_after"] == "2035-01-01T00:00:00Z"
    page = outputs["report"].read_text()
    assert spki("p256", "firmware") in page
    assert f"1 key: {title}" in page
    [line] = [one for one in map(json.loads, outputs["ndjson"].read_text().splitlines()) if one["rule"] == "shared-key"]
    assert len(line["evidence"]["certificates"]) == 3


@pytest.mark.parametrize(("content", "said"), [(None, "No such file"), (b"hello\n", "line 1"), (b"", "is empty")])
def test_a_bad_blocklist_is_refused_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, said: str
) -> None:
    path = capture(tmp_path / "a.pcap", lamp="p256")
    if content is not None:
        (tmp_path / "list").write_bytes(content)
    with pytest.raises(SystemExit) as ended:
        main(["audit", str(path), "--blocklist", str(tmp_path / "list"), "--json", str(tmp_path / "out")])
    told = capsys.readouterr()
    assert ended.value.code == 2
    assert said in told.err
    assert told.err.count("\n") == 1
    assert not (tmp_path / "out").exists()
