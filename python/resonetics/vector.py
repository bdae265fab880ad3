"""Many clusters, stepped by one call."""

import numpy as np
from gymnasium import spaces
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from . import rendering
from ._native import ACTIONS, CAUSES, Batch
from .config import Configuration
from .env import number_of, observation_space, text_of

_MODES = {AutoresetMode.NEXT_STEP: 0, AutoresetMode.SAME_STEP: 1, AutoresetMode.DISABLED: 2}


class K8sVectorEnv(VectorEnv):
    """Clusters side by side; row ``i`` after ``reset(seed=s)`` is what :class:`K8sEnv` does after ``reset(seed=s + i)``.

    ``copy=False`` hands out the buffers that the next step writes into. All three autoreset modes; in ``DISABLED`` rows are
    started again by ``reset(options={"reset_mask": mask})``.
    """

    metadata = {
        "render_modes": ["rgb_array", "ansi"], "render_fps": 10, "autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(self, num_envs=1, preset="canonical", size=None, constants=None, level=0,
                 autoreset_mode=AutoresetMode.NEXT_STEP, copy=True, render_mode=None, max_episode_steps=None):
        super().__init__()
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise ValueError(f"render_mode is {render_mode!r}, not one of {self.metadata['render_modes']}")
        constants = dict(constants or {})
        if max_episode_steps is not None:
            constants["max_steps"] = max_episode_steps
        mode = AutoresetMode(autoreset_mode)
        self._arguments = dict(
            num_envs=num_envs, preset=preset, size=size, constants=constants, level=level, autoreset_mode=mode,
            copy=copy, render_mode=render_mode)
        self.num_envs, self.copy, self.render_mode, self.autoreset_mode = num_envs, copy, render_mode, mode
        self.metadata = {**self.metadata, "autoreset_mode": mode}
        self.configuration = Configuration(preset, size, **constants)
        self.single_observation_space = observation_space()
        self.single_action_space = spaces.Discrete(ACTIONS)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._level = level
        self._batch = Batch(self.configuration.values, self.configuration.digest, num_envs, _MODES[mode])
        self._is_started = False
        self._was_over = np.zeros(num_envs, dtype=np.bool_)

    def reset(self, *, seed=None, options=None):
        options = dict(options or {})
        mask = options.pop("reset_mask", None)
        level = int(options.get("level", self._level))
        keys = self._keys(seed, options.get("keys"))
        self._batch.reset(keys, mask, level)
        self._is_started = True
        started = np.ones(self.num_envs, dtype=np.bool_) if mask is None else np.asarray(mask, dtype=np.bool_)
        self._was_over[started] = False
        return self._observations(), self._start_infos(started)

    def _keys(self, seed, keys):
        if keys is not None:
            return np.array([number_of(key) for key in keys], dtype=np.uint64)
        if seed is None:
            return None if self._is_started else self.np_random.integers(2**63, size=self.num_envs)
        if not isinstance(seed, (list, tuple, np.ndarray)):
            self._np_random, self._np_random_seed = seeding.np_random(int(seed))
            seed = [int(seed) + i for i in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise ValueError(f"seed has {len(seed)} elements, not {self.num_envs}")
        return np.array(
            [seeding.np_random(None if s is None else int(s))[0].integers(2**63) for s in seed], dtype=np.uint64)

    def step(self, actions):
        actions = np.asarray(actions)
        if actions.shape != (self.num_envs,) or actions.dtype.kind not in "iu":
            raise ValueError(f"actions have shape {actions.shape} and type {actions.dtype}, not ({self.num_envs},) of whole numbers")
        batch = self._batch
        batch.step(actions)
        over = batch.terminated | batch.truncated
        infos = {}
        if self.autoreset_mode is AutoresetMode.NEXT_STEP and self._was_over.any():
            infos = self._start_infos(self._was_over)
        ended = over & ~self._was_over
        if ended.any():
            self._end_infos(infos, ended)
        if self.autoreset_mode is not AutoresetMode.SAME_STEP:
            self._was_over = over
        if not self.copy:
            return batch.observations, batch.rewards, batch.terminated, batch.truncated, infos
        return (self._observations(), batch.rewards.copy(), batch.terminated.copy(), batch.truncated.copy(), infos)

    def _observations(self):
        return self._batch.observations.copy() if self.copy else self._batch.observations

    def _start_infos(self, started, rows=None, facts=None):
        if rows is None:
            rows = np.flatnonzero(started)
            facts = self._batch.facts(rows)
        level = np.zeros(self.num_envs, dtype=np.int64)
        level[rows] = facts[:, 7]
        return {
            "episode_key": self._texts(rows, facts[:, 0]), "_episode_key": started.copy(),
            "level": level, "_level": started.copy()}

    def _texts(self, rows, keys):
        texts = np.empty(self.num_envs, dtype=object)
        for i, key in zip(rows, keys.tolist()):
            texts[i] = text_of(key)
        return texts

    def _end_infos(self, infos, ended):
        rows = np.flatnonzero(ended)
        facts = self._batch.facts(rows)
        same = self.autoreset_mode is AutoresetMode.SAME_STEP
        cause, ooms, key = (11, 10, 12) if same else (8, 6, 0)
        causes, counts = np.empty(self.num_envs, dtype=object), np.zeros(self.num_envs, dtype=np.int64)
        for i, number in zip(rows, facts[:, cause].tolist()):
            causes[i] = CAUSES[number]
        counts[rows] = facts[:, ooms]
        keys = self._texts(rows, facts[:, key])
        found = {"cause": causes, "_cause": ended, "ooms": counts, "_ooms": ended.copy()}
        if same:
            final = np.empty(self.num_envs, dtype=object)
            for i, observation in zip(rows, self._batch.final_observations[rows]):
                final[i] = observation
            found |= {"episode_key": keys, "_episode_key": ended.copy()}
            infos |= self._start_infos(ended, rows, facts)
            infos |= {"final_obs": final, "_final_obs": ended.copy(), "final_info": found, "_final_info": ended.copy()}
            return
        infos |= found
        if "episode_key" in infos:
            infos["episode_key"][rows] = keys[rows]
            infos["_episode_key"] = infos["_episode_key"] | ended
        else:
            infos |= {"episode_key": keys, "_episode_key": ended.copy()}

    def render(self):
        height, width = self.configuration["height"], self.configuration["width"]
        facts = self._batch.facts().copy()
        rows = [(self._batch.cells(i), facts[i]) for i in range(self.num_envs)]
        if self.render_mode == "ansi":
            return tuple(rendering.text(cells, height, width, fact) for cells, fact in rows)
        if self.render_mode == "rgb_array":
            return tuple(rendering.pixels(cells, height, width, fact[2], fact[3]) for cells, fact in rows)
        return None

    def get_state(self, i):
        """Everything about a row's episode, as bytes."""
        return self._batch.save(i)

    def set_state(self, i, state):
        """Lets a row go on from a saved state of the same configuration."""
        self._batch.restore(state, i)
        self._was_over[i] = self._batch.facts()[i, 8] != 0

    def fork(self, source, target, noise_key=None):
        """Lets a row go on where another is, with the same noise or with that of a key."""
        self._batch.fork(source, target, noise_key)
        self._was_over[target] = self._was_over[source]

    def __getstate__(self):
        states = [self._batch.save(i) for i in range(self.num_envs)] if self._is_started else None
        return {
            "arguments": self._arguments, "states": states, "was_over": self._was_over, "random": self._np_random,
            "random_seed": self._np_random_seed, "spec": self.spec}

    def __setstate__(self, saved):
        self.__init__(**saved["arguments"])
        self._np_random, self._np_random_seed = saved["random"], saved["random_seed"]
        self.spec = saved["spec"]
        if saved["states"] is not None:
            self._batch.reset(np.zeros(self.num_envs, dtype=np.uint64))
            self._is_started = True
            for i, state in enumerate(saved["states"]):
                self._batch.restore(state, i)
            self._was_over = saved["was_over"]

    def close_extras(self, **kwargs):
        self._batch.close()
