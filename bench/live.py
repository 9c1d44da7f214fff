"""The sensor on a mirror: what was sent is seen or counted as dropped, to the packet, and what a packet costs.

A network namespace of its own holds a link and, by `tc ... mirred`, a SPAN of it to the port that is watched. tcpreplay
sends a capture at the highest rate, or at --mbps; in a run of its own, tcpdump takes the same packets.

    .venv/bin/python bench/live.py [--mixes campus,storm] [--scale 0.1] [--mbps N] [--loops 1] [--workers N]
    .venv/bin/python bench/live.py --soak MINUTES --mbps 50      flat memory over a long time

It needs unshare, ip, tc, tcpreplay and tcpdump; CPU seconds are those of the whole process, its start left out.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from captures import HERE, capture

CERTSPAN = str(Path(sys.executable).with_name("certspan"))
INSIDE = "CERTSPAN_BENCH_INSIDE"
SEED = 1
TICKS = os.sysconf("SC_CLK_TCK")
SET_UP = """
mount -t sysfs none /sys
for of in all default; do echo 1 > /proc/sys/net/ipv6/conf/$of/disable_ipv6; done
ip link set lo up
ip link add host type veth peer name switch && ip link add span type veth peer name port
for name in host switch span port; do ip link set $name mtu 9000 up; done
tc qdisc add dev switch clsact
tc filter add dev switch ingress protocol all u32 match u32 0 0 action mirred egress mirror dev span
"""


def main() -> None:
    """Measure each mix, and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mixes", default="bulk,campus,storm,wide")
    parser.add_argument("--scale", type=float, default=0.1)
    parser.add_argument("--mbps", type=float, help="megabits a second; as fast as it goes without")
    parser.add_argument("--loops", type=int, default=1)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--soak", type=float, metavar="MINUTES")
    options = parser.parse_args()
    if INSIDE not in os.environ:
        made = [capture(mix, HERE / "data", seed=SEED, scale=options.scale) for mix in options.mixes.split(",")]
        paths = [str(one.path) for one in made]
        kinds = "-nm" if os.getuid() == 0 else "-Urnm"
        words = ["unshare", kinds, sys.executable, *sys.argv]
        sys.exit(subprocess.run(words, env={**os.environ, INSIDE: ":".join(paths)}, check=False).returncode)
    subprocess.run(["sh", "-ec", SET_UP], check=True)
    captures = [Path(path) for path in os.environ[INSIDE].split(":")]
    if options.soak is not None:
        soak(captures[0], options)
        return
    print(
        f"{'mix':<8}{'sent':>10}{'packets/s':>11}{'seen':>10}{'kernel drops':>13}{'card drops':>11}{'all told':>9}"
        f"{'sessions':>9}{'of file':>9}{'ns/packet':>10}{'tcpdump':>9}{'sent by port':>13}"
    )
    for path in captures:
        print(row(path, options), flush=True)


def row(path: Path, options: argparse.Namespace) -> str:
    """Measure one capture."""
    seen = watched(path, options)
    peer = tcpdumped(path, options)
    told = seen["packets"] + seen["kernel_drops"] + seen["interface_drops"]
    wanted = of_file(path)
    same = "equal" if seen["sessions"] == wanted * options.loops else f"{wanted}"
    if options.loops > 1:
        same = "-"  # the same packets again are retransmissions
    return (
        f"{path.name.split('-')[0]:<8}{seen['sent']:>10,}{seen['rate']:>11,.0f}{seen['packets']:>10,}{seen['kernel_drops']:>13,}"
        f"{seen['interface_drops']:>11,}{'yes' if told == seen['sent'] else 'NO':>9}{seen['sessions']:>9,}{same:>9}"
        f"{seen['cpu'] / seen['packets'] * 1e9:>10,.0f}{peer:>9,.0f}{transmitted('port'):>13,}"
    )


def watched(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run a sensor beside the replay; what it counted, and its CPU seconds."""
    with tempfile.TemporaryDirectory() as folder:
        spool = Path(folder) / "spool"
        process = start_sensor(spool, options.workers)
        before = cpu(process.pid)
        sent, rate = replay(path, options)
        settled(spool)
        used = cpu(process.pid) - before
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        counted: dict[str, Any] = json.loads((spool / "sensor.json").read_text())["counters"]
    return {**counted, "sessions": counted.get("sessions", 0), "sent": sent, "rate": rate, "cpu": used}


def start_sensor(spool: Path, workers: int) -> subprocess.Popen[bytes]:
    """Start one, and wait until it watches."""
    words = [CERTSPAN, "sensor", "-i", "port", "--spool", str(spool), "--workers", str(workers), "--ring", "128M"]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    while not (spool / "sensor.json").exists():
        if process.poll() is not None:
            sys.exit("the sensor did not begin")
        time.sleep(0.05)
    return process


def settled(spool: Path) -> None:
    """Wait until nothing new is counted."""
    before = -1
    while (now := json.loads((spool / "sensor.json").read_text())["counters"]["kernel_frames"]) != before:
        before = now
        time.sleep(3)


def replay(path: Path, options: argparse.Namespace) -> tuple[int, float]:
    """Send a capture; how many packets, and how many a second."""
    pace = ["--topspeed"] if options.mbps is None else [f"--mbps={options.mbps}"]
    words = ["tcpreplay", "-q", "-i", "host", "-K", f"--loop={options.loops}", *pace, str(path)]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    sent = int(re.search(r"Successful packets:\s+(\d+)", said)[1])  # type: ignore[index]
    rate = float(re.search(r"([\d.]+) pps", said)[1])  # type: ignore[index]
    return sent, rate


def tcpdumped(path: Path, options: argparse.Namespace) -> float:
    """Nanoseconds that tcpdump takes a packet, of those that it sees."""
    words = ["tcpdump", "-i", "port", "-w", "-", "-B", "131072", "-Z", "root"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    time.sleep(1)
    before = cpu(process.pid)
    replay(path, options)
    time.sleep(2)
    used = cpu(process.pid) - before
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    seen = re.search(r"(\d+) packets captured", said)  # it will not run as root of a user namespace only
    return used / int(seen[1]) * 1e9 if seen else float("nan")


def of_file(path: Path) -> int:
    """Count the sessions that the same capture has when it is read from the file."""
    done = subprocess.run([CERTSPAN, "extract", str(path)], stdout=subprocess.PIPE, check=True)
    return done.stdout.count(b"\n")


def soak(path: Path, options: argparse.Namespace) -> None:
    """Replay over and over, and print each minute what is in memory, seen and dropped."""
    print(f"{'minute':>7}{'packets':>12}{'drops':>9}{'sessions':>10}{'segments':>9}{'RssAnon MB':>11}")
    spool = Path(tempfile.mkdtemp(prefix="certspan-soak-"))
    process = start_sensor(spool, options.workers)
    end, minute = time.monotonic() + options.soak * 60, 0
    sending: subprocess.Popen[bytes] | None = None
    try:
        while time.monotonic() < end:
            if sending is None or sending.poll() is not None:
                pace = [f"--mbps={options.mbps or 50}"]
                words = ["tcpreplay", "-q", "-i", "host", *pace, str(path)]
                sending = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for folder in spool.glob("[!.]*-0001"):
                shutil.rmtree(folder)  # as a collector would
            if time.monotonic() > end - options.soak * 60 + minute * 60:
                counted = json.loads((spool / "sensor.json").read_text())["counters"]
                drops = counted["kernel_drops"] + counted["interface_drops"]
                print(
                    f"{minute:>7}{counted['packets']:>12,}{drops:>9,}{counted.get('sessions', 0):>10,}"
                    f"{counted.get('segments', 0):>9,}{anonymous(process.pid):>11.1f}",
                    flush=True,
                )
                minute += 1
            time.sleep(1)
    finally:
        if sending is not None:
            sending.kill()
        process.terminate()
        process.wait(60)
        shutil.rmtree(spool)


def cpu(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def anonymous(pid: int) -> float:
    """Anonymous memory of a process, megabytes."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", text)[1]) / 1000  # type: ignore[index]


def transmitted(interface: str) -> int:
    """Frames that an interface has sent."""
    (fields,) = [
        line.partition(":")[2].split()
        for line in Path("/proc/net/dev").read_text().splitlines()
        if line.strip().startswith(f"{interface}:")
    ]
    return int(fields[9])


if __name__ == "__main__":
    main()
