#!/usr/bin/env python3
"""What exporting telemetry costs a cycle: loops with nothing sent, with a collector that is not there, and with a real one.

usage: ci/bench/telemetry.py [--dsl PATH] [--cycles N] [--rounds N] [--agents N] [--items N]

Each round runs the three loops in turn, so that what the machine does meanwhile falls on all alike. Printed are the medians over the
rounds of CPU milliseconds and of wall milliseconds a cycle (what the journal says a cycle took), and their ratio to the loop
that sends nothing. The collector is rotel (PyPI), run from .build/venv; without it that row is left out.
"""
import argparse
import glob
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("--dsl", default=".build/release/dsl")
parser.add_argument("--cycles", type=int, default=40)
parser.add_argument("--rounds", type=int, default=7)
parser.add_argument("--agents", type=int, default=20)
parser.add_argument("--items", type=int, default=500)
options = parser.parse_args()
dsl = os.path.abspath(options.dsl)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make(folder):
    subprocess.run([dsl, "init", folder], check=True, capture_output=True)
    with open(folder + "/dsl.yaml", "w") as file:
        file.write("limits: {max_agents: 1}\nlog: {level: info}\n")
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for number in range(options.agents):
        with open(f"{folder}/agent_a{number}.json", "w") as file:
            json.dump({"agent_id": f"a{number}", "status": "active", "last_heartbeat": now}, file)
    items = "".join(json.dumps({"id": f"w{number}"}) + "\n" for number in range(options.items))
    subprocess.run([dsl, "work", "add", "-", "-c", folder], input=items, text=True, check=True, capture_output=True)


def run(environment):
    """CPU and wall milliseconds a cycle of one loop over a fresh directory."""
    folder = tempfile.mkdtemp(prefix="dsl-bench-")
    try:
        make(folder)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [dsl, "auto", "loop", "-c", folder, "--interval", "0.05", "--max-cycles", str(options.cycles), "--format",
             "jsonl"],
            env={"PATH": os.environ["PATH"], "HOME": folder, **environment}, capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        cycles = [json.loads(line)["duration_ms"] for line in done.stdout.splitlines()]
        assert len(cycles) == options.cycles, done.stdout
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return cpu * 1000 / options.cycles, statistics.median(cycles)
    finally:
        shutil.rmtree(folder)


settings = {"none": {}, "otlp, nobody there": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}}
receiver = None
agents = glob.glob(".build/venv/lib/python*/site-packages/rotel/rotel-agent")
if agents:
    port, other = free_port(), free_port()
    receiver = subprocess.Popen(
        [agents[0], "start", "--exporter", "blackhole", "--otlp-http-endpoint", f"127.0.0.1:{port}",
         "--otlp-grpc-endpoint", f"127.0.0.1:{other}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    settings["otlp, rotel"] = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}
    time.sleep(1)
try:
    for environment in settings.values():
        run(environment)
    results = {name: [] for name in settings}
    for _ in range(options.rounds):
        for name, environment in settings.items():
            results[name].append(run(environment))
finally:
    if receiver:
        receiver.terminate()
base = [statistics.median(column) for column in zip(*results["none"])]
print(f"{options.rounds} rounds of {options.cycles} cycles, {options.agents} agents, {options.items} items")
for name, rows in results.items():
    cpu, wall = (statistics.median(column) for column in zip(*rows))
    ratios = sorted(row[1] / none[1] for row, none in zip(rows, results["none"]))
    print(
        f"{name:20} cpu {cpu:7.2f} ms/cycle ({cpu / base[0]:.3f}x)   "
        f"wall {wall:7.2f} ms/cycle ({wall / base[1]:.3f}x, rounds {ratios[0]:.3f} to {ratios[-1]:.3f})")
