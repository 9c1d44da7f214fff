"""Whom the user trusts and which keys are known, as options of every command that judges, beside a policy's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from analytics.exits import Exit, Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from analytics.derive.settings import Settings
    from analytics.policy.read import Policy

_Command = TypeVar("_Command", bound="Callable[..., Any]")
_PLACES: dict[str, Any] = {"multiple": True, "type": click.Path(path_type=Path)}
_OPTIONS = (
    click.option(
        "--trust",
        **_PLACES,
        metavar="PLACE",
        help="Certificates of your own CAs: a PEM or DER file, or a folder of them; may be repeated.",
    ),
    click.option("--vendor-trust", **_PLACES, metavar="PLACE", help="The same of vendors whose CAs you accept."),
    click.option("--system-roots", is_flag=True, help="Roots of this machine count as public, beside Mozilla's."),
    click.option(
        "--blocklist",
        "blocklists",
        **_PLACES,
        metavar="FILE",
        help="Keys known to the world, as badkeys lists them or a hash a line (docs/using.md); may be repeated.",
    ),
)


def trust_options(command: _Command) -> _Command:
    """Give a command these options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def settings(options: Mapping[str, Any], policy: Policy | None) -> Settings:
    """Put together the policy's and the command line's; a folder or file that is no good is a Failure at once."""
    from analytics.derive.anchors import AnchorError, anchors  # noqa: PLC0415  `--help` need not wait for these
    from analytics.derive.blocklist import BlocklistError, load  # noqa: PLC0415
    from analytics.derive.settings import Settings  # noqa: PLC0415
    from analytics.policy.apply import settings as of_policy  # noqa: PLC0415

    given = Settings(options["trust"], options["vendor_trust"], options["system_roots"], options["blocklists"])
    held = Settings() if policy is None else of_policy(policy)
    found = Settings(
        (*held.corporate, *given.corporate),
        (*held.vendors, *given.vendors),
        held.system_roots or given.system_roots,
        (*held.blocklists, *given.blocklists),
    )
    parts = (
        ("--trust", Settings(found.corporate)),
        ("--vendor-trust", Settings((), found.vendors)),
        ("--system-roots:", Settings(system_roots=found.system_roots)),
    )
    for name, part in parts:
        try:
            anchors(part)
        except AnchorError as error:
            raise Failure(f"{name} {error}", Exit.USAGE) from error
    try:
        load(found.blocklists)
    except BlocklistError as error:
        raise Failure(f"a blocklist (--blocklist, or of the policy): {error}", Exit.USAGE) from error
    return found
