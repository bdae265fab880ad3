"""Policies judged in this process: the same episodes and figures as ``dsl sim`` has."""

import contextlib
import io
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import types
import unittest
import unittest.mock
import zipfile

import gymnasium
import numpy as np
from gymnasium import spaces

from resonetics import DYNAMICS_VERSION, Configuration, ResoneticsError, judge, ppo

try:
    import stable_baselines3
except ImportError:
    stable_baselines3 = None


def dsl(*arguments):
    done = subprocess.run(
        ["dsl", "sim", *map(str, arguments), "--format", "json"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@unittest.skipUnless(shutil.which("dsl"), "dsl is not installed on PATH")
class SameFiguresTests(unittest.TestCase):
    def test_the_heuristic_plays_the_same_episodes(self):
        for preset, space, seed in (("canonical", "evaluation", 0), ("storm", "validation", 3)):
            episodes = dsl("run", "--policy", "heuristic", "--episodes", 40, "--preset", preset, "--space", space, "--seed", seed)
            wanted = [
                [e["reward"], e["steps"], e["ooms"], e["cause"] != "time_limit"] for e in episodes["episodes"]]
            found = judge.play(judge.Heuristic(), judge.keys(space, 40, seed=seed), Configuration(preset))
            np.testing.assert_allclose(found, np.array(wanted, dtype=np.float64), atol=1e-9)

    def test_random_plays_the_same_episodes(self):
        for preset, size, space, seed in (("canonical", "6x6", "evaluation", 0), ("storm", "5x9", "validation", 2**30 - 1), ("calm", "1x1", "training", 1)):
            episodes = dsl(
                "run", "--policy", "random", "--episodes", 40, "--preset", preset, "--size", size, "--space", space, "--seed", seed, "--no-black-boxes")
            wanted = [[e["reward"], e["steps"], e["ooms"], e["cause"] != "time_limit"] for e in episodes["episodes"]]
            configuration, keys = Configuration(preset, tuple(map(int, size.split("x")))), judge.keys(space, 40, seed=seed)
            self.assertEqual(configuration.digest, episodes["configuration_sha256"])
            found = judge.play(judge.Random(), keys, configuration)
            np.testing.assert_allclose(found, np.array(wanted, dtype=np.float64), atol=1e-9)
            # Whatever is played beside it, and in whichever order.
            np.testing.assert_array_equal(judge.play(judge.Random(), keys[7:2:-1], configuration), found[7:2:-1])

    def test_a_black_box_of_random_is_that_of_the_program(self):
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        dsl("run", "--policy", "random", "--episodes", 3, "--preset", "storm", "--black-boxes", folder)
        boxes = [json.loads(path.read_text()) for path in folder.iterdir()]
        self.assertGreater(len(boxes), 1)
        for box in boxes:
            found = judge.black_box(judge.Random(), int(box["key"], 16), Configuration("storm"), "random").content
            for member in ("actions", "state_digests", "cause", "reward", "tail"):
                self.assertEqual(found[member], box[member], member)

    def test_means_and_shares_are_those_of_an_evaluation(self):
        row = dsl("evaluate", "--policy", "heuristic", "--episodes", 100)["policies"][0]
        found = judge.summary([judge.play(judge.Heuristic(), judge.keys("evaluation", 100))])
        for name in judge.MEASURES:
            self.assertAlmostEqual(found[name]["mean"], row[name]["mean"], places=5, msg=name)
        for end in ("low", "high"):
            self.assertAlmostEqual(found["failures"][end], row["failures"][end], places=5)
            # Two bootstraps draw differently: their ends are near each other, a small part of the interval apart.
            for name in ("reward", "steps", "ooms"):
                width = row[name]["high"] - row[name]["low"]
                self.assertLess(abs(found[name][end] - row[name][end]), 0.2 * width, name)


class RuleTests(unittest.TestCase):
    def test_thresholds_change_what_is_done(self):
        keys = judge.keys("validation", 30)
        plain = judge.play(judge.Heuristic(), keys)
        np.testing.assert_array_equal(plain, judge.play(judge.Heuristic(), keys))
        np.testing.assert_array_equal(plain[:7], judge.play(judge.Heuristic(), keys[:7]))
        self.assertTrue((judge.play(judge.Heuristic(memory_line=0.3), keys) != plain).any())

    def test_what_is_drawn_is_philox(self):
        # Random123's vectors.
        for counter, key, wanted in (
            ((0, 0, 0, 0), 0, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
            ((2**32 - 1,) * 4, 2**64 - 1, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
            ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), 0x299F31D0A4093822, (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
        ):
            found = judge.philox(counter, np.full(2, key, dtype=np.uint64))
            self.assertEqual([word.tolist() for word in found], [[word] * 2 for word in wanted])

    def test_random_draws_by_key_step_and_seed(self):
        keys, seen = judge.keys("validation", 4000, seed=9), np.zeros((4000, 35), dtype=np.float32)

        def actions(rule, keys=keys, step=3):
            rule.begin(keys)
            return rule(seen, step).tolist()

        first = actions(judge.Random())
        self.assertEqual(first, actions(judge.Random(0)))
        for other in (actions(judge.Random(1)), actions(judge.Random(), step=4), actions(judge.Random(), keys + np.uint64(2**32))):
            self.assertLess(np.mean(np.array(first) == other), 0.2)
        # The seed is mixed into the key.
        self.assertEqual(actions(judge.Random(5)), actions(judge.Random(), keys ^ np.uint64(5 * 0x9E3779B97F4A7C15 % 2**64)))
        counts = np.bincount(first, minlength=8)
        self.assertEqual((len(counts), min(counts) > 400, max(counts) < 600), (8, True, True), counts)
        with self.assertRaisesRegex(ValueError, "call begin"):
            judge.Random()(seen, 0)
        with self.assertRaisesRegex(ValueError, "call begin"):
            actions(judge.Random(), keys[:3])
        for seed in (-1, 2**64, 0.5):
            with self.assertRaisesRegex(ResoneticsError, "seed is"):
                judge.Random(seed)

    def test_the_first_failure_came_after_the_fewest_steps(self):
        rows = np.array([[0, 9, 0, 0], [0, 50, 0, 1], [0, 20, 0, 1], [0, 20, 0, 1]], dtype=np.float64)
        self.assertEqual([judge.first_failure(rows), judge.first_failure(rows[:2]), judge.first_failure(rows[:1])], [2, 1, None])

    def test_a_summary_says_what_it_is_of(self):
        keys, storm = judge.keys("validation", 4), Configuration("storm")
        rows = judge.play(judge.Heuristic(), keys, storm)
        found = judge.summary([rows, rows[:4]])
        self.assertEqual((found["configuration_sha256"], found["dynamics_version"]), (storm.digest, DYNAMICS_VERSION))
        json.dumps({name: found[name] for name in ("configuration_sha256", "dynamics_version")})
        bare = np.asarray(rows).view(np.ndarray)
        self.assertIsNone(judge.summary([bare])["configuration_sha256"], "not known")
        self.assertEqual(judge.summary([bare], storm)["configuration_sha256"], storm.digest)
        for groups, more in (([rows, judge.play(judge.Heuristic(), keys)], ()), ([rows], (Configuration(),))):
            with self.assertRaisesRegex(ValueError, "rows of 2 configurations"):
                judge.summary(groups, *more)

    def test_keys_of_two_spaces_have_nothing_in_common(self):
        spaces = [set(judge.keys(space, 1000, seed=2**30 - 1).tolist()) for space in judge.SPACES]
        self.assertEqual(len(set.union(*spaces)), 3000)
        for wrong in (dict(seed=2**30), dict(seed=-1), dict(first=2**32)):
            with self.assertRaises(ValueError):
                judge.keys("training", 1, **wrong)

    def test_an_interval_widens_with_differences_of_trainings(self):
        rng = np.random.default_rng(3)
        same = rng.normal(0, 1, (8, 200))
        apart = same + np.linspace(-2, 2, 8)[:, None]
        near, wide = judge.bootstrap(same), judge.bootstrap(apart)
        self.assertLess(near["high"] - near["low"], 0.3)
        self.assertGreater(wide["high"] - wide["low"], 1.0)
        self.assertAlmostEqual(wide["mean"], apart.mean())
        # Agresti, Coull (1998), table 1: nothing of ten.
        self.assertAlmostEqual(judge.wilson(0, 10)["high"], 0.2775, places=4)


@unittest.skipUnless(stable_baselines3, "Stable-Baselines3 is not installed")
class PPOTests(unittest.TestCase):
    def test_a_training_repeats_and_is_judged(self):
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        found = []
        for name in ("a", "b"):
            options = ppo.parse([
                "train", "--out", str(folder / f"{name}.zip"), "--steps", "8192", "--seed", "4", "--episodes", "8"])
            found.append(ppo.train(options))
        self.assertEqual(found[0]["validation"], found[1]["validation"])
        self.assertEqual((found[0]["steps"], found[0]["dynamics_version"]), (8192, DYNAMICS_VERSION))
        self.assertNotEqual(found[0]["configuration_sha256"], Configuration().digest, "failures weigh more in training")
        judged = ppo.evaluate(ppo.parse(["evaluate", *(str(folder / f"{n}.zip") for n in "ab"), "--episodes", "8"]))
        self.assertEqual(judged["trainings"], 2)
        self.assertEqual(judged["drawn"]["configuration_sha256"], Configuration().digest)
        told = {"seed": 4, "steps": 8192, "oom_weight": 6.0, "fatal_weight": 3.0}
        told |= {name: found[0][name] for name in ("dynamics_version", "configuration_sha256")}
        self.assertEqual(judged["files"], [{"file": str(folder / f"{name}.zip"), **told} for name in "ab"])
        # Where others read it, without Stable-Baselines3.
        with zipfile.ZipFile(folder / "a.zip") as file:
            self.assertEqual(json.loads(file.read("data"))["resonetics"], told)
        self.assertGreater(judged["drawn"]["steps"]["mean"], 0)


class PPOFileTests(unittest.TestCase):
    """What is wrong with a file is said in a line, with its name. Stable-Baselines3 itself is asked where it is."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def call(self, *arguments, status=1):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                found = ppo.main([str(argument) for argument in arguments])
            except SystemExit as exit:
                found = exit.code
        self.assertEqual((found, out.getvalue()), (status, ""), err.getvalue())
        return err.getvalue()

    def stand_in(self, load):
        """For Stable-Baselines3, which few machines have."""
        module = types.ModuleType("stable_baselines3")
        module.PPO = types.SimpleNamespace(load=load)
        patch = unittest.mock.patch.dict(sys.modules, {"stable_baselines3": module})
        patch.start()
        self.addCleanup(patch.stop)

    def test_what_loading_raises_is_said(self):
        path = self.folder / "p.zip"
        path.touch()
        for error in (ValueError("wasn't a zip-file\nand more"), KeyError("data"), AttributeError("no"), RuntimeError("weights")):
            def load(*_, error=error, **__):
                raise error
            self.stand_in(load)
            said = self.call("evaluate", path)
            self.assertIn(f"{path} is no training of python -m resonetics.ppo train ({type(error).__name__}", said)
            self.assertEqual(said.count("\n"), 1)

    def test_files_are_looked_at_before_anything_is_played(self):
        loaded = []

        def load(path, device):
            loaded.append(path.name)
            return types.SimpleNamespace(
                observation_space=spaces.Box(0, 1, (4 if path.stem == "pole" else 35,)), action_space=spaces.Discrete(8),
                resonetics={"dynamics_version": 0} if path.stem == "old" else None)

        self.stand_in(load)
        for name in ("good.zip", "old.zip", "pole.zip"):
            (self.folder / name).touch()
        good = self.folder / "good.zip"
        with unittest.mock.patch.object(judge, "play", side_effect=AssertionError("it was played")):
            self.assertIn(f"No such file or directory: '{self.folder / 'none.zip'}'", self.call("evaluate", good, self.folder / "none.zip"))
            self.assertIn(f"No such file or directory: '{self.folder / 'none.zip'}'", self.call("evaluate", good, self.folder / "none"))
            self.assertIn("Is a directory", self.call("evaluate", good, self.folder))
            self.assertIn(
                "pole.zip is a training of another environment: it sees numbers of shape (4,) and has 8 actions, not (35,) and 8",
                self.call("evaluate", good, self.folder / "pole.zip"))
            self.assertIn(
                f"old.zip was trained under dynamics 0, this package has {DYNAMICS_VERSION}", self.call("evaluate", good, self.folder / "old.zip"))
        loaded.clear()
        blocked = self.folder / "file"
        blocked.touch()
        self.assertIn("black_boxes is", self.call("evaluate", self.folder / "good", "--black-boxes", blocked / "boxes"))
        self.assertEqual(loaded, ["good.zip"], "named without its suffix")

    def test_the_call(self):
        for arguments, message in (
            (("train", "--out", "p.zip", "--steps", 0), "--steps has to be 1"), (("evaluate", "p.zip", "--episodes", 0), "--episodes has to be 1"),
            (("train", "--out", "p.zip", "--seed", -1), "--seed has to be"), (("train",), "--out"), ((), "required"),
        ):
            self.assertIn(message, self.call(*arguments, status=2))

    @unittest.skipUnless(stable_baselines3, "Stable-Baselines3 is not installed")
    def test_real_files(self):
        junk, text, empty, other = (self.folder / name for name in ("junk.zip", "text", "empty.zip", "pole.zip"))
        junk.write_bytes(bytes(range(256)) * 9)
        text.write_text("a text")
        with zipfile.ZipFile(empty, "w") as file:
            file.writestr("readme", "nothing of a training")
        stable_baselines3.PPO("MlpPolicy", gymnasium.make("CartPole-v1"), device="cpu").save(other)
        for path in (junk, text, empty):
            self.assertIn(f"{path} is no training of python -m resonetics.ppo train (", self.call("evaluate", path))
        self.assertIn(f"{other} is a training of another environment", self.call("evaluate", other))
        self.assertIn("No such file", self.call("evaluate", self.folder / "none.zip"))
        self.assertIn(f"--out {self.folder} is a directory", self.call("train", "--out", self.folder, "--steps", 64))
        self.assertIn("the directory of --out is", self.call("train", "--out", text / "p.zip", "--steps", 64))
        self.assertIn("oom_reward is nan", self.call("train", "--out", self.folder / "p.zip", "--oom-weight", "nan"))


class WithoutTests(unittest.TestCase):
    def test_what_is_missing_is_said(self):
        """Also where it is installed: it is hidden."""
        done = subprocess.run(
            [sys.executable, "-c", "import sys; sys.modules['stable_baselines3'] = None\n"
             "from resonetics import ppo; sys.exit(ppo.main(['evaluate', 'none.zip']))"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 69)
        self.assertIn("Stable-Baselines3 is not installed", done.stderr)


if __name__ == "__main__":
    unittest.main()
