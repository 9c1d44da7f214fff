"""The command as users run it: the console script of the environment that runs the tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CERTSPAN = Path(sys.executable).with_name("certspan")


def certspan(*arguments: object) -> str:
    """Run the command, which must succeed, and give what it prints."""
    words = [str(CERTSPAN), *map(str, arguments)]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout
