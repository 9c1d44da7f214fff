"""Make a bundle that installs certspan where there is no network: its wheel, those that it needs, what is deployed.

`make bundle` leaves build/bundle/ and build/certspan-bundle-<version>-<platform>.tar.gz; README.txt in it says how to
install. Wheels are those of this machine's Python and platform.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
OUT = ROOT / "build" / "bundle"
EXTRAS = ("embedded", "kafka", "pdf")
README = """\
certspan {version} for {platform}, Python {python}; nothing is fetched from a network.

    python3 -m venv /opt/certspan
    /opt/certspan/bin/pip install --no-index --no-deps --find-links wheels -r requirements.txt
    /opt/certspan/bin/certspan doctor

deploy/ holds units of systemd, a container file, Kubernetes, alerts and a board; docs/live.md tells how to go on.
"""


def run(*words: str) -> str:
    """Run a command of this environment; give what it prints."""
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout


def main() -> None:
    """Make it."""
    bin_folder = Path(sys.executable).parent
    shutil.rmtree(OUT, ignore_errors=True)
    wheels = OUT / "wheels"
    wheels.mkdir(parents=True)
    run(str(bin_folder / "maturin"), "build", "--release", "--locked", "--quiet", "--out", str(wheels))
    (wheel,) = wheels.glob("certspan-*.whl")
    extras = [word for extra in EXTRAS for word in ("--extra", extra)]
    pinned = run(
        *(str(bin_folder / "uv"), "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-emit-index-url"),
        *("-c", "constraints/python.txt", "--override", "constraints/overrides.txt", *extras, "pyproject.toml"),
    )
    needed = [line for line in pinned.splitlines() if re.match(r"[A-Za-z0-9]", line)]
    version = wheel.name.split("-")[1]
    (OUT / "requirements.txt").write_text("\n".join([*needed, f"certspan=={version}"]) + "\n")
    (OUT / "needed.txt").write_text("\n".join(needed) + "\n")
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps")
    run(*pip, "--only-binary", ":all:", "--dest", str(wheels), "-r", str(OUT / "needed.txt"))
    (OUT / "needed.txt").unlink()
    shutil.copytree(ROOT / "deploy", OUT / "deploy")
    shutil.copytree(ROOT / "docs", OUT / "docs")
    for name in ("LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, OUT)
    platform = sysconfig.get_platform()
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    (OUT / "README.txt").write_text(README.format(version=version, platform=platform, python=python))
    archive = OUT.parent / f"certspan-bundle-{version}-{platform}.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        tar.add(OUT, arcname=f"certspan-{version}")
    size = sum(file.stat().st_size for file in OUT.rglob("*") if file.is_file())
    sys.stdout.write(
        f"{archive.relative_to(ROOT)}: {len(list(wheels.iterdir()))} wheels, {size / 1e6:,.0f} MB unpacked\n"
    )


if __name__ == "__main__":
    main()
