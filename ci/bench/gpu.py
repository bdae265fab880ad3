"""Placement policies on the openb trace: the published figures again, `default` against the published FGD, and speed.

Usage: gpu.py [--quick] DSL [FOLDER]  (FOLDER has nodes, pods, orders/ and published/, as ../shared/data/openb)

--quick takes two of the workloads and two of the seeds, and fleets of at most 4,852 nodes: minutes in place of an hour.
"""

import json
import math
import pathlib
import subprocess
import sys

arguments = [a for a in sys.argv[1:] if a != "--quick"]
quick = len(arguments) < len(sys.argv) - 1
if not 1 <= len(arguments) <= 2:
    sys.exit("usage: gpu.py [--quick] DSL [FOLDER]")
dsl = arguments[0]
folder = pathlib.Path(arguments[1] if len(arguments) > 1 else "../shared/data/openb")
SEEDS = "42-43" if quick else "42-51"
NODES = folder / "openb_node_list_gpu_node.csv"
EXACT = {"dotprod", "gpu-clustering", "gpu-packing", "best-fit"}


def simulate(workload, policies):
    """All runs of a workload on the published orders: policy -> seed -> (points, published), by load."""
    command = [dsl, "gpu", "simulate", "--format", "json", "--seed", SEEDS, "--nodes", NODES]
    command += ["--pods", folder / f"openb_pod_list_{workload}.csv"]
    command += ["--arrivals", folder / f"orders/order_{workload}.txt"]
    command += ["--ties", folder / f"orders/nodeorder_{workload}.txt"]
    command += ["--published", folder / "published/allo.csv"]
    for policy in policies:
        command += ["--policy", policy]
    runs = {}
    for run in json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["runs"]:
        ours = {p["load_percent"]: p["allocation_percent"] for p in run["points"]}
        theirs = {p["load_percent"]: p["allocation_percent"] for p in run["published"]}
        runs.setdefault(run["policy"], {})[run["seed"]] = (ours, theirs)
    return runs


def at(points, load):
    return points[max(l for l in points if l <= load)]


def sign_test(wins, losses):
    """The chance of at least so many wins if either were as likely (one-sided)."""
    n = wins + losses
    return sum(math.comb(n, k) for k in range(wins, n + 1)) / 2**n if n else 1.0


workloads = sorted(p.stem.removeprefix("openb_pod_list_") for p in folder.glob("openb_pod_list_*.csv"))
if not workloads:
    sys.exit(f"{folder} has no openb_pod_list_*.csv")
if quick:
    workloads = [w for w in workloads if w in ("default", "gpuspec33")]
exact = total = 0
noise = []
rows = []
for workload in workloads:
    runs = simulate(workload, sorted(EXACT) + ["fgd", "default"])
    for policy, seeds in runs.items():
        for ours, theirs in seeds.values():
            difference = [at(ours, load) - theirs[load] for load in (100, 130)]
            if policy in EXACT:
                total += 1
                exact += all(abs(d) < 0.005 for d in difference)
            elif policy == "fgd":
                noise.append(max(abs(d) for d in difference))
    mean = lambda values: sum(values) / len(values)
    row = [workload]
    for load in (100, 130):
        pairs = [(at(ours, load), theirs[load]) for ours, theirs in runs["default"].values()]
        wins = sum(a > b for a, b in pairs)
        row.append((mean([b for _, b in pairs]), mean([a for a, _ in pairs]), wins, sum(a < b for a, b in pairs)))
    rows.append(row)

print(f"Published runs met at 100 % and 130 % to two decimals: {exact} of {total} (without FGD).")
print(f"FGD: {sum(n < 0.005 for n in noise)} of {len(noise)} exact, mean |difference| {sum(noise) / len(noise):.3f}, most {max(noise):.2f}.")
print()
print("| workload | FGD @100 | default @100 | gain | seeds won | FGD @130 | default @130 | gain | seeds won |")
print("|---|---|---|---|---|---|---|---|---|")
for workload, *loads in rows:
    cells = [f"{b:.2f} | {a:.2f} | {a - b:+.2f} | {wins}/{wins + losses}" for b, a, wins, losses in loads]
    print(f"| {workload} | {' | '.join(cells)} |")
for index, load in ((1, 100), (2, 130)):
    gain = sum(row[index][1] - row[index][0] for row in rows) / len(rows)
    wins, losses = (sum(row[index][k] for row in rows) for k in (2, 3))
    print(f"\nMean gain at {load} %: {gain:+.2f} points; {wins} runs won, {losses} lost, sign test p = {sign_test(wins, losses):.1e}.")

print("\n| policy | nodes | pass | decisions a second | p50 | p99 | slowest |")
print("|---|---|---|---|---|---|---|")
for policy, copies in (("best-fit", 1), ("fgd", 1), ("default", 1), ("default", 4), ("default", 82))[: 4 if quick else 5]:
    command = [dsl, "gpu", "bench", "--format", "json", "--nodes", NODES, "--policy", policy, "--copies", str(copies)]
    command += ["--pods", folder / "openb_pod_list_default.csv", "--load", "1.3" if copies < 10 else "0.1"]
    bench = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    for name in ("cold", "warm"):
        p = bench[name]
        print(
            f"| {policy} | {bench['nodes']} | {name} | {p['decisions_per_second']:,.0f} | {p['p50_us']:.1f} µs"
            f" | {p['p99_us']:.1f} µs | {p['max_us']:.0f} µs |"
        )

print("\n| workload | policy | allocated @60 | kW | allocated @100 | kW | allocated @130 | kW |")
print("|---|---|---|---|---|---|---|---|")
for workload in workloads:
    command = [dsl, "gpu", "simulate", "--format", "json", "--seed", SEEDS, "--nodes", NODES]
    command += ["--pods", folder / f"openb_pod_list_{workload}.csv"]
    command += ["--arrivals", folder / f"orders/order_{workload}.txt", "--ties", folder / f"orders/nodeorder_{workload}.txt"]
    policies = ["fgd", "pwr", "pwr-fgd", "default", "power"]
    command += [word for policy in policies for word in ("--policy", policy)]
    runs = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["runs"]
    for policy in policies:
        cells = []
        for load in (60, 100, 130):
            points = [max((p for p in r["points"] if p["load_percent"] <= load), key=lambda p: p["load_percent"]) for r in runs if r["policy"] == policy]
            cells.append(f"{mean([p['allocation_percent'] for p in points]):.2f} | {mean([p['watts'] for p in points]) / 1000:.0f}")
        print(f"| {workload} | {policy} | {' | '.join(cells)} |")

# The scheduler of the rich cluster model, and preemption, are measured inside a process: dsl-bench lies beside dsl.
bench = pathlib.Path(dsl).with_name("dsl-bench")
if not bench.exists():
    sys.exit(f"{bench} is not there: swift build -c release --product dsl-bench")


def table(*words):
    return subprocess.run([bench, *words], check=True, capture_output=True, text=True).stdout.splitlines()


pods = folder / "openb_pod_list_default.csv"
print()
for number, copies in enumerate((1, 4) if quick else (1, 4, 82)):
    lines = table("gpu-cluster", NODES, pods, str(copies))
    print("\n".join(lines if number == 0 else lines[2:]))
print()
print("\n".join(table("gpu-preemption", NODES, pods, "2" if quick else "24")))
