"""What is tried: settings of the learner, constants of the cluster, thresholds of the heuristic.

The learner is in the program ``dsl``, in Swift, and the wheel carries the rules alone, in C: so trainings run ``dsl sim train``. What the
rules suffice for runs in this process: the thresholds of the heuristic.
"""

import json
import pathlib
import shutil
import subprocess

import numpy as np

from . import judge, plots
from .config import Configuration
from .judge import MEASURES

#: Of settings, constants and thresholds how each is suggested; the same file that ``dsl sim tune`` searches by.
SPACE = json.loads(pathlib.Path(__file__).with_name("space.json").read_text())
#: What calibration aims at: of each policy its reward, steps, cells out of memory and share of failures, and a scale each.
TARGET = {"random": (-124.5, 312.4, 1.82, 0.68), "heuristic": (189.1, 456.8, 0.34, 0.12)}
SCALES = (20.0, 20.0, 0.3, 0.05)
#: Keys that are reported together, in trials that are judged key by key.
CHUNK = 16


class ProgramError(RuntimeError):
    """``dsl`` ended with an error: with which exit status, where it ran at all."""

    def __init__(self, message, status=None):
        super().__init__(message)
        self.status = status


class Program:
    """The program ``dsl``."""

    def __init__(self, path):
        self.path = shutil.which(path) if path else shutil.which("dsl")
        if self.path is None:
            raise ProgramError(f"there is no program {path or 'dsl'}: name it with --dsl")

    def __call__(self, *arguments):
        done = subprocess.run(
            [self.path, "sim", *map(str, arguments), "--format", "json"], capture_output=True, text=True)
        if done.returncode != 0:
            raise ProgramError(
                f"dsl sim {arguments[0]} ended with {done.returncode}: {done.stderr.strip()}", done.returncode)
        return json.loads(done.stdout)


def score(row):
    """What survival-tuned learners are compared by: steps − 200·failures − 20·OOMs + reward/10."""
    return float(judge.score(np.array([row[name]["mean"] for name in MEASURES])))


def suggest(trial, kind):
    values = {}
    for entry in SPACE[kind]:
        method = trial.suggest_float if entry["kind"] == "float" else trial.suggest_int
        values[entry["name"]] = method(entry["name"], entry["low"], entry["high"], log=entry["log"])
    return values


def cluster_flags(options):
    flags = ["--preset", options.preset]
    if options.size:
        flags += ["--size", options.size]
    if options.config:
        flags += ["--config", options.config]
    return flags + [f"--constant={constant}" for constant in options.constant]


def note(title, row, value):
    """A trial in words, Markdown: each measure with its interval."""
    lines = [f"# {title}", "", f"value {value:.3f}", "", "| measure | mean | 95 % interval |", "|---|---|---|"]
    lines += [
        f"| {name} | {row[name]['mean']:.4f} | {row[name]['low']:.4f} to {row[name]['high']:.4f} |" for name in MEASURES]
    return "\n".join([*lines, ""])


class Artifacts:
    """Files that are attached to trials and to the study, beside the file of the study."""

    def __init__(self, options):
        self.folder = pathlib.Path(str(options.study) + ".files")
        self.store = self.folder / "artifacts"
        self.store.mkdir(parents=True, exist_ok=True)

    def attach(self, owner, name, content):
        """Attaches a text under a name."""
        from optuna.artifacts import FileSystemArtifactStore, upload_artifact

        # Under a name of this trial alone: others are at work beside it. The name is the last part of the path.
        holder = self.folder / f"upload-{getattr(owner, 'number', 'study')}"
        holder.mkdir(exist_ok=True)
        path = holder / name
        path.write_text(content)
        upload_artifact(
            artifact_store=FileSystemArtifactStore(base_path=str(self.store)), file_path=str(path), study_or_trial=owner)
        shutil.rmtree(holder)


class Tuning:
    """One trial: a training that is judged on the way."""

    def __init__(self, program, options):
        self.program, self.options = program, options
        self.artifacts = Artifacts(options)
        self.folder = self.artifacts.folder

    def judge(self, agent, *more):
        # The learner's own checkpoints play validation episodes of seed 0.
        return self.program(
            "evaluate", "--policy", agent, "--space", "validation", "--seed", 1, "--episodes",
            self.options.judge_episodes, *more)["policies"][0]

    def __call__(self, trial):
        import optuna

        options = self.options
        settings = {**suggest(trial, "settings"), "episodes": options.episodes, "seed": options.seed}
        settings["checkpoints"] = 0
        agent = self.folder / f"trial-{trial.number}.agent"
        agent.unlink(missing_ok=True)
        chunk = max(64, -(-options.episodes // options.reports) // 64 * 64)
        begin = ["--out", agent, "--stop-after", chunk]
        flags = cluster_flags(options) + [f"--setting={name}={value}" for name, value in settings.items()]
        report = self.program("train", *begin, *flags)
        boxes = self.folder / f"trial-{trial.number}.boxes"
        curve, learned = [], list(report.get("curve", []))
        while True:
            row = self.judge(agent, *(("--black-boxes", boxes) if report["done"] else ()))
            value = score(row)
            curve.append((report["episodes_done"], value))
            trial.report(value, report["episodes_done"])
            if report["done"]:
                break
            if trial.should_prune():
                raise optuna.TrialPruned()
            report = self.program("train", *begin, "--resume")
            learned += report.get("curve", [])
        for name in ("dynamics_version", "configuration_sha256", "settings", "values_sha256", "steps_per_second"):
            trial.set_user_attr(name, report[name])
        trial.set_user_attr("validation", {name: row[name] for name in MEASURES})
        self.attach(trial, row, value, curve, learned, boxes)
        return value

    def attach(self, trial, row, value, curve, learned, boxes):
        """A note, the curves of training and of judging, and the black box of the failure that came first."""
        attach = self.artifacts.attach
        title = f"trial {trial.number}"
        attach(trial, "note.md", note(title, row, value))
        attach(trial, "judged.svg", plots.svg(title, [("value on validation episodes", curve)], "training episodes", "value"))
        if learned:
            names = list(learned[0])
            rows = [",".join(str(point[name]) for name in names) for point in learned]
            attach(trial, "training.csv", "\n".join([",".join(names), *rows, ""]))
            steps = [(point["episodes"], point["steps"]) for point in learned]
            rewards = [(point["episodes"], point["reward"]) for point in learned]
            attach(trial, "training.svg", plots.svg(
                title, [("steps survived", steps), ("reward", rewards)], "training episodes", "with exploration"))
        failures = []
        for path in boxes.glob("*.json") if boxes.is_dir() else ():
            box = json.loads(path.read_text())
            if box["cause"] != "time_limit":
                failures.append((box["steps"], path.name, path))
        if failures:
            worst = min(failures)[2]
            attach(trial, worst.name, worst.read_text())
        shutil.rmtree(boxes, ignore_errors=True)


class Thresholds:
    """One trial: thresholds of the heuristic, judged in this process, key by key, in an order that is shuffled for each trial.

    Values are reported under the numbers of the keys, so that the pruner compares what two trials did with the same noise.
    """

    def __init__(self, options):
        self.options = options
        self.artifacts = Artifacts(options)
        size = tuple(int(part) for part in options.size.split("x")) if options.size else None
        self.configuration = Configuration(options.preset, size)
        self.keys = judge.keys("validation", options.judge_episodes, seed=1)

    def __call__(self, trial):
        import optuna

        rule = judge.Heuristic(**suggest(trial, "thresholds"), width=self.configuration["width"])
        order = np.random.default_rng(trial.number).permutation(len(self.keys))
        rows = np.full((len(self.keys), len(MEASURES)), np.nan)
        for first in range(0, len(order), CHUNK):
            chunk = order[first:first + CHUNK]
            rows[chunk] = judge.play(rule, self.keys[chunk], self.configuration)
            for number, value in zip(chunk.tolist(), judge.score(rows[chunk]).tolist()):
                trial.report(value, number)
            if first + CHUNK < len(order) and trial.should_prune():
                trial.set_user_attr("judged", first + len(chunk))
                raise optuna.TrialPruned()
        value, found = float(judge.score(rows).mean()), judge.summary([rows])
        trial.set_user_attr("judged", len(order))
        trial.set_user_attr("configuration_sha256", self.configuration.digest)
        trial.set_user_attr("validation", {name: {end: float(x) for end, x in found[name].items()} for name in MEASURES})
        self.artifacts.attach(trial, "note.md", note(f"trial {trial.number}", found, value))
        lines = [f"{key:016x}," + ",".join(f"{x:g}" for x in row) for key, row in zip(self.keys.tolist(), rows)]
        self.artifacts.attach(trial, "episodes.csv", "\n".join(["key," + ",".join(MEASURES), *lines, ""]))
        return value


class Calibration:
    """One trial: constants, and how far random and heuristic are from the wanted table."""

    def __init__(self, program, options):
        self.program, self.options = program, options

    def __call__(self, trial):
        constants = suggest(trial, "constants")
        flags = cluster_flags(self.options) + [f"--constant={name}={value}" for name, value in constants.items()]
        try:
            judged = self.program(
                "evaluate", "--policy", "random", "--policy", "heuristic", "--space", "validation", "--seed", 1,
                "--episodes", self.options.judge_episodes, *flags)
        except ProgramError as error:
            # Each constant is within its bounds, but no cluster has all of them together.
            if error.status == 65 and any(f" {name} is " in str(error) for name in constants):
                from optuna import TrialPruned

                raise TrialPruned(str(error)) from None
            raise
        distance = 0.0
        for row in judged["policies"]:
            for name, wanted, scale in zip(MEASURES, TARGET[row["policy"]], SCALES):
                distance += ((row[name]["mean"] - wanted) / scale) ** 2
            trial.set_user_attr(row["policy"], {name: row[name] for name in MEASURES})
        trial.set_user_attr("configuration_sha256", judged["configuration_sha256"])
        return distance
