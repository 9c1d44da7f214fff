"""Can each fuzz target find anything at all? Plants one bug for each into a copy, and runs until it is found.

Prints, for each target, after how many executions; ends with 1 if one is missed. `fuzz_plants.py [SECONDS]`, 120 by
default.
"""

import os
import re
import shutil
import subprocess
import sys

import fuzz

COPY = fuzz.WORK / "planted"
CORE = "sensor/rust/src/"
PLANTS = {
    "capture": (CORE + "capture/pcapng.rs", "to_usize(stated) < least || stated > most", "stated > most"),
    "frame": (CORE + "frame/tcp.rs", "payload: bytes.get(offset..)?,", "payload: &bytes[offset..],"),
    "stream": (CORE + "stream.rs", "if following.sequence == end && following", "if following"),
    "record": (
        CORE + "tls/half.rs",
        "let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()?;",
        "let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()? + usize::from(self.small[39]);",
    ),
    "handshake": (
        CORE + "tls/hello.rs",
        "self.alpn = Some(text(body.vector16()?.vector8()?.rest()));",
        "self.alpn = Some(text(&body.rest()[3..]));",
    ),
    "opening": (CORE + "tls/opener.rs", "kind != handshake::CERTIFICATE && high", "high"),
    "rows": (CORE + "rows/json.rs", "'\\\\' => out.push_str(\"\\\\\\\\\"),", ""),
    "certificate": ("sensor/der.py", "if len(content) != 1:", "if len(content) > 1:"),
    # In a copy of its own: it walks over all the others.
    "road": (
        CORE + "flows/mod.rs",
        "self.memory() > limits.max_state_bytes && self",
        "self.memory() > 2 * limits.max_state_bytes && self",
    ),
}
"""Target -> file, what stands there, and the bug."""


def plant(targets):
    """Make the copy with these bugs; ValueError if one has lost its place."""
    ignore = shutil.ignore_patterns("target", "__pycache__")
    for folder in ("sensor", "tests", ".cargo"):
        shutil.rmtree(COPY / folder, ignore_errors=True)
        # Every file is new, so that cargo does not take one without its bug for the one before.
        shutil.copytree(fuzz.ROOT / folder, COPY / folder, ignore=ignore, copy_function=shutil.copy)
    for target in targets:
        name, right, wrong = PLANTS[target]
        path = COPY / name
        text = path.read_text()
        if text.count(right) != 1:
            raise ValueError(f"the bug for {target} has lost its place in {name}")
        path.write_text(text.replace(right, wrong))


def hunt(target, programs, seconds):
    """Run until something is found; gives the executions, or None."""
    corpus = COPY / "corpus" / target
    shutil.rmtree(corpus, ignore_errors=True)
    corpus.mkdir(parents=True)
    program = [str(programs / target)]
    if target == fuzz.PYTHON:
        program = [sys.executable, str(COPY / "tests" / "fuzz_certificate.py")]
    options = [f"-max_total_time={seconds}", f"-max_len={fuzz.MAX_BYTES}", "-seed=1", "-print_final_stats=1"]
    options.append(f"-artifact_prefix={COPY}/{target}-")
    done = subprocess.run(
        [*program, str(corpus), str(fuzz.WORK / "seeds" / target), *options],
        cwd=COPY,
        capture_output=True,
        text=True,
        errors="replace",
        env={**os.environ, "RUST_BACKTRACE": "0"},
        check=False,
    )
    counted = re.findall(r"^#(\d+)|units: (\d+)", done.stderr, re.MULTILINE)
    return max((int(one or other) for one, other in counted), default=0) if done.returncode else None


def main():
    """Two builds: the road alone, and all the others together."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 120
    shutil.rmtree(fuzz.WORK / "seeds", ignore_errors=True)
    subprocess.run([sys.executable, str(fuzz.ROOT / "tests" / "fuzz_seeds.py"), str(fuzz.WORK / "seeds")], check=True)
    missed = []
    for targets in ([target for target in PLANTS if target != "road"], ["road"]):
        plant(targets)
        programs = fuzz.built(COPY)
        for target in targets:
            executions = hunt(target, programs, seconds)
            words = "missed" if executions is None else f"found after {executions:,} executions"
            sys.stdout.write(f"{target}: {words}\n")
            sys.stdout.flush()
            missed += [target] if executions is None else []
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
