"""`certspan report`: what a store says, as a document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analytics.asking import store_option
from analytics.exits import Exit, Failure, store_failure

if TYPE_CHECKING:
    from analytics.documents.document import Document
    from analytics.documents.make import Asked

KINDS = ("audit", "expiry", "crypto", "shadow", "owner", "clauses")
JUDGED = ("audit",)
"""Reports that ask all rules anew."""
_FILE = click.Path(dir_okay=False, allow_dash=True)


@click.command(
    epilog="""\b
Reports:
  audit     all of it: findings as of --at, what was waived, certificates, issuers, what could not be seen
  expiry    what ended and is in use, what ends within 90 days, days on which many end together
  crypto    keys, hashes, versions, suites and groups in use; --since tells what changed
  shadow    who issues here without sanction: what, to whom, since when, growing or not
  owner     what each owner of the policy answers for: what ends next, and the findings of the last check
  clauses   PCI DSS, NIST, IEC 62443, BSI as FAIL, PASS or UNKNOWN; HIPAA, GDPR, CSF as evidence only

\b
Examples:
  certspan report audit --store chdb://inventory --policy site.toml --pdf audit.pdf
  certspan report expiry --store chdb://inventory
  certspan report crypto --store chdb://inventory --since 2026-01-01 --html crypto.html --csv crypto/
  certspan report shadow --store chdb://inventory --html shadow.html
  certspan report owner --store chdb://inventory --policy site.toml --pdf owners.pdf
  certspan report clauses --store chdb://inventory --home 10.40.0.0/16 --pdf clauses.pdf

\b
Exit status: 0 done; 2 usage, or no such store; 4 the store or an output failed.
"""
)
@click.argument("kind", type=click.Choice(KINDS))
@store_option
@click.option("--at", default="now", show_default=True, metavar="WHEN", help="Judge as of 'now', or a time.")
@click.option("--since", metavar="WHEN", help="For crypto: what changed from this time on.")
@click.option("--home", multiple=True, metavar="CIDR", help="A network that is yours; as for certspan audit.")
@click.option("--policy", "policy_file", type=click.Path(), metavar="FILE", help="Your policy; owner needs it.")
@click.option("--html", type=_FILE, metavar="FILE", help="Write one HTML page that loads nothing.")
@click.option("--json", type=_FILE, metavar="FILE", help="Write one JSON document.")
@click.option("--csv", type=click.Path(file_okay=False), metavar="FOLDER", help="Write a CSV file for each table.")
@click.option("--pdf", type=_FILE, metavar="FILE", help="Write a PDF (extra certspan[pdf]).")
def command(url: str, **options: Any) -> None:
    """Write a report of what a store holds about machines of yours. Without an output, it is printed."""
    from analytics.documents.make import make  # noqa: PLC0415  `--help` need not wait for the store
    from analytics.store import StoreError, open_store  # noqa: PLC0415

    asked = _asked(options)
    try:
        with open_store(url, read_only=True) as store:
            document = None if asked.kind in JUDGED else make(store, asked)
        if document is None:
            with open_store(url) as store:  # rules are asked over tables of their own, that go away again
                store.migrate()
                document = make(store, asked)
    except StoreError as error:
        raise store_failure(error) from error
    _write(document, options)


def _asked(options: dict[str, Any]) -> Asked:
    """Read what the report is to be about."""
    from analytics import at, network  # noqa: PLC0415
    from analytics.cli import clock  # noqa: PLC0415  the composition root imports us
    from analytics.documents.make import Asked  # noqa: PLC0415
    from analytics.policy.apply import home  # noqa: PLC0415
    from analytics.policy.read import PolicyError, read_policy  # noqa: PLC0415
    from rules.pack import load_rules  # noqa: PLC0415

    kind, since = options["kind"], options["since"]
    if since is not None and kind != "crypto":
        raise Failure("--since: only the report crypto tells what changed", Exit.USAGE)
    if kind == "owner" and options["policy_file"] is None:
        raise Failure(
            "owner: a policy says who owns what: --policy FILE (certspan policy example prints one)", Exit.USAGE
        )
    try:
        policy = None if options["policy_file"] is None else read_policy(options["policy_file"], load_rules())
        now, _ = at.parse(options["at"], clock)
        start = None if since is None else at.moment(since)
        ranges = home(policy, options["home"])
    except PolicyError as error:
        raise Failure(str(error), Exit.USAGE) from error
    except network.NetworkError as error:
        raise Failure(f"--home {error}", Exit.USAGE) from error
    except at.AtError as error:
        raise Failure(str(error) if str(error).startswith("--at") else f"--since {error}", Exit.USAGE) from error
    if now is None:
        raise Failure("--at capture: a store is judged as of 'now', or a time", Exit.USAGE)
    return Asked(kind, now, ranges, start, policy)


def _write(document: Document, outputs: dict[str, Any]) -> None:
    """Write all outputs that were asked for; none: print it."""
    from analytics.documents import pdf, write  # noqa: PLC0415
    from analytics.output import ReaderGoneError, write_out  # noqa: PLC0415

    try:
        if not any(outputs[form] for form in ("html", "json", "pdf", "csv")):
            write_out("".join(write.as_text(document)).encode())
        if outputs["html"]:
            _put(outputs["html"], "".join(write.as_html(document)).encode())
        if outputs["json"]:
            _put(outputs["json"], "".join(write.as_json(document)).encode())
        if outputs["pdf"]:
            _put(outputs["pdf"], pdf.render(document))
        if outputs["csv"]:
            Path(outputs["csv"]).mkdir(parents=True, exist_ok=True)
            for section in document.sections:
                name = f"{document.kind}-{section.name}.csv"
                _put(str(Path(outputs["csv"]) / name), "".join(write.as_csv(section)).encode())
    except pdf.NoTypesetterError as error:
        raise Failure(f"--pdf: {error}", Exit.USAGE) from error
    except ReaderGoneError:
        return
    except OSError as error:
        raise Failure(f"{error.filename or 'output'}: {error.strerror}", Exit.SINK) from error


def _put(path: str, data: bytes) -> None:
    from analytics.output import write_out  # noqa: PLC0415
    from analytics.report import files  # noqa: PLC0415

    if path == "-":
        write_out(data)
    else:
        files.write_bytes(path, [data])
