"""Policies judged in this process: whole episodes of the keys that ``dsl sim evaluate`` judges by, through the C core.

A policy is a function of the observations (n, 35) and the step; what it remembers it keeps by itself. One that has a method ``begin``
is told the keys with it before the first step. :class:`Heuristic` and :class:`Random` are ``dsl sim``'s, to the bit, the first with its
thresholds as arguments.
"""

import dataclasses
import warnings

import numpy as np

from . import blackbox, checks
from ._native import CAUSES, DYNAMICS_VERSION, Batch
from .config import Configuration

SPACES = ("training", "validation", "evaluation")
MEASURES = ("reward", "steps", "ooms", "failures")
#: Of a cell of the 3×3 view the first move towards it, along its column first; -1 for the middle.
_MOVES = np.array([0, 0, 0, 2, -1, 3, 1, 1, 1])
_TIME_LIMIT = 6


def keys(space, count, seed=0, first=0):
    """Episode keys: ``space · 2⁶² + seed · 2³² + episode``."""
    if not 0 <= seed < 2**30 or count < 0 or first < 0 or first + count > 2**32:
        raise ValueError(f"seed {seed}, {count} episodes from {first}: no such keys")
    start = SPACES.index(space) << 62 | seed << 32 | first
    return np.array([start + i for i in range(count)], dtype=np.uint64)


class Rows(np.ndarray):
    """What came of episodes, (episodes, 4) of float64, and of which cluster: ``configuration_sha256``, None where that is not known.

    ``black_boxes``: paths of the files that were written of them; what is made of the rows has none.
    """

    def __array_finalize__(self, source):
        self.black_boxes = ()
        self.configuration_sha256 = getattr(source, "configuration_sha256", None)


def play(policy, keys, configuration=None, black_boxes=None, name="python"):
    """The episodes of the keys, side by side to their ends.

    ``black_boxes``, a directory: the black box of each episode that failed, or in which a cell ran out of memory, is written into it,
    of the first 1000 of them, with a warning where there are more. ``name`` is that of the policy there.

    Returns ``Rows``: reward in points, steps survived, cells out of memory, and whether the cluster failed.
    Raises ResoneticsError, before anything is played, where the directory cannot be written into.
    """
    configuration = configuration or Configuration()
    folder = None if black_boxes is None else blackbox.Folder(black_boxes, name)
    facts, actions = _episodes(policy, keys, configuration, bool(folder))
    rows = np.stack([facts[:, 5] / 1000, facts[:, 1], facts[:, 6], facts[:, 8] != _TIME_LIMIT], axis=1)
    rows = rows.astype(np.float64).view(Rows)
    rows.configuration_sha256 = configuration.digest
    if folder:
        rows.black_boxes = _files(folder, configuration, keys, facts, actions)
    return rows


def black_box(policy, key, configuration=None, name="python"):
    """The :class:`resonetics.BlackBox` of what a policy does in the episode of one key, whatever comes of it."""
    configuration = configuration or Configuration()
    _, actions = _episodes(policy, np.array([key], dtype=np.uint64), configuration, True)
    return blackbox.BlackBox.record(configuration, int(key), actions[:, 0], policy=name)


def first_failure(rows):
    """Of the rows of ``play`` the place of the failure that came after the fewest steps, None where none failed."""
    steps = np.where(rows[:, 3] == 1, rows[:, 1], np.inf)
    return int(steps.argmin()) if np.isfinite(steps).any() else None


def _episodes(policy, keys, configuration, is_noted):
    """Plays to the last end; returns the facts of each episode, and where they are noted the actions, (steps, episodes)."""
    keys = np.asarray(keys, dtype=np.uint64)
    batch = Batch(configuration.values, configuration.digest, len(keys))
    batch.reset(keys)
    if hasattr(policy, "begin"):
        policy.begin(keys)
    over = np.zeros(len(keys), dtype=np.bool_)
    step, done = 0, []
    while not over.all():
        actions = np.asarray(policy(batch.observations, step))
        batch.step(actions)
        if is_noted:
            done.append(actions.astype(np.uint8))
        over |= batch.terminated | batch.truncated
        step += 1
    facts = batch.facts()
    batch.close()
    return facts, np.stack(done) if is_noted else None


def _files(folder, configuration, keys, facts, actions):
    """Writes the failures among episodes, whose actions are (steps, episodes), and returns the files."""
    failed = [i for i in range(len(keys)) if blackbox.is_worth_keeping(CAUSES[facts[i, 8]], facts[i, 6])]
    if len(failed) > folder.limit:
        warnings.warn(f"only the first {folder.limit} of {len(failed)} failures are written", RuntimeWarning, stacklevel=3)
    files = []
    for i in failed[:folder.limit]:
        done = actions[:facts[i, 1], i]
        files.append(folder.keep(lambda name: blackbox.BlackBox.record(configuration, int(keys[i]), done, policy=name)))
    return tuple(file for file in files if file)


@dataclasses.dataclass(frozen=True)
class Heuristic:
    """The rule ``heuristic``; its defaults are those of ``dsl sim``."""

    memory_line: float = 0.7
    critical_bonus: float = 0.15
    cpu_line: float = 0.6
    throttle_line: float = 0.9
    throttle_budget: float = 0.3
    risk_line: float = 0.9
    scale_budget: float = 0.7
    width: int = 6

    def __call__(self, seen, step):
        line = {f.name: np.float32(getattr(self, f.name)) for f in dataclasses.fields(self)}
        memory, is_critical = seen[:, 1:27:3], seen[:, 2:27:3] == 1
        need = memory + np.where(is_critical, line["critical_bonus"], np.float32(0))
        need[:, 4] = -1
        worst = need.argmax(axis=1)
        patrols = need.max(axis=1) <= line["memory_line"]
        actions = np.where(patrols, 1 if step % self.width == self.width - 1 else 3, _MOVES[worst])
        scales = (seen[:, 34] > line["risk_line"]) & (seen[:, 29] > line["scale_budget"])
        actions = np.where(scales, 5, actions)
        throttles = (seen[:, 12] > line["throttle_line"]) & (seen[:, 29] > line["throttle_budget"])
        actions = np.where(throttles, 7, actions)
        cleans = seen[:, 13] > line["memory_line"]
        return np.where(cleans, np.where(seen[:, 12] > line["cpu_line"], 4, 6), actions)


def philox(counter, key):
    """Philox4x32-10 (Salmon et al., SC 2011): the block of a counter of four words for each of some keys of 64 bits.

    ``key``: an array of uint64. Returns four arrays of the same shape and type, a word of 32 bits in each element.
    """
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    words = [np.full(key.shape, word, dtype=np.uint64) for word in counter]
    k0, k1 = key & low, key >> half
    for _ in range(10):
        p0, p1 = words[0] * np.uint64(0xD2511F53), words[2] * np.uint64(0xCD9E8D57)
        words = [(p1 >> half) ^ words[1] ^ k0, p1 & low, (p0 >> half) ^ words[3] ^ k1, p0 & low]
        k0, k1 = (k0 + np.uint64(0x9E3779B9)) & low, (k1 + np.uint64(0xBB67AE85)) & low
    return words


class Random:
    """The rule ``random``: every action as likely as any other, drawn from the episode's key, the step and a seed, 0 in ``dsl sim``.

    It has to be told the keys with ``begin``, as ``play`` does.
    """

    #: Of the random bits those that policies draw: docs/simulator.md has the streams.
    STREAM = 4

    def __init__(self, seed=0):
        self._mixed = np.uint64(checks.whole(seed, "seed", 0, 2**64 - 1) * 0x9E3779B97F4A7C15 % 2**64)
        self._keys = None

    def begin(self, keys):
        """Episodes begin, of a key a row."""
        self._keys = np.asarray(keys, dtype=np.uint64) ^ self._mixed

    def __call__(self, seen, step):
        if self._keys is None or len(self._keys) != len(seen):
            raise ValueError("what is drawn depends on the keys of the episodes: call begin(keys) with one a row before the first step")
        return philox((0, step, self.STREAM, 0), self._keys)[0] >> np.uint64(29)


def score(rows):
    """What survival-tuned policies are compared by: steps − 200·failures − 20·OOMs + reward/10; of rows, or of a mean."""
    return rows[..., 1] - 200 * rows[..., 3] - 20 * rows[..., 2] + rows[..., 0] / 10


def bootstrap(groups, resamples=2000, seed=1):
    """The mean of values (trainings, episodes) and its 95 % interval: trainings are drawn with replacement, then episodes
    within each."""
    groups = np.asarray(groups, dtype=np.float64)
    rng = np.random.default_rng(seed)
    count, length = groups.shape
    means = np.empty(resamples)
    for i in range(resamples):
        chosen = rng.integers(count, size=(count, 1)) if count > 1 else np.zeros((1, 1), dtype=np.int64)
        means[i] = groups[chosen, rng.integers(length, size=(count, length))].mean()
    low, high = np.percentile(means, [2.5, 97.5])
    return {"mean": groups.mean(), "low": low, "high": high}


def wilson(successes, count, z=1.959963984540054):
    """A share of ``count`` trials with Wilson's interval."""
    share = successes / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return {"mean": share, "low": max(0.0, middle - half), "high": min(1.0, middle + half)}


def summary(groups, configuration=None):
    """Of the rows of ``play``, a training each, the four measures with their intervals, as ``dsl sim evaluate`` has them, and what they
    are of: ``dynamics_version`` and ``configuration_sha256``, that of the rows, or of the configuration where they do not know.

    Rows of different configurations are a ``ValueError``: their mean says nothing.
    """
    clusters = {getattr(group, "configuration_sha256", None) for group in groups} | {configuration and configuration.digest}
    clusters.discard(None)
    if len(clusters) > 1:
        raise ValueError(f"rows of {len(clusters)} configurations: {', '.join(sorted(clusters))}: judge trainings on the same cluster")
    groups = np.stack([np.asarray(group) for group in groups])
    found = {name: bootstrap(groups[:, :, i]) for i, name in enumerate(MEASURES)}
    share = wilson(groups[:, :, 3].sum(), groups[:, :, 3].size)
    if len(groups) > 1:
        share["low"], share["high"] = min(share["low"], found["failures"]["low"]), max(share["high"], found["failures"]["high"])
    return {
        **found, "failures": share, "dynamics_version": DYNAMICS_VERSION, "configuration_sha256": next(iter(clusters), None)}
