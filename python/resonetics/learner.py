"""The learner, Q-learning in Swift: trained in this process through its library, or by the program ``dsl``; to the same bits.

``libresonetics-learner.so`` stands beside the program (``make release`` and ``make install`` put it there), or in the wheel, where it
had been built when the wheel was. Nothing else here needs it.
"""

import ctypes
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np

from ._native import DYNAMICS_VERSION
from .judge import first_failure

#: Of the functions in resonetics_learner.h.
ABI = 1
LIBRARY = "libresonetics-learner.so"
#: Names the library, or says ``program``.
VARIABLE = "RESONETICS_LEARNER"
#: Episodes that begin together.
ROUND = 64
_ROUND, _POINT, _JUDGED, _BLACK_BOX, _AGENT, _RESULT, _MESSAGE = range(7)
#: What a call returns, and how the program ends, where values ran away.
_FAILED, _INVALID_STATE = 8, 6
_RECEIVER = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_int32, ctypes.POINTER(ctypes.c_uint8), ctypes.c_int64)


class ProgramError(RuntimeError):
    """``dsl``, or the learner's library, ended with an error: with which exit status or code, where it ran at all."""

    def __init__(self, message, status=None):
        super().__init__(message)
        self.status = status


class RanAway(ProgramError):
    """The values of a learner ran away: nothing is wrong but its settings."""


@dataclasses.dataclass
class Training:
    """What came of one."""

    #: The file of ``dsl sim train``.
    agent: bytes
    #: dynamics_version, configuration_sha256, settings, episodes_done, steps_done, values_sha256.
    result: dict
    #: Means with exploration: of each point its episodes, reward, steps, ooms, failures.
    curve: list
    #: Of the episodes that judged it at its end the failure that came first, as JSON; None where none failed, or none judged.
    black_box: str | None
    #: Of training alone.
    seconds: float


class Program:
    """The program ``dsl``."""

    #: The word for it in reports.
    word = "program"

    def __init__(self, path):
        self.path = shutil.which(path) if path else shutil.which("dsl")
        if self.path is None:
            raise ProgramError(f"there is no program {path or 'dsl'}: name it with --dsl")
        self._running, self._is_stopped = set(), False

    def __call__(self, *arguments):
        with subprocess.Popen(
            [self.path, "sim", *map(str, arguments), "--format", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as child:
            self._running.add(child)
            try:
                if self._is_stopped:
                    child.terminate()
                out, said = child.communicate()
            except BaseException:
                child.terminate()
                raise
            finally:
                self._running.discard(child)
        if child.returncode != 0:
            raise ProgramError(
                f"dsl sim {arguments[0]} ended with {child.returncode}: {said.strip()}", child.returncode)
        try:
            return json.loads(out)
        except ValueError:
            raise ProgramError(f"{self.path} is not the program dsl: what dsl sim {arguments[0]} printed is no JSON") from None

    def stop(self):
        """Ends what runs, and what would: those who wait for it get an error."""
        self._is_stopped = True
        for child in list(self._running):
            child.terminate()

    def train(self, cluster, settings, judge=None, name="q", report=None):
        """As ``Library.train``. Between reports training stands in a file, and goes on from it to the same bits."""
        cluster = {"preset": "canonical", "size": None, "constants": {}, **cluster}
        flags = ["--preset", cluster["preset"], *(("--size", cluster["size"]) if cluster["size"] else ())]
        flags += [f"--constant={key}={json.dumps(value)}" for key, value in cluster["constants"].items()]
        flags += [f"--setting={key}={json.dumps(value)}" for key, value in settings.items()]
        with tempfile.TemporaryDirectory(prefix="resonetics-") as folder:
            agent, boxes = pathlib.Path(folder) / name, pathlib.Path(folder) / "boxes"
            done, curve, seconds = 0, [], 0.0
            episodes = settings.get("episodes", 50_000)
            for stop in stops(episodes, judge["reports"] if judge else 1):
                more = ("--resume",) if done else flags
                try:
                    found = self("train", "--out", agent, "--stop-after", stop - done, *more)
                except ProgramError as error:
                    raise (RanAway(str(error), error.status) if error.status == _INVALID_STATE else error) from None
                done, seconds = found["episodes_done"], seconds + found["seconds"]
                curve += found.get("curve", [])
                if judge:
                    rows, keys = self._rows(agent, judge["episodes"])
                    report(done, rows)
            box, worst = None, first_failure(rows) if judge else None
            if worst is not None:
                self("run", "--policy", agent, "--key", keys[worst], "--black-boxes", boxes)
                box = next(boxes.iterdir()).read_text()
            return Training(agent.read_bytes(), found, curve, box, seconds)

    def _rows(self, agent, episodes):
        played = self(
            "run", "--policy", agent, "--space", "validation", "--seed", 1, "--episodes", episodes, "--no-black-boxes")["episodes"]
        rows = [(e["reward"], e["steps"], e["ooms"], e["cause"] != "time_limit") for e in played]
        return np.array(rows, dtype=np.float64), [e["key"] for e in played]


class Library:
    """The library: a training is one call, in the thread that makes it, while other threads of Python go on."""

    word = "in_process"

    def __init__(self, path):
        self.path, self._is_stopped = str(path), False
        try:
            library = ctypes.CDLL(self.path)
            versions = [getattr(library, f"resonetics_learner_{name}_version") for name in ("abi", "dynamics")]
            self._train = library.resonetics_learner_train
        except (OSError, AttributeError) as error:
            raise ProgramError(f"{self.path} is no library of the learner: {error}") from None
        found, wanted = tuple(version() for version in versions), (ABI, DYNAMICS_VERSION)
        if found != wanted:
            raise ProgramError(
                f"{self.path} has versions {found} of interface and dynamics, this package {wanted}: build both from one checkout")
        self._train.restype = ctypes.c_int32
        self._train.argtypes = [ctypes.c_int32, ctypes.c_char_p, ctypes.c_int64, _RECEIVER, ctypes.c_void_p]

    def stop(self):
        """Ends trainings after the round that they are in: those who wait for them get an error."""
        self._is_stopped = True

    def train(self, cluster, settings, judge=None, name="q", report=None):
        """Trains an agent.

        ``cluster``: preset, size ("8x8"), constants; ``settings`` by name; ``judge``: reports, so often it is judged, on so many
        episodes. Then ``report(episodes_done, rows)`` is called in this thread, rows as ``judge.play`` returns them, of the validation
        keys of seed 1; what it raises ends the training, and is raised here.
        """
        cluster = {key: value for key, value in cluster.items() if value is not None}
        request = {"cluster": cluster, "settings": settings, "name": name, **({"judge": judge} if judge else {})}
        got, curve, raised = {}, [], []
        clock = {"since": time.monotonic(), "seconds": 0.0}

        def take(kind, content):
            if self._is_stopped:
                raise ProgramError("the training was stopped")
            if kind == _ROUND:
                clock["seconds"] += time.monotonic() - clock["since"]
            elif kind == _POINT:
                curve.append(json.loads(content))
            elif kind == _JUDGED:
                found = json.loads(content)
                report(found["episodes_done"], np.array(found["rows"], dtype=np.float64) / (1000, 1, 1, 1))
            else:
                got[kind] = content

        def receive(context, kind, content, count):
            # Nothing may be raised through the library's frames: it is kept until they are left.
            try:
                take(kind, ctypes.string_at(content, count) if count else b"")
                clock["since"] = time.monotonic()
                return 0
            except BaseException as error:
                raised.append(error)
                return 1

        text = json.dumps(request).encode()
        code = self._train(ABI, text, len(text), _RECEIVER(receive), None)
        if raised:
            raise raised[0]
        if code:
            kind = RanAway if code == _FAILED else ProgramError
            raise kind(got.get(_MESSAGE, b"").decode() or f"the learner ended with {code}", code)
        box = got.get(_BLACK_BOX)
        return Training(got[_AGENT], json.loads(got[_RESULT]), curve, box and box.decode(), clock["seconds"])


def stops(episodes, reports):
    """After how many episodes a training is judged: evenly, after whole rounds, the last time at its end."""
    return sorted({ROUND * -(-k * episodes // (reports * ROUND)) for k in range(1, reports + 1)})


def find(wanted=None, program=None):
    """The learner: the library that was asked for; else that beside the program, that in the wheel, or the program.

    ``wanted``: a path, or ``program``; the variable ``RESONETICS_LEARNER`` without it. ``program``: as for ``Program``.
    """
    wanted = wanted or os.environ.get(VARIABLE)
    if wanted and wanted != Program.word:
        return Library(wanted)
    if not wanted:
        for path in _places(program):
            try:
                return Library(path)
            except ProgramError as error:
                print(f"resonetics: passed over: {error}", file=sys.stderr)
    try:
        return Program(program)
    except ProgramError as error:
        raise ProgramError(str(error) if wanted else f"{error}, or the learner's library with --learner") from None


def _places(program):
    """The libraries that there are."""
    places, found = [], shutil.which(program or "dsl")
    if program and not found:
        return []
    if found:
        folder = pathlib.Path(found).resolve().parent
        places = [folder / LIBRARY, folder.parent / "lib" / LIBRARY]
    return [path for path in (*places, pathlib.Path(__file__).with_name("_learner.so")) if path.exists()]
