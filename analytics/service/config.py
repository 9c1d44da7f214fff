"""Configuration: how a service runs, from one TOML file, the environment, and flags; the nearest wins.

Each command of a service has a table of its name; its keys are the long options without their dashes, `-` or `_`
between words. The environment has `CERTSPAN_<COMMAND>_<OPTION>`, and the file itself is `--config FILE` or
`CERTSPAN_CONFIG`. What stands in the file is checked by the very options, so that a slip is told the same way.
"""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from analytics.forward.settings import SinkSettings
    from sensor.watch import Tell

SINKS = "sink"
"""Name of the tables, `[[sink]]`, that say who is told."""
TABLES = frozenset({"sensor", "collector", "forward", "sink"})
"""Tables that a file may have; others are slips."""


log_option = click.option(
    "--log",
    "log_form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Form of the log on standard error.",
)
"""For every command that runs for months."""


class ServiceCommand(click.Command):
    """A command of a service: configured by file and environment too, and able to read its configuration again."""

    def __init__(self, *args: Any, **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.params.append(
            click.Option(
                ["--config"],
                type=click.Path(dir_okay=False, path_type=Path),
                envvar="CERTSPAN_CONFIG",
                show_envvar=True,
                is_eager=True,
                expose_value=False,
                callback=self._read,
                help="TOML file with these options; its table has the name of this command.",
            )
        )
        self.config: Path | None = None
        """The file that was read last."""
        self.asked: list[str] = []
        """The words of the command line, to read them again."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the command line; the environment stands between it and the file."""
        self.asked = list(args)
        prefix = f"CERTSPAN_{str(info_name).upper()}"
        return super().make_context(info_name, args, parent, auto_envvar_prefix=prefix, **extra)

    def read_again(self, context: click.Context) -> dict[str, Any]:
        """Give the options as they would be now; click.UsageError tells a slip."""
        return dict(self.make_context(context.info_name, list(self.asked), context.parent).params)

    @staticmethod
    def tell_changes(old: dict[str, Any], new: dict[str, Any], tell: Tell) -> set[str]:
        """Say which options are others now, and give their names."""
        changed = {name: new[name] for name in new if new[name] != old[name]}
        tell("info", "configuration read", **(changed or {"changed": "nothing"}))
        return set(changed)

    def _read(self, context: click.Context, _parameter: click.Parameter, path: Path | None) -> None:
        self.config = path
        if path is None:
            return
        name = str(context.info_name)
        table = read_table(path, name, context)
        by_name = {key: option for option in self.params for key in _keys(option)}
        values = {}
        for key, value in table.items():
            option = by_name.get(key.replace("_", "-"))
            if option is None or option.name is None or key == "config":
                near = difflib.get_close_matches(key, by_name, 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise click.UsageError(f"{path}: [{name}] has no key {key}{hint}", context)
            values[option.name] = _as_option(value, option, f"{path}: [{name}] {key}", context)
        context.default_map = values


def read_table(path: Path, name: str, context: click.Context | None = None) -> dict[str, Any]:
    """Give a table of the file, empty if it has none; click.UsageError if the file is not as it should be."""
    try:
        with path.open("rb") as file:
            document = tomllib.load(file)
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}", context) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path}: not TOML: {error}", context) from error
    for key, value in document.items():
        if key not in TABLES:
            near = difflib.get_close_matches(key, TABLES, 1)
            raise click.UsageError(f"{path}: no table {key}" + (f"; did you mean {near[0]}?" if near else ""), context)
        if not isinstance(value, dict) and key != SINKS:
            raise click.UsageError(f"{path}: {key} is no table; write [{key}]", context)
    return dict(document.get(name, {}))


def read_sinks(path: Path | None) -> list[SinkSettings]:
    """Read the sinks of a file; none without a file. click.UsageError tells the first slip."""
    from analytics.forward.settings import SettingsError, read_sinks  # noqa: PLC0415  few commands need them

    if path is None:
        return []
    read_table(path, "")
    try:
        return read_sinks(tomllib.loads(path.read_text("utf-8")).get(SINKS, []))
    except SettingsError as error:
        raise click.UsageError(f"{path}: {error}") from error


def _keys(option: click.Parameter) -> list[str]:
    return [word.removeprefix("--") for word in [*option.opts, *option.secondary_opts] if word.startswith("--")]


def _as_option(value: Any, option: click.Parameter, place: str, context: click.Context) -> Any:
    """Give a value of TOML as an option takes it."""
    if isinstance(value, list) and option.multiple:
        return [str(one) for one in value]
    if isinstance(value, dict | list):
        raise click.UsageError(f"{place}: one value, not a list or table", context)
    if isinstance(value, bool):
        return value
    return [str(value)] if option.multiple else str(value)
