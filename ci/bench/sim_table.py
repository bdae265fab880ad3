#!/usr/bin/env python3
"""The table of the simulator: what was published, and what every policy comes to here, on 500 evaluation episodes.

  ci/bench/sim_table.py [--ppo 10] [--workers 2]       # all of it: 50 trainings of Q, half a minute each, and of PPO a minute or two each
  ci/bench/sim_table.py --quick [--ppo 1]              # the same in small, in a minute or two: to see that all of it runs

Trains what is missing in a folder (--agents), refuses what is there and was trained otherwise, judges all on the same keys,
prints each row with the command that makes it, and then which orderings hold; ends with 1 where one does not, but not where
--quick asks for trainings too short to say. PPO needs the package resonetics and Stable-Baselines3 in the Python that runs this.
"""

import argparse
import concurrent.futures
import importlib.util
import json
import pathlib
import shutil
import subprocess
import sys
import zipfile

#: Rows that were published, and the row of ours that stands beside each.
PUBLISHED = (
    ("random", "random", -124.5, 312.4, 1.82, 68), ("heuristic", "heuristic", 189.1, 456.8, 0.34, 12),
    ("Q-learning", "survival", 145.2, 498.0, 0.10, 5))
RULES = ("heuristic", "random", "threshold", "oracle")
#: Of each learner its name in files, in the table, and how it is trained.
LEARNERS = (
    ("survival", "Q, survival-tuned", ()), ("reward", "Q, reward-tuned", ("--objective", "reward")),
    ("local", "Q, survival, view local", ("--view", "local")), ("globals", "Q, survival, view globals", ("--view", "globals")),
    ("full", "Q, survival, view full", ("--view", "full")))
MEASURES = ("reward", "steps", "ooms", "failures")
#: What every result is of.
IDENTITY = ("dynamics_version", "configuration_sha256")


def sim(dsl, *arguments):
    done = subprocess.run([dsl, "sim", *map(str, arguments), "--format", "json"], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def count(options, flags):
    """How many trainings a learner has: those of an ablation may be fewer."""
    return options.ablation if "--view" in flags else options.trainings


def judged_on(dsl):
    """Which cluster `dsl sim evaluate` judges on when it is told nothing, and by which dynamics."""
    found = sim(dsl, "evaluate", "--policy", "random", "--episodes", 1, "--no-black-boxes")
    return {name: found[name] for name in IDENTITY}


def expect(path, wanted):
    """What is there already has to be what would be trained: a table of others would be wrong without a word. Returns its settings."""
    try:
        with open(path, "rb") as file:
            header = json.loads(file.readline())
        found = {**header["settings"], **{name: header[name] for name in IDENTITY}}
    except (ValueError, KeyError, TypeError):
        raise SystemExit(f"sim_table: {path} is no training of dsl sim train: give another folder to --agents") from None
    compare(path, found, wanted)
    return header["settings"]


def expect_ppo(path, wanted):
    """The same of a training of PPO. Those that older programs wrote say nothing of themselves, which is told."""
    try:
        with zipfile.ZipFile(path) as file:
            found = json.loads(file.read("data")).get("resonetics")
    except (ValueError, KeyError, AttributeError, zipfile.BadZipFile):
        raise SystemExit(f"sim_table: {path} is no training of resonetics.ppo: give another folder to --agents") from None
    if found is None:
        print(f"sim_table: {path} does not say what it is a training of", file=sys.stderr)
        return {}
    compare(path, found, wanted)
    return found


def compare(path, found, wanted):
    other = [f"{name} {found.get(name)}, not {value}" for name, value in wanted.items() if found.get(name) != value]
    if other:
        raise SystemExit(f"sim_table: {path} is another training ({'; '.join(other)}): give another folder to --agents")


def expect_all(options, cluster):
    """The same of all that the table is of, whole or begun; and trainings of one learner have all settings but the seed in common."""
    for name, _, flags in LEARNERS:
        changed = {flag.removeprefix("--"): value for flag, value in zip(flags[::2], flags[1::2])}
        how, common = {**cluster, "objective": "survival", "view": "memory", **changed, "episodes": options.episodes}, {}
        for seed in range(count(options, flags)):
            agent = options.agents / f"{name}-{seed}.agent"
            for path in (agent, agent.with_suffix(".part")):
                if path.exists():
                    found = expect(path, {**common, **how, "seed": seed})
                    common = common or found
    common = {}
    for seed in range(options.ppo):
        path = options.agents / f"ppo-{options.ppo_steps}-{seed}.zip"
        if path.exists():
            # Its cluster is one in which failures weigh more.
            of = {"dynamics_version": cluster["dynamics_version"], "seed": seed, "steps": options.ppo_steps}
            found = expect_ppo(path, {**common, **of})
            common = common or found


def train(options, cluster):
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

    def ppo(seed):
        path = options.agents / f"ppo-{options.ppo_steps}-{seed}.zip"
        if path.exists():
            return
        part = path.with_suffix(".part.zip")
        resonetics_ppo("train", "--out", part, "--seed", seed, "--steps", options.ppo_steps)
        part.rename(path)
        print(f"trained {path}", file=sys.stderr)

    options.agents.mkdir(parents=True, exist_ok=True)
    expect_all(options, cluster)
    with concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
        wanted = [
            pool.submit(one, name, flags, seed) for name, _, flags in LEARNERS for seed in range(count(options, flags))]
        wanted += [pool.submit(ppo, seed) for seed in range(options.ppo)]
        try:
            for future in wanted:
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    expect_all(options, cluster)


def resonetics_ppo(*arguments):
    call = [sys.executable, "-m", "resonetics.ppo", *map(str, arguments)]
    return json.loads(subprocess.run(call, stdout=subprocess.PIPE, check=True).stdout)


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
    parser.add_argument("--dsl", default=".build/release/dsl", help="the program, a release build")
    parser.add_argument(
        "--quick", action="store_true", help="small: 2 trainings of 4000 episodes, 1 of each ablation, 100 episodes that judge")
    parser.add_argument("--agents", type=pathlib.Path, help="folder of trainings; .build/agents, or .build/agents-quick")
    parser.add_argument("--trainings", type=int, help="of each learner, 10")
    parser.add_argument("--ablation", type=int, help="trainings of each learner that sees something else, 10")
    parser.add_argument("--episodes", type=int, help="of a training, 50000")
    parser.add_argument("--judge-episodes", type=int, help="500")
    parser.add_argument("--workers", type=int, default=1, help="trainings at once")
    parser.add_argument("--ppo", type=int, default=0, help="trainings of PPO; its rows are left out without it")
    parser.add_argument("--ppo-steps", type=int, help="of a training of PPO, 1000000")
    parser.add_argument("--json", help="write the figures to a file")
    options = parser.parse_args(arguments)
    sizes = dict(trainings=(10, 2), ablation=(10, 1), episodes=(50_000, 4000), judge_episodes=(500, 100), ppo_steps=(1_000_000, 20_000))
    for name, (whole, small) in sizes.items():
        if getattr(options, name) is None:
            setattr(options, name, small if options.quick else whole)
        if getattr(options, name) < 1:
            parser.error(f"--{name.replace('_', '-')} has to be 1 or more")
    options.agents = options.agents or pathlib.Path(".build/agents-quick" if options.quick else ".build/agents")
    if not shutil.which(options.dsl):
        parser.error(f"there is no program {options.dsl}: make release, or name it with --dsl")
    for module in ("resonetics", "stable_baselines3") if options.ppo else ():
        if importlib.util.find_spec(module) is None:
            parser.error(f"--ppo needs {module} in {sys.executable}: pip install './python[sb3]'")
    cluster = judged_on(options.dsl)
    train(options, cluster)
    files = {name: [options.agents / f"{name}-{s}.agent" for s in range(count(options, flags))] for name, _, flags in LEARNERS}
    policies = [*RULES, *(",".join(map(str, files[name])) for name, _, _ in LEARNERS)]
    judged = sim(
        options.dsl, "evaluate", "--no-black-boxes", "--episodes", options.judge_episodes, *(part for p in policies for part in ("--policy", p)))
    names = [*RULES, *(name for name, _, _ in LEARNERS)]
    rows = dict(zip(names, judged["policies"]))
    paired = dict(zip(names[1:], judged["differences"]))
    commands = {name: f"`dsl sim evaluate --policy {name}`" for name in RULES}
    for name, _, flags in LEARNERS:
        trained = " ".join(("dsl sim train --out FILE", f"--seed 0…{count(options, flags) - 1}", *flags))
        commands[name] = f"`{trained}`, `dsl sim evaluate --policy FILE,FILE,…`"
    shown = {**{name: name for name in RULES}, **{name: title for name, title, _ in LEARNERS}}
    if options.ppo:
        trained = [options.agents / f"ppo-{options.ppo_steps}-{seed}.zip" for seed in range(options.ppo)]
        found = resonetics_ppo("evaluate", "--episodes", options.judge_episodes, *trained)
        for name, how in (("drawn", "actions drawn"), ("likeliest", "likeliest action")):
            key = f"PPO, {how}"
            rows[key], paired[key], shown[key] = {**found[name], "trainings": found["trainings"]}, found[name]["less_heuristic"], key
            seeds = f"--seed 0…{options.ppo - 1}"
            commands[key] = f"`python -m resonetics.ppo train --out FILE {seeds}`, `python -m resonetics.ppo evaluate FILE…`"
    print("| | published: reward | steps | OOM | critical % | here: reward | steps | OOM | critical % | command |\n" + "|---" * 10 + "|")
    for title, name, *published in PUBLISHED:
        print(f"| {title} | {' | '.join(map(str, published))} | {cells(rows[name])} | {commands[name]} |")
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
        of = {**{name: judged[name] for name in IDENTITY}, "episodes": options.judge_episodes}
        pathlib.Path(options.json).write_text(json.dumps({**of, "policies": rows, "less_heuristic": paired}, indent=2))
    if options.quick:
        print("\nThese trainings are short and few: what holds here says nothing about the whole table.")
    return 0 if held or options.quick else 1


if __name__ == "__main__":
    sys.exit(main())
