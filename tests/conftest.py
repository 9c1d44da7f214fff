"""What all tests share: tests that need a tool of the system say so, and what did not run is told in one list."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterable

PACKAGES = {
    **dict.fromkeys(("tshark", "editcap", "mergecap"), "tshark"),
    "openssl": "openssl",
    "tcpdump": "tcpdump",
    "promtool": "prometheus",
    "syslog-ng": "syslog-ng-core",
    "systemd-analyze": "systemd",
    "pdftoppm": "poppler-utils",
    "pdftotext": "poppler-utils",
}
"""Debian package of each tool a test may name in `pytest.mark.tools`."""

REQUIRED = "CERTSPAN_REQUIRE_TOOLS" in os.environ
"""In CI a missing tool is a failure."""

settings.register_profile("local", max_examples=20, deadline=None, derandomize=True)
settings.register_profile("ci", max_examples=200, deadline=None, derandomize=True)
settings.register_profile("hunt", max_examples=int(os.environ.get("CERTSPAN_EXAMPLES", "1000")), deadline=None)
settings.load_profile("hunt" if "CERTSPAN_EXAMPLES" in os.environ else "ci" if REQUIRED else "local")
"""The same examples in each run, so that a test fails where a change broke it; `make hunt` looks for new ones."""


def absent(names: Iterable[str]) -> list[str]:
    """Which of these tools are not on the path."""
    return sorted(name for name in names if shutil.which(name) is None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what cannot run, unless everything must."""
    for item in items:
        names = {name for mark in item.iter_markers("tools") for name in mark.args}
        missing = absent(names)
        if missing and not REQUIRED:
            item.add_marker(pytest.mark.skip(reason="needs " + ", ".join(missing)))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Where everything must run, name the missing tool instead of failing somewhere inside."""
    names = {name for mark in item.iter_markers("tools") for name in mark.args}
    if names - set(PACKAGES):
        pytest.fail(f"conftest.PACKAGES does not know {names - set(PACKAGES)}")
    if missing := absent(names):
        pytest.fail(f"{', '.join(missing)} must be installed here")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One list of what did not run, and the line that mends it."""
    missing = absent(PACKAGES)
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if "needs " in str(report.longrepr)]
    if missing and skipped:
        packages = " ".join(sorted({PACKAGES[name] for name in missing}))
        terminalreporter.write_sep("-", "not run here")
        for report in skipped:
            terminalreporter.write_line(f"  {report.nodeid}")
        terminalreporter.write_line(f"{len(skipped)} tests need {', '.join(missing)}: apt-get install {packages}")
