"""What is tried: settings of the learner, constants of the cluster, thresholds of the heuristic."""

import json
import pathlib
import shutil
import threading

import numpy as np

from . import judge, plots
from ._native import DYNAMICS_VERSION, Batch, ResoneticsError
from .config import Configuration
from .judge import MEASURES
from .learner import ProgramError, RanAway, stops

#: Of settings, constants and thresholds how each is suggested; the same file that ``dsl sim tune`` searches by.
SPACE = json.loads(pathlib.Path(__file__).with_name("space.json").read_text())
#: What calibration aims at: of each policy its reward, steps, cells out of memory and share of failures, and a scale each.
TARGET = {"random": (-124.5, 312.4, 1.82, 0.68), "heuristic": (189.1, 456.8, 0.34, 0.12)}
SCALES = (20.0, 20.0, 0.3, 0.05)
#: Keys that are reported together, in trials that are judged key by key.
CHUNK = 16
#: Points of a curve over episodes.
POINTS = 256
#: Episodes that calibration plays between two looks at whether to stop.
SIDE_BY_SIDE = 1024
#: The attribute of a trial that holds what each validation key came to after so many training episodes: the number follows.
JUDGED = "judged_"


def suggest(trial, kind):
    values = {}
    for entry in SPACE[kind]:
        method = trial.suggest_float if entry["kind"] == "float" else trial.suggest_int
        values[entry["name"]] = method(entry["name"], entry["low"], entry["high"], log=entry["log"])
    return values


def cluster(options):
    """What options name, for the learner: preset, size, and the constants that differ, those of the file first."""
    constants = {}
    # Thresholds of the heuristic are searched on presets alone.
    if getattr(options, "config", None):
        try:
            constants = json.loads(pathlib.Path(options.config).read_text())
        except (OSError, ValueError, RecursionError) as error:
            raise ProgramError(f"--config {options.config}: {error}") from None
        if not isinstance(constants, dict):
            raise ProgramError(f"--config {options.config} holds no object: give {{\"leak\": 0.0007, …}}")
    for text in getattr(options, "constant", ()):
        name, is_there, value = text.partition("=")
        if not name or not is_there:
            raise ProgramError(f"--constant {text}: expected name=value")
        try:
            constants[name] = json.loads(value)
        except ValueError:
            constants[name] = value
    return {"preset": options.preset, "size": options.size, "constants": constants}


def configuration_of(options):
    """The constants that options name; the canonical ones of None."""
    if options is None:
        return Configuration()
    named = cluster(options)
    size = named["size"]
    if size is not None:
        rows, _, columns = size.partition("x")
        if not (rows.isdecimal() and columns.isdecimal()):
            raise ProgramError(f"--size {size}: give rows and columns such as 8x8")
        size = (int(rows), int(columns))
    # What is wrong with it is said before there is a study.
    return checked(Configuration.of(named["preset"], size, named["constants"]))


def checked(configuration):
    """A configuration that there can be a cluster of. Raises ResoneticsError where there is none."""
    Batch(configuration.values, configuration.digest, 1).close()
    return configuration


def note(title, row, value):
    """A trial in words, Markdown: each measure with its interval."""
    lines = [f"# {title}", "", f"value {value:.3f}", "", "| measure | mean | 95 % interval |", "|---|---|---|"]
    lines += [
        f"| {name} | {row[name]['mean']:.4f} | {row[name]['low']:.4f} to {row[name]['high']:.4f} |" for name in MEASURES]
    return "\n".join([*lines, ""])


def in_order(values):
    """Values of episodes as a curve from the least to the largest; of many some that stand for all."""
    values = np.sort(values)
    places = np.unique(np.linspace(0, len(values) - 1, min(len(values), POINTS)).round().astype(int))
    return [(int(place) + 1, float(values[place])) for place in places]


class Artifacts:
    """Files that are attached to trials and to the study, beside the file of the study."""

    def __init__(self, options):
        self.folder = pathlib.Path(str(options.study) + ".files")
        self.store = self.folder / "artifacts"

    def keep(self, name, content):
        """Writes a file beside those that are attached."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(content)

    def attach(self, owner, name, content):
        """Attaches a text under a name."""
        from optuna.artifacts import FileSystemArtifactStore, upload_artifact

        self.store.mkdir(parents=True, exist_ok=True)
        # Under a name of this trial alone: others are at work beside it. The name is the last part of the path.
        holder = self.folder / f"upload-{getattr(owner, 'number', 'study')}"
        holder.mkdir(exist_ok=True)
        path = holder / name
        path.write_text(content)
        upload_artifact(
            artifact_store=FileSystemArtifactStore(base_path=str(self.store)), file_path=str(path), study_or_trial=owner)
        shutil.rmtree(holder)

    def note(self, owner, text):
        """Attaches a note, and where optuna-dashboard is installed puts it on the page of the trial or study."""
        self.attach(owner, "note.md", text)
        try:
            from optuna_dashboard import save_note
        except ImportError:
            return
        save_note(owner, text)


class Objective:
    """What is called with each trial."""

    #: What it runs, which can be stopped.
    learner = None

    def __init__(self):
        #: Set when trials are to end where they are.
        self.stop = threading.Event()

    def interrupt(self):
        """Ends trials, of all threads, at their next report or sooner. Called by a signal, which may come anywhere: nothing is raised here,
        so that what is being written is written."""
        self.stop.set()
        if self.learner is not None:
            self.learner.stop()

    def attempt(self, trial):
        """A trial, which an interruption fails."""
        try:
            self.look()
            return self(trial)
        except ProgramError:
            # What was stopped says so as if it were an error.
            self.look()
            raise

    def look(self):
        if self.stop.is_set():
            raise KeyboardInterrupt


class Tuning(Objective):
    """One trial: a training that is judged on the way."""

    def __init__(self, learner, options):
        super().__init__()
        self.learner, self.options = learner, options
        self.cluster = cluster(options)
        self.artifacts = Artifacts(options)
        self.end = stops(options.episodes, options.reports)[-1]

    def __call__(self, trial):
        options = self.options
        settings = {
            **suggest(trial, "settings"), "episodes": options.episodes, "seed": options.seed,
            # The learner's own: here what acts in the end is what was judged.
            "checkpoints": 0}
        name, curve, last = f"trial-{trial.number}.agent", [], None

        def report(episodes, rows):
            nonlocal last
            last, values = rows, judge.score(rows)
            curve.append((episodes, float(values.mean())))
            self.report(trial, episodes, values)

        try:
            done = self.learner.train(
                self.cluster, settings, {"episodes": options.judge_episodes, "reports": options.reports}, name, report)
        except RanAway as error:
            from optuna import TrialPruned

            trial.set_user_attr("error", str(error))
            raise TrialPruned(str(error)) from None
        for member in ("dynamics_version", "configuration_sha256", "settings", "values_sha256"):
            trial.set_user_attr(member, done.result[member])
        trial.set_user_attr("steps_per_second", round(done.result["steps_done"] / max(done.seconds, 1e-9)))
        found = judge.summary([last])
        trial.set_user_attr("validation", {m: {end: round(float(x), 6) for end, x in found[m].items()} for m in MEASURES})
        self.artifacts.keep(name, done.agent)
        self.attach(trial, found, curve, done)
        return curve[-1][1]

    def report(self, trial, episodes, values):
        """The value for any pruner, and that of each key for the one that compares them."""
        import optuna

        self.look()
        trial.report(float(values.mean()), episodes)
        if self.options.pruner == "wilcoxon":
            trial.set_user_attr(f"{JUDGED}{episodes}", [round(value, 4) for value in values.tolist()])
        if episodes < self.end and trial.should_prune():
            raise optuna.TrialPruned()

    def attach(self, trial, found, curve, done):
        """A note, the curves of training and of judging, and the black box of the failure that came first."""
        attach = self.artifacts.attach
        title = f"trial {trial.number}"
        self.artifacts.note(trial, note(title, found, curve[-1][1]))
        attach(trial, "judged.svg", plots.svg(title, [("value on validation episodes", curve)], "training episodes", "value"))
        if done.curve:
            names, of = list(done.curve[0]), ("dynamics_version", "configuration_sha256")
            rows = [
                ",".join([*(str(point[name]) for name in names), *(str(done.result[name]) for name in of)]) for point in done.curve]
            attach(trial, "training.csv", "\n".join([",".join([*names, *of]), *rows, ""]))
            steps = [(point["episodes"], point["steps"]) for point in done.curve]
            rewards = [(point["episodes"], point["reward"]) for point in done.curve]
            attach(trial, "training.svg", plots.svg(
                title, [("steps survived", steps), ("reward", rewards)], "training episodes", "with exploration"))
        if done.black_box:
            key = json.loads(done.black_box)["key"]
            attach(trial, f"trial-{trial.number}-{key}.blackbox.json", done.black_box)


class Thresholds(Objective):
    """One trial: thresholds of the heuristic, judged in this process, key by key, in an order that is shuffled for each trial.

    Values are reported under the numbers of the keys, so that the pruner compares what two trials did with the same noise.
    """

    def __init__(self, options):
        super().__init__()
        self.options = options
        self.artifacts = Artifacts(options)
        self.configuration = configuration_of(options)
        self.keys = judge.keys("validation", options.judge_episodes, seed=1)

    def __call__(self, trial):
        import optuna

        rule = judge.Heuristic(**suggest(trial, "thresholds"), width=self.configuration["width"])
        order = np.random.default_rng(trial.number).permutation(len(self.keys))
        rows = np.full((len(self.keys), len(MEASURES)), np.nan)
        for first in range(0, len(order), CHUNK):
            self.look()
            chunk = order[first:first + CHUNK]
            rows[chunk] = judge.play(rule, self.keys[chunk], self.configuration)
            for number, value in zip(chunk.tolist(), judge.score(rows[chunk]).tolist()):
                trial.report(value, number)
            if first + CHUNK < len(order) and trial.should_prune():
                trial.set_user_attr("judged", first + len(chunk))
                raise optuna.TrialPruned()
        value, found = float(judge.score(rows).mean()), judge.summary([rows])
        trial.set_user_attr("judged", len(order))
        trial.set_user_attr("dynamics_version", DYNAMICS_VERSION)
        trial.set_user_attr("configuration_sha256", self.configuration.digest)
        trial.set_user_attr("validation", {name: {end: float(x) for end, x in found[name].items()} for name in MEASURES})
        self.attach(trial, rule, rows, found, value)
        return value

    def attach(self, trial, rule, rows, found, value):
        """A note, each episode with its key, how long they lasted, and the black box of the failure that came first."""
        title = f"trial {trial.number}"
        self.artifacts.note(trial, note(title, found, value))
        lines = [f"{key:016x}," + ",".join(f"{x:g}" for x in row) for key, row in zip(self.keys.tolist(), rows)]
        attach = self.artifacts.attach
        attach(trial, "episodes.csv", "\n".join(["key," + ",".join(MEASURES), *lines, ""]))
        attach(trial, "episodes.svg", plots.svg(
            title, [("steps survived", in_order(rows[:, 1])), ("reward", in_order(rows[:, 0]))], "episodes, each curve from the least on", "of an episode"))
        worst = judge.first_failure(rows)
        if worst is not None:
            box = judge.black_box(rule, self.keys[worst], self.configuration, f"heuristic-trial-{trial.number}")
            attach(trial, f"trial-{trial.number}-{box.key}.blackbox.json", box.to_bytes().decode())


class Calibration(Objective):
    """One trial: constants, and how far random and heuristic are from the wanted table. Both play in this process."""

    def __init__(self, options):
        super().__init__()
        self.options = options
        self.artifacts = Artifacts(options)
        #: What trials change the searched constants of.
        self.start = configuration_of(options).as_dict()
        self.keys = judge.keys("validation", options.judge_episodes, seed=1)

    def __call__(self, trial):
        self.look()
        constants = suggest(trial, "constants")
        try:
            configuration = self.configuration(constants)
        except ResoneticsError as error:
            # Each constant is within its bounds, but no cluster has all of them together.
            if any(str(error).startswith(f"{name} is ") for name in constants):
                from optuna import TrialPruned

                raise TrialPruned(str(error)) from None
            raise
        distance, figures, steps = self.measure(configuration)
        for name, row in figures.items():
            trial.set_user_attr(name, row)
        trial.set_user_attr("dynamics_version", DYNAMICS_VERSION)
        trial.set_user_attr("configuration_sha256", configuration.digest)
        self.attach(trial, distance, figures, steps, configuration)
        return distance

    def configuration(self, constants):
        """The cluster of a trial. Raises ResoneticsError where none has all of these constants."""
        return checked(Configuration.of("canonical", None, {**self.start, **constants}))

    def measure(self, configuration):
        """How far both are from what is wanted, the means that say so, and the curves of the steps that they survived."""
        distance, figures, steps = 0.0, {}, []
        for name, policy in (("random", judge.Random()), ("heuristic", judge.Heuristic(width=configuration["width"]))):
            rows = self.play(policy, configuration)
            found = judge.summary([rows])
            row = {measure: {end: round(float(x), 6) for end, x in found[measure].items()} for measure in MEASURES}
            for measure, wanted, scale in zip(MEASURES, TARGET[name], SCALES):
                distance += ((row[measure]["mean"] - wanted) / scale) ** 2
            figures[name] = row
            steps.append((name, in_order(rows[:, 1])))
        return distance, figures, steps

    def play(self, policy, configuration):
        """What a policy comes to on all keys; an interruption ends it on the way."""
        rows = []
        for first in range(0, len(self.keys), SIDE_BY_SIDE):
            self.look()
            rows.append(judge.play(policy, self.keys[first:first + SIDE_BY_SIDE], configuration))
        return np.concatenate(rows)

    def attach(self, trial, distance, figures, steps, configuration):
        """A note, the figures of both policies beside what is wanted, and how long their episodes lasted."""
        title = f"trial {trial.number}"
        lines = [
            (name, measure, *(row[measure][end] for end in ("mean", "low", "high")), wanted, scale)
            for name, row in figures.items() for measure, wanted, scale in zip(MEASURES, TARGET[name], SCALES)]
        head = ("policy", "measure", "mean", "low", "high", "wanted", "scale")
        self.artifacts.note(trial, "\n".join([
            f"# {title}", "", f"value {distance:.3f}: squares of what is between mean and wanted, in scales", "", "| " + " | ".join(head) + " |",
            "|" + "---|" * len(head), *("| " + " | ".join([*line[:2], *(f"{x:.4f}" for x in line[2:])]) + " |" for line in lines), ""]))
        of = f"{DYNAMICS_VERSION},{configuration.digest}"
        self.artifacts.attach(trial, "figures.csv", "\n".join([
            ",".join([*head, "dynamics_version", "configuration_sha256"]), *(",".join(map(str, line)) + f",{of}" for line in lines), ""]))
        self.artifacts.attach(trial, "episodes.svg", plots.svg(title, steps, "episodes, each curve from the least on", "steps survived"))
