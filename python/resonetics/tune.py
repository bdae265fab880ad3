"""Searches settings with Optuna: ``python -m resonetics.tune tune|calibrate|best``.

``tune`` searches settings of the learner, judged on validation episodes; ``calibrate`` constants of the cluster, judged by how
near random and heuristic come to a wanted table, so that no learner is looked at. The two are kept apart: constants that were
chosen for a learner would make its results worthless. Trials run the program ``dsl``; training goes on through ``--resume``
between reports, to the same bits as if it had not stopped, so that a pruner can end what is hopeless.

A study is a file of Optuna's journal: ``optuna-dashboard FILE`` opens it, a call that was interrupted goes on when it is made
again, and other processes take part with ``--join``.
"""

import argparse
import fcntl
import json
import pathlib
import shutil
import subprocess
import sys

#: Of each setting that is searched: how it is suggested.
SETTINGS = {
    "discount": ("float", 0.95, 0.998, False),
    "n_steps": ("int", 3, 40, True),
    "step_size_start": ("float", 0.05, 1.0, True),
    "step_size_end": ("float", 0.001, 0.05, True),
    "exploration_end": ("float", 0.0005, 0.05, True),
    "exploration_share": ("float", 0.3, 1.0, False),
    "oom_weight": ("float", 1.0, 100.0, True),
    "fatal_weight": ("float", 1.0, 20.0, True),
}
#: The same of the constants that make a cluster hard.
CONSTANTS = {
    "leak": ("float", 0.0003, 0.0008, True),
    "leaker_factor": ("float", 3.0, 10.0, False),
    "hot_share": ("float", 0.1, 0.35, False),
    "hot_memory_low": ("float", 0.6, 0.8, False),
    "hot_memory_high": ("float", 0.85, 0.98, False),
}
#: What calibration aims at: of each policy its reward, steps, cells out of memory and share of failures, and a scale each.
TARGET = {"random": (-124.5, 312.4, 1.82, 0.68), "heuristic": (189.1, 456.8, 0.34, 0.12)}
SCALES = (20.0, 20.0, 0.3, 0.05)
MEASURES = ("reward", "steps", "ooms", "failures")
SAMPLERS = ("tpe", "random", "qmc", "cmaes", "gp", "nsgaii")
PRUNERS = ("median", "percentile", "halving", "hyperband", "none")


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
    mean = {name: row[name]["mean"] for name in MEASURES}
    return mean["steps"] - 200 * mean["failures"] - 20 * mean["ooms"] + mean["reward"] / 10


def suggest(trial, space):
    values = {}
    for name, (kind, low, high, is_log) in space.items():
        method = trial.suggest_float if kind == "float" else trial.suggest_int
        values[name] = method(name, low, high, log=is_log)
    return values


def cluster_flags(options):
    flags = ["--preset", options.preset]
    if options.size:
        flags += ["--size", options.size]
    return flags


class Tuning:
    """One trial: a training that is judged on the way."""

    def __init__(self, program, options):
        self.program, self.options = program, options
        self.folder = pathlib.Path(str(options.study) + ".files")
        self.folder.mkdir(parents=True, exist_ok=True)

    def judge(self, agent, *more):
        # The learner's own checkpoints play validation episodes of seed 0.
        return self.program(
            "evaluate", "--policy", agent, "--space", "validation", "--seed", 1, "--episodes",
            self.options.judge_episodes, *more)["policies"][0]

    def __call__(self, trial):
        import optuna

        options = self.options
        settings = {**suggest(trial, SETTINGS), "episodes": options.episodes, "seed": options.seed}
        settings["checkpoints"] = 0
        agent = self.folder / f"trial-{trial.number}.agent"
        agent.unlink(missing_ok=True)
        chunk = max(64, -(-options.episodes // options.reports) // 64 * 64)
        begin = ["--out", agent, "--stop-after", chunk]
        flags = cluster_flags(options) + [f"--setting={name}={value}" for name, value in settings.items()]
        report = self.program("train", *begin, *flags)
        boxes = self.folder / f"trial-{trial.number}.boxes"
        while True:
            row = self.judge(agent, *(("--black-boxes", boxes) if report["done"] else ()))
            value = score(row)
            trial.report(value, report["episodes_done"])
            if report["done"]:
                break
            if trial.should_prune():
                raise optuna.TrialPruned()
            report = self.program("train", *begin, "--resume")
        for name in ("dynamics_version", "configuration_sha256", "settings", "values_sha256", "steps_per_second"):
            trial.set_user_attr(name, report[name])
        trial.set_user_attr("validation", {name: row[name] for name in MEASURES})
        self.attach(trial, boxes)
        return value

    def attach(self, trial, boxes):
        """The black box of the failure that came first."""
        from optuna.artifacts import FileSystemArtifactStore, upload_artifact

        failures = []
        for path in boxes.glob("*.json") if boxes.is_dir() else ():
            box = json.loads(path.read_text())
            if box["cause"] != "time_limit":
                failures.append((box["steps"], path))
        if failures:
            store = self.folder / "artifacts"
            store.mkdir(exist_ok=True)
            upload_artifact(
                artifact_store=FileSystemArtifactStore(base_path=str(store)), file_path=str(min(failures)[1]),
                study_or_trial=trial)
        shutil.rmtree(boxes, ignore_errors=True)


class Calibration:
    """One trial: constants, and how far random and heuristic are from the wanted table."""

    def __init__(self, program, options):
        self.program, self.options = program, options

    def __call__(self, trial):
        constants = suggest(trial, CONSTANTS)
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


def sampler(optuna, name, seed):
    kinds = {
        "tpe": lambda: optuna.samplers.TPESampler(seed=seed), "random": lambda: optuna.samplers.RandomSampler(seed=seed),
        "qmc": lambda: optuna.samplers.QMCSampler(seed=seed), "cmaes": lambda: optuna.samplers.CmaEsSampler(seed=seed),
        "gp": lambda: optuna.samplers.GPSampler(seed=seed), "nsgaii": lambda: optuna.samplers.NSGAIISampler(seed=seed)}
    return kinds[name]()


def pruner(optuna, name):
    kinds = {
        "median": optuna.pruners.MedianPruner, "halving": optuna.pruners.SuccessiveHalvingPruner,
        "hyperband": optuna.pruners.HyperbandPruner, "none": optuna.pruners.NopPruner,
        "percentile": lambda: optuna.pruners.PercentilePruner(25.0)}
    return kinds[name]()


def storage(optuna, path):
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    return optuna.storages.JournalStorage(JournalFileBackend(str(path), lock_obj=JournalFileOpenLock(str(path))))


def recover(optuna, study):
    """Trials that a process did not live to end are over, and their parameters wait to be tried again."""
    lost = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,))
    for trial in lost:
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        study.enqueue_trial(trial.params)
    return len(lost)


def run(options):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    program = Program(options.dsl)
    options.study.parent.mkdir(parents=True, exist_ok=True)
    with open(str(options.study) + ".owner", "w") as owner:
        if not options.join:
            try:
                fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise ProgramError(f"another process leads {options.study}: take part with --join") from None
        tunes = options.command == "tune"
        study = optuna.create_study(
            study_name=options.command, storage=storage(optuna, options.study), load_if_exists=True,
            direction="maximize" if tunes else "minimize", sampler=sampler(optuna, options.sampler, options.sampler_seed),
            pruner=pruner(optuna, options.pruner if tunes else "none"))
        lost = 0 if options.join else recover(optuna, study)
        ended = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
        # A study has so many trials, however often it was interrupted.
        left = options.trials - len(study.get_trials(deepcopy=False, states=ended))
        study.set_user_attr("sampler", options.sampler)
        study.set_user_attr("pruner", options.pruner if tunes else "none")
        objective = Tuning(program, options) if tunes else Calibration(program, options)
        if left > 0:
            study.optimize(
                objective, n_trials=left, n_jobs=options.workers, show_progress_bar=sys.stderr.isatty(),
                callbacks=[optuna.study.MaxTrialsCallback(options.trials, states=ended)])
        return summary(optuna, study, lost)


def summary(optuna, study, lost=0):
    trials = study.get_trials(deepcopy=False)
    states = {state.name.lower(): sum(t.state == state for t in trials) for state in optuna.trial.TrialState}
    complete = [t for t in trials if t.state == optuna.trial.TrialState.COMPLETE]
    best = study.best_trial if complete else None
    return {
        "study": study.study_name, "trials": {name: count for name, count in states.items() if count},
        "recovered": lost, "sampler": study.user_attrs.get("sampler"), "pruner": study.user_attrs.get("pruner"),
        "best": best and {"number": best.number, "value": best.value, "params": best.params, **best.user_attrs}}


def best(options):
    import optuna

    if not options.study.exists():
        raise ProgramError(f"there is no study {options.study}")
    found = storage(optuna, options.study)
    names = optuna.get_all_study_names(found)
    if not names:
        raise ProgramError(f"{options.study} holds no study")
    return summary(optuna, optuna.load_study(study_name=names[0], storage=found))


def parse(arguments):
    parser = argparse.ArgumentParser(prog="python -m resonetics.tune", description=__doc__.split("\n\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("tune", "calibrate", "best"):
        command = commands.add_parser(name)
        command.add_argument("--study", type=pathlib.Path, required=True, help="the file of the study")
        if name == "best":
            continue
        command.add_argument("--trials", type=int, default=50, help="of the study in all")
        command.add_argument("--workers", type=int, default=1, help="trials at once")
        command.add_argument("--join", action="store_true", help="take part in a study that another process leads")
        command.add_argument("--sampler", choices=SAMPLERS, default="tpe")
        command.add_argument("--sampler-seed", type=int, default=0, help="with one worker a study repeats itself")
        command.add_argument("--preset", default="canonical")
        command.add_argument("--size", help="such as 8x8")
        command.add_argument("--judge-episodes", type=int, default=256, help="validation episodes that judge")
        command.add_argument("--dsl", help="the program; the one on PATH without it")
        if name == "tune":
            command.add_argument("--pruner", choices=PRUNERS, default="median")
            command.add_argument("--episodes", type=int, default=10_000, help="training episodes of a trial")
            command.add_argument("--reports", type=int, default=8, help="how often a trial is judged")
            command.add_argument("--seed", type=int, default=0, help="of the training episodes")
    options = parser.parse_args(arguments)
    for name in ("trials", "workers", "judge_episodes", "episodes", "reports"):
        if getattr(options, name, 1) < 1:
            parser.error(f"--{name.replace('_', '-')} has to be 1 or more")
    return options


def main(arguments=None):
    options = parse(arguments)
    try:
        import optuna  # noqa: F401
    except ImportError:
        print("resonetics.tune: Optuna is not installed: pip install optuna", file=sys.stderr)
        return 69
    try:
        found = best(options) if options.command == "best" else run(options)
    except ProgramError as error:
        print(f"resonetics.tune: {error}", file=sys.stderr)
        return 1
    print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
