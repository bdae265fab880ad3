"""One cluster as a Gymnasium environment."""

import copy
import sys

import gymnasium
import numpy as np
from gymnasium import spaces

from . import blackbox, checks, rendering
from ._native import ACTIONS, CAUSES, DYNAMICS_VERSION, OBSERVATION, Batch
from .config import Configuration
from .tape import Track


def observation_space():
    return spaces.Box(0.0, 1.0, (OBSERVATION,), np.float32)


#: Of CPU, memory and priority what a unit of the state is in an observation: (3,) float32, powers of two, so that products are exact.
CELL_UNITS = np.array([2.0**-15, 2.0**-15, 2.0**-14], dtype=np.float32)


def text_of(key):
    """A key as ``dsl sim`` writes it: 16 hexadecimal digits."""
    return f"{int(key) & 0xFFFF_FFFF_FFFF_FFFF:016x}"


class K8sEnv(gymnasium.Env):
    """A cluster under entropy, and an agent that walks on it: ``resonetics/K8sTensor-v1``.

    The episode's key is drawn from the generator that ``reset(seed=…)`` seeds; each episode after it follows from the key
    before, as in :class:`K8sVectorEnv`. ``info["episode_key"]`` of ``reset`` is all that an episode can be played again
    from, together with what the result is of, ``dynamics_version`` and ``configuration_sha256``, which are attributes and in
    ``info`` of each episode's end too: ``reset(options={"key": key})``. ``options={"level": level}`` is the difficulty, of the next episode where no key is given.

    The time limit is the constant ``max_steps``; reaching it truncates, with the cause ``time_limit``.
    ``gymnasium.make(…, max_episode_steps=n)`` is another, Gymnasium's: it cuts episodes off from outside, which the observation
    does not show and no ``info`` tells of. So its specification has none of its own.

    ``black_boxes``, the name of a directory, made where there is none: each episode that ends as a failure, or in which a cell ran out of memory, is written
    into it at its end as a :class:`BlackBox`, whose path is ``info["black_box"]`` of the last step. There are never more than
    ``black_boxes_limit`` files of one environment: one more replaces the oldest. Nothing is written of an episode that was cut off
    from outside, or whose beginning is not known, as after ``set_state``; where the disk takes no file there is a warning, once, and
    the episodes go on. ``black_boxes_policy`` is the name of who acts, in the files and in their names.
    """

    metadata = {"render_modes": ["human", "rgb_array", "ansi"], "render_fps": 10}

    def __init__(self, preset="canonical", size=None, constants=None, level=0, render_mode=None, black_boxes=None,
                 black_boxes_policy="python", black_boxes_limit=blackbox.LIMIT):
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise ValueError(f"render_mode is {render_mode!r}, not one of {self.metadata['render_modes']}")
        self._arguments = dict(
            preset=preset, size=size, constants=constants, level=level, render_mode=render_mode, black_boxes=black_boxes,
            black_boxes_policy=black_boxes_policy, black_boxes_limit=black_boxes_limit)
        self.configuration = Configuration.of(preset, size, constants)
        #: What results are of, and in the ``info`` of each ``reset``.
        self.dynamics_version, self.configuration_sha256 = DYNAMICS_VERSION, self.configuration.digest
        self.observation_space = observation_space()
        self.action_space = spaces.Discrete(ACTIONS)
        self.render_mode = render_mode
        self._batch = Batch(self.configuration.values, self.configuration_sha256, 1)
        self._level = checks.whole(level, "level", 0, self.configuration["difficulty_levels"])
        self._is_started = False
        self._policy = checks.policy(black_boxes_policy)
        self._folder = None if black_boxes is None else blackbox.Folder(black_boxes, black_boxes_policy, black_boxes_limit)
        # What black boxes are made of: an episode's actions, whether it is over, and the file of its failure.
        self._track, self._is_over, self._file = Track(), False, None

    _spec = None

    @property
    def spec(self):
        return self._spec

    @spec.setter
    def spec(self, spec):
        self._spec = checks.plain(spec)

    def reset(self, *, seed=None, options=None):
        options = checks.mapping(options, "options", ("key", "level"))
        key, level = options.get("key"), options.get("level")
        key = None if key is None else checks.key(key)
        if level is not None:
            level = checks.whole(level, "level", 0, self.configuration["difficulty_levels"])
        super().reset(seed=seed)
        if key is None and (seed is not None or not self._is_started):
            key = int(self.np_random.integers(2**63))
        if key is None:
            self._batch.reset()
            if level is not None:
                # The episode that comes next, at another difficulty than would follow.
                key = int(self._batch.facts()[0, 0]) % 2**64
        if key is not None:
            self._batch.reset([key], level=self._level if level is None else level)
        self._is_started = True
        self._show()
        facts = self._batch.facts()[0]
        self._track.start(int(facts[0]) % 2**64, int(facts[7]))
        self._is_over, self._file = False, None
        return self._batch.observations[0].copy(), {
            "episode_key": text_of(facts[0]), "level": int(facts[7]), "dynamics_version": self.dynamics_version,
            "configuration_sha256": self.configuration_sha256}

    def step(self, action):
        batch = self._batch
        # What is an action at first sight is asked nothing.
        if not (type(action) is int and 0 <= action < ACTIONS):
            action = checks.action(action)
        batch.step_one(action)
        if not self._is_over:
            self._track.actions.append(action)
        terminated, truncated = bool(batch.terminated[0]), bool(batch.truncated[0])
        info = {}
        if terminated or truncated:
            facts = batch.facts()[0]
            info = {
                "cause": CAUSES[facts[8]], "ooms": int(facts[6]), "episode_key": text_of(facts[0]),
                "dynamics_version": self.dynamics_version, "configuration_sha256": self.configuration_sha256}
            if not self._is_over:
                self._is_over = True
                if self._folder and blackbox.is_worth_keeping(info["cause"], info["ooms"]):
                    self._file = self._folder.keep(self.black_box)
            if self._file:
                info["black_box"] = self._file
        if self.render_mode is not None:
            self._show()
        return batch.observations[0].copy(), float(batch.rewards[0]), terminated, truncated, info

    def _show(self):
        if self.render_mode == "human":
            sys.stdout.write(("\x1b[H\x1b[J" if sys.stdout.isatty() else "") + self._text())
            sys.stdout.flush()

    def _text(self):
        height, width = self.configuration["height"], self.configuration["width"]
        return rendering.text(self._batch.cells(0), height, width, self._batch.facts()[0])

    def render(self):
        if self.render_mode == "ansi":
            return self._text()
        if self.render_mode == "rgb_array":
            facts = self._batch.facts()[0]
            return rendering.pixels(
                self._batch.cells(0), self.configuration["height"], self.configuration["width"], facts[2], facts[3])
        return None

    def grid(self):
        """The whole cluster: (height, width, 3) float32 of CPU, memory and priority in 0…1, in the units of the observation, whose 3×3
        view is a part of it. An array of the caller's own.

        Raises ResoneticsError before the first ``reset``.
        """
        cells = self._batch.cells(0).reshape(3, self.configuration["height"], self.configuration["width"])
        return np.multiply(cells.transpose(1, 2, 0), CELL_UNITS, order="C")

    def get_state(self):
        """Everything about the episode, as bytes that any machine and ``dsl`` take."""
        return self._batch.save(0)

    def set_state(self, state):
        """Goes on from a saved state of the same configuration and returns the observation."""
        if not self._is_started:
            self._batch.reset([0])
            self._is_started = True
        self._batch.restore(state, 0)
        self._track.forget()
        self._is_over, self._file = bool(self._batch.facts()[0, 8]), None
        return self._batch.observations[0].copy()

    def black_box(self, policy=None):
        """The :class:`BlackBox` of the episode that the last step was of, under way or over; after a ``reset`` that is still the one
        before it, until a step is done. ``policy``: who acted, if not ``black_boxes_policy``.

        Raises ResoneticsError before the first step, and where the episode's beginning is not known: it went on from a saved state.
        """
        episode = self._track.episode()
        told = self._batch.facts()[0, [5, 6, 8]].tolist() if episode.is_present else None
        return blackbox.of_episode(self.configuration, episode, self._policy if policy is None else policy, told)

    def state_digest(self):
        """64 bits that differ when states do; those of a black box are the low halves."""
        return self._batch.digest(0)

    def __getstate__(self):
        return {
            "arguments": self._arguments, "state": self._batch.save(0) if self._is_started else None,
            "random": self._np_random, "random_seed": self._np_random_seed, "spec": self.spec, "track": copy.copy(self._track),
            "file": self._file}

    def __setstate__(self, saved):
        self.__init__(**saved["arguments"])
        self._np_random, self._np_random_seed = saved["random"], saved["random_seed"]
        self.spec = saved["spec"]
        if saved["state"] is not None:
            self.set_state(saved["state"])
        self._track, self._file = saved["track"], saved["file"]

    def close(self):
        self._batch.close()
