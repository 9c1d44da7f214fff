"""Sizes as people write them: `256M`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click import Context, Parameter

_SIZE = re.compile(r"(\d{1,15})([KMGT]?)(?:i?B)?", re.ASCII | re.IGNORECASE)
_STEP = 1024


def parse(text: str) -> int:
    """Give the bytes of `512K`, `256M`, `2G`, or a plain number; ValueError for anything else."""
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise ValueError("write a size as 512K, 256M or 2G")
    power = " KMGT".index(found[2].upper() or " ")
    return int(found[1]) * int(_STEP**power)


class Size(click.ParamType[int]):
    """An option's value that is a size in bytes, at least so many."""

    name = "size"

    def __init__(self, least: int) -> None:
        self._least = least

    def convert(self, value: Any, param: Parameter | None, ctx: Context | None) -> int:
        """Give the bytes."""
        if isinstance(value, int):
            return value
        try:
            size = parse(value)
        except ValueError as error:
            self.fail(f"{value}: {error}", param, ctx)
        if size < self._least:
            self.fail(f"{value} is too little: {self._least // _STEP**2}M is the least", param, ctx)
        return size
