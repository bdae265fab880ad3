"""The batch as a vector environment of Stable-Baselines3, which takes none of Gymnasium's.

Importing this module imports Stable-Baselines3, and with it PyTorch; the rest of the package needs neither.
"""

import numpy as np
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.vec_env import VecEnv

from . import checks
from .vector import K8sVectorEnv


class K8sVecEnv(VecEnv):
    """``PPO("MlpPolicy", K8sVecEnv(64))``. Arguments are those of :class:`K8sVectorEnv`.

    ``set_options``: ``key`` and ``level`` as in :class:`resonetics.K8sEnv`; all rows have a key or none has, and all the same level.
    """

    def __init__(self, num_envs=1, **arguments):
        self.vector = K8sVectorEnv(num_envs, autoreset_mode=AutoresetMode.SAME_STEP, **arguments)
        self.render_mode = self.vector.render_mode
        super().__init__(num_envs, self.vector.single_observation_space, self.vector.single_action_space)
        self._actions = None

    def reset(self):
        seeds = None if all(seed is None for seed in self._seeds) else self._seeds
        observations, infos = self.vector.reset(seed=seeds, options=self._wishes())
        names = [name for name in infos if not name.startswith("_")]
        self.reset_infos = [dict(zip(names, row)) for row in zip(*(infos[name].tolist() for name in names))]
        self._reset_seeds()
        self._reset_options()
        return observations

    def _wishes(self):
        """The options of the rows as those of the vector."""
        rows = [checks.mapping(options, "options", ("key", "level")) for options in self._options]
        keys, levels = [row.get("key") for row in rows], [row.get("level") for row in rows]
        is_mixed = any(key is None for key in keys) and any(key is not None for key in keys)
        if len(rows) != self.num_envs or is_mixed or any(level != levels[0] for level in levels):
            checks.refuse(
                f"rows of one batch start together: give options of all {self.num_envs}, a key to all or to none, and one level")
        return {"keys": None if keys[0] is None else keys, "level": levels[0]}

    def step_async(self, actions):
        self._actions = actions

    def step_wait(self):
        observations, rewards, terminated, truncated, infos = self.vector.step(self._actions)
        dones = terminated | truncated
        rows = [{} for _ in range(self.num_envs)]
        for i in np.flatnonzero(dones):
            inner = infos["final_info"]
            rows[i] = {
                "terminal_observation": infos["final_obs"][i], "TimeLimit.truncated": bool(truncated[i] and not terminated[i])}
            # Of what `max_episode_steps` cut off nothing more is known.
            if inner and inner["_cause"][i]:
                rows[i] |= {
                    "cause": inner["cause"][i], "ooms": int(inner["ooms"][i]), "episode_key": inner["episode_key"][i],
                    "dynamics_version": self.vector.dynamics_version, "configuration_sha256": self.vector.configuration_sha256}
                if "black_box" in inner and inner["_black_box"][i]:
                    rows[i]["black_box"] = inner["black_box"][i]
        return observations, rewards.astype(np.float32), dones, rows

    def close(self):
        self.vector.close()

    def get_images(self):
        return list(self.vector.render()) if self.render_mode == "rgb_array" else [None] * self.num_envs

    def get_attr(self, attr_name, indices=None):
        value = getattr(self if attr_name == "render_mode" else self.vector, attr_name)
        return [value for _ in self._get_indices(indices)]

    def set_attr(self, attr_name, value, indices=None):
        raise NotImplementedError("environments of one batch have their attributes in common")

    def env_method(self, method_name, *arguments, indices=None, **named):
        if method_name not in ("get_state", "set_state", "black_box"):
            raise NotImplementedError(f"a row has get_state, set_state and black_box, not {method_name}")
        return [getattr(self.vector, method_name)(i, *arguments, **named) for i in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class, indices=None):
        return [False for _ in self._get_indices(indices)]
