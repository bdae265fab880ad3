#!/usr/bin/env python3
"""What sending telemetry adds to a cycle, in its time and in CPU: loops that send nothing, that send to a collector, and to one
that is not there.

usage: ci/bench/telemetry.py [--dsl PATH] [--cycles N] [--rounds N] [--agents N] [--items N] [--instructions]

All loops of a round run at the same time, each over a directory of its own, so that what the machine does meanwhile falls on all
alike. A cycle's time is what its line says (duration_ms), of a loop the median. After each line the CPU clock of the loop's process
is read: all its threads, what sends included, from one line to the next, the start and the end of the command left out; of a loop
the mean. A round's ratio is to the loop that sends nothing; printed are the median over the rounds and a 95 % interval of it
(bootstrap).

"each cycle" sends every signal after every cycle and metrics after every other one, as a loop with --interval 30 does with the
standard's delays; "batched" uses these delays, so that one request carries many of the bench's quick cycles. The last loop is a
second one that sends nothing: what its ratio differs from 1 by is what this bench cannot see.

--instructions counts instead, by callgrind, the instructions of the whole process for two numbers of cycles; the difference is
what a cycle takes, whatever else the machine does.

The collector is rotel (PyPI), run from .build/venv; without it its rows are left out.
"""
import argparse
import glob
import json
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--dsl", default=".build/release/dsl")
parser.add_argument("--cycles", type=int, default=150, help="cycles of a loop that are measured")
parser.add_argument("--rounds", type=int, default=12)
parser.add_argument("--agents", type=int, default=20)
parser.add_argument("--items", type=int, default=500)
parser.add_argument("--interval", type=float, default=0.15)
parser.add_argument("--instructions", action="store_true")
options = parser.parse_args()
dsl = os.path.abspath(options.dsl)
WARM = 10


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make(folder):
    """A fleet that stays as it is: agents that are fresh all the while, and work that nobody takes."""
    subprocess.run([dsl, "init", folder], check=True, capture_output=True)
    with open(folder + "/dsl.yaml", "w") as file:
        file.write("limits: {max_agents: 1}\nlog: {level: info}\n")
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for number in range(options.agents):
        with open(f"{folder}/agent_a{number}.json", "w") as file:
            json.dump({"agent_id": f"a{number}", "status": "active", "last_heartbeat": now, "heartbeat_limit_s": 86400},
                      file)
    items = "".join(json.dumps({"id": f"w{number}"}) + "\n" for number in range(options.items))
    subprocess.run([dsl, "work", "add", "-", "-c", folder], input=items, text=True, check=True, capture_output=True)


def command(folder, cycles, interval):
    return [dsl, "auto", "loop", "-c", folder, "--interval", str(interval), "--max-cycles", str(cycles),
            "--format", "jsonl"]


def environment(folder, variables):
    return {"PATH": os.environ["PATH"], "HOME": folder, **variables}


def follow(variables, results, name, gate):
    """Milliseconds of a cycle of one loop, and its CPU milliseconds a cycle."""
    folder = tempfile.mkdtemp(prefix="dsl-bench-")
    try:
        make(folder)
        gate.wait()
        process = subprocess.Popen(command(folder, WARM + options.cycles + 2, options.interval),
                                   env=environment(folder, variables), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        clock = (~process.pid << 3) | 2  # clock_getcpuclockid(3): all threads of a process, in nanoseconds
        marks, times = [], []
        for line in process.stdout:
            if b"duration_ms" in line and len(marks) <= WARM + options.cycles:
                marks.append(time.clock_gettime(clock))
                times.append(json.loads(line)["duration_ms"])
        if process.wait() != 0 or len(marks) <= WARM + options.cycles:
            raise SystemExit(f"{name}: the loop ended with {process.returncode} after {len(marks)} cycles")
        processor = (marks[-1] - marks[WARM]) * 1000 / (len(marks) - 1 - WARM)
        results[name] = statistics.median(times[WARM + 1:]), processor
    finally:
        shutil.rmtree(folder)


def beside(ratios):
    """The median of ratios and its interval, in percent above 1."""
    drawn = sorted(statistics.median(random.choices(ratios, k=len(ratios))) for _ in range(4000))
    middle, low, high = ((value - 1) * 100 for value in (statistics.median(ratios), drawn[100], drawn[-101]))
    return f"{middle:+.1f} % | {low:+.1f} to {high:+.1f} %"


def measure(settings):
    rounds = []
    for _ in range(options.rounds):
        results, gate = {}, threading.Barrier(len(settings))
        names = list(settings)
        random.shuffle(names)
        threads = [threading.Thread(target=follow, args=(settings[name], results, name, gate)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if len(results) < len(settings):
            raise SystemExit("a loop did not get to its end")
        rounds.append(results)
    print(f"{options.rounds} rounds of {options.cycles} cycles, {options.agents} agents, {options.items} items\n")
    print("| telemetry | ms a cycle | beside nothing sent | 95 % interval | CPU ms a cycle | beside nothing sent | 95 % interval |")
    print("|---|---|---|---|---|---|---|")
    for name in settings:
        cells = [name]
        for part in range(2):
            cells.append(f"{statistics.median(results[name][part] for results in rounds):.2f}")
            ratios = [results[name][part] / results["nothing sent"][part] for results in rounds]
            cells.append("| " if name == "nothing sent" else beside(ratios))
        print("| " + " | ".join(cells) + " |")


def count(variables, cycles):
    """Instructions of a whole process, in millions, by callgrind."""
    folder = tempfile.mkdtemp(prefix="dsl-bench-")
    try:
        make(folder)
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/.callgrind"]
            + command(folder, cycles, 0.5), env=environment(folder, variables), capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        return int(re.search(r"Collected : (\d+)", done.stderr).group(1)) / 1e6
    finally:
        shutil.rmtree(folder)


def instructions(settings):
    few, many = 10, 40
    print(f"instructions a cycle, {many} cycles less {few}, {options.agents} agents, {options.items} items\n")
    print("| telemetry | million instructions a cycle | beside nothing sent |\n|---|---|---|")
    base = None
    for name, variables in settings.items():
        cycle = (count(variables, many) - count(variables, few)) / (many - few)
        base = base or cycle
        print(f"| {name} | {cycle:.2f} | {(cycle / base - 1) * 100:+.1f} % |", flush=True)


interval = 0.5 if options.instructions else options.interval
ALONE = {"OTEL_BSP_SCHEDULE_DELAY": "20", "OTEL_BLRP_SCHEDULE_DELAY": "5",
         "OTEL_METRIC_EXPORT_INTERVAL": str(int(interval * 2000))}
settings = {"nothing sent": {}}
receiver = None
agents = glob.glob(".build/venv/lib/python*/site-packages/rotel/rotel-agent")
if agents:
    port, other = free_port(), free_port()
    receiver = subprocess.Popen(
        [agents[0], "start", "--exporter", "blackhole", "--otlp-http-endpoint", f"127.0.0.1:{port}",
         "--otlp-grpc-endpoint", f"127.0.0.1:{other}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    there = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}
    settings["to rotel, each cycle"] = there | ALONE
    settings["to rotel, batched"] = there
    time.sleep(1)
settings["nobody there"] = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"} | ALONE
settings["nothing sent, again"] = {}
try:
    (instructions if options.instructions else measure)(settings)
finally:
    if receiver:
        receiver.terminate()
        receiver.wait()
