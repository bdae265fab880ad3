"""What is noted of episodes: what was done since they began, for as long as somebody may ask, and nothing where that is not known."""

import copy
import pathlib
import pickle
import random
import shutil
import tempfile
import unittest

import numpy as np
from gymnasium.vector import AutoresetMode

from resonetics import BlackBox, K8sEnv, K8sVectorEnv, ResoneticsError
from resonetics.tape import Tape

#: Fails early and in more than one way.
STORM = dict(preset="storm", size=(4, 5), constants={"hot_memory_low": 0.9, "hot_memory_high": 0.98, "max_steps": 150})


class TapeTests(unittest.TestCase):
    def test_it_tells_what_was_done(self):
        """Rows that start, wait, fork and are forgotten in every order, against lists."""
        for seed in range(30):
            rng = random.Random(seed)
            count, longest = rng.randint(1, 5), rng.choice([1, 3, 17, 40])
            tape = Tape(count, longest)
            # Of each row: the present episode and the one before it, (key, level, actions); an origin of None is not known.
            rows = [{"now": None, "past": None} for _ in range(count)]
            for step in range(600):
                for i in range(count):
                    for _ in range(2):
                        self.change(rng, tape, rows, i, longest)
                    if rng.random() < 0.1:
                        self.ask(tape, rows[i], i, longest, f"seed {seed}, before step {step}")
                if rng.random() < 0.02:
                    tape = pickle.loads(pickle.dumps(tape))
                actions = np.array([rng.randrange(8) for _ in range(count)])
                tape.note(actions)
                for row, action in zip(rows, actions.tolist()):
                    if row["now"]:
                        row["now"][1].append(action)
                for i in range(count):
                    if rng.random() < 0.1:
                        self.ask(tape, rows[i], i, longest, f"seed {seed}, step {step}")
            self.assertLessEqual(len(tape._actions), max(16, 4 * longest + 4), f"seed {seed}")

    def change(self, rng, tape, rows, i, longest):
        row, now = rows[i], rows[i]["now"]
        length = len(now[1]) if now else 0
        if now is None or rng.random() < (0.2 if length == 0 else 0.01 if length < longest else 0.1):
            if now and (now[1] or now[0] is None):
                row["past"] = now
            key, level = rng.getrandbits(64), rng.randrange(5)
            row["now"] = ((key, level), [])
            tape.start(np.array([i]), np.array([[np.uint64(key).astype(np.int64), 0, 0, 0, 0, 0, 0, level]], dtype=np.int64))
        elif rng.random() < 0.01:
            row["now"], row["past"] = (None, []), (None, [])
            tape.forget(i)
        elif rng.random() < 0.03:
            source = rng.randrange(len(rows))
            other = rows[source]["now"]
            # Of one that has done nothing there is nothing to take along.
            if source != i and other and (other[1] or other[0] is None):
                row["now"] = (other[0], [*other[1]])
                tape.copy_row(source, i)

    def ask(self, tape, row, i, longest, what):
        now, past = row["now"], row["past"]
        told = now if now[1] or now[0] is None else past
        if told is None or told[0] is None:
            with self.assertRaises(ResoneticsError, msg=what):
                tape.episode(i)
            return
        found = tape.episode(i)
        self.assertEqual((found.key, found.level, found.is_present), (*told[0], told is now), what)
        self.assertEqual(list(found.actions), told[1][:longest], what)


class UnknownTests(unittest.TestCase):
    """Where it cannot be told how an episode began there is no box."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def test_restored_states(self):
        env, other = (K8sEnv(black_boxes=self.folder / "e", **STORM) for _ in range(2))
        env.reset(seed=1)
        env.step(4)
        state, twins = env.get_state(), [copy.deepcopy(env), copy.copy(env), pickle.loads(pickle.dumps(env))]
        env.step(5)
        for twin in twins:
            twin.step(6)
            self.assertEqual(twin.black_box().actions.tolist(), [4, 6], "a copy has the beginning too")
        self.assertEqual(env.black_box().actions.tolist(), [4, 5])
        other.set_state(state)
        env.set_state(state)
        for one in (env, other):
            rng, over, steps = np.random.default_rng(5), False, 0
            while not over:
                with self.assertRaisesRegex(ResoneticsError, "its beginning is not known"):
                    one.black_box()
                *_, terminated, truncated, info = one.step(rng.integers(8))
                over = terminated or truncated
                self.assertNotIn("black_box", info)
            one.reset()
            with self.assertRaisesRegex(ResoneticsError, "its beginning is not known"):
                one.black_box()
            one.step(0)
            self.assertEqual(one.black_box().actions.tolist(), [0])
        self.assertEqual(list((self.folder / "e").iterdir()), [])

    def test_rows(self):
        for mode in AutoresetMode:
            envs = K8sVectorEnv(5, autoreset_mode=mode, black_boxes=self.folder / mode.name, **STORM)
            envs.reset(seed=1)
            envs.step([4] * 5)
            envs.step([5] * 5)
            state = envs.get_state(0)
            envs.set_state(1, state)
            envs.fork(0, 2)
            envs.fork(0, 3, noise_key=9)
            envs.fork(1, 4)
            twins = [envs, copy.deepcopy(envs), pickle.loads(pickle.dumps(envs))]
            for one in twins:
                one.step([6, 6, 7, 6, 6])
                self.assertEqual([one.black_box(i).actions.tolist() for i in (0, 2)], [[4, 5, 6], [4, 5, 7]])
                self.assertEqual(one.black_box(0).key, one.black_box(2).key)
                for i in (1, 3, 4):
                    with self.assertRaisesRegex(ResoneticsError, "its beginning is not known"):
                        one.black_box(i)
            rng, ended = np.random.default_rng(1), np.zeros(5, dtype=bool)
            for _ in range(500):
                _, _, terminated, truncated, infos = envs.step(rng.integers(8, size=5))
                infos = infos.get("final_info", infos)
                if "black_box" in infos:
                    self.assertFalse((infos["_black_box"] & ~ended)[[1, 3, 4]].any())
                ended |= terminated | truncated
            self.assertTrue(ended.all())
            for path in (self.folder / mode.name).iterdir():
                BlackBox.load(path)
        for i in (5, -1, 1.5):
            with self.assertRaisesRegex(ResoneticsError, "i is"):
                envs.black_box(i)

    def test_a_step_past_the_tape(self):
        """As where a signal came between the step and the note of it."""
        env, envs = K8sEnv(), K8sVectorEnv(2)
        env.reset(seed=1)
        envs.reset(seed=1)
        for _ in range(2):
            env.step(4)
            envs.step([4, 4])
        env._batch.step_one(4)
        envs._batch.step(np.array([4, 4]))
        env.step(0)
        envs.step(np.array([0, 0]))
        for ask in (env.black_box, lambda: envs.black_box(1)):
            with self.assertRaisesRegex(ResoneticsError, "do not lead to the state"):
                ask()


if __name__ == "__main__":
    unittest.main()
