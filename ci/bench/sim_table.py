#!/usr/bin/env python3
"""The table of the simulator: what was published, and what every policy comes to here, on 500 evaluation episodes.

  ci/bench/sim_table.py --dsl .build/release/dsl [--agents DIR] [--trainings 10] [--workers 1] [--ppo FILE…]

Trains what is missing in DIR (a training of 50,000 episodes takes half a minute), judges all on the same keys, prints each row with
the command that makes it, and then which orderings hold; ends with 1 where one does not. Trainings of PPO are made by
`python -m resonetics.ppo train`; their row needs Stable-Baselines3.
"""

import argparse
import concurrent.futures
import json
import pathlib
import subprocess
import sys

PUBLISHED = (("random", -124.5, 312.4, 1.82, 68), ("heuristic", 189.1, 456.8, 0.34, 12), ("Q-learning", 145.2, 498.0, 0.10, 5))
RULES = ("heuristic", "random", "threshold", "oracle")
#: Of each learner its name in files, in the table, and how it is trained.
LEARNERS = (
    ("survival", "Q, survival-tuned", ()), ("reward", "Q, reward-tuned", ("--objective", "reward")),
    ("local", "Q, survival, view local", ("--view", "local")), ("globals", "Q, survival, view globals", ("--view", "globals")),
    ("full", "Q, survival, view full", ("--view", "full")))
MEASURES = ("reward", "steps", "ooms", "failures")


def sim(dsl, *arguments):
    done = subprocess.run([dsl, "sim", *map(str, arguments), "--format", "json"], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def count(options, flags):
    """How many trainings a learner has: those of an ablation may be fewer."""
    return options.ablation if "--view" in flags else options.trainings


def train(options):
    """Trains what is not there; a training that was interrupted goes on."""
    def one(name, flags, seed):
        path = options.agents / f"{name}-{seed}.agent"
        part = path.with_suffix(".part")
        if path.exists():
            return
        begin = ("--resume",) if part.exists() else ("--seed", seed, "--episodes", options.episodes, *flags)
        sim(options.dsl, "train", "--out", part, *begin)
        part.rename(path)
        print(f"trained {path}", file=sys.stderr)

    options.agents.mkdir(parents=True, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
        wanted = [
            pool.submit(one, name, flags, seed) for name, _, flags in LEARNERS for seed in range(count(options, flags))]
        for future in wanted:
            future.result()


def text(estimate, decimals, scale=1):
    mean, low, high = (f"{estimate[end] * scale:.{decimals}f}" for end in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"


def cells(row):
    return f"{text(row['reward'], 1)} | {text(row['steps'], 1)} | {text(row['ooms'], 2)} | {text(row['failures'], 1, 100)}"


def orderings(rows):
    """Each ordering in words, and whether the means have it. The learner is compared with all that know no more than it sees."""
    mean = {name: {measure: row[measure]["mean"] for measure in MEASURES} for name, row in rows.items()}
    learner = mean["survival"]
    others = [mean[name] for name in mean if name in ("random", "threshold", "heuristic") or name.startswith("PPO")]
    yield "reward: heuristic > Q > random", mean["heuristic"]["reward"] > learner["reward"] > mean["random"]["reward"]
    yield "steps survived: Q best", all(learner["steps"] > other["steps"] for other in others)
    yield "OOM: Q best", all(learner["ooms"] < other["ooms"] for other in others)
    yield "critical failures: Q best", all(learner["failures"] < other["failures"] for other in others)
    yield "random worst in steps and failures", all(
        mean["random"]["steps"] < m["steps"] and mean["random"]["failures"] > m["failures"]
        for name, m in mean.items() if name != "random")
    yield "Q: 498 steps, 0.10 OOM, 5 %", learner["steps"] >= 498 and learner["ooms"] <= 0.10 and learner["failures"] <= 0.05


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dsl", default=".build/release/dsl")
    parser.add_argument("--agents", type=pathlib.Path, default=pathlib.Path(".build/agents"), help="folder of trainings")
    parser.add_argument("--trainings", type=int, default=10, help="of each learner")
    parser.add_argument("--ablation", type=int, default=5, help="trainings of each learner that sees something else")
    parser.add_argument("--episodes", type=int, default=50_000, help="of a training")
    parser.add_argument("--judge-episodes", type=int, default=500)
    parser.add_argument("--workers", type=int, default=1, help="trainings at once")
    parser.add_argument("--ppo", nargs="*", default=[], help="trainings of PPO")
    parser.add_argument("--json", help="write the figures to a file")
    options = parser.parse_args(arguments)
    train(options)
    files = {name: [options.agents / f"{name}-{s}.agent" for s in range(count(options, flags))] for name, _, flags in LEARNERS}
    policies = [*RULES, *(",".join(map(str, files[name])) for name, _, _ in LEARNERS)]
    judged = sim(
        options.dsl, "evaluate", "--episodes", options.judge_episodes, *(part for p in policies for part in ("--policy", p)))
    names = [*RULES, *(name for name, _, _ in LEARNERS)]
    rows = dict(zip(names, judged["policies"]))
    paired = dict(zip(names[1:], judged["differences"]))
    commands = {name: f"`dsl sim evaluate --policy {name}`" for name in RULES}
    for name, _, flags in LEARNERS:
        trained = " ".join(("dsl sim train --out FILE", f"--seed 0…{count(options, flags) - 1}", *flags))
        commands[name] = f"`{trained}`, `dsl sim evaluate --policy FILE,FILE,…`"
    shown = {**{name: name for name in RULES}, **{name: title for name, title, _ in LEARNERS}}
    if options.ppo:
        done = subprocess.run(
            [sys.executable, "-m", "resonetics.ppo", "evaluate", "--episodes", str(options.judge_episodes), *options.ppo],
            stdout=subprocess.PIPE)
        if done.returncode != 0:
            print("PPO: left out", file=sys.stderr)
        else:
            found = json.loads(done.stdout)
            for name, how in (("drawn", "actions drawn"), ("likeliest", "likeliest action")):
                key = f"PPO, {how}"
                rows[key], paired[key], shown[key] = {**found[name], "trainings": found["trainings"]}, found[name]["less_heuristic"], key
                commands[key] = "`python -m resonetics.ppo train --out FILE --seed 0…`, `python -m resonetics.ppo evaluate FILE…`"
    print("| published | reward | steps survived | OOM | critical failure % |\n|---|---|---|---|---|")
    for row in PUBLISHED:
        print("| " + " | ".join(map(str, row)) + " |")
    print("\n| policy | trainings | reward | steps survived | OOM | critical failure % | command |\n|---|---|---|---|---|---|---|")
    for name, row in rows.items():
        print(f"| {shown[name]} | {row['trainings']} | {cells(row)} | {commands[name]} |")
    print("\n| less heuristic, on the same keys | reward | steps survived | OOM | critical failure, points |\n|---|---|---|---|---|")
    for name, row in paired.items():
        print(f"| {shown[name]} | {cells(row)} |")
    print()
    held = True
    for words, holds in orderings(rows):
        print(f"- {'holds' if holds else 'DOES NOT HOLD'}: {words}")
        held &= holds
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"policies": rows, "less_heuristic": paired}, indent=2))
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
