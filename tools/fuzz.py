"""Run the fuzz targets, one after the other, and count executions and edges: see docs/fuzzing.md.

Ends with 1 if one of them found something.
"""

import argparse
import datetime as dt
import os
import pathlib
import platform
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "fuzz"
CRATE = ROOT / "sensor" / "rust" / "fuzz"
PAGE = ROOT / "docs" / "fuzzing.md"
MARKS = re.compile(r"(<!-- table of make fuzz -->\n).*?(<!-- end of table -->)", re.DOTALL)
PYTHON = "certificate"
"""The target that is no Rust."""
TARGETS = [*re.findall(r'^name = "(\w+)"\npath', (CRATE / "Cargo.toml").read_text(), re.MULTILINE), PYTHON]
HEAD = ["target", "executions", "edges", "corpus", "found", "seconds", "date", "machine"]
MAX_BYTES = 8_192


def built(root=ROOT):
    """Build the Rust targets; gives the folder of their programs. Overflow checks and debug assertions are on."""
    crate = root / CRATE.relative_to(ROOT)
    path = f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["cargo", "fuzz", "build", "--fuzz-dir", str(crate), "-s", "none"]
    subprocess.run(command, cwd=root, env={**os.environ, "PATH": path}, check=True)
    version = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
    host = re.search(r"^host: (.*)$", version, re.MULTILINE).group(1)
    return root / "target" / host / "release"


def command(target, programs):
    """Give the program of a target."""
    if target == PYTHON:
        return [sys.executable, str(ROOT / "tests" / "fuzz_certificate.py")]
    return [str(programs / target)]


def run(target, programs, seconds, runs):
    """Run one target; gives its row, and its exit status."""
    places = [WORK / kind / target for kind in ("corpus", "seeds", "found")]
    for place in places:
        place.mkdir(parents=True, exist_ok=True)
    corpus, seeds, found = places
    options = [f"-max_total_time={seconds}", f"-max_len={MAX_BYTES}", "-timeout=30", "-rss_limit_mb=2048"]
    # A given number of runs goes the same way each time.
    options += [f"-runs={runs}", "-seed=1"] if runs else []
    options += ["-print_final_stats=1", f"-artifact_prefix={found}/"]
    log = WORK / f"{target}.log"
    with log.open("w", errors="replace") as out:
        done = subprocess.run(
            [*command(target, programs), str(corpus), str(seeds), *options],
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "RUST_BACKTRACE": "1"},
            check=False,
        )
    text = log.read_text(errors="replace")
    if done.returncode:
        sys.stderr.write(text[-4_000:])
        sys.stderr.write(f"\n{target} ended with {done.returncode}: {log}, inputs in {found}\n")
    return row(text, target, seconds, len(list(corpus.iterdir())), len(list(found.iterdir()))), done.returncode


def row(text, target, seconds, corpus, found):
    """Read what libFuzzer prints."""
    last = re.findall(r"^#(\d+)\s+\S+\s+cov: (\d+)", text, re.MULTILINE)
    executions, edges = last[-1] if last else ("0", "0")
    counted = re.search(r"number_of_executed_units: (\d+)", text)
    executions = counted.group(1) if counted else executions
    numbers = [f"{int(number):,}" for number in (executions, edges, corpus, found, seconds)]
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()  # noqa: TID251  no part of the product
    return [f"`{target}`", *numbers, today, machine()]


def machine():
    """Name the machine as far as numbers depend on it."""
    model = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return f"{model.group(1) if model else platform.machine()}, 1 of {os.cpu_count()} cores"


def table(rows):
    """Give the rows as Markdown."""
    lines = ["| " + " | ".join(line) + " |" for line in (HEAD, ["---"] * len(HEAD), *rows)]
    return "\n".join(lines) + "\n"


def into_page(rows):
    """Put rows into the page; those of targets that did not run stay."""
    text = PAGE.read_text()
    old = re.findall(r"^\| (`\w+`) \| (.*) \|$", MARKS.search(text).group(0), re.MULTILINE)
    all_rows = {name: [name, *rest.split(" | ")] for name, rest in old} | {line[0]: line for line in rows}
    kept = [all_rows[f"`{target}`"] for target in TARGETS if f"`{target}`" in all_rows]
    PAGE.write_text(MARKS.sub(lambda match: match.group(1) + table(kept) + match.group(2), text))


def main():
    """Build, make seeds, run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="for each target")
    parser.add_argument("--runs", type=int, default=0, help="end after so many, with a fixed seed")
    parser.add_argument("--target", choices=TARGETS, action="append", help="only this one; may be repeated")
    parser.add_argument("--page", action="store_true", help="write the table into docs/fuzzing.md")
    options = parser.parse_args()
    programs = built()
    seeds = ROOT / "tests" / "fuzz_seeds.py"
    subprocess.run([sys.executable, str(seeds), str(WORK / "seeds")], check=True)
    rows, failed = [], False
    for target in options.target or TARGETS:
        line, status = run(target, programs, options.seconds, options.runs)
        sys.stdout.write(" | ".join(line) + "\n")
        sys.stdout.flush()
        rows.append(line)
        failed |= status != 0
    sys.stdout.write("\n" + table(rows))
    if options.page:
        into_page(rows)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
