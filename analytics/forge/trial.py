"""Tries the examples of rules for real: recipes -> packets -> the extractor -> a store -> the rule's own SQL."""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.derive import derive_all
from analytics.derive.settings import Settings
from analytics.evaluate import evaluate, verdicts
from analytics.forge.certificates import session_certificates
from analytics.forge.keys import forge_key
from analytics.forge.packets import forge_capture
from analytics.load import load_segments
from analytics.network import home_ranges
from analytics.store import temporary_store
from rules.pack import make_pack
from rules.rule import Subject, Verdict, given
from sensor.certificate import read_certificate
from sensor.engine import NativeEngine
from sensor.pipeline import run
from sensor.source import CaptureInput
from sensor.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from analytics.evaluate import Finding
    from analytics.store import Store
    from rules.rule import Example, ExampleSession, Rule

_Sessions = tuple["ExampleSession", ...]

LEAKED = (("p256", "leaked"),)
"""Kind and name of keys whose private half the examples' blocklist knows."""


class TrialError(Exception):
    """An example that cannot be tried: it cannot be forged, or its subject is not in the store."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the rule said of the example's subject."""

    verdict: Verdict
    finding: Finding | None
    """There if the verdict is `fail`."""


class Trial:
    """A store for the captures of many examples, each of which is judged alone."""

    def __init__(self, store: Store, folder: Path) -> None:
        """`folder` takes captures and segments; it may vanish with the store."""
        self.store = store
        self._folder = folder
        self._loads: dict[_Sessions, str] = {}

    def prepare(self, examples: Iterable[Example]) -> None:
        """Forge, extract and load what these examples show; what is there already is not made again."""
        wanted = [sessions for sessions in dict.fromkeys(e.sessions for e in examples) if sessions not in self._loads]
        captures = [self._forge(sessions, number) for number, sessions in enumerate(wanted, len(self._loads))]
        engine = NativeEngine()
        spool = Spool(self._folder / "spool", engine_version=engine.version, durable=False)
        run(captures, spool, engine=engine, sha256=True)
        for sessions, segments in zip(wanted, spool.segments, strict=True):
            self._loads[sessions] = load_segments(self.store, segments).load_id
        if wanted:
            derive_all(self.store, Settings(blocklists=(self._blocklist(),)))

    def load_of(self, sessions: _Sessions) -> str:
        """Give the load that a prepared example became."""
        return self._loads[sessions]

    def judge(self, rule: Rule, example: Example) -> Outcome:
        """Give the rule's verdict on the example's subject. TrialError: the subject is not in the store."""
        self.prepare((example,))
        rule = given(rule, dict(example.parameters))
        now = dt.datetime.fromisoformat(example.at)
        loads, home = (self._loads[example.sessions],), home_ranges(())
        subject = self._subject(rule, example)
        verdict = verdicts(self.store, rule, now=now, loads=loads, home=home).get(subject)
        if verdict is None:
            raise TrialError(f"{rule.id}, example {example.name}: the extractor did not report {subject}")
        if verdict is not Verdict.FAIL:
            return Outcome(verdict, None)
        evaluation = evaluate(self.store, make_pack([rule]), now=now, loads=loads, home=home)
        if evaluation.errors:
            raise TrialError(f"{rule.id}, example {example.name}: {evaluation.errors[0].message}")
        shown = example.sessions[0].server if rule.subject is Subject.ENDPOINT else subject
        return Outcome(verdict, next(finding for finding in evaluation.findings if finding.subject == shown))

    def _blocklist(self) -> Path:
        """Write the list that all examples are looked up in; it knows the keys of `LEAKED`."""
        path = self._folder / "leaked.txt"
        keys = (hashlib.sha256(forge_key(kind, owner).spki).hexdigest() for kind, owner in LEAKED)
        path.write_text("".join(f"{spki} the key of an example\n" for spki in keys))
        return path

    def _subject(self, rule: Rule, example: Example) -> str:
        """Key of what the example is about; an issuer is the one of the certificate that is named."""
        key = _subject(rule, example)
        if rule.subject is not Subject.ISSUER:
            return key
        found = self.store.query(
            "SELECT issuer_key FROM paths FINAL WHERE sha256 = unhex({sha256:String})", {"sha256": key}
        )
        return str(found[0][0]) if found else key

    def _forge(self, sessions: _Sessions, number: int) -> CaptureInput:
        path = self._folder / f"{number}.pcap"
        path.write_bytes(forge_capture(sessions))
        return CaptureInput(str(path), path.name, path.stat().st_size)


@contextmanager
def trial() -> Iterator[Trial]:
    """Give a place to try examples in; nothing of it remains."""
    with temporary_store() as store, tempfile.TemporaryDirectory(prefix="certspan-trial-") as folder:
        yield Trial(store, Path(folder))


def _subject(rule: Rule, example: Example) -> str:
    """Key of what the example is about, as the rule's view has it."""
    if rule.subject is Subject.ENDPOINT:
        address, _, port = example.sessions[0].server.rpartition(":")
        return f"|{address}|{port}"
    presented = [certificates for session in example.sessions if (certificates := session_certificates(session))]
    if not presented:
        raise TrialError(f"{rule.id}, example {example.name}: no session presents a certificate")
    about = example.about or next(iter(presented[0]))
    found = [certificates[about] for certificates in presented if about in certificates]
    if not found:
        raise TrialError(f"{rule.id}, example {example.name}: no session presents {about!r}")
    if rule.subject is Subject.KEY:
        spki = read_certificate(found[0]).spki_sha256
        if spki is None:
            raise TrialError(f"{rule.id}, example {example.name}: the key of {about!r} has no readable bounds")
        return spki.hex()
    return hashlib.sha256(found[0]).hexdigest()
