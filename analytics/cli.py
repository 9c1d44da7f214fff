"""The composition root: commands by name, and the only place that asks the clock of the machine."""

from __future__ import annotations

import datetime as dt
import importlib
import sys
import time
from typing import Any, cast

import click

from analytics.exits import complain

COMMANDS = {
    "audit": "What is wrong in these captures: findings on the terminal, as HTML, JSON, CSV.",
    "cmdb": "What a CMDB lists against what was seen.",
    "check": "Judge a store and tell what changed since the last check.",
    "collector": "What sensors wrote into a store, judged on schedule.",
    "compare": "certspan's core against tshark: each difference, with its reason.",
    "doctor": "What a sensor or collector lacks on this machine, and the command that mends it.",
    "export": "Lists and files for other tools: what a scanner should look at, certificates as PEM.",
    "extract": "Sessions or certificates of captures, one JSON object a line.",
    "findings": "What is wrong, by a store: a list, or one finding with its history.",
    "forward": "What happened to findings, told to SIEMs and others.",
    "import": "Certificates that others found: PEM, PKCS #7, scanners' JSON and CSV, CT logs.",
    "inventory": "What a store holds: certificates, endpoints, holders, coverage.",
    "load": "Segments that were carried by hand into a store.",
    "policy": "Check a policy, or print one to begin with.",
    "report": "Reports of a store: what ends when, cryptography in use, clauses of standards.",
    "rules": "The rules: a list, the page of one, tests of your own.",
    "sensor": "Watch interfaces, and write what they show into a spool folder.",
    "spool": "What waits between sensor and collector, and what was set aside.",
    "store": "Look into a store of sessions, certificates and findings.",
    "structure": "How certificates are built: csf1 text, fingerprint, difference of two.",
    "up": "Sensor and collector of one machine.",
    "waive": "Accept a finding until a date, with a reason and an owner.",
}
_MODULES = {"import": "imports"}
"""Where a command's module cannot be called as the command is."""


def clock() -> dt.datetime:
    """Give the real time; everything else is handed one."""
    return dt.datetime.now(dt.UTC)  # noqa: TID251  the one clock


def clock_ns() -> int:
    """Give the real time as packets have it: nanoseconds since 1970."""
    return time.time_ns()


class _Lazy(click.Group):
    """A group that imports a command only when it runs, so that `--help` starts at once."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command and leave with its exit status; errors are one line that begins with the program's name."""
        try:
            status = super().main(*args, **{**extra, "standalone_mode": False})
        except click.ClickException as error:
            if isinstance(error, click.UsageError) and not isinstance(error, click.exceptions.NoArgsIsHelpError):
                help_is_at = error.ctx.command_path if error.ctx else "certspan"
                complain(f"{error.format_message()} ({help_is_at} --help tells more)")
            else:
                error.show()
            sys.exit(error.exit_code)
        except click.Abort:
            sys.exit(130)
        sys.exit(status if isinstance(status, int) else 0)

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        return cast(
            "click.Command", importlib.import_module(f"analytics.commands.{_MODULES.get(cmd_name, cmd_name)}").command
        )

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="certspan")
def main() -> None:
    """Tell which X.509 certificates a network really runs, from mirrored traffic or captures.

    \b
    certspan audit office.pcap --report report.html    what is wrong, where, how bad
    certspan extract office.pcap                       one JSON line a TLS handshake
    certspan extract --certificates office.pcap        one JSON line a certificate
    """  # noqa: D301  click's own mark
