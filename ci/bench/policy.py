#!/usr/bin/env python3
"""Policy check: the documented grid, all situations, and the whole check with its closed loops, least of some runs.

Build first: swift build -c release --static-swift-stdlib --product dsl-bench.

usage: ci/bench/policy.py [DSL_BENCH [RUNS]]
"""
import subprocess
import sys

bench = sys.argv[1] if len(sys.argv) > 1 else ".build/release/dsl-bench"
runs = sys.argv[2] if len(sys.argv) > 2 else "5"
print("| policy | part | states | closed loops | seconds | states/s |\n|---|---|---|---|---|---|")
for policy in ("default", "dslmodel"):
    least = {}
    text = subprocess.run([bench, "policy", policy, runs], check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        row = dict(word.split("=") for word in line.split())
        if row["part"] not in least or float(row["seconds"]) < float(least[row["part"]]["seconds"]):
            least[row["part"]] = row
    for part, row in least.items():
        seconds, states = float(row["seconds"]), int(row["states"])
        print(f"| {policy} | {part} | {states:,} | {row['loops']} | {seconds:.3f} | {states / seconds:,.0f} |")
