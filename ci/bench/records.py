#!/usr/bin/env python3
"""Scanning a coordination directory, side by side with C programs that do the least possible.

Generates directories of 10,000 and 100,000 records (or the sizes given), runs `dsl-bench scan` without an index beside
`read_all`, and with a warm index beside `walk_stat`, alternating, and prints the ratios of CPU time (user + system,
least of the runs) and the peak memory.

Build first: swift build -c release --static-swift-stdlib --product dsl-bench

usage: ci/bench/records.py [--runs N] [--bench PATH] [SIZE ...]
"""
import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def generate(directory: Path, size: int) -> None:
    """Half live work, three tenths completed, the rest telemetry, and 50 agents; the forms the original writes."""
    rng = random.Random(size)
    directory.mkdir()

    def write(name: str, text: str) -> None:
        (directory / name).write_text(text)

    def when() -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - rng.uniform(0, 7000))) + ".123456"

    for i in range(50):
        write(f"agent_{i}.json", f'{{"id": "agent_{i}", "status": "active", "model": "ollama/qwen3", '
              f'"created": "{when()}", "last_heartbeat": "{when()}Z", "demo_cycle": true}}')
    for i in range(size - 50):
        share = i / size
        if share < 0.5:
            write(f"work_{i}.json", f'{{"id": "work_{i}", "status": "pending", "prompt": "Demo task {i}: Generate '
                  f'content", "created": "{when()}", "priority": {rng.randint(0, 100)}, "demo_cycle": true}}')
        elif share < 0.8:
            write(f"completed_{i}.json", f'{{"id": "completed_{i}", "status": "completed", "result": "Demo task {i} '
                  f'completed", "finished": "{when()}", "demo_cycle": true}}')
        else:
            write(f"telemetry_{i}.json", f'{{"id": "telemetry_{i}", "timestamp": "{when()}", "metrics": '
                  f'{{"response_time": {800 + i % 500}, "success_rate": 0.85}}, "demo_cycle": true}}')


def measure(command: list[str]) -> tuple[float, int]:
    """CPU seconds and peak memory in KiB of one run."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{command[0]} failed with {child.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def compare(ours: list[str], theirs: list[str], runs: int) -> tuple[float, float, int]:
    best = {"ours": 1e9, "theirs": 1e9}
    memory = 0
    for _ in range(runs):
        for name, command in (("theirs", theirs), ("ours", ours)):
            cpu, peak = measure(command)
            best[name] = min(best[name], cpu)
            if name == "ours":
                memory = max(memory, peak)
    return best["ours"], best["theirs"], memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", metavar="SIZE", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--bench", default=str(ROOT / ".build/release/dsl-bench"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("read_all", "walk_stat"):
            subprocess.run(["cc", "-O2", "-o", f"{scratch}/{name}", str(HERE / f"{name}.c")], check=True)
        print("| records | scan | dsl, CPU ms | C, CPU ms | ratio | dsl, peak MB |")
        print("|---|---|---|---|---|---|")
        for size in options.sizes:
            directory = Path(scratch) / f"records-{size}"
            generate(directory, size)
            time.sleep(2.5)  # younger files are not taken into the index

            def row(title: str, use: str, peer: str) -> None:
                ours, theirs, memory = compare(
                    [options.bench, "scan", str(directory), use], [f"{scratch}/{peer}", str(directory)], options.runs)
                print(f"| {size:,} | {title} | {ours * 1e3:.1f} | {theirs * 1e3:.1f} | {ours / theirs:.2f} "
                      f"| {memory / 1024:.1f} |", flush=True)

            row("cold, beside read_all", "none", "read_all")
            measure([options.bench, "scan", str(directory), "readWrite"])
            row("warm, beside walk_stat", "readOnly", "walk_stat")


if __name__ == "__main__":
    main()
