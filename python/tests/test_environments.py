"""The installed package: Gymnasium's own checks, and that all ways to step agree."""

import copy
import pickle
import unittest
import warnings

import gymnasium
import numpy as np
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import resonetics
from resonetics import K8sEnv, K8sVectorEnv

ID = "resonetics/K8sTensor-v1"
STORM = dict(preset="storm", size=(4, 5))


def play(env, seed, steps, actions):
    rows = [env.reset(seed=seed)]
    for step in range(steps):
        rows.append(env.step(actions[step]))
        if rows[-1][2] or rows[-1][3]:
            rows.append(env.reset())
    return rows


class CheckTests(unittest.TestCase):
    def test_gymnasium_finds_nothing(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            check_env(gymnasium.make(ID).unwrapped)
            check_env(gymnasium.make(ID, **STORM).unwrapped)

    def test_the_spec_goes_through_json(self):
        spec = gymnasium.make(ID, size=(3, 3), constants={"leak": 0.0006}).spec
        again = gymnasium.make(type(spec).from_json(spec.to_json()))
        self.assertEqual(again.unwrapped.configuration, resonetics.Configuration(size=(3, 3), leak=0.0006))

    def test_the_spec_of_a_vector_goes_through_json(self):
        for mode in AutoresetMode:
            envs = gymnasium.make_vec(ID, num_envs=2, autoreset_mode=mode, size=(3, 3))
            again = gymnasium.make_vec(type(envs.spec).from_json(envs.spec.to_json()))
            self.assertEqual((again.num_envs, again.metadata["autoreset_mode"]), (2, mode))
            self.assertEqual(again.unwrapped.configuration, envs.unwrapped.configuration)

    def test_results_say_what_they_are_of(self):
        wanted = {"dynamics_version": resonetics.DYNAMICS_VERSION, "configuration_sha256": resonetics.Configuration(**STORM).digest}
        env, envs = K8sEnv(**STORM), K8sVectorEnv(2, **STORM)
        info, infos = env.reset(seed=1)[1], envs.reset(seed=1)[1]
        for name, value in wanted.items():
            self.assertEqual((info[name], infos[name].tolist(), infos["_" + name].tolist()), (value, [value] * 2, [True] * 2))
            self.assertEqual((getattr(env, name), getattr(envs, name)), (value, value))
        self.assertIs(type(info["dynamics_version"]), int)
        info = self.last(env)
        for name, value in wanted.items():
            self.assertEqual(info[name], value)
        self.assertIs(type(info["dynamics_version"]), int)
        for mode in AutoresetMode:
            envs = K8sVectorEnv(6, autoreset_mode=mode, **STORM)
            envs.reset(seed=1)
            told, started = 0, np.zeros(6, dtype=bool)
            for step in range(250):
                _, _, terminated, truncated, infos = envs.step(np.full(6, step % 4))
                over = terminated | truncated
                if mode is AutoresetMode.SAME_STEP:
                    infos = infos.get("final_info", {})
                for name, value in wanted.items():
                    if over.any() and "cause" in infos:
                        self.assertTrue(infos["_" + name][infos["_cause"]].all())
                        self.assertEqual({infos[name][i] for i in np.flatnonzero(infos["_" + name])}, {value})
                        # Of nothing but starts and ends.
                        is_start = started if mode is AutoresetMode.NEXT_STEP else False
                        np.testing.assert_array_equal(infos["_" + name], infos["_cause"] | is_start)
                        told += int(infos["_cause"].sum())
                started = over
            self.assertGreater(told, 6, mode)

    def last(self, env):
        """The info of the end of an episode."""
        env.reset(seed=1)
        while True:
            _, _, terminated, truncated, info = env.step(3)
            if terminated or truncated:
                return info

    def test_make_vec_takes_the_native_one(self):
        envs = gymnasium.make_vec(ID, num_envs=3, preset="calm")
        self.assertIsInstance(envs.unwrapped, K8sVectorEnv)
        self.assertEqual(envs.metadata["autoreset_mode"], AutoresetMode.NEXT_STEP)
        envs.close()
        envs.close()


class DeterminismTests(unittest.TestCase):
    def test_seeds_and_keys(self):
        env = K8sEnv()
        first, info = env.reset(seed=1)
        other, _ = env.reset(seed=2)
        self.assertFalse(np.array_equal(first, other))
        _, after = env.reset()
        again, same = env.reset(options={"key": info["episode_key"]})
        np.testing.assert_array_equal(first, again)
        self.assertEqual(info, same)
        self.assertNotEqual(after["episode_key"], info["episode_key"])

    def test_a_level_without_a_key_is_that_of_the_next_episode(self):
        env, plain = K8sEnv(**STORM), K8sEnv(**STORM)
        env.reset(seed=1)
        plain.reset(seed=1)
        _, info = env.reset(options={"level": 3})
        _, next_one = plain.reset()
        self.assertEqual((info["level"], next_one["level"]), (3, 0))
        self.assertEqual(info["episode_key"], next_one["episode_key"])
        self.assertEqual(env.reset(seed=2, options={"level": 2})[1]["level"], 2)
        envs = K8sVectorEnv(3, autoreset_mode=AutoresetMode.DISABLED, **STORM)
        plain = K8sVectorEnv(3, autoreset_mode=AutoresetMode.DISABLED, **STORM)
        envs.reset(seed=1)
        plain.reset(seed=1)
        others = envs.get_state(1)
        mask = np.array([True, False, True])
        infos = envs.reset(options={"level": 3, "reset_mask": mask})[1]
        wanted = plain.reset(options={"reset_mask": mask})[1]
        self.assertEqual(infos["level"][mask].tolist(), [3, 3])
        self.assertEqual(infos["episode_key"].tolist(), wanted["episode_key"].tolist())
        self.assertEqual(envs.get_state(1), others)

    def test_a_saved_state_goes_on(self):
        env, other = K8sEnv(**STORM), K8sEnv(**STORM)
        env.reset(seed=3)
        rng = np.random.default_rng(3)
        for _ in range(30):
            env.step(rng.integers(8))
        copies = [copy.deepcopy(env), pickle.loads(pickle.dumps(env))]
        np.testing.assert_array_equal(other.set_state(env.get_state()), env.unwrapped._batch.observations[0])
        for _ in range(200):
            action = rng.integers(8)
            wanted = env.step(action)
            for twin in (other, *copies):
                found = twin.step(action)
                np.testing.assert_array_equal(found[0], wanted[0])
                self.assertEqual(found[1:], wanted[1:])
            if wanted[2] or wanted[3]:
                for one in (env, other, *copies):
                    one.reset()

    def test_a_vector_pickles(self):
        envs = K8sVectorEnv(3, **STORM)
        envs.reset(seed=4)
        rng = np.random.default_rng(4)
        for _ in range(100):
            envs.step(rng.integers(8, size=3))
        twin = pickle.loads(pickle.dumps(envs))
        for _ in range(100):
            actions = rng.integers(8, size=3)
            for a, b in zip(envs.step(actions)[:4], twin.step(actions)[:4]):
                np.testing.assert_array_equal(a, b)


class AgreementTests(unittest.TestCase):
    def test_rows_are_environments(self):
        """Gymnasium's own vector of single environments is the judge, in each mode."""
        for mode in (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP):
            with self.subTest(mode=mode):
                native = K8sVectorEnv(5, autoreset_mode=mode, **STORM)
                judge = SyncVectorEnv([lambda: K8sEnv(**STORM)] * 5, autoreset_mode=mode)
                self.same(native.reset(seed=11), judge.reset(seed=11))
                rng = np.random.default_rng(11)
                ends = 0
                for _ in range(900):
                    actions = rng.integers(8, size=5)
                    found, wanted = native.step(actions), judge.step(actions)
                    ends += int((found[2] | found[3]).sum())
                    self.same(found, wanted)
                self.assertGreater(ends, 6)

    def test_rows_are_cut_off_as_gymnasium_does_it(self):
        """In each mode, with a limit that comes before the ends, among them, with the cluster's own, and after it."""
        for limit, own in ((1, 500), (50, 500), (150, 500), (40, 40), (41, 40)):
            cluster = {**STORM, "constants": {"max_steps": own}}
            for mode in (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP):
                with self.subTest(limit=limit, mode=mode):
                    native = gymnasium.make_vec(ID, num_envs=4, autoreset_mode=mode, max_episode_steps=limit, **cluster)
                    judge = gymnasium.make_vec(
                        ID, num_envs=4, vectorization_mode="sync", vector_kwargs={"autoreset_mode": mode}, max_episode_steps=limit, **cluster)
                    self.same(native.reset(seed=11), judge.reset(seed=11))
                    rng = np.random.default_rng(11)
                    ends = 0
                    for step in range(600):
                        # Those that do nothing last longer than those that walk about at random.
                        actions = rng.integers(8, size=4) * (step % 200 < 100)
                        found, wanted = native.step(actions), judge.step(actions)
                        ends += int(found[3].sum())
                        self.same(found, wanted)
                        if step == 333:
                            native = pickle.loads(pickle.dumps(native))
                    self.assertGreater(ends, 600 // limit)
                    self.assertEqual(native.configuration["max_steps"], own)
        gymnasium.make_vec(ID, max_episode_steps=-1)
        for limit in (0, 1.5, "9", True):
            with self.assertRaisesRegex(resonetics.ResoneticsError, "max_episode_steps is"):
                gymnasium.make_vec(ID, max_episode_steps=limit)

    def test_what_is_cut_off_waits_for_the_mask(self):
        envs = K8sVectorEnv(2, autoreset_mode=AutoresetMode.DISABLED, max_episode_steps=5)
        envs.reset(seed=1)
        for step in range(1, 9):
            observations, rewards, terminated, truncated, infos = envs.step([3, 3])
            self.assertEqual((truncated.tolist(), terminated.any(), infos), ([step >= 5] * 2, False, {}))
            if step == 5:
                last = observations
            if step > 5:
                np.testing.assert_array_equal(observations, last)
                self.assertEqual(rewards.tolist(), [0, 0])
        envs.reset(options={"reset_mask": np.array([True, False])})
        for step in range(1, 6):
            self.assertEqual(envs.step([3, 3])[3].tolist(), [step == 5, True])
        # A state goes on counting where it was.
        envs.reset(seed=1)
        envs.step([3, 3])
        envs.set_state(1, envs.get_state(0))
        envs.fork(0, 1)
        for step in range(2, 6):
            self.assertEqual(envs.step([3, 3])[3].tolist(), [step == 5] * 2)

    def same(self, found, wanted):
        for a, b in zip(found[:-1], wanted[:-1]):
            np.testing.assert_array_equal(a, b)
            self.assertEqual(a.dtype, b.dtype)
        self.same_infos(found[-1], wanted[-1])

    def same_infos(self, found, wanted):
        self.assertEqual(set(found), set(wanted))
        for name in wanted:
            if name.startswith("_"):
                np.testing.assert_array_equal(found[name], wanted[name])
            elif isinstance(wanted[name], dict):
                self.same_infos(found[name], wanted[name])
            else:
                for i in np.flatnonzero(wanted["_" + name]):
                    np.testing.assert_array_equal(found[name][i], wanted[name][i], name)

    def test_disabled_waits_for_the_mask(self):
        envs = K8sVectorEnv(4, autoreset_mode=AutoresetMode.DISABLED, **STORM)
        single = [K8sEnv(**STORM) for _ in range(4)]
        observations, _ = envs.reset(seed=21)
        for i, env in enumerate(single):
            np.testing.assert_array_equal(env.reset(seed=21 + i)[0], observations[i])
        rng = np.random.default_rng(21)
        over = np.zeros(4, dtype=bool)
        for step in range(600):
            actions = rng.integers(8, size=4)
            observations, rewards, terminated, truncated, _ = envs.step(actions)
            for i, env in enumerate(single):
                if over[i]:
                    self.assertEqual(rewards[i], 0)
                    self.assertTrue(terminated[i] or truncated[i])
                    continue
                wanted = env.step(actions[i])
                np.testing.assert_array_equal(observations[i], wanted[0])
                self.assertEqual((rewards[i], terminated[i], truncated[i]), wanted[1:4])
            over = terminated | truncated
            if step % 50 == 49 and over.any():
                observations, infos = envs.reset(options={"reset_mask": over})
                np.testing.assert_array_equal(infos["_episode_key"], over)
                for i in np.flatnonzero(over):
                    np.testing.assert_array_equal(single[i].reset()[0], observations[i])
                over[:] = False

    def test_a_row_does_not_depend_on_the_batch(self):
        rows = {}
        for count in (1, 3, 64):
            envs = K8sVectorEnv(count, **STORM)
            envs.reset(seed=[7] * count)
            rng = np.random.default_rng(7)
            rows[count] = []
            for _ in range(300):
                observations, rewards, *_ = envs.step(np.full(count, rng.integers(8)))
                rows[count].append((observations[-1].tobytes(), rewards[-1]))
        self.assertEqual(rows[1], rows[3])
        self.assertEqual(rows[1], rows[64])

    def test_copies_and_buffers(self):
        fresh, shared = K8sVectorEnv(2), K8sVectorEnv(2, copy=False)
        a, _ = fresh.reset(seed=1)
        b, _ = shared.reset(seed=1)
        a2, b2 = fresh.step([0, 0])[0], shared.step([0, 0])[0]
        self.assertFalse(np.shares_memory(a, a2))
        self.assertTrue(np.shares_memory(b, b2))
        np.testing.assert_array_equal(a2, b2)

    def test_a_fork_continues(self):
        envs = K8sVectorEnv(3, autoreset_mode=AutoresetMode.DISABLED)
        envs.reset(seed=9)
        envs.step([3, 3, 3])
        envs.fork(0, 1)
        envs.fork(0, 2, noise_key=123)
        observations = envs.step([4, 4, 4])[0]
        np.testing.assert_array_equal(observations[0], observations[1])
        self.assertFalse(np.array_equal(observations[0], observations[2]))


class GridTests(unittest.TestCase):
    """Judged by the observations, whose nine cells are those around the agent, and by the numbers of the state."""

    SIZES = ((1, 1), (1, 4), (2, 3), (6, 6), (5, 9))

    def same(self, grid, observation, cells):
        height, width, _ = grid.shape
        row, column = round(float(observation[27]) * height), round(float(observation[28]) * width)
        around = grid[np.ix_([(row + i) % height for i in (-1, 0, 1)], [(column + j) % width for j in (-1, 0, 1)])]
        np.testing.assert_array_equal(around.reshape(27), observation[:27])
        np.testing.assert_array_equal(np.roll(grid, (-row, -column), (0, 1))[0, 0], observation[12:15])
        units = np.array([32768, 32768, 16384])
        np.testing.assert_array_equal(grid.reshape(-1, 3) * units, cells.T)
        self.assertTrue((grid >= 0).all() and (grid <= 1).all())

    def test_of_one(self):
        for size in self.SIZES:
            env = K8sEnv("storm", size=size)
            with self.assertRaisesRegex(resonetics.ResoneticsError, "reset first"):
                env.grid()
            observation, _ = env.reset(seed=3)
            rng, grids = np.random.default_rng(3), []
            for _ in range(120):
                grids.append(env.grid())
                self.assertEqual((grids[-1].shape, grids[-1].dtype, grids[-1].flags.c_contiguous), ((*size, 3), np.float32, True))
                self.same(grids[-1], observation, env._batch.cells(0))
                observation, _, terminated, truncated, _ = env.step(rng.integers(8))
                if terminated or truncated:
                    self.same(env.grid(), observation, env._batch.cells(0))
                    observation, _ = env.reset()
            before = grids[0].copy()
            env.step(4)
            np.testing.assert_array_equal(grids[0], before, "it is the caller's own")
            self.assertLessEqual(set(np.unique(grids[0][..., 2])), {np.float32(3277 / 16384), 0.5, 1})

    def test_of_many(self):
        for size in self.SIZES:
            for mode in AutoresetMode:
                envs = K8sVectorEnv(5, "storm", size=size, autoreset_mode=mode)
                with self.assertRaisesRegex(resonetics.ResoneticsError, "reset first"):
                    envs.grid()
                observations, _ = envs.reset(seed=4)
                rng, out = np.random.default_rng(4), np.empty((5, *size, 3), dtype=np.float32)
                for _ in range(60):
                    self.assertIs(envs.grid(out=out), out)
                    fresh = envs.grid()
                    np.testing.assert_array_equal(fresh, out)
                    self.assertFalse(np.shares_memory(fresh, envs.grid()))
                    self.assertEqual((fresh.dtype, fresh.flags.c_contiguous), (np.float32, True))
                    for i in range(5):
                        self.same(out[i], observations[i], envs._batch.cells(i))
                    observations = envs.step(rng.integers(8, size=5))[0]

    def test_a_view_may_be_written_into(self):
        envs = K8sVectorEnv(2, size=(3, 4))
        envs.reset(seed=1)
        both = np.full((2, 3, 4, 6), 7, dtype=np.float32)
        envs.grid(out=both[..., ::2])
        np.testing.assert_array_equal(both[..., ::2], envs.grid())
        self.assertTrue((both[..., 1::2] == 7).all())
        fixed = np.empty((2, 3, 4, 3), dtype=np.float32)
        fixed.flags.writeable = False
        for out in (np.empty((2, 4, 3, 3), dtype=np.float32), np.empty((2, 3, 4, 3)), np.empty((1, 3, 4, 3), dtype=np.float32), fixed, [[]]):
            with self.assertRaisesRegex(resonetics.ResoneticsError, r"out is .*: give an array of \(2, 3, 4, 3\) and float32"):
                envs.grid(out=out)

    def test_a_policy_may_see_all(self):
        """As the README has it."""
        class Whole(gymnasium.ObservationWrapper):
            def __init__(self, env):
                super().__init__(env)
                self.observation_space = gymnasium.spaces.Box(0, 1, (8, 8, 3), np.float32)

            def observation(self, seen):
                place = np.rint(seen[27:29] * 8).astype(int)
                return np.roll(self.unwrapped.grid(), -place, (0, 1))

        env, plain = Whole(gymnasium.make(ID, size=(8, 8))), K8sEnv(size=(8, 8))
        seen, own = env.reset(seed=2)[0], plain.reset(seed=2)[0]
        for action in (3, 1, 1, 0, 2, 4, 5):
            self.assertTrue(env.observation_space.contains(seen))
            np.testing.assert_array_equal(seen[0, 0], own[12:15])
            seen, own = env.step(action)[0], plain.step(action)[0]


class RenderTests(unittest.TestCase):
    def test_modes(self):
        env = K8sEnv(size=(3, 4), render_mode="rgb_array")
        env.reset(seed=1)
        image = env.render()
        self.assertEqual((image.shape, image.dtype), ((72, 96, 3), np.uint8))
        before = image.copy()
        env.step(0)
        self.assertFalse(np.array_equal(before, env.render()), "the agent has moved")
        env = K8sEnv(size=(3, 4), render_mode="ansi")
        env.reset(seed=1)
        lines = env.render().splitlines()
        self.assertEqual(len(lines), 4)
        self.assertEqual(sum("[" in line for line in lines[1:]), 1)
        envs = K8sVectorEnv(2, size=(3, 4), render_mode="rgb_array")
        envs.reset(seed=1)
        np.testing.assert_array_equal(envs.render()[0], before)


class StableBaselinesTests(unittest.TestCase):
    def setUp(self):
        try:
            from resonetics.sb3 import K8sVecEnv
        except ImportError as error:
            self.skipTest(f"Stable-Baselines3 is not installed: {error}")
        self.make = K8sVecEnv

    def test_rows_agree_with_the_vector(self):
        envs, judge = self.make(4, **STORM), K8sVectorEnv(4, autoreset_mode=AutoresetMode.SAME_STEP, **STORM)
        envs.seed(5)
        np.testing.assert_array_equal(envs.reset(), judge.reset(seed=5)[0])
        rng = np.random.default_rng(5)
        for _ in range(300):
            actions = rng.integers(8, size=4)
            found, wanted = envs.step(actions), judge.step(actions)
            np.testing.assert_array_equal(found[0], wanted[0])
            np.testing.assert_array_equal(found[1], wanted[1].astype(np.float32))
            np.testing.assert_array_equal(found[2], wanted[2] | wanted[3])
            for i in np.flatnonzero(found[2]):
                np.testing.assert_array_equal(found[3][i]["terminal_observation"], wanted[4]["final_obs"][i])
                self.assertEqual(found[3][i]["TimeLimit.truncated"], wanted[3][i])
                self.assertEqual(
                    (found[3][i]["dynamics_version"], found[3][i]["configuration_sha256"]),
                    (resonetics.DYNAMICS_VERSION, resonetics.Configuration(**STORM).digest))

    def test_what_was_cut_off_has_a_row_of_its_own(self):
        envs = self.make(2, max_episode_steps=3)
        envs.reset()
        for step in range(1, 7):
            _, _, dones, rows = envs.step(np.array([3, 3]))
            self.assertEqual(dones.tolist(), [step % 3 == 0] * 2)
            for row in rows:
                self.assertEqual(set(row), {"terminal_observation", "TimeLimit.truncated"} if step % 3 == 0 else set())

    def test_options_are_those_of_the_next_reset(self):
        envs = self.make(2, **STORM)
        envs.set_options([{"key": 7}, {"key": "000000000000002a"}])
        first = envs.reset()
        self.assertEqual([info["episode_key"] for info in envs.reset_infos], ["0000000000000007", "000000000000002a"])
        np.testing.assert_array_equal(first[0], K8sEnv(**STORM).reset(options={"key": 7})[0])
        self.assertEqual(envs.reset_infos[0], K8sEnv(**STORM).reset(options={"key": 7})[1])
        envs.set_options({"level": 3})
        envs.reset()
        self.assertEqual([info["level"] for info in envs.reset_infos], [3, 3])
        envs.reset()
        self.assertNotEqual(envs.reset_infos[0]["episode_key"], "0000000000000007")
        for options, message in (
            ([{"key": 1}, {}], "a key to all or to none"), ([{"level": 1}, {"level": 2}], "one level"), ([{}], "options of all 2"),
            ({"levle": 1}, "options have 'levle'"), ({"level": 99}, "level is 99"),
        ):
            envs.set_options(options)
            with self.subTest(options), self.assertRaisesRegex(resonetics.ResoneticsError, message):
                envs.reset()

    def test_its_checks_pass_and_it_learns(self):
        from stable_baselines3 import PPO
        from stable_baselines3.common.env_checker import check_env as check
        check(K8sEnv())
        PPO("MlpPolicy", self.make(8), n_steps=16, batch_size=64, n_epochs=1).learn(256)


if __name__ == "__main__":
    unittest.main()
