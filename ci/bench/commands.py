#!/usr/bin/env python3
"""Whole commands, beside what does the same in Python, in one run.

Measures CPU (user + system) of whole processes: cold start, `auto status` on the sample beside an equal Python program
and beside a bare interpreter that loads the same files; a full cycle with three journaled effects on 1,000 records; and
what an idle loop costs with 10,000 records. Medians of alternating runs.

Build first: make release. Packages: typer, rich, loguru (ci/setup puts them into .build/venv).

usage: ci/bench/commands.py [--runs N] [--dsl PATH] [--python PATH] [--idle SECONDS]
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BARE = "import glob,json,sys\nfor f in glob.glob(sys.argv[1]+'/*.json'): json.load(open(f))"


def measure(command, environment=None):
    """CPU seconds, wall seconds and peak KiB of one run."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    message = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{' '.join(command)} failed with {child.returncode}: {message.decode()}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - start, usage.ru_maxrss


def interleaved(commands, runs):
    """Median CPU seconds and greatest peak MiB a command, run in turn."""
    samples = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            samples[name].append(measure(command))
    return {
        name: (statistics.median(s[0] for s in values), max(s[2] for s in values) / 1024)
        for name, values in samples.items()
    }


def status(options):
    sample = str(ROOT / "coordination")
    found = interleaved({
        "dsl --version": [options.dsl, "--version"],
        "dsl auto status": [options.dsl, "auto", "status", "-c", sample],
        "equal Python program": [options.python, str(HERE / "original_status.py"), "status", "-c", sample],
        "bare Python loading the files": [options.python, "-c", BARE, sample],
    }, options.runs)
    ours = found["dsl auto status"][0]
    print("| command, sample directory | CPU ms | peak MB | dsl auto status takes |")
    print("|---|---|---|---|")
    for name, (cpu, peak) in found.items():
        ratio = "" if name.startswith("dsl") else f"1/{cpu / ours:.1f} of it"
        print(f"| {name} | {cpu * 1e3:.1f} | {peak:.1f} | {ratio} |", flush=True)


def records(directory, work, completed):
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for n in range(4):
        (directory / f"agent_a{n}.json").write_text(json.dumps(
            {"id": f"a{n}", "status": "active", "created": now, "last_heartbeat": now, "heartbeat_limit_s": 86400}))
    for n in range(work):
        (directory / f"work_w{n}.json").write_text(json.dumps({"id": f"w{n}", "status": "pending", "created": now}))
    for n in range(completed):
        (directory / f"completed_c{n}.json").write_text(json.dumps({"id": f"completed_c{n}", "finished": now}))


def cycle(options, scratch):
    walls, cpus, executed = [], [], []
    for run in range(options.runs):
        directory = scratch / f"cycle-{run}"
        directory.mkdir()
        records(directory, 600, 396)
        start = time.monotonic()
        child = subprocess.Popen(
            [options.dsl, "--json", "auto", "execute", "--max", "3", "--min-confidence", "0.1", "-c", str(directory)],
            stdout=subprocess.PIPE)
        text = child.stdout.read()
        _, code, usage = os.wait4(child.pid, 0)
        walls.append(time.monotonic() - start)
        cpus.append(usage.ru_utime + usage.ru_stime)
        if code != 0:
            sys.exit(f"auto execute failed: {text.decode()}")
        executed.append(len(json.loads(text)["data"]["execution_results"]["executed"]))
    print("\n| full cycle, 1,000 records | effects | wall ms, median | least | CPU ms |\n|---|---|---|---|---|")
    print(f"| dsl auto execute --max 3 | {min(executed)} | {statistics.median(walls) * 1e3:.1f} "
          f"| {min(walls) * 1e3:.1f} | {statistics.median(cpus) * 1e3:.1f} |", flush=True)


def idle(options, scratch):
    directory = scratch / "idle"
    directory.mkdir()
    subprocess.run([options.dsl, "init", str(directory)], check=True, stdout=subprocess.DEVNULL)
    records(directory, 0, 9_996)
    time.sleep(2.5)
    print("\n| idle loop, 10,000 records | interval | seconds | CPU s | share of a core |\n|---|---|---|---|---|")
    for flags in (["--interval", "30"], ["--interval", "30", "--watch"]):
        child = subprocess.Popen(
            [options.dsl, "auto", "loop", *flags, "-c", str(directory)], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        time.sleep(options.idle)
        child.terminate()
        _, _, usage = os.wait4(child.pid, 0)
        cpu = usage.ru_utime + usage.ru_stime
        print(f"| dsl auto loop {' '.join(flags)} | 30 s | {options.idle} | {cpu:.3f} | {cpu / options.idle:.2%} |",
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--dsl", default=str(ROOT / ".build/release/dsl"))
    parser.add_argument("--python", default=str(ROOT / ".build/venv/bin/python3"))
    parser.add_argument("--idle", type=int, default=60)
    options = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="dsl-bench-"))
    try:
        status(options)
        cycle(options, scratch)
        idle(options, scratch)
    finally:
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
