"""Values in the trees that tshark writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def every(tree: Any) -> list[Any]:
    """Give what stands where one or several of a kind may: a list in any case."""
    if tree is None:
        return []
    return tree if isinstance(tree, list) else [tree]


def trees(tree: Any) -> list[dict[str, Any]]:
    """As `every`, but only trees: a layer that tshark could not read on is a text."""
    return [each for each in every(tree) if isinstance(each, dict)]


def last(tree: Any) -> dict[str, Any] | None:
    """Give the innermost of layers of one kind."""
    found = trees(tree)
    return found[-1] if found else None


def find(tree: Any, name: str) -> list[str]:
    """Give all texts of this name, at any depth, in order."""
    return list(_find(tree, name))


def _find(tree: Any, name: str) -> Iterator[str]:
    for each in every(tree):
        if isinstance(each, dict):
            for key, value in each.items():
                if key == name:
                    yield from (text for text in every(value) if isinstance(text, str))
                if isinstance(value, dict | list):
                    yield from _find(value, name)


def first(tree: Any, name: str) -> str | None:
    """Give the first of them."""
    return next(_find(tree, name), None)


def number(text: str | None) -> int | None:
    """Read `22` and `0x0016`; None for anything else."""
    try:
        return None if text is None else int(text, 0)
    except ValueError:
        return None


def numbers(tree: Any, name: str) -> list[int]:
    """Give all numbers of this name."""
    return [value for value in map(number, find(tree, name)) if value is not None]


def octets(text: str | None) -> bytes:
    """Read `16:03:01`; nothing for what is no such text."""
    try:
        return bytes.fromhex((text or "").replace(":", ""))
    except ValueError:
        return b""
