"""Put what certspan prints into README.md, between its sample marks; `--check` only compares."""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MARKS = re.compile(r"(<!-- sample: (certspan [^>]*) -->\n```text\n).*?(```\n<!-- end of sample -->)", re.DOTALL)


def sample(command):
    """Give what the command prints on a terminal of 100 columns."""
    certspan, *arguments = command.split()
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    program = str(pathlib.Path(sys.executable).with_name(certspan))
    done = subprocess.run([program, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def filled(text):
    """Give the page with fresh samples."""
    return MARKS.sub(lambda match: match[1] + sample(match[2]) + match[3], text)


if __name__ == "__main__":
    page = ROOT / "README.md"
    old = page.read_text()
    new = filled(old)
    if not MARKS.search(old):
        sys.exit("README.md: no sample marks")
    if "--check" in sys.argv:
        sys.exit("README.md: the sample is stale: python tools/sample.py" if old != new else 0)
    page.write_text(new)
