"""Many clusters, stepped by one call."""

import copy

import numpy as np
from gymnasium import spaces
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from . import blackbox, checks, rendering
from ._native import ACTIONS, CAUSES, DYNAMICS_VERSION, LARGEST_BATCH, Batch
from .config import Configuration
from .env import CELL_UNITS, observation_space, text_of
from .tape import Tape

_MODES = {AutoresetMode.NEXT_STEP: 0, AutoresetMode.SAME_STEP: 1, AutoresetMode.DISABLED: 2}


class K8sVectorEnv(VectorEnv):
    """Clusters side by side; row ``i`` after ``reset(seed=s)`` is what :class:`K8sEnv` does after ``reset(seed=s + i)``.

    ``copy=False`` hands out the buffers that the next step writes into. All three autoreset modes; in ``DISABLED`` rows are
    started again by ``reset(options={"reset_mask": mask})``, an array of bool. ``options={"keys": keys}`` are a key a row;
    ``{"level": level}`` is the difficulty, of the episodes that come next where neither keys nor a seed are given.

    ``max_episode_steps`` is Gymnasium's, as with ``gymnasium.make``: rows are cut off from outside, as by ``TimeLimit``. The
    cluster's own time limit, which observations and infos tell of, is the constant ``max_steps``.

    ``black_boxes`` and what begins so are as in :class:`K8sEnv`; the files' paths are beside ``cause``: in the infos, or, in the mode
    ``SAME_STEP``, in ``final_info``. The limit is of all rows together.
    """

    metadata = {
        "render_modes": ["rgb_array", "ansi"], "render_fps": 10, "autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(self, num_envs=1, preset="canonical", size=None, constants=None, level=0,
                 autoreset_mode=AutoresetMode.NEXT_STEP, copy=True, render_mode=None, max_episode_steps=None, black_boxes=None,
                 black_boxes_policy="python", black_boxes_limit=blackbox.LIMIT):
        super().__init__()
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise ValueError(f"render_mode is {render_mode!r}, not one of {self.metadata['render_modes']}")
        mode = AutoresetMode(autoreset_mode)
        num_envs = checks.whole(num_envs, "num_envs", 1, LARGEST_BATCH)
        self._arguments = dict(
            num_envs=num_envs, preset=preset, size=size, constants=constants, level=level, autoreset_mode=mode, copy=copy,
            render_mode=render_mode, max_episode_steps=max_episode_steps, black_boxes=black_boxes,
            black_boxes_policy=black_boxes_policy, black_boxes_limit=black_boxes_limit)
        self.num_envs, self.copy, self.render_mode, self.autoreset_mode = num_envs, copy, render_mode, mode
        self.metadata = {**self.metadata, "autoreset_mode": mode}
        self.configuration = Configuration.of(preset, size, constants)
        #: What results are of, and in the infos of each start and each end.
        self.dynamics_version, self.configuration_sha256 = DYNAMICS_VERSION, self.configuration.digest
        self.single_observation_space = observation_space()
        self.single_action_space = spaces.Discrete(ACTIONS)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        # As in Gymnasium's `make`, -1 is no limit.
        self._limit = None if max_episode_steps in (None, -1) else checks.whole(
            max_episode_steps, "max_episode_steps", 1, 2**31 - 1)
        self._batch = Batch(self.configuration.values, self.configuration_sha256, num_envs, _MODES[mode])
        self._level = checks.whole(level, "level", 0, self.configuration["difficulty_levels"])
        self._is_started = False
        self._was_over = np.zeros(num_envs, dtype=np.bool_)
        # For the limit: steps of each episode, and rows that it cut off, whose episodes the library would go on with.
        self._elapsed = np.zeros(num_envs, dtype=np.int64)
        self._cut = np.zeros(num_envs, dtype=np.bool_)
        self._policy = checks.policy(black_boxes_policy)
        self._folder = None if black_boxes is None else blackbox.Folder(black_boxes, black_boxes_policy, black_boxes_limit)
        self._tape = Tape(num_envs, min(self._limit or 2**31, self.configuration["max_steps"]))
        # The same in all infos, and handed out as they are; and the masks that say of which rows.
        self._identity = {
            "dynamics_version": np.full(num_envs, self.dynamics_version),
            "configuration_sha256": np.full(num_envs, self.configuration_sha256, dtype=object)}
        for array in self._identity.values():
            array.flags.writeable = False
        self._told = [f"_{name}" for name in self._identity]

    _spec = None

    @property
    def spec(self):
        return self._spec

    @spec.setter
    def spec(self, spec):
        # `make_vec` keeps arguments as they were given, and JSON has no modes.
        if spec is not None and isinstance(spec.kwargs.get("autoreset_mode"), AutoresetMode):
            spec.kwargs["autoreset_mode"] = spec.kwargs["autoreset_mode"].value
        self._spec = checks.plain(spec)

    def reset(self, *, seed=None, options=None):
        options = checks.mapping(options, "options", ("keys", "level", "reset_mask"))
        level = options.get("level")
        if level is not None:
            level = checks.whole(level, "level", 0, self.configuration["difficulty_levels"])
        mask = self._mask(options.get("reset_mask"))
        keys = self._keys(seed, options.get("keys"))
        if keys is None and level is not None:
            # The episodes that come next, at another difficulty than would follow.
            self._batch.reset(None, mask)
            keys = self._batch.facts()[:, 0].astype(np.uint64)
        self._batch.reset(keys, mask, self._level if level is None else level)
        self._is_started = True
        started = np.ones(self.num_envs, dtype=np.bool_) if mask is None else mask
        self._was_over[started] = self._cut[started] = False
        self._elapsed[started] = 0
        return self._observations(), self._start_infos(started)

    def _mask(self, mask):
        if mask is None:
            return None
        mask = np.asarray(mask)
        is_bool = mask.dtype == np.bool_ or mask.dtype.kind in "iu" and ((mask == 0) | (mask == 1)).all()
        if mask.shape != (self.num_envs,) or not is_bool:
            checks.refuse(f"reset_mask has shape {mask.shape} and type {mask.dtype}, not ({self.num_envs},) of bool")
        return mask.astype(np.bool_)

    def _keys(self, seed, keys):
        several = (list, tuple, np.ndarray)
        for what, values in (("keys", keys), ("seed", seed)):
            if isinstance(values, several) and len(values) != self.num_envs:
                checks.refuse(f"{what} has {len(values)} elements, not {self.num_envs}")
        if keys is not None and not isinstance(keys, several):
            checks.refuse(f"keys is {keys!r}: give a key a row")
        if isinstance(seed, several):
            seeds = [None if s is None else checks.whole(s, f"seed[{i}]", 0, 2**128) for i, s in enumerate(seed)]
        elif seed is not None:
            seed = checks.whole(seed, "seed", 0, 2**128)
            seeds = [seed + i for i in range(self.num_envs)]
        if keys is not None:
            return np.array([checks.key(key, f"keys[{i}]") for i, key in enumerate(keys)], dtype=np.uint64)
        if seed is None:
            return None if self._is_started else self.np_random.integers(2**63, size=self.num_envs)
        if not isinstance(seed, several):
            self._np_random, self._np_random_seed = seeding.np_random(seed)
        return np.array([seeding.np_random(s)[0].integers(2**63) for s in seeds], dtype=np.uint64)

    def step(self, actions):
        actions = np.asarray(actions)
        if actions.shape != (self.num_envs,) or actions.dtype.kind not in "iu":
            raise ValueError(f"actions have shape {actions.shape} and type {actions.dtype}, not ({self.num_envs},) of whole numbers")
        batch = self._batch
        if self._limit is None:
            batch.step(actions)
            cut = None
        else:
            cut = self._step_within_limit(actions)
        self._tape.note(actions)
        over, was_over = batch.terminated | batch.truncated, self._was_over
        if self.autoreset_mode is not AutoresetMode.SAME_STEP:
            self._was_over = over
        infos = {}
        # `count_nonzero` and `nonzero` take a fraction of the time of `any` and `flatnonzero`, and of a step of few rows they are much.
        if self.autoreset_mode is AutoresetMode.NEXT_STEP and np.count_nonzero(was_over):
            infos = self._start_infos(was_over)
        ended = over & ~was_over
        if np.count_nonzero(ended):
            self._end_infos(infos, ended, cut)
        if not self.copy:
            return batch.observations, batch.rewards, batch.terminated, batch.truncated, infos
        return (self._observations(), batch.rewards.copy(), batch.terminated.copy(), batch.truncated.copy(), infos)

    def _step_within_limit(self, actions):
        """A step after which episodes of so many steps are truncated; returns which of them the library would go on with."""
        batch, mode = self._batch, self.autoreset_mode
        # The library steps what was cut off, too: it is put back, and then started again or left where it is.
        kept = [(i, batch.save(i)) for i in np.flatnonzero(self._cut).tolist()]
        batch.step(actions)
        for i, state in kept:
            batch.restore(state, i)
        if kept:
            if mode is AutoresetMode.NEXT_STEP:
                batch.reset(None, self._cut)
            batch.rewards[self._cut] = 0
            batch.terminated[self._cut] = False
            batch.truncated[self._cut] = mode is AutoresetMode.DISABLED
        self._elapsed[~self._was_over] += 1
        if mode is AutoresetMode.NEXT_STEP:
            self._elapsed[self._was_over] = 0
        is_full = self._elapsed >= self._limit
        cut = is_full & ~(batch.terminated | batch.truncated)
        batch.truncated |= is_full
        if mode is AutoresetMode.SAME_STEP:
            if cut.any():
                batch.final_observations[cut] = batch.observations[cut]
                batch.reset(None, cut)
            self._elapsed[batch.terminated | batch.truncated] = 0
        else:
            self._cut = cut | self._cut if mode is AutoresetMode.DISABLED else cut
        return cut

    def _observations(self):
        return self._batch.observations.copy() if self.copy else self._batch.observations

    def _start_infos(self, started, rows=None, facts=None):
        if rows is None:
            rows = started.nonzero()[0]
            facts = self._batch.facts(rows)
        self._tape.start(rows, facts)
        level = np.zeros(self.num_envs, dtype=np.int64)
        level[rows] = facts[:, 7]
        started = started.copy()
        return {
            "episode_key": self._texts(rows, facts[:, 0]), "_episode_key": started, "level": level, "_level": started,
            **self._identity, "_dynamics_version": started, "_configuration_sha256": started}

    def _texts(self, rows, keys):
        texts = np.empty(self.num_envs, dtype=object)
        for i, key in zip(rows.tolist(), keys.tolist()):
            texts[i] = text_of(key)
        return texts

    def _end_infos(self, infos, ended, cut):
        rows = ended.nonzero()[0]
        facts = self._batch.facts(rows)
        same = self.autoreset_mode is AutoresetMode.SAME_STEP
        if same:
            infos |= self._start_infos(ended, rows, facts)
        if cut is None:
            found = self._ends(ended, rows, facts, same)
        else:
            # Of what was cut off the library knows no end.
            is_end = ~cut[rows]
            found = self._ends(ended & ~cut, rows[is_end], facts[is_end], same) if is_end.any() else {}
        if same:
            final = np.empty(self.num_envs, dtype=object)
            for i, observation in zip(rows.tolist(), self._batch.final_observations[rows]):
                final[i] = observation
            infos |= {"final_obs": final, "_final_obs": ended.copy(), "final_info": found, "_final_info": ended.copy()}
            return
        if "episode_key" in infos and found:
            infos["episode_key"][found["_episode_key"]] = found.pop("episode_key")[found["_episode_key"]]
            for name in ("_episode_key", *self._told):
                infos[name] = infos[name] | found.pop(name)
        infos |= found

    def _ends(self, ended, rows, facts, same):
        cause, ooms, key = (11, 10, 12) if same else (8, 6, 0)
        causes, counts = np.empty(self.num_envs, dtype=object), np.zeros(self.num_envs, dtype=np.int64)
        for i, number in zip(rows.tolist(), facts[:, cause].tolist()):
            causes[i] = CAUSES[number]
        counts[rows] = facts[:, ooms]
        found = {
            "cause": causes, "_cause": ended, "ooms": counts, "_ooms": ended.copy(),
            "episode_key": self._texts(rows, facts[:, key]), "_episode_key": ended.copy(), **self._identity,
            "_dynamics_version": ended, "_configuration_sha256": ended}
        if self._folder:
            found |= self._files(rows, facts[:, [9, 10, 11] if same else [5, 6, 8]].tolist())
        return found

    def _files(self, rows, ends):
        """Writes black boxes of failures, of whose reward, cells out of memory and cause the environment tells."""
        paths = np.empty(self.num_envs, dtype=object)
        for i, told in zip(rows.tolist(), ends):
            if blackbox.is_worth_keeping(CAUSES[told[2]], told[1]):
                paths[i] = self._folder.keep(lambda policy: self._box(i, policy, told))
        is_there = np.array([path is not None for path in paths])
        return {"black_box": paths, "_black_box": is_there} if is_there.any() else {}

    def _box(self, i, policy, told=None):
        episode = self._tape.episode(i)
        if told is None and episode.is_present:
            told = self._batch.facts(np.array([i]))[0, [5, 6, 8]].tolist()
        return blackbox.of_episode(self.configuration, episode, policy, told)

    def render(self):
        height, width = self.configuration["height"], self.configuration["width"]
        facts = self._batch.facts().copy()
        rows = [(self._batch.cells(i), facts[i]) for i in range(self.num_envs)]
        if self.render_mode == "ansi":
            return tuple(rendering.text(cells, height, width, fact) for cells, fact in rows)
        if self.render_mode == "rgb_array":
            return tuple(rendering.pixels(cells, height, width, fact[2], fact[3]) for cells, fact in rows)
        return None

    def grid(self, out=None):
        """The clusters of all rows: (num_envs, height, width, 3) float32 of CPU, memory and priority in 0…1, in the units of the
        observations, whose 3×3 views are parts of it. Of a row that has been started again it is that of the new episode, as the observation is.

        ``out``: an array of that shape and type to write into, which is returned; without it one of the caller's own.
        Raises ResoneticsError before the first ``reset``, and for an ``out`` that is another.
        """
        shape = (self.num_envs, self.configuration["height"], self.configuration["width"], 3)
        if out is not None and not (
                isinstance(out, np.ndarray) and out.shape == shape and out.dtype == np.float32 and out.flags.writeable):
            what = f"an array of {out.shape} and {out.dtype}" if isinstance(out, np.ndarray) else type(out).__name__
            checks.refuse(f"out is {what}: give an array of {shape} and float32 that can be written into")
        cells = self._batch.all_cells().reshape(self.num_envs, 3, *shape[1:3])
        return np.multiply(cells.transpose(0, 2, 3, 1), CELL_UNITS, out=out, order="C")

    def black_box(self, i, policy=None):
        """The :class:`BlackBox` of the episode of a row that its last step was of, as :meth:`K8sEnv.black_box`: of a row that has been
        started again, by itself or by ``reset``, that is still the episode before it, until a step of the next one is done."""
        i = checks.whole(i, "i", 0, self.num_envs - 1)
        return self._box(i, self._policy if policy is None else policy)

    def get_state(self, i):
        """Everything about a row's episode, as bytes."""
        return self._batch.save(i)

    def set_state(self, i, state):
        """Lets a row go on from a saved state of the same configuration."""
        self._batch.restore(state, i)
        facts = self._batch.facts()[i]
        self._was_over[i], self._elapsed[i], self._cut[i] = facts[8] != 0, facts[1], False
        self._tape.forget(i)

    def fork(self, source, target, noise_key=None):
        """Lets a row go on where another is, with the same noise or with that of a key. With other noise it has no black box."""
        self._batch.fork(source, target, noise_key)
        for of_rows in (self._was_over, self._elapsed, self._cut):
            of_rows[target] = of_rows[source]
        if noise_key is not None:
            self._tape.forget(target)
        elif source != target:
            self._tape.copy_row(source, target)

    def __getstate__(self):
        states = [self._batch.save(i) for i in range(self.num_envs)] if self._is_started else None
        return {
            "arguments": self._arguments, "states": states, "was_over": self._was_over, "random": self._np_random,
            "random_seed": self._np_random_seed, "spec": self.spec, "elapsed": self._elapsed, "cut": self._cut,
            "tape": copy.copy(self._tape)}

    def __setstate__(self, saved):
        self.__init__(**saved["arguments"])
        self._np_random, self._np_random_seed = saved["random"], saved["random_seed"]
        self.spec = saved["spec"]
        if saved["states"] is not None:
            self._batch.reset(np.zeros(self.num_envs, dtype=np.uint64))
            self._is_started = True
            for i, state in enumerate(saved["states"]):
                self._batch.restore(state, i)
            self._was_over, self._elapsed, self._cut = saved["was_over"], saved["elapsed"], saved["cut"]
        self._tape = saved["tape"]

    def close_extras(self, **kwargs):
        self._batch.close()
