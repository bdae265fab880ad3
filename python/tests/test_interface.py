"""What the library does with what it cannot use: it says so, and the process lives."""

import ctypes
import math
import random
import unittest

import numpy as np

from resonetics import FIELDS, PRESETS, Configuration, K8sEnv, K8sVectorEnv, ResoneticsError
from resonetics._native import ABI, LARGEST_BATCH, Batch, library


class RefusalTests(unittest.TestCase):
    def test_constants(self):
        for constants, message in (
            ({"leak": math.nan}, "leak is nan, not a number from 0 to 0.005"),
            ({"height": 65}, "height is 65, not a whole number from 1 to 64"),
            ({"height": 2.5}, "height is 2.5"), ({"budget": math.inf}, "budget is inf"),
            ({"leek": 1}, "leek is no constant"), ({"leak": "much"}, "leak is 'much'"),
            ({"hot_memory_low": 0.98}, "hot_memory_low is"), ({"leak": 0.005, "leaker_factor": 100}, "leak is"),
        ):
            with self.subTest(constants), self.assertRaisesRegex(ResoneticsError, message):
                K8sEnv(constants=constants)
        with self.assertRaisesRegex(ResoneticsError, "there is no preset 'mild', only calm, canonical, storm"):
            K8sEnv(preset="mild")
        for size in (8, "88", b"88", (8,), (8, 8, 3), {4: 5, 6: 7}):
            with self.subTest(size), self.assertRaisesRegex(ResoneticsError, "size is .*give rows and columns"):
                K8sEnv(size=size)
        for more, message in (
            (dict(size=("8", 8)), r"size\[0\] is '8'"), (dict(size=(8, True)), r"size\[1\] is True"),
            (dict(constants=[1]), r"constants are \[1\]"), (dict(constants={1: 2}), "1 is no constant"),
            (dict(constants={"size": 2}), "size is no constant"), (dict(constants={"leak": "0.0006"}), "leak is '0.0006'"),
            (dict(constants={"leak": True}), "leak is True"), (dict(constants={"leak": None}), "leak is None"),
            (dict(preset=None), "no preset None"), (dict(level=1), "level is 1, not a whole number from 0 to 0"),
            (dict(preset="storm", level=1.5), "level is 1.5"), (dict(level="0"), "level is '0'"), (dict(level=False), "level is False"),
        ):
            for make in (K8sEnv, lambda **more: K8sVectorEnv(2, **more)):
                with self.subTest(more), self.assertRaisesRegex(ResoneticsError, message):
                    make(**more)
        for count in (0, 2.5, "2", True, LARGEST_BATCH + 1, 2**31, 2**40):
            with self.subTest(count), self.assertRaisesRegex(
                    ResoneticsError, f"num_envs is {count!r}, not a whole number from 1 to 1048576"):
                K8sVectorEnv(count)
        taken = K8sEnv(size=np.array([3, 4]), constants={"leak": np.float32(0.0005), "max_steps": np.int64(9)}, level=np.int8(0))
        self.assertEqual([taken.configuration[n] for n in ("height", "width", "max_steps")], [3, 4, 9])

    def test_every_constant_outside_its_range(self):
        for name, (_, low, high, _) in FIELDS.items():
            for value in (low - 1, high + 1, math.nan, math.inf, -math.inf):
                with self.subTest(name), self.assertRaisesRegex(ResoneticsError, f"^{name} is"):
                    K8sEnv(constants={name: value})

    def test_actions_and_order(self):
        env = K8sEnv()
        with self.assertRaisesRegex(ResoneticsError, "a step before the first reset"):
            env.step(0)
        env.reset(seed=1)
        before = env.get_state()
        for action in (8, -1, 2**40, -2**63):
            with self.assertRaisesRegex(ResoneticsError, r"actions\[0\] is"):
                env.step(action)
        self.assertEqual(env.get_state(), before)
        for action in (2.7, 1.0, "3", b"1", True, np.True_, None, np.array([1, 2]), [1], {}, 2**64, np.float32(1), math.nan):
            with self.subTest(action), self.assertRaisesRegex(ResoneticsError, "action is .*, not a whole number"):
                env.step(action)
        self.assertEqual(env.get_state(), before)
        for action in (3, np.int8(3), np.uint64(3), np.array(3)):
            env.set_state(before)
            env.step(action)
            after = env.get_state()
            env.set_state(before)
            env.step(3)
            self.assertEqual(env.get_state(), after)
        envs = K8sVectorEnv(3)
        envs.reset(seed=1)
        for actions in ([0, 0], [0.0, 1.0, 2.0], [[0, 0, 0]], 3):
            with self.assertRaisesRegex(ValueError, "actions have shape"):
                envs.step(actions)
        with self.assertRaisesRegex(ResoneticsError, "level is 9"):
            envs.reset(options={"level": 9, "keys": [1, 2, 3]})
        with self.assertRaisesRegex(ValueError, "seed has 2 elements, not 3"):
            envs.reset(seed=[1, 2])
        with self.assertRaises(ResoneticsError):
            K8sVectorEnv(0)
        env.close()
        with self.assertRaisesRegex(ResoneticsError, "no such handle"):
            env.step(0)

    def test_options(self):
        """What is wrong with them is said before anything is done."""
        env, envs = K8sEnv("storm"), K8sVectorEnv(3, "storm")
        env.reset(seed=1)
        envs.reset(seed=1)
        states, drawn = [env.get_state(), *map(envs.get_state, range(3))], env.np_random.bit_generator.state
        for options, message in (
            ({"key": 1.5}, "key is 1.5"), ({"key": -1}, "key is -1"), ({"key": 2**64}, "key is 18446744073709551616"), ({"key": True}, "key is"),
            ({"key": "0x10"}, "key is '0x10': give 16 hexadecimal digits"), ({"key": ""}, "key is ''"), ({"key": "-1"}, "key is '-1'"),
            ({"key": "0" * 17}, "key is"), ({"level": 99}, "level is 99, not a whole number from 0 to 4"), ({"level": 1.9}, "level is 1.9"),
            ({"levle": 1}, "options have 'levle': there is key, level"), ({"keys": [1]}, "options have 'keys'"), ([1], "options are"),
            ("key", "options are"),
        ):
            with self.subTest(options), self.assertRaisesRegex(ResoneticsError, message):
                env.reset(seed=5, options=options)
        for options, message in (
            ({"keys": "abc"}, "keys is 'abc'"), ({"keys": 7}, "keys is 7"), ({"keys": [1, 2]}, "keys has 2 elements, not 3"),
            ({"keys": [1, 2.5, 3]}, r"keys\[1\] is 2.5"), ({"key": 1}, "options have 'key'"), ({"level": 9}, "level is 9"),
            ({"reset_mask": np.array([0.5, 0, 0])}, r"reset_mask has shape \(3,\) and type float64, not \(3,\) of bool"),
            ({"reset_mask": np.array([[True, False, False]])}, r"shape \(1, 3\)"), ({"reset_mask": np.array([True, False])}, r"shape \(2,\)"),
            ({"reset_mask": [2, 0, 0]}, "type int64"), ({"reset_mask": "abc"}, r"shape \(\)"), ({"reset_mask": True}, r"shape \(\)"),
        ):
            with self.subTest(options), self.assertRaisesRegex(ResoneticsError, message):
                envs.reset(options=options)
        for seed in (1.5, "1", True, -1, [1, 2, 3.5], [1, 2]):
            with self.subTest(seed), self.assertRaisesRegex(ResoneticsError, r"seed(\[2\])? (is|has)"):
                envs.reset(seed=seed)
        self.assertEqual([env.get_state(), *map(envs.get_state, range(3))], states)
        self.assertEqual(env.np_random.bit_generator.state, drawn)
        for mask in ([1, 0, 0], np.array([True, False, False]), np.array([1, 0, 0], dtype=np.uint8)):
            _, infos = envs.reset(options={"reset_mask": mask})
            self.assertEqual(infos["_episode_key"].tolist(), [True, False, False])

    def test_states(self):
        env, other = K8sEnv(), K8sEnv(preset="calm")
        env.reset(seed=1)
        state = env.get_state()
        for wrong, message in (
            (b"", "no saved state"), (state[:-1], "cut or changed"), (state[:50], "no saved state"),
            (state[:100] + b"x" + state[101:], "cut or changed"), (b"x" + state[1:], "no saved state"),
        ):
            with self.assertRaisesRegex(ResoneticsError, message):
                env.set_state(wrong)
        with self.assertRaisesRegex(ResoneticsError, "another configuration"):
            other.set_state(state)


class CreateTests(unittest.TestCase):
    """The functions of resonetics.h themselves."""

    def create(self, values, digest=b"0" * 64, environments=1, length=len(FIELDS)):
        handle, message = ctypes.c_uint64(), ctypes.create_string_buffer(256)
        code = library.resonetics_create(
            ABI, None if values is None else values.ctypes.data, length, digest, environments, 0, ctypes.byref(handle), message, 256)
        if code == 0:
            library.resonetics_destroy(handle.value)
        return code, message.value.decode()

    def test_what_is_wrong_is_said(self):
        values = np.array(Configuration().values)
        self.assertEqual(self.create(values), (0, ""))
        self.assertEqual(self.create(values, b"0123456789abcdefABCDEF" + b"f" * 42), (0, ""))
        self.assertEqual(self.create(None), (1, "values are missing"))
        self.assertEqual(self.create(values, length=49), (1, "values has 49 elements, not 50"))
        self.assertEqual(self.create(values, None), (1, "digest is missing"))
        for digest in (b"", b"0" * 63, b"0" * 65, b"g" + b"0" * 63, b"0" * 63 + b"\n", b"\xff" * 64):
            with self.subTest(digest):
                self.assertEqual(self.create(values, digest), (1, "digest is not 64 hexadecimal digits"))
        for count in (0, -1, LARGEST_BATCH + 1, 2**63 - 1):
            self.assertEqual(self.create(values, environments=count), (1, f"environments is {count}, not 1 to {LARGEST_BATCH}"))

    def test_presets_are_written_whatever_was_there(self):
        canonical = np.array([field[3] for field in FIELDS.values()])
        for name in PRESETS:
            for before in (np.zeros(len(FIELDS)), np.full(len(FIELDS), math.nan), canonical):
                values = before.copy()
                self.assertEqual(library.resonetics_preset(name.encode(), values.ctypes.data, values.size), 0)
                np.testing.assert_array_equal(values, Configuration(name).values)
        np.testing.assert_array_equal(Configuration("canonical").values, canonical)
        for name, size in ((b"mild", 50), (b"", 50), (None, 50), (b"calm", 49), (b"calm", 51), (b"calm", -1)):
            values = canonical + 1
            self.assertEqual(library.resonetics_preset(name, values.ctypes.data, size), 1)
            np.testing.assert_array_equal(values, canonical + 1)


class FuzzTests(unittest.TestCase):
    """Calls of every function with lengths, values and pointers that are wrong in every way that a buffer can bear."""

    def test_no_call_breaks_the_process(self):
        seed = 97
        rng = random.Random(seed)
        values = np.array(Configuration(size=(3, 3)).values)
        digest = b"0" * 64
        buffers = {kind: np.zeros(4096, dtype=kind) for kind in ("f4", "f8", "i8", "u8", "i2", "u1")}
        handles, codes, alive = [0, 2**64 - 1], set(), []

        def buffer(kind):
            return rng.choice([None, buffers[kind].ctypes.data, buffers[kind].ctypes.data])

        def length(*right):
            return rng.choice([*right, *right, -1, 0, 1, -2**63, 2**63 - 1])

        for turn in range(20_000):
            if turn % 500 == 0:
                batch = Batch(values, digest.decode(), 1 + turn % 3)
                batch.reset(range(batch.count))
                alive.append(batch)
                handles = [0, 2**64 - 1, *handles[-3:], batch._handle]
            handle = rng.choice(handles)
            call = rng.randrange(11)
            buffers["i8"][:] = rng.choice([0, 7, 8, -1])
            if call == 0:
                made = values.copy()
                if rng.random() < 0.7:
                    made[rng.randrange(len(made))] = rng.choice([math.nan, -1, 1e300, math.inf, 0, 1])
                out = ctypes.c_uint64()
                code = library.resonetics_create(
                    rng.choice([ABI, ABI, ABI, 0, 99]), rng.choice([made.ctypes.data] * 3 + [None]),
                    length(len(made)), rng.choice([digest] * 4 + [b"", None]), rng.choice([1, 2, 3, 0, -1, 2**40]),
                    rng.choice([0, 1, 2, 0, 1, 2, 3, -1]), ctypes.byref(out), None, 0)
                if code == 0:
                    # A large grid would make the buffers too short for a call that is right.
                    if made[0] * made[1] > 64:
                        library.resonetics_destroy(out.value)
                    else:
                        handles.append(out.value)
            elif call == 1:
                code = library.resonetics_destroy(handle) if rng.random() < 0.1 else 0
            elif call == 2:
                n = rng.choice([1, 2, 3])
                code = library.resonetics_reset(
                    handle, buffer("u8"), length(n), buffer("u1"), length(n), rng.choice([0, 0, 1, -1, 2**40]),
                    buffer("f4"), length(35 * n))
            elif call in (3, 4):
                n = rng.choice([1, 2, 3])
                code = library.resonetics_step(
                    handle, buffer("i8"), n, buffer("f4"), 35 * n, buffer("f8"), n, buffer("u1"), length(n),
                    buffer("u1"), n, buffer("f4"), length(35 * n))
            elif call == 5:
                code = library.resonetics_facts(
                    handle, rng.choice([None, None, buffer("i8")]), length(0, 1), buffer("i8"), length(13, 26, 39))
            elif call == 6:
                code = library.resonetics_cells(handle, length(0, 1, 2), buffer("i2"), length(27))
            elif call == 7:
                code = library.resonetics_digest(handle, length(0, 1, 2), buffer("u8"))
            elif call == 8:
                size = library.resonetics_state_size(handle)
                code = library.resonetics_save(handle, length(0, 1, 2), buffer("u1"), length(max(size, 0)))
            elif call == 9:
                size = library.resonetics_state_size(handle)
                if rng.random() < 0.5:
                    buffers["u1"][rng.randrange(400)] = rng.randrange(256)
                size = rng.choice([size, 0, 10, 70])
                code = library.resonetics_restore(handle, length(0, 1, 2), buffer("u1"), size, buffer("f4"), length(35))
            else:
                code = library.resonetics_fork(handle, length(0, 1, 2), length(0, 1, 2), buffer("u8"))
            self.assertIn(code, range(7), f"seed {seed}")
            codes.add(code)
            self.assertTrue(isinstance(library.resonetics_message(handle), bytes))
        self.assertEqual(codes, {0, 1, 2, 3, 4, 5}, f"seed {seed}: every kind of code but for no memory was seen")

    def test_handles_do_not_come_back(self):
        seen = set()
        for _ in range(300):
            batch = Batch(Configuration(size=(2, 2)).values, "0" * 64, 1)
            self.assertNotIn(batch._handle, seen)
            seen.add(batch._handle)
            batch.close()


if __name__ == "__main__":
    unittest.main()
