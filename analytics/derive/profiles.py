"""Known test CAs and interception tools, by the names their software gives them: data in profiles.toml."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Profile:
    """One product."""

    id: str
    kind: str
    """`test` or `intercepted`."""
    product: str
    attributes: tuple[re.Pattern[str], ...]

    def marker(self, attributes: Sequence[str]) -> str | None:
        """Give what of a name matches; None unless every expression does."""
        found = [next((one for one in attributes if wanted.fullmatch(one)), None) for wanted in self.attributes]
        return ", ".join(one for one in found if one is not None) if all(found) else None


@lru_cache(maxsize=1)
def profiles() -> tuple[Profile, ...]:
    """Give all of them, interception first: the graver word wins."""
    text = (resources.files("analytics.derive") / "profiles.toml").read_text("utf-8")
    made = [
        Profile(one["id"], one["class"], one["product"], tuple(re.compile(wanted) for wanted in one["attributes"]))
        for one in tomllib.loads(text)["profile"]
    ]
    return tuple(sorted(made, key=lambda profile: profile.kind != "intercepted"))


def match(names: Iterable[Sequence[str]]) -> tuple[Profile, str] | None:
    """Give the first profile that one of these names has, and the marker: what matched."""
    listed = list(names)
    for profile in profiles():
        for attributes in listed:
            if marker := profile.marker(attributes):
                return profile, marker
    return None
