"""What `make` needs before it starts, told in one exact line each; runs on any Python 3."""

import re
import shutil
import subprocess
import sys

PYTHON = (3, 11)
RUST = (1, 88)


def missing():
    """Give one line for each thing that is not there."""
    if sys.version_info < PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        yield f"Python {PYTHON[0]}.{PYTHON[1]} or newer, found {found}: make PYTHON=python3.11"
    try:
        import ensurepip  # noqa: F401, PLC0415
        import venv  # noqa: F401, PLC0415
    except ImportError:
        yield "Python's venv module: apt-get install python3-venv"
    if not (shutil.which("cc") or shutil.which("gcc")):
        yield "a C compiler (cc), which Rust links with: apt-get install gcc libc6-dev"
    if not shutil.which("cargo"):
        yield f"Rust {RUST[0]}.{RUST[1]} or newer (cargo): see https://rustup.rs"
        return
    text = subprocess.run(["cargo", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+)\.(\d+)", text)
    if not found or tuple(map(int, found.groups())) < RUST:
        yield f"Rust {RUST[0]}.{RUST[1]} or newer, found {text.strip() or 'none'}: rustup update stable"


if __name__ == "__main__":
    LINES = list(missing())
    for line in LINES:
        sys.stderr.write(f"make: missing {line}\n")
    sys.exit(1 if LINES else 0)
