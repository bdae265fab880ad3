"""Failures as files: the record of an episode that ``dsl sim replay``, ``explain``, ``whatif``, ``diff`` and ``cluster`` read.

It is what ``dsl sim run --black-boxes`` writes of the same policy's name, key, level and actions, to the byte but for ``engine``,
which names who wrote it, and the digest over all. An episode is played again to make one: a few milliseconds for 500 steps.
"""

import collections
import functools
import hashlib
import importlib.metadata
import itertools
import json
import math
import os
import warnings

import numpy as np

from . import checks
from ._native import ACTIONS, CAUSES, DYNAMICS_VERSION, Batch, ResoneticsError
from .config import Configuration

FORMAT = "resonetics.blackbox/1"
SUFFIX = ".blackbox.json"
#: Files of one environment, or of one call that judges.
LIMIT = 1000
#: Steps before the end of which the situation is written down.
_TAIL = 50
#: The longest file that is read.
_LARGEST = 64 << 20
_FULL, _CRITICAL = 32767, 16384
_CORRUPT = 5
_NO_FAILURES = ("none", "time_limit")
_serial = itertools.count()


def is_worth_keeping(cause, ooms):
    """Whether an episode is a failure that is worth a file: the cluster failed, or a cell ran out of memory."""
    return cause not in _NO_FAILURES or ooms > 0


class BlackBox:
    """The record of an episode: all that it can be done again from, half of the digest of each of its states, each cell that ran
    out of memory, and what the agent saw and did in the last 50 steps.

    Made by ``record``, ``load``, ``K8sEnv.black_box`` and ``K8sVectorEnv.black_box``. ``content`` is the JSON object, which is not to
    be changed; of its members these are attributes too:

    - ``policy``: who acted, a name.
    - ``key``: 16 hexadecimal digits, as ``reset(options={"key": key})`` takes them; ``level``: the difficulty.
    - ``actions``: (steps,) of uint8.
    - ``cause``: one of ``CAUSES``, ``none`` where the episode goes on; ``steps``; ``reward`` in points; ``ooms``: cells out of memory.
    - ``configuration``: the :class:`Configuration`.
    """

    def __init__(self, content):
        self.content = content

    @classmethod
    def record(cls, configuration, key, actions, level=0, policy="python"):
        """The record of actions that were done from the start of an episode on; what comes after its end is left out.

        ``configuration``: a :class:`Configuration`. ``key``: 64 bits, or up to 16 hexadecimal digits. ``actions``: (steps,) of whole
        numbers from 0 to 7, or bytes. ``policy``: who acted, for the file and its name.

        Raises ResoneticsError for what is none of these.
        """
        key, policy = checks.key(key), checks.policy(policy)
        level = checks.whole(level, "level", 0, configuration["difficulty_levels"])
        if isinstance(actions, (bytes, bytearray)):
            actions = np.frombuffer(actions, dtype=np.uint8)
        actions = np.asarray(actions)
        is_whole = actions.dtype.kind in "iu" or actions.size == 0
        if actions.ndim != 1 or not is_whole or ((actions < 0) | (actions >= ACTIONS)).any():
            checks.refuse(
                f"actions have shape {actions.shape} and type {actions.dtype}: give a row of whole numbers from 0 to {ACTIONS - 1}")
        return cls(_content(configuration, key, level, actions.tolist(), policy))

    @classmethod
    def load(cls, path):
        """Reads a file, of this package or of ``dsl``, and plays its episode again.

        Raises OSError where it cannot be read; ResoneticsError where it is no black box, of other dynamics, was edited or cut, or does
        not tell what its actions did.
        """
        with open(path, "rb") as file:
            text = file.read(_LARGEST + 1)
        try:
            content = json.loads(text) if len(text) <= _LARGEST else None
        except (ValueError, RecursionError):
            content = None
        _expect_whole(content, path)
        try:
            again = cls.record(
                Configuration.of("canonical", None, content["configuration"]), content["key"],
                np.frombuffer(content["actions"].encode(), dtype=np.uint8) - ord("0"), content["level"], content["policy"]).content
        except (KeyError, AttributeError, ResoneticsError) as error:
            raise ResoneticsError(_CORRUPT, f"{path} is no whole black box: {error}") from None
        for member in again:
            if member not in ("engine", "sha256", "policy_sha256") and again[member] != content.get(member):
                raise ResoneticsError(_CORRUPT, f"{path} does not tell what its actions did: {member} is another")
        return cls(content)

    policy = property(lambda self: self.content["policy"])
    key = property(lambda self: self.content["key"])
    level = property(lambda self: self.content["level"])
    cause = property(lambda self: self.content["cause"])
    steps = property(lambda self: self.content["steps"])
    reward = property(lambda self: self.content["reward"])
    ooms = property(lambda self: self.content["ooms"])

    @property
    def actions(self):
        return np.frombuffer(self.content["actions"].encode(), dtype=np.uint8) - np.uint8(ord("0"))

    @property
    def configuration(self):
        return Configuration.of("canonical", None, self.content["configuration"])

    @property
    def is_worth_keeping(self):
        """Whether the cluster failed or a cell ran out of memory."""
        return is_worth_keeping(self.cause, self.ooms)

    def to_bytes(self):
        """The file: one line of JSON."""
        return _text(self.content) + b"\n"

    def write(self, directory):
        """Writes it into a directory, which is made where there is none, and returns the file's path: ``POLICY-KEY.blackbox.json``,
        where what is neither letter, digit, ``.`` nor ``-`` is ``_``. A file of the same name is replaced, all of it or nothing.

        Raises OSError where that cannot be done.
        """
        return self._write(os.fspath(directory))[0]

    def _write(self, directory):
        """The path, and what the file system numbers the file by."""
        os.makedirs(directory, exist_ok=True)
        word = "".join(c if c.isalpha() or c.isnumeric() or c in ".-" else "_" for c in self.policy)
        path = os.path.join(directory, f"{word}-{self.key}{SUFFIX}")
        part = f"{path}.{os.getpid()}-{next(_serial)}.tmp"
        try:
            with open(part, "xb") as file:
                file.write(self.to_bytes())
                file.flush()
                os.fsync(file.fileno())
                number = os.fstat(file.fileno()).st_ino
            os.replace(part, path)
        except BaseException:
            if os.path.exists(part):
                os.remove(part)
            raise
        return path, number

    def __eq__(self, other):
        return isinstance(other, BlackBox) and self.content == other.content

    def __hash__(self):
        return hash(self.content["sha256"])

    def __repr__(self):
        return (
            f"<BlackBox of {self.policy!r}, key {self.key}, level {self.level}: {self.steps} steps, {self.cause}, "
            f"{self.ooms} out of memory>")


def of_episode(configuration, episode, policy, told=None):
    """The box of an episode of a tape. ``told``: reward in 1/1000, cells out of memory and cause, as the environment has them.

    Raises ResoneticsError where they are others: then the tape is not whole, as after a step that was interrupted.
    """
    box = BlackBox.record(configuration, episode.key, episode.actions, episode.level, policy)
    if told is not None and (box.reward, box.ooms, CAUSES.index(box.cause)) != (told[0] / 1000, told[1], told[2]):
        checks.refuse("the actions that were noted do not lead to the state of the episode: start a new one")
    return box


class Folder:
    """Where an environment keeps its failures: the newest ``limit`` files that it wrote are kept, and those before them removed.

    Raises ResoneticsError where the directory cannot be made or written into.
    """

    def __init__(self, directory, policy, limit=LIMIT):
        self.directory = checks.directory(directory, "black_boxes")
        self.policy = checks.policy(policy)
        self.limit = checks.whole(limit, "black_boxes_limit", 1, 2**31 - 1)
        self._written = collections.OrderedDict()
        self._has_warned = False

    def keep(self, record):
        """Writes the box that a function makes and returns the file's path.

        None where there is none to make, and, with a warning once, where the disk does not take it: what is recorded goes on.
        """
        try:
            path, number = record(self.policy)._write(self.directory)
            self._written[path] = number
            self._written.move_to_end(path)
            while len(self._written) > self.limit:
                self._remove(*self._written.popitem(last=False))
        except OSError as error:
            has_warned, self._has_warned = self._has_warned, True
            if not has_warned:
                warnings.warn(f"black boxes cannot be written: {error}", RuntimeWarning, stacklevel=4)
            return None
        except ResoneticsError:
            return None
        return path

    @staticmethod
    def _remove(path, number):
        # What somebody else put in its place stays.
        if os.path.exists(path) and os.stat(path).st_ino == number:
            os.remove(path)


@functools.cache
def _engine():
    try:
        return f"resonetics {importlib.metadata.version('resonetics')}"
    except importlib.metadata.PackageNotFoundError:
        return "resonetics"


def _text(content, sort=False):
    # Names of policies have no control characters, which JSON can write in two ways.
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=sort).encode()


def _digest(content):
    """SHA-256 over the canonical text: members in the order of their names, without the digest itself."""
    return hashlib.sha256(_text({name: value for name, value in content.items() if name != "sha256"}, sort=True)).hexdigest()


def _expect_whole(content, path):
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ResoneticsError(_CORRUPT, f"{path} is no black box of the format {FORMAT}")
    if content.get("sha256") != _digest(content):
        raise ResoneticsError(_CORRUPT, f"{path} was edited or cut: its digest is another")
    if content.get("dynamics_version") != DYNAMICS_VERSION:
        raise ResoneticsError(
            _CORRUPT, f"{path} follows dynamics {content.get('dynamics_version')}, this package {DYNAMICS_VERSION}")


def _content(configuration, key, level, actions, policy):
    batch = Batch(configuration.values, configuration.digest, 1)
    try:
        batch.reset([key], level=level)
        digests, incidents, tail = _play(batch, configuration, actions)
        facts = batch.facts()[0].tolist()
    finally:
        batch.close()
    content = {
        "format": FORMAT, "dynamics_version": DYNAMICS_VERSION, "engine": _engine(), "configuration_sha256": configuration.digest,
        "configuration": configuration.as_dict(), "policy": policy, "policy_sha256": None, "key": f"{key:016x}", "level": level,
        "cause": CAUSES[facts[8]], "steps": facts[1], "reward": facts[5] / 1000, "ooms": facts[6], "incidents": incidents,
        "actions": "".join(map(str, actions[:facts[1]])), "state_digests": "".join(digests), "tail": tail}
    return {**content, "sha256": _digest(content)}


def _play(batch, configuration, actions):
    """Does the actions, until the episode is over, and returns what is written down on the way."""
    cells, facts, width = batch.cells(0), batch.facts()[0].tolist(), configuration["width"]
    # In the units of the state, rounded as the rules do it.
    restarted = min(round(configuration["restart_memory"] * 32768), _FULL)
    digests, incidents, tail = [batch.digest()], [], collections.deque(maxlen=_TAIL)
    for action in actions:
        tail.append((action, facts, cells[1, facts[2] * width + facts[3]], batch.observations[0, 32], batch.observations[0, 34]))
        batch.step_one(action)
        digests.append(batch.digest())
        before, cells, ooms = cells, batch.cells(0), facts[6]
        facts = batch.facts()[0].tolist()
        if facts[6] > ooms:
            incidents += _incidents(before[1], cells, restarted, facts[1], width)
        if facts[8]:
            break
    count = configuration["height"] * width
    return [f"{digest & 0xFFFF_FFFF:08x}" for digest in digests], incidents, [_moment(count, *moment) for moment in tail]


def _moment(count, action, facts, memory, hot, worst):
    """What the agent sees and does. Sums of the state come from the observation, where they were divided once and can be had again."""
    def share(value):
        return math.floor(value * 10_000 + 0.5) / 10_000

    return {
        "step": facts[1], "at": facts[2:4], "action": action, "budget": facts[4] / 1000,
        "own_memory": math.floor(int(memory) / 3.2768 + 0.5) / 10_000, "risk": share(float(worst)),
        "hot_share": share(round(float(hot) * count) / count)}


def _incidents(before, cells, restarted, step, width):
    """The cells that ran out in a step: a critical one is full, another was nearly so and has been restarted."""
    _, memory, priority = cells
    is_critical = priority == _CRITICAL
    ran_out = np.where(is_critical, memory == _FULL, (memory == restarted) & (before.astype(np.int32) + 1024 > _FULL))
    return [
        {"step": step, "node": [cell // width, cell % width], "critical": bool(is_critical[cell])}
        for cell in np.flatnonzero(ran_out).tolist()]
