"""Black boxes: the files of ``dsl``, to the byte, of every way to step, and never of what did not happen."""

import json
import pathlib
import pickle
import shutil
import subprocess
import tempfile
import unittest
import warnings

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from resonetics import BlackBox, Configuration, K8sEnv, K8sVectorEnv, ResoneticsError, blackbox, judge

try:
    import stable_baselines3
except ImportError:
    stable_baselines3 = None

ID = "resonetics/K8sTensor-v1"
#: Fails early and in more than one way.
STORM = dict(preset="storm", size=(4, 5), constants={"hot_memory_low": 0.9, "hot_memory_high": 0.98, "max_steps": 150})


def dsl(*arguments, check=True):
    done = subprocess.run(
        ["dsl", "sim", *map(str, arguments), "--format", "json"], capture_output=True, text=True, check=check)
    return json.loads(done.stdout) if done.returncode == 0 else done


class FolderCase(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def files(self, name):
        return {path.name: path.read_bytes() for path in sorted((self.folder / name).iterdir())}


@unittest.skipUnless(shutil.which("dsl"), "dsl is not installed on PATH")
class SameFileTests(FolderCase):
    #: What is played, the level, and the ends that have to be among it.
    CASES = (
        (["--preset", "storm", "--episodes", 8], 0, {"time_limit"}),
        (["--preset", "storm", "--size", "7x9", "--seed", 3, "--episodes", 8], 4, {"critical_oom", "oom"}),
        (["--constant", "collapse_load=0.33", "--episodes", 3], 0, {"collapse"}),
        (["--constant", "budget=3", "--constant", "budget_recovery=0", "--constant", "bankruptcy_steps=5", "--episodes", 6], 0,
         {"bankruptcy", "critical_oom"}),
        (["--constant", "budget=3", "--constant", "budget_recovery=0.01", "--constant", "panic_steps=4", "--episodes", 2], 0, {"panic"}),
        (["--preset", "calm", "--size", "12x11", "--constant", "leak=0.0012", "--constant", "critical_share=0", "--constant",
          "restart_memory=0.99", "--constant", "max_steps=90", "--episodes", 3], 0, {"time_limit"}),
        # Cells that are as if they had been restarted, and had not.
        (["--constant", "initial_memory=0", "--constant", "restart_memory=0", "--constant", "leak=0.00002", "--constant",
          "leaker_factor=100", "--constant", "leaker_share=0.5", "--constant", "hot_memory_low=0.95", "--constant",
          "hot_memory_high=0.989", "--constant", "critical_share=0", "--constant", "memory_coupling=0", "--episodes", 3], 0, None),
        (["--preset", "storm", "--size", "1x2", "--constant", "leak=0.0009", "--constant", "leaker_factor=3", "--episodes", 3], 2, None),
    )

    def test_they_are_those_of_the_program(self):
        for place, (arguments, level, causes) in enumerate(self.CASES):
            with self.subTest(arguments):
                dsl("run", "--policy", "heuristic", "--level", level, *arguments, "--black-boxes", self.folder / f"d{place}")
                wanted = self.files(f"d{place}")
                for text in wanted.values():
                    self.play(BlackBox(json.loads(text)), self.folder / f"p{place}")
                found = self.files(f"p{place}")
                self.assertEqual(found.keys(), wanted.keys())
                for name in wanted:
                    self.assertEqual(self.plain(found[name]), self.plain(wanted[name]), name)
                self.assertLessEqual(causes or set(), {json.loads(text)["cause"] for text in wanted.values()})
                self.assertTrue(wanted)
                told = dsl("replay", self.folder / f"p{place}")
                self.assertEqual((told["diverged"], [one["same"] for one in told["replays"]]), (0, [True] * len(found)))
                kinds = [[(kind["signature"], kind["count"]) for kind in dsl("cluster", self.folder / f"{who}{place}")["kinds"]] for who in "dp"]
                self.assertEqual(*kinds)

    def play(self, box, directory):
        """The rule, which is in Python too, in the episode of a box."""
        env = K8sEnv(constants=box.content["configuration"], black_boxes=directory, black_boxes_policy="heuristic")
        rule = judge.Heuristic(width=env.configuration["width"])
        seen, _ = env.reset(options={"key": box.key, "level": box.level})
        over, step = False, 0
        while not over:
            seen, _, terminated, truncated, info = env.step(int(rule(seen[None], step)[0]))
            over, step = terminated or truncated, step + 1
        self.assertEqual(info["black_box"], str(directory / f"heuristic-{box.key}.blackbox.json"))

    def plain(self, text):
        """A file without who wrote it and the digest over that."""
        content = json.loads(text)
        engine, digest = (f'"{name}":{json.dumps(content[name])}'.encode() for name in ("engine", "sha256"))
        self.assertEqual((text.count(engine), text[-len(digest) - 2:]), (1, digest + b"}\n"))
        return text.replace(engine, b"").replace(digest, b"")

    def test_the_writer_is_named(self):
        path = BlackBox.record(Configuration(), 5, [0, 1, 2]).write(self.folder)
        self.assertRegex(json.loads(pathlib.Path(path).read_text())["engine"], r"^resonetics( \d+\.\d+.*)?$")

    def test_files_of_the_program_are_read(self):
        dsl("run", "--policy", "random", "--preset", "storm", "--episodes", 4, "--black-boxes", self.folder)
        for path in self.folder.iterdir():
            box = BlackBox.load(path)
            self.assertEqual(box.to_bytes(), path.read_bytes())
            self.assertEqual((box.steps, len(box.actions), box.is_worth_keeping), (len(box.content["actions"]), box.steps, True))
            again = BlackBox.record(box.configuration, box.key, box.actions, box.level, box.policy)
            self.assertEqual(self.plain(again.to_bytes()), self.plain(path.read_bytes()))

    def test_the_program_replays_and_explains_them(self):
        env = K8sEnv(black_boxes=self.folder / "env", **STORM)
        rng = np.random.default_rng(3)
        env.reset(seed=3)
        for _ in range(1000):
            *_, terminated, truncated, info = env.step(rng.integers(8))
            if terminated or truncated:
                env.reset()
        paths = [self.failed(self.folder / "env"), env.black_box().write(self.folder / "env")]
        for mode in AutoresetMode:
            envs = K8sVectorEnv(3, autoreset_mode=mode, copy=False, black_boxes=self.folder / mode.name, **STORM)
            envs.reset(seed=4)
            for _ in range(1000):
                _, _, terminated, truncated, _ = envs.step(rng.integers(8, size=3))
                if mode is AutoresetMode.DISABLED and (terminated | truncated).all():
                    envs.reset(options={"reset_mask": terminated | truncated})
            paths.append(self.failed(self.folder / mode.name))
        explained = 0
        for path in paths:
            told, box = dsl("replay", path)["replays"][0], json.loads(pathlib.Path(path).read_text())
            self.assertEqual((told["same"], told["steps"], told["cause"], told["key"]), (True, box["steps"], box["cause"], box["key"]))
            # What goes on, or lasted, has no failure to explain.
            if box["cause"] not in ("none", "time_limit"):
                self.assertEqual(dsl("explain", path)["key"], box["key"])
                explained += 1
        self.assertEqual(explained, 4)

    def failed(self, directory):
        return next(path for path in sorted(directory.iterdir()) if BlackBox.load(path).cause not in ("none", "time_limit"))

    def test_one_that_was_edited_is_refused(self):
        text = BlackBox.record(Configuration.of(*STORM.values()), 7, [4, 3] * 40).to_bytes()
        path = self.folder / "edited.blackbox.json"
        for old, new in ((b'"steps":', b'"steps":1'), (b'"level":0', b'"level":1'), (b'"actions":"4', b'"actions":"5'), (b"}\n", b"")):
            path.write_bytes(text.replace(old, new, 1))
            self.assertNotEqual(path.read_bytes(), text)
            self.assertNotEqual(dsl("replay", path, check=False).returncode, 0)
            with self.assertRaisesRegex(ResoneticsError, "edited or cut|no black box"):
                BlackBox.load(path)
        content = json.loads(text)
        for member, value in (("reward", 1.5), ("ooms", 3), ("cause", "panic"), ("level", 2), ("actions", "4" * 80), ("policy", 3)):
            lie = {**content, member: value}
            path.write_bytes(blackbox._text({**lie, "sha256": blackbox._digest(lie)}))
            self.assertNotEqual(dsl("replay", path, check=False).returncode, 0)
            with self.subTest(member), self.assertRaisesRegex(ResoneticsError, "does not tell what its actions did|no whole black box"):
                BlackBox.load(path)

    def test_judging_writes_the_failures(self):
        """Of the same keys the same files as the program."""
        dsl("run", "--policy", "heuristic", "--preset", "storm", "--episodes", 12, "--black-boxes", self.folder / "d")
        rows = judge.play(
            judge.Heuristic(), judge.keys("evaluation", 12), Configuration("storm"), black_boxes=self.folder / "p", name="heuristic")
        wanted, found = self.files("d"), self.files("p")
        self.assertEqual([pathlib.Path(path).name for path in rows.black_boxes], list(wanted))
        self.assertEqual({name: self.plain(text) for name, text in found.items()}, {name: self.plain(text) for name, text in wanted.items()})
        self.assertEqual(rows[:3].black_boxes, ())
        np.testing.assert_array_equal(rows, judge.play(judge.Heuristic(), judge.keys("evaluation", 12), Configuration("storm")))


class RowTests(FolderCase):
    def test_rows_are_environments(self):
        """The same boxes at any time, the same files and the same infos as of Gymnasium's own vector of single environments."""
        for mode in (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP):
            for limit in (None, 110):
                with self.subTest(mode=mode, limit=limit):
                    name = f"{mode.name}-{limit}"
                    arguments = dict(max_episode_steps=limit, **STORM)
                    native = gymnasium.make_vec(ID, 4, autoreset_mode=mode, copy=limit is None, black_boxes=self.folder / f"{name}-n", **arguments)
                    single = gymnasium.make_vec(
                        ID, 4, vectorization_mode="sync", vector_kwargs={"autoreset_mode": mode}, black_boxes=self.folder / f"{name}-s",
                        **arguments)
                    native.reset(seed=11)
                    single.reset(seed=11)
                    rng, told = np.random.default_rng(11), 0
                    for step in range(700):
                        actions = rng.integers(8, size=4)
                        found, wanted = native.step(actions), single.step(actions)
                        told += self.same(found[4], wanted[4])
                        # When it is just over, and now and then.
                        for i in np.flatnonzero(found[2] | found[3] | (rng.random(4) < 0.03)):
                            self.assertEqual(native.unwrapped.black_box(i), single.envs[i].unwrapped.black_box())
                        if step == 333:
                            native = pickle.loads(pickle.dumps(native))
                    self.assertEqual(self.files(f"{name}-n"), self.files(f"{name}-s"))
                    self.assertEqual(told, len(self.files(f"{name}-n")))
                    self.assertGreater(told, 3 if limit is None else 0)

    def same(self, found, wanted):
        """Counts the files that infos tell of."""
        found, wanted = (infos.get("final_info", infos) for infos in (found, wanted))
        self.assertEqual("black_box" in found, "black_box" in wanted)
        if "black_box" not in found:
            return 0
        np.testing.assert_array_equal(found["_black_box"], wanted["_black_box"])
        for a, b in zip(found["black_box"], wanted["black_box"]):
            self.assertEqual(a and pathlib.Path(a).name, b and pathlib.Path(b).name)
        return int(found["_black_box"].sum())

    def test_disabled_waits_for_the_mask(self):
        """However long a row waits, what it came of is there until a step of its next episode."""
        for limit in (None, 60):
            envs = K8sVectorEnv(4, autoreset_mode=AutoresetMode.DISABLED, max_episode_steps=limit, black_boxes=self.folder / f"n{limit}", **STORM)
            single = [K8sEnv(black_boxes=self.folder / f"s{limit}", **STORM) for _ in range(4)]
            envs.reset(seed=21)
            for i, env in enumerate(single):
                env.reset(seed=21 + i)
            rng, over = np.random.default_rng(21), np.zeros(4, dtype=bool)
            done = np.zeros(4, dtype=np.int64)
            for step in range(6000):
                actions = rng.integers(8, size=4)
                _, _, terminated, truncated, infos = envs.step(actions)
                for i, env in enumerate(single):
                    if not over[i]:
                        info = env.step(actions[i])[4]
                        done[i] += 1
                        file = infos["black_box"][i] if "black_box" in infos else None
                        self.assertEqual(info.get("black_box", "").rpartition("/")[2], (file or "").rpartition("/")[2])
                over = terminated | truncated
                if step % 50 == 0:
                    for i, env in enumerate(single):
                        self.assertEqual(envs.black_box(i), env.black_box())
                # Row 3 waits for longer than all others together.
                mask = over & (rng.random(4) < [0.05, 0.05, 0.05, 0.0005])
                if mask.any():
                    envs.reset(options={"reset_mask": mask})
                    for i in np.flatnonzero(mask):
                        single[i].reset()
                        self.assertEqual(envs.black_box(i), single[i].black_box())
                    over &= ~mask
            self.assertEqual(self.files(f"n{limit}"), self.files(f"s{limit}"))
            self.assertLess(envs._tape._actions.nbytes, 4 * 2048 * 2)

    def test_what_was_given_up_can_still_be_told(self):
        env = K8sEnv(**STORM)
        for ask in (env.black_box, lambda: K8sVectorEnv(2).black_box(0)):
            with self.assertRaisesRegex(ResoneticsError, "before the first step"):
                ask()
        first = env.reset(seed=1, options={"level": 2})[1]
        with self.assertRaisesRegex(ResoneticsError, "before the first step"):
            env.black_box()
        env.step(np.int64(4))
        env.step(5)
        env.reset()
        env.reset()
        box = env.black_box("who?/é")
        self.assertEqual((box.key, box.level, box.actions.tolist(), box.cause), (first["episode_key"], 2, [4, 5], "none"))
        self.assertEqual(pathlib.Path(box.write(self.folder)).name, f"who__é-{box.key}.blackbox.json")
        self.assertEqual(BlackBox.load(self.folder / f"who__é-{box.key}.blackbox.json"), box)
        env.step(1)
        self.assertEqual(env.black_box().actions.tolist(), [1])
        with self.assertRaisesRegex(ResoneticsError, "action is"):
            env.step("4")
        with self.assertRaisesRegex(ResoneticsError, r"actions\[0\] is 8"):
            env.step(8)
        self.assertEqual(env.black_box().actions.tolist(), [1], "a step that failed was none")

    def test_difficulty_and_successors(self):
        """Episodes that follow others begin at their own level, which is in the box."""
        for mode in AutoresetMode:
            envs = K8sVectorEnv(3, autoreset_mode=mode, level=3, **STORM)
            envs.reset(seed=2)
            rng, levels = np.random.default_rng(2), set()
            for _ in range(1200):
                _, _, terminated, truncated, infos = envs.step(rng.integers(8, size=3))
                over = terminated | truncated
                for i in np.flatnonzero(over):
                    box = envs.black_box(i)
                    ends = infos.get("final_info", infos)
                    if "cause" in ends and ends["_cause"][i]:
                        self.assertEqual((box.cause, box.ooms, box.key), (ends["cause"][i], ends["ooms"][i], ends["episode_key"][i]))
                    levels.add(box.level)
                if mode is AutoresetMode.DISABLED and over.any():
                    envs.reset(options={"reset_mask": over})
            self.assertGreater(len(levels), 2, mode)


class FileTests(FolderCase):
    def failures(self, env, count, seed=1):
        """Plays random episodes and returns the paths that were told."""
        rng, paths = np.random.default_rng(seed), []
        env.reset(seed=seed)
        while len(paths) < count:
            *_, terminated, truncated, info = env.step(int(rng.integers(8)))
            if terminated or truncated:
                paths += [info["black_box"]] if "black_box" in info else []
                env.reset()
        return paths

    def test_the_newest_are_kept(self):
        env = K8sEnv(black_boxes=self.folder / "a", black_boxes_policy="p q", black_boxes_limit=3, **STORM)
        paths = self.failures(env, 5)
        self.assertEqual(sorted(self.files("a")), sorted(pathlib.Path(path).name for path in paths[-3:]))
        self.assertTrue(all("/p_q-" in path for path in paths))
        # Files of others stay, also in the place of its own.
        other = self.folder / "b"
        env = K8sEnv(black_boxes=other, black_boxes_limit=2, **STORM)
        first = pathlib.Path(self.failures(env, 1)[0])
        first.rename(other / "mine.blackbox.json")
        first.write_text("another's")
        self.failures(env, 4, seed=2)
        self.assertEqual(len(self.files("b")), 4)
        self.assertEqual(first.read_text(), "another's")

        # The same key again is the newest.
        folder = blackbox.Folder(self.folder / "c", "p", 2)
        for key in (1, 2, 1, 3):
            folder.keep(lambda policy: BlackBox.record(Configuration(), key, [0], policy=policy))
        self.assertEqual([BlackBox.load(self.folder / "c" / name).key[-1] for name in self.files("c")], ["1", "3"])

    def test_specifications(self):
        for directory in (str(self.folder / "x"), self.folder / "x"):
            for spec in (gymnasium.make(ID, black_boxes=directory, **STORM).spec,):
                again = gymnasium.make(type(spec).from_json(spec.to_json()))
                self.assertEqual(len(self.failures(again, 1)), 1)
            envs = gymnasium.make_vec(ID, num_envs=2, black_boxes=directory, black_boxes_policy="v", **STORM)
            again = gymnasium.make_vec(type(envs.spec).from_json(envs.spec.to_json()))
            again.reset(seed=1)
            again.step([4, 4])
            self.assertEqual(again.unwrapped.black_box(1).policy, "v")
            self.assertEqual(pickle.loads(pickle.dumps(again.unwrapped)).black_box(0), again.unwrapped.black_box(0))

    def test_what_cannot_be_used_is_said(self):
        (self.folder / "file").write_text("")
        for make in (K8sEnv, lambda **more: K8sVectorEnv(2, **more)):
            for more, message in (
                (dict(black_boxes=self.folder / "file"), "black_boxes is .*file.*: File exists; give a directory"),
                (dict(black_boxes=self.folder / "file" / "in"), "black_boxes is .*: Not a directory; give"),
                (dict(black_boxes=""), "black_boxes is ''"), (dict(black_boxes=3), "black_boxes is 3: give the name"),
                (dict(black_boxes=b"x"), "black_boxes is b'x'"), (dict(black_boxes="a\0b"), "black_boxes is .*null"),
                (dict(black_boxes_policy=""), "the policy's name is ''"), (dict(black_boxes_policy="a\nb"), "the policy's name is"),
                (dict(black_boxes_policy="\ud800"), "the policy's name is"), (dict(black_boxes_policy="x" * 151), "the policy's name is"),
                (dict(black_boxes=self.folder, black_boxes_limit=0), "black_boxes_limit is 0"),
            ):
                with self.subTest(more), self.assertRaisesRegex(ResoneticsError, message):
                    make(**more)
        with self.assertRaisesRegex(ResoneticsError, "File exists"):
            judge.play(judge.Heuristic(), judge.keys("validation", 1), black_boxes=self.folder / "file")
        box = BlackBox.record(Configuration(), "7", [])
        with self.assertRaises(FileExistsError):
            box.write(self.folder / "file")
        for arguments, message in (
            ((5, [8]), "actions have"), ((5, [-1]), "actions have"), ((5, [1.0]), "actions have"), ((5, [[1]]), "actions have"),
            ((2**64, [1]), "key is"), ((5, [1], 1), "level is 1"), ((5, [1], 0, ""), "the policy's name is"),
        ):
            with self.subTest(arguments), self.assertRaisesRegex(ResoneticsError, message):
                BlackBox.record(Configuration(), *arguments)
        for text in (b"", b"{}", b"[1]", b"\xff"):
            (self.folder / "file").write_bytes(text)
            with self.assertRaisesRegex(ResoneticsError, "is no black box"):
                BlackBox.load(self.folder / "file")
        with self.assertRaises(FileNotFoundError):
            BlackBox.load(self.folder / "none")

    def test_a_disk_that_takes_no_file_stops_no_episode(self):
        """The directory goes away and a file is in its place: a warning, once, and all else is as without."""
        for make in (K8sEnv, lambda **more: K8sVectorEnv(3, **more)):
            plain, envs = make(**STORM), make(black_boxes=self.folder / "gone", **STORM)
            shutil.rmtree(self.folder / "gone")
            (self.folder / "gone").write_text("")
            plain.reset(seed=1)
            envs.reset(seed=1)
            rng, told = np.random.default_rng(1), 0
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                for _ in range(600):
                    actions = rng.integers(8, size=plain.action_space.shape)
                    found, wanted = envs.step(actions), plain.step(actions)
                    for a, b in zip(found[:4], wanted[:4]):
                        np.testing.assert_array_equal(a, b)
                    self.assertEqual(found[4].keys(), wanted[4].keys())
                    told += np.sum(found[4].get("ooms", 0))
                    if make is K8sEnv and found[4]:
                        np.testing.assert_array_equal(envs.reset()[0], plain.reset()[0])
            self.assertGreater(told, 1)
            self.assertEqual([str(w.message)[:30] for w in caught], ["black boxes cannot be written:"])
            (self.folder / "gone").unlink()
            row = () if make is K8sEnv else (0,)
            self.assertEqual(envs.black_box(*row), plain.black_box(*row))

    def test_a_warning_that_is_an_error_breaks_nothing(self):
        for mode in AutoresetMode:
            plain, envs = (K8sVectorEnv(3, autoreset_mode=mode, black_boxes=self.folder / name, **STORM) for name in ("there", "gone"))
            shutil.rmtree(self.folder / "gone")
            (self.folder / "gone").write_text("")
            rng, raised = np.random.default_rng(1), 0
            plain.reset(seed=1)
            envs.reset(seed=1)
            for _ in range(400):
                actions = rng.integers(8, size=3)
                wanted = plain.step(actions)
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("error")
                        found = envs.step(actions)
                except RuntimeWarning:
                    raised += 1
                else:
                    for a, b in zip(found[:4], wanted[:4]):
                        np.testing.assert_array_equal(a, b)
                    self.assertEqual("episode_key" in found[4], "episode_key" in wanted[4])
                for i in range(3):
                    self.assertEqual(envs.black_box(i), plain.black_box(i))
            self.assertEqual(raised, 1)
            (self.folder / "gone").unlink()

    def test_nothing_is_left_where_a_write_fails(self):
        box = BlackBox.record(Configuration(), 3, [1, 2])
        path = pathlib.Path(box.write(self.folder / "w"))
        path.unlink()
        path.mkdir()
        with self.assertRaises(OSError):
            box.write(self.folder / "w")
        self.assertEqual([one.name for one in (self.folder / "w").iterdir()], [path.name])

    def test_judging_stops_at_the_limit(self):
        keys = judge.keys("validation", 8)
        keep = blackbox.Folder.__init__.__defaults__
        self.addCleanup(setattr, blackbox.Folder.__init__, "__defaults__", keep)
        blackbox.Folder.__init__.__defaults__ = (2,)
        with self.assertWarnsRegex(RuntimeWarning, "only the first 2 of 8 failures are written"):
            rows = judge.play(
                lambda seen, step: np.full(len(seen), 4), keys, Configuration(bankruptcy_steps=2, budget=1.0), black_boxes=self.folder / "j")
        self.assertEqual(sorted(map(str, rows.black_boxes)), [str(self.folder / "j" / name) for name in self.files("j")])
        self.assertEqual([f"{int(key):016x}" for key in keys[:2]], [BlackBox.load(path).key for path in rows.black_boxes])


@unittest.skipUnless(stable_baselines3, "Stable-Baselines3 is not installed")
class StableBaselinesTests(FolderCase):
    def test_the_adapter_passes_them_through(self):
        from resonetics.sb3 import K8sVecEnv

        envs = K8sVecEnv(3, black_boxes=self.folder / "s", black_boxes_policy="ppo", **STORM)
        envs.seed(1)
        envs.reset()
        rng, paths = np.random.default_rng(1), []
        for _ in range(300):
            _, _, dones, infos = envs.step(rng.integers(8, size=3))
            for i, info in enumerate(infos):
                self.assertEqual("black_box" in info, bool(dones[i]) and blackbox.is_worth_keeping(info["cause"], info["ooms"]))
                if "black_box" in info:
                    paths.append(info["black_box"])
                    self.assertEqual(envs.env_method("black_box", indices=i)[0], BlackBox.load(info["black_box"]))
                    self.assertEqual(BlackBox.load(info["black_box"]).key, info["episode_key"])
        self.assertEqual(len(paths), len(self.files("s")))

    def test_judging_trainings_writes_them(self):
        from resonetics import ppo

        ppo.train(ppo.parse(["train", "--out", str(self.folder / "a.zip"), "--steps", "4096", "--episodes", "2"]))
        (self.folder / "b").mkdir()
        shutil.copy(self.folder / "a.zip", self.folder / "b")
        files = [str(self.folder / "a.zip"), str(self.folder / "b" / "a.zip")]
        found = ppo.evaluate(ppo.parse(["evaluate", *files, "--episodes", "30", "--black-boxes", str(self.folder / "e")]))
        boxes = [BlackBox.load(self.folder / "e" / name) for name in self.files("e")]
        self.assertEqual(sum(found[way]["black_boxes"] for way in ("drawn", "likeliest")), len(boxes))
        for way in ("drawn", "likeliest"):
            for number in (1, 2):
                mine = [box for box in boxes if box.policy == f"{number}-a-{way}"]
                self.assertGreaterEqual(len(mine), round(30 * found[way]["failures"]["mean"]))


if __name__ == "__main__":
    unittest.main()
