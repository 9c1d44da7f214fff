"""Times as people write them: `30s`, `7d`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click import Context, Parameter

_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)([smhd]?)", re.ASCII)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


class Duration(click.ParamType[float]):
    """An option's value that is a time, more than none: `30s`, `15m`, `2h`, `7d`; seconds without a unit."""

    name = "time"

    def convert(self, value: Any, param: Parameter | None, ctx: Context | None) -> float:
        """Give seconds."""
        if isinstance(value, float):
            return value
        found = _DURATION.fullmatch(str(value).strip())
        if not found or float(found[1]) == 0:
            self.fail(f"{value}: write a time as 30s, 15m, 2h or 7d", param, ctx)
        return float(found[1]) * _SECONDS[found[2]]
