"""Policies judged in this process: the same episodes and figures as ``dsl sim`` has."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import numpy as np

from resonetics import DYNAMICS_VERSION, Configuration, judge, ppo

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
        self.assertGreater(judged["drawn"]["steps"]["mean"], 0)


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
