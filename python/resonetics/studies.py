"""The file of a study: whether it is one, what it is of, who takes part, and what dead processes left in it."""

import contextlib
import fcntl
import json

import pathlib
import time

from ._native import DYNAMICS_VERSION
from .learner import ProgramError
from .trials import configuration_of

#: How a line of the journal begins, whoever writes it.
_BEGINNING = b'{"op_code":'
#: Those of Optuna's journal.
_OPERATIONS = range(10)
#: Who takes part at once.
_SEATS = 1 << 16


class UnreadableError(ProgramError):
    """A file is no study."""


class Place:
    """Where a process stands in a study: nobody else has the same while it lives. ``number``: 0 leads, those who take part from 1 on, in
    the order in which they came where nobody left.

    ``close`` gives it up, and so does the end of the process.
    """

    def __init__(self, path, joins):
        # Names are not made by the files' suffixes: a study may have any name.
        self._files = [open(f"{path}.{name}", "ab") for name in ("members", "seats" if joins else "owner")]
        self._members, place = self._files
        self.number = 0
        try:
            if joins:
                self.number = self._seat(path, place)
                fcntl.flock(self._members, fcntl.LOCK_SH)
            else:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise ProgramError(f"another process leads {path}: take part with --join") from None

    @staticmethod
    def _seat(path, seats):
        for number in range(1, _SEATS):
            with contextlib.suppress(OSError):
                fcntl.lockf(seats, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
                return number
        raise ProgramError(f"{_SEATS - 1} processes take part in {path} already")

    def is_alone(self):
        """Whether no other process takes part; then it holds off those who come until ``join``."""
        try:
            fcntl.flock(self._members, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            return False

    def join(self):
        fcntl.flock(self._members, fcntl.LOCK_SH)

    def close(self):
        for file in self._files:
            file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def verify(path):
    """Refuses a file that is no journal, before anything is written to it or cut off. The end of one that is being written may be missing."""
    if not path.exists():
        return
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if not (_is_operation(line) if line.endswith(b"\n") else _BEGINNING.startswith(line[:len(_BEGINNING)])):
                raise UnreadableError(
                    f"{path} is no study: line {number} is none of Optuna's journal. Give another --study, or take the line out")


def _is_operation(line):
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return False
    code = found.get("op_code") if isinstance(found, dict) else None
    return type(code) is int and code in _OPERATIONS


def storage(optuna, path):
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    verify(path)
    try:
        return optuna.storages.JournalStorage(JournalFileBackend(str(path), lock_obj=JournalFileOpenLock(str(path))))
    except OSError:
        raise
    except Exception as error:
        raise UnreadableError(
            f"{path} is no study that Optuna can follow ({type(error).__name__}: {error}). Give another --study") from error


def mend(path):
    """Repairs what a process left that was killed as it wrote; nobody else may be at work on the study.

    Its lock is taken away, which Optuna would wait for during half a minute, and a last line that is not whole: what is appended after
    that would spoil it for all.
    """
    lock = pathlib.Path(str(path) + ".lock")
    # A lock that is young may be that of a dashboard, which holds it for milliseconds.
    with contextlib.suppress(OSError):
        if time.time() - lock.stat().st_mtime > 2:
            lock.unlink()
    content = path.read_bytes() if path.exists() else b""
    if content and not content.endswith(b"\n"):
        with open(path, "r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)


def recover(optuna, study):
    """Trials that a process did not live to end are over, and their parameters wait to be tried again."""
    lost = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,))
    for trial in lost:
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        study.enqueue_trial(trial.params)
    return len(lost)


def purpose(options):
    """What all trials of a study have in common, and what is noted of it: values of others could not be compared with theirs."""
    configuration, canonical = configuration_of(options), configuration_of(None)
    changed = {name: value for name, value in configuration.as_dict().items() if value != canonical[name]}
    return {
        "dynamics_version": DYNAMICS_VERSION, "configuration_sha256": configuration.digest, "constants": changed,
        "size": f"{configuration['height']}x{configuration['width']}",
        "objective": "distance" if options.command == "calibrate" else "survival",
        **{name: getattr(options, name) for name in ("episodes", "seed", "judge_episodes") if hasattr(options, name)}}


def differences(study, command, wanted):
    """What stands between a study and a call that would go on with it, for another purpose, in words."""
    noted = study.user_attrs
    found = [
        f"{name} {noted[name]}, not {value}" for name, value in wanted.items()
        if name in noted and name not in ("configuration_sha256", "constants", "size") and noted[name] != value]
    if noted.get("configuration_sha256", wanted["configuration_sha256"]) != wanted["configuration_sha256"]:
        found += _constants(noted, wanted)
    # Trials of calibration are each of a cluster of their own.
    return found or ([] if command == "calibrate" else _trials(study, wanted))


def _trials(study, wanted):
    """What trials say of themselves: those of a study without notes, or of a program that looks at none."""
    found = set()
    for trial in study.get_trials(deepcopy=False):
        said, settings = trial.user_attrs, trial.user_attrs.get("settings") or {}
        found |= {
            f"{name} {of[name]}, not {wanted[name]}" for name, of in (
                ("configuration_sha256", said), ("episodes", settings), ("seed", settings))
            if name in of and name in wanted and of[name] != wanted[name]}
    return sorted(found)


def _constants(noted, wanted):
    """By name, where it is known what was changed."""
    ours, theirs, canonical = wanted["constants"], noted.get("constants"), configuration_of(None)
    found = [] if theirs is None else [
        f"{name} {theirs.get(name, canonical[name])}, not {ours.get(name, canonical[name])}"
        for name in sorted({*ours, *theirs}) if theirs.get(name) != ours.get(name)]
    return found or [f"configuration_sha256 {noted['configuration_sha256']}, not {wanted['configuration_sha256']}"]


def opened(optuna, options, purpose, **more):
    """The study, made where there is none; refused where it is of something else."""
    place = storage(optuna, options.study)
    if options.command in optuna.get_all_study_names(place):
        study = optuna.load_study(study_name=options.command, storage=place, **more)
    else:
        direction = "minimize" if options.command == "calibrate" else "maximize"
        # Another process may have made it since.
        study = optuna.create_study(
            study_name=options.command, storage=place, direction=direction, load_if_exists=True, **more)
    found = differences(study, options.command, purpose)
    if found:
        raise ProgramError(
            f"{options.study} is a study of something else ({'; '.join(found)}), whose trials cannot be compared with those of this call: "
            "call it as before, or give another --study")
    for name, value in purpose.items():
        if study.user_attrs.get(name) != value:
            study.set_user_attr(name, value)
    return study
