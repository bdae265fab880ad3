"""One cluster as a Gymnasium environment."""

import sys

import gymnasium
import numpy as np
from gymnasium import spaces

from . import checks, rendering
from ._native import ACTIONS, CAUSES, DYNAMICS_VERSION, OBSERVATION, Batch
from .config import Configuration


def observation_space():
    return spaces.Box(0.0, 1.0, (OBSERVATION,), np.float32)


def text_of(key):
    """A key as ``dsl sim`` writes it: 16 hexadecimal digits."""
    return f"{int(key) & 0xFFFF_FFFF_FFFF_FFFF:016x}"


class K8sEnv(gymnasium.Env):
    """A cluster under entropy, and an agent that walks on it: ``resonetics/K8sTensor-v1``.

    The episode's key is drawn from the generator that ``reset(seed=…)`` seeds; each episode after it follows from the key
    before, as in :class:`K8sVectorEnv`. ``info["episode_key"]`` of ``reset`` is all that an episode can be played again
    from, together with what the result is of, ``dynamics_version`` and ``configuration_sha256``, which are attributes too:
    ``reset(options={"key": key})``. ``options={"level": level}`` is the difficulty, of the next episode where no key is given.

    The time limit is the constant ``max_steps``; reaching it truncates, with the cause ``time_limit``.
    ``gymnasium.make(…, max_episode_steps=n)`` is another, Gymnasium's: it cuts episodes off from outside, which the observation
    does not show and no ``info`` tells of. So its specification has none of its own.
    """

    metadata = {"render_modes": ["human", "rgb_array", "ansi"], "render_fps": 10}

    def __init__(self, preset="canonical", size=None, constants=None, level=0, render_mode=None):
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise ValueError(f"render_mode is {render_mode!r}, not one of {self.metadata['render_modes']}")
        self._arguments = dict(
            preset=preset, size=size, constants=constants, level=level, render_mode=render_mode)
        self.configuration = Configuration.of(preset, size, constants)
        #: What results are of, and in the ``info`` of each ``reset``.
        self.dynamics_version, self.configuration_sha256 = DYNAMICS_VERSION, self.configuration.digest
        self.observation_space = observation_space()
        self.action_space = spaces.Discrete(ACTIONS)
        self.render_mode = render_mode
        self._batch = Batch(self.configuration.values, self.configuration_sha256, 1)
        self._level = checks.whole(level, "level", 0, self.configuration["difficulty_levels"])
        self._is_started = False

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
        return self._batch.observations[0].copy(), {
            "episode_key": text_of(facts[0]), "level": int(facts[7]), "dynamics_version": self.dynamics_version,
            "configuration_sha256": self.configuration_sha256}

    def step(self, action):
        batch = self._batch
        # What is an action at first sight is asked nothing.
        batch.step_one(action if type(action) is int and 0 <= action < ACTIONS else checks.action(action))
        terminated, truncated = bool(batch.terminated[0]), bool(batch.truncated[0])
        info = {}
        if terminated or truncated:
            facts = batch.facts()[0]
            info = {"cause": CAUSES[facts[8]], "ooms": int(facts[6]), "episode_key": text_of(facts[0])}
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

    def get_state(self):
        """Everything about the episode, as bytes that any machine and ``dsl`` take."""
        return self._batch.save(0)

    def set_state(self, state):
        """Goes on from a saved state of the same configuration and returns the observation."""
        if not self._is_started:
            self._batch.reset([0])
            self._is_started = True
        self._batch.restore(state, 0)
        return self._batch.observations[0].copy()

    def state_digest(self):
        """64 bits that differ when states do; those of a black box are the low halves."""
        return self._batch.digest(0)

    def __getstate__(self):
        return {
            "arguments": self._arguments, "state": self._batch.save(0) if self._is_started else None,
            "random": self._np_random, "random_seed": self._np_random_seed, "spec": self.spec,
        }

    def __setstate__(self, saved):
        self.__init__(**saved["arguments"])
        self._np_random, self._np_random_seed = saved["random"], saved["random_seed"]
        self.spec = saved["spec"]
        if saved["state"] is not None:
            self.set_state(saved["state"])

    def close(self):
        self._batch.close()
