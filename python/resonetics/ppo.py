"""PPO of Stable-Baselines3 on the cluster: ``python -m resonetics.ppo train|evaluate``.

``train`` writes one training; ``evaluate`` judges trainings together on the keys of ``dsl sim evaluate``. What a cell out of
memory and a failure weigh in training are constants of the cluster that is trained on; what is judged is the reward as it is.
Needs Stable-Baselines3, and with it PyTorch.

Exit statuses: 0; 1 where something that was given cannot be used, such as a file that is no training; 2 where the call is none; 69
without Stable-Baselines3; 130 where SIGINT ended it.
"""

import argparse
import json
import pathlib
import sys
import time

from . import checks, judge
from ._native import ACTIONS, DYNAMICS_VERSION, OBSERVATION, ResoneticsError
from .config import Configuration

#: Of PPO; what is not named is as Stable-Baselines3 has it.
SETTINGS = dict(
    n_steps=128, batch_size=256, n_epochs=10, learning_rate=3e-4, gamma=0.985, gae_lambda=0.95, clip_range=0.2, ent_coef=0.01,
    policy_kwargs={"net_arch": [64, 64]})
ENVIRONMENTS = 32


class TrainingError(ValueError):
    """A file is no training that can be judged here."""


class Player:
    """The actions of a network: drawn from its probabilities, or the likeliest of them."""

    def __init__(self, model, draws):
        self.model, self.draws = model, draws

    def __call__(self, observations, step):
        if step == 0 and self.draws:
            import torch

            torch.manual_seed(0)
        return self.model.predict(observations, deterministic=not self.draws)[0]


def play(model, keys, black_boxes=None, name="ppo"):
    """What is played when actions are drawn, and when the likeliest is taken: an agent that sees nine cells and remembers nothing can
    walk in a circle for ever by the second. ``black_boxes`` as in ``judge.play``, of policies with ``-drawn`` and ``-likeliest`` after the
    name."""
    return {
        way: judge.play(Player(model, draws), keys, black_boxes=black_boxes, name=f"{name}-{way}")
        for way, draws in (("drawn", True), ("likeliest", False))}


def train(options):
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.vec_env import VecNormalize

    from .sb3 import K8sVecEnv

    # Said before minutes of training, and not after.
    checks.directory(str(options.out.parent), "the directory of --out")
    if options.out.is_dir():
        raise IsADirectoryError(f"--out {options.out} is a directory: name a file")
    torch.set_num_threads(1)
    plain = Configuration()
    weights = {"oom_reward": plain["oom_reward"] * options.oom_weight, "fatal_reward": plain["fatal_reward"] * options.fatal_weight}
    envs = VecNormalize(
        K8sVecEnv(ENVIRONMENTS, constants=weights), norm_obs=False, norm_reward=True, gamma=SETTINGS["gamma"])
    envs.seed(options.seed)

    def rate(left):
        return SETTINGS["learning_rate"] * left

    model = PPO("MlpPolicy", envs, seed=options.seed, device="cpu", **{**SETTINGS, "learning_rate": rate})
    began = time.monotonic()
    model.learn(options.steps)
    seconds = time.monotonic() - began
    # Stable-Baselines3 keeps attributes of a model in its file, as JSON where they are plain.
    of = {name: envs.get_attr(name)[0] for name in ("dynamics_version", "configuration_sha256")}
    model.resonetics = {
        **of, "seed": options.seed, "steps": options.steps, "oom_weight": options.oom_weight, "fatal_weight": options.fatal_weight}
    model.save(options.out)
    played = play(model, judge.keys("validation", options.episodes))
    return {
        "file": str(options.out), "seed": options.seed, "steps": int(model.num_timesteps), "seconds": round(seconds, 1),
        "oom_weight": options.oom_weight, "fatal_weight": options.fatal_weight,
        # Of the cluster that was trained on.
        **of,
        "validation": {
            name: {**dict(zip(judge.MEASURES, rows.mean(axis=0).round(4).tolist())), "score": round(float(judge.score(rows).mean()), 3)}
            for name, rows in played.items()}}


def load(path):
    """The network of a file. Raises OSError where it cannot be read, TrainingError where it is no training, or one of another environment."""
    from stable_baselines3 import PPO

    # As Stable-Baselines3, which adds the suffix where there is none when it writes.
    found = path if path.suffix or path.exists() else path.with_suffix(".zip")
    found.open("rb").close()
    try:
        model = PPO.load(found, device="cpu")
        spaces = getattr(model.observation_space, "shape", None), getattr(model.action_space, "n", None)
    except Exception as error:  # of the zip, of JSON, of PyTorch, or of what a pickle brings
        why = f"{type(error).__name__}: {error}".splitlines()[0]
        raise TrainingError(f"{path} is no training of python -m resonetics.ppo train ({why})") from error
    if spaces != ((OBSERVATION,), ACTIONS):
        raise TrainingError(
            f"{path} is a training of another environment: it sees numbers of shape {spaces[0]} and has {spaces[1]} actions, not "
            f"{(OBSERVATION,)} and {ACTIONS}")
    version = noted(model).get("dynamics_version", DYNAMICS_VERSION)
    if version != DYNAMICS_VERSION:
        raise TrainingError(f"{path} was trained under dynamics {version}, this package has {DYNAMICS_VERSION}: train it again")
    return model


def noted(model):
    """What a training says of itself: dynamics_version and configuration_sha256 of the cluster that it was trained on, seed, steps, the
    weights; nothing where it was written by an older version of this module."""
    return getattr(model, "resonetics", None) or {}


def evaluate(options):
    played = judge.keys(options.space, options.episodes)
    # What is wrong with one of them is said before any is played.
    models = [load(path) for path in options.files]
    trainings = [play(model, played, options.black_boxes, name) for model, name in zip(models, names(options.files))]
    heuristic = judge.play(judge.Heuristic(), played)
    found = {
        "space": options.space, "episodes": options.episodes, "trainings": len(trainings),
        "files": [{"file": str(path), **noted(model)} for path, model in zip(options.files, models)]}
    for name in ("drawn", "likeliest"):
        rows = [training[name] for training in trainings]
        found[name] = judge.summary(rows)
        found[name]["less_heuristic"] = {
            measure: judge.bootstrap([group[:, i] - heuristic[:, i] for group in rows]) for i, measure in enumerate(judge.MEASURES)}
        if options.black_boxes:
            found[name]["black_boxes"] = sum(len(group.black_boxes) for group in rows)
    return found


def names(files):
    """Of trainings for their black boxes: those of their files, with a number where two are the same, so that none writes over another."""
    stems = [file.stem for file in files]
    return stems if len(set(stems)) == len(stems) else [f"{i + 1}-{stem}" for i, stem in enumerate(stems)]


def parse(arguments):
    parser = argparse.ArgumentParser(prog="python -m resonetics.ppo", description=__doc__.split("\n\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("train")
    command.add_argument("--out", type=pathlib.Path, required=True, help="the file to write, .zip")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--steps", type=int, default=1_000_000, help="of training")
    command.add_argument("--oom-weight", type=float, default=6.0, help="in training, as a multiple of its reward")
    command.add_argument("--fatal-weight", type=float, default=3.0, help="the same of a failure")
    command.add_argument("--episodes", type=int, default=256, help="of validation, at the end")
    command = commands.add_parser("evaluate")
    command.add_argument("files", nargs="+", type=pathlib.Path)
    command.add_argument("--space", choices=judge.SPACES, default="evaluation")
    command.add_argument("--episodes", type=int, default=500)
    command.add_argument(
        "--black-boxes", type=pathlib.Path, metavar="DIR", help="write failures into a directory, 1000 at most of each training and way")
    options = parser.parse_args(arguments)
    for name in ("steps", "episodes"):
        if getattr(options, name, 1) < 1:
            parser.error(f"--{name} has to be 1 or more")
    if not 0 <= getattr(options, "seed", 0) < 2**32:
        parser.error("--seed has to be from 0 to 4294967295")
    return options


def main(arguments=None):
    options = parse(arguments)
    try:
        import stable_baselines3  # noqa: F401
    except ImportError:
        print("resonetics.ppo: Stable-Baselines3 is not installed: pip install stable-baselines3", file=sys.stderr)
        return 69
    try:
        found = train(options) if options.command == "train" else evaluate(options)
    except (TrainingError, ResoneticsError, OSError) as error:
        print(f"resonetics.ppo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("resonetics.ppo: stopped on request", file=sys.stderr)
        return 130
    print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
