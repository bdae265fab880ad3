"""Searches settings with Optuna: ``python -m resonetics.tune tune|heuristic|calibrate|best``.

``tune`` searches settings of the learner, judged on validation episodes; ``heuristic`` thresholds of the rule, in this process;
``calibrate`` constants of the cluster, judged by how near random and heuristic come to a wanted table, so that no learner is looked
at. They are kept apart: constants that were chosen for a learner would make its results worthless. Trainings run in this process
where the learner's library is (see ``learner``), else they run the program ``dsl``, to the same bits; a pruner can end what is
hopeless.

A study is a file of Optuna's journal: ``optuna-dashboard FILE --artifact-dir FILE.files/artifacts`` opens it, a call that was
interrupted goes on when it is made again, and other processes take part with ``--join``.

Exit statuses: 0; 1 where something that was given cannot be used, or a training failed; 2 where the call is none; 69 without Optuna;
72 where the file is no study; 130 where SIGINT or SIGTERM ended it.
"""

import argparse
import contextlib
import json
import os
import pathlib
import signal
import sys
import threading

import numpy as np

from . import choices, learner, plots, studies
from ._native import ResoneticsError
from .learner import Program, ProgramError
from .trials import JUDGED, Artifacts, Calibration, Thresholds, Tuning

def seed_of(options, begun, place):
    """The seed of a sampler that goes on, or takes part: ``--sampler-seed`` itself where nothing is begun and nobody else is there.

    A sampler draws from its seed as if it were the first: with the same one again it would try again what the study has. ``begun``: trials
    that the study has already; ``place``: 0 of the process that leads, from 1 on of those that take part.
    """
    if begun == 0 and place == 0:
        return options.sampler_seed
    return int(np.random.SeedSequence([options.sampler_seed, begun, place]).generate_state(1)[0])


def run(options):
    import optuna

    # What ends the study is said at its end, in a line.
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    calibrates = options.command == "calibrate"
    chosen = "none" if calibrates else options.pruner
    # What is wrong is said before there is a study, and before anything is done to a file that is none.
    choices.verify(optuna, options, chosen)
    purpose = studies.purpose(options)
    studies.verify(options.study)
    objective, trained = objective_of(options)
    options.study.parent.mkdir(parents=True, exist_ok=True)
    with studies.Place(options.study, options.join) as place:
        alone = not options.join and place.is_alone()
        if alone:
            studies.mend(options.study)
        study = studies.opened(optuna, options, purpose, pruner=choices.pruner(optuna, chosen, options))
        # What those who take part have begun is theirs.
        lost = studies.recover(optuna, study) if alone else 0
        study.sampler = choices.sampler(optuna, options.sampler, seed_of(options, len(study.get_trials(deepcopy=False)), place.number))
        place.join()
        ended = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)

        def left():
            """A study has so many trials, however often it was interrupted."""
            return options.trials - len(study.get_trials(deepcopy=False, states=ended))

        study.set_user_attr("sampler", options.sampler)
        study.set_user_attr("pruner", chosen)
        if left() > 0:
            with interruptible(objective):
                study.optimize(
                    objective.attempt, n_trials=left(), n_jobs=options.workers, show_progress_bar=sys.stderr.isatty(),
                    callbacks=[
                        optuna.study.MaxTrialsCallback(options.trials, states=ended),
                        lambda study, _: study.stop() if objective.stop.is_set() else None])
            if objective.stop.is_set() and left() > 0:
                raise KeyboardInterrupt
            if not options.join:
                draw(optuna, study, options)
        return {**summary(optuna, study, lost), **({"trainings": trained} if trained else {})}


def objective_of(options):
    """What is tried, and of trainings the word for where they run."""
    if options.command == "heuristic":
        return Thresholds(options), None
    if options.command == "calibrate":
        return Calibration(options), None
    found = learner.find(options.learner, options.dsl)
    if found.word == Program.word:
        why = "as asked for" if (options.learner or os.environ.get(learner.VARIABLE)) else f"no {learner.LIBRARY} was found"
        print(f"resonetics.tune: {why}: trainings run {found.path} sim train", file=sys.stderr)
    else:
        print(f"resonetics.tune: trainings run in this process, by {found.path}", file=sys.stderr)
    return Tuning(found, options), found.word


@contextlib.contextmanager
def interruptible(objective):
    """SIGINT and SIGTERM end trials, which are marked as failed."""
    is_main = threading.current_thread() is threading.main_thread()
    numbers = (signal.SIGINT, signal.SIGTERM) if is_main else ()
    before = {number: signal.signal(number, lambda *_: objective.interrupt()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def draw(optuna, study, options):
    """Attaches to the study what came of its trials so far, as a curve and as a table."""
    complete = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    if not complete:
        return
    values, best, better = [(t.number, t.value) for t in complete], [], max if study.direction.name == "MAXIMIZE" else min
    for number, value in values:
        best.append((number, better(value, best[-1][1]) if best else value))
    names = sorted(complete[0].params)
    lines = [",".join([str(t.number), str(t.value), *(str(t.params[name]) for name in names)]) for t in complete]
    artifacts = Artifacts(options)
    artifacts.attach(study, "study.svg", plots.svg(study.study_name, [("value", values), ("best so far", best)], "trial", "value"))
    top = sorted(complete, key=lambda t: t.value, reverse=study.direction.name == "MAXIMIZE")[:10]
    rows = ["| " + " | ".join([str(t.number), f"{t.value:.3f}", *(f"{t.params[name]:.4g}" for name in names)]) + " |" for t in top]
    head = ["trial", "value", *names]
    artifacts.note(study, "\n".join([
        f"# {study.study_name}: the best of {len(complete)} whole trials", "", "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head), *rows, ""]))
    artifacts.attach(study, "study.csv", "\n".join([",".join(["trial", "value", *names]), *lines, ""]))


def summary(optuna, study, lost=0):
    trials = study.get_trials(deepcopy=False)
    states = {state.name.lower(): sum(t.state == state for t in trials) for state in optuna.trial.TrialState}
    complete = [t for t in trials if t.state == optuna.trial.TrialState.COMPLETE]
    best = study.best_trial if complete else None
    # What single keys came to is for the pruner.
    said = {name: value for name, value in best.user_attrs.items() if not name.startswith(JUDGED)} if best else {}
    # Of a study without notes its trials say it; those of calibration are each of a cluster of their own, made of that of the study.
    of = {**({} if study.study_name == "calibrate" else said), **study.user_attrs}
    return {
        "study": study.study_name, **{name: of.get(name) for name in ("dynamics_version", "configuration_sha256")}, "trials": {name: count for name, count in states.items() if count},
        "recovered": lost, "sampler": study.user_attrs.get("sampler"), "pruner": study.user_attrs.get("pruner"),
        "best": best and {"number": best.number, "value": best.value, "params": best.params, **said}}


def best(options):
    import optuna

    if not options.study.exists():
        raise ProgramError(f"there is no study {options.study}")
    found = studies.storage(optuna, options.study)
    names = optuna.get_all_study_names(found)
    if not names:
        raise ProgramError(f"{options.study} holds no study")
    study = optuna.load_study(study_name=names[0], storage=found)
    if len(study.directions) > 1:
        raise ProgramError(f"{options.study} holds a study of {len(study.directions)} values, {names[0]}: none of its trials is the best")
    return summary(optuna, study)


def parse(arguments):
    parser = argparse.ArgumentParser(prog="python -m resonetics.tune", description=__doc__.split("\n\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (
        ("tune", "search settings of the learner"), ("heuristic", "search thresholds of the heuristic"),
        ("calibrate", "search constants of the cluster, by random and heuristic alone"), ("best", "show what was found"),
    ):
        command = commands.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
        command.add_argument("--study", type=pathlib.Path, required=True, help="the file of the study")
        if name == "best":
            continue
        command.add_argument("--trials", type=int, default=50, help="of the study in all, %(default)s")
        command.add_argument("--workers", type=int, default=1, help="trials at once, %(default)s")
        command.add_argument("--join", action="store_true", help="take part in a study that another process leads")
        command.add_argument(
            "--sampler", default="tpe", help=f"how trials are chosen, %(default)s: {', '.join(choices.SAMPLERS)}, a class of optuna.samplers, or "
            "MODULE:CLASS of your own")
        command.add_argument("--sampler-seed", type=int, default=0, help="a study that one worker does in one go repeats itself")
        command.add_argument("--preset", default="canonical", help="the constants to start from: calm, canonical or storm")
        command.add_argument("--size", help="the grid, such as 8x8; 6x6 without it")
        command.add_argument("--judge-episodes", type=int, default=256, help="validation episodes that judge, %(default)s")
        if name == "heuristic":
            command.add_argument(
                "--pruner", choices=("wilcoxon", "none"), default="wilcoxon", help="wilcoxon: episodes of the same keys in pairs")
            continue
        command.add_argument("--config", help="constants that differ, a JSON object in a file")
        command.add_argument("--constant", action="append", default=[], help="a constant that differs, NAME=VALUE")
        if name == "tune":
            command.add_argument("--dsl", help="the program; the one on PATH without it")
            command.add_argument(
                "--learner", help="where trainings run: FILE is the learner's library; program runs dsl sim train. Without it "
                "RESONETICS_LEARNER, the library beside the program or in the package, or the program")
            command.add_argument(
                "--pruner", default="median",
                help=f"by the value after so many episodes, %(default)s: {', '.join(choices.PRUNERS)}, a class of optuna.pruners, or "
                "MODULE:CLASS of your own; wilcoxon: by what the best had then, on the same keys in pairs")
            command.add_argument("--episodes", type=int, default=10_000, help="training episodes of a trial, %(default)s")
            command.add_argument("--reports", type=int, default=8, help="how often a trial is judged, %(default)s")
            command.add_argument("--seed", type=int, default=0, help="of the training episodes")
    options = parser.parse_args(arguments)
    for name in ("trials", "workers", "judge_episodes", "episodes", "reports"):
        if getattr(options, name, 1) < 1:
            parser.error(f"--{name.replace('_', '-')} has to be 1 or more")
    if not 0 <= getattr(options, "sampler_seed", 0) < 2**32:
        parser.error("--sampler-seed has to be from 0 to 4294967295")
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
    except (ProgramError, ResoneticsError) as error:
        print(f"resonetics.tune: {error}", file=sys.stderr)
        return 72 if isinstance(error, studies.UnreadableError) else 1
    except OSError as error:
        print(f"resonetics.tune: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("resonetics.tune: stopped on request: the same call goes on", file=sys.stderr)
        return 130
    print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
