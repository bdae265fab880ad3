"""Calibration: constants judged by random and heuristic alone, in this process, to the figures that the program comes to."""

import json
import os
import shutil
import subprocess
import unittest
import unittest.mock
import xml.etree.ElementTree

import numpy as np

import resonetics
from resonetics import judge, trials, tune
from study_case import StudyCase

try:
    import optuna
except ImportError:
    optuna = None


@unittest.skipUnless(optuna, "Optuna is not installed")
class CalibrationTests(StudyCase):
    """Trials in this process: no program is needed."""

    FLAGS = ("--judge-episodes", 6, "--sampler", "random", "--size", "5x7", "--constant", "max_steps=300")

    def test_calibration_looks_at_no_learner(self):
        with unittest.mock.patch.dict(os.environ, {"PATH": str(self.folder)}):
            found = self.call("calibrate", "--study", self.folder / "c.log", "--trials", 4, "--workers", 2, *self.FLAGS)
        self.assertEqual(sum(found["trials"].values()), 4)
        self.assertLessEqual(set(found["trials"]), {"complete", "pruned"})
        self.assertEqual(set(found["best"]) & {"random", "heuristic", "settings"}, {"random", "heuristic"})
        base = resonetics.Configuration(size=(5, 7), max_steps=300)
        self.assertEqual((found["dynamics_version"], found["configuration_sha256"]), (resonetics.DYNAMICS_VERSION, base.digest))
        self.assertNotEqual(found["best"]["configuration_sha256"], base.digest, "each trial is of a cluster of its own")
        self.assertEqual(self.call("best", "--study", self.folder / "c.log")["configuration_sha256"], base.digest)
        # One worker, or several: the same trial comes to the same.
        for trial in self.load("c.log", "calibrate").trials:
            options = tune.parse(["calibrate", "--study", str(self.folder / "x"), *map(str, self.FLAGS)])
            if trial.state.name == "COMPLETE":
                again = tune.Calibration(options)
                self.assertEqual(again.measure(again.configuration(trial.params))[0], trial.value)

    @unittest.skipUnless(shutil.which("dsl"), "dsl is not installed on PATH")
    def test_figures_are_those_of_the_program(self):
        self.call("calibrate", "--study", self.folder / "c.log", "--trials", 2, *self.FLAGS)
        for trial in self.load("c.log", "calibrate").trials:
            constants = [f"--constant={name}={value}" for name, value in {**trial.params, "max_steps": 300}.items()]
            done = subprocess.run(
                ["dsl", "sim", "evaluate", "--policy", "random", "--policy", "heuristic", "--space", "validation", "--seed", "1", "--episodes", "6",
                 "--size", "5x7", "--no-black-boxes", "--format", "json", *constants], capture_output=True, text=True, check=True)
            judged, distance = json.loads(done.stdout), 0.0
            self.assertEqual(judged["configuration_sha256"], trial.user_attrs["configuration_sha256"])
            for row in judged["policies"]:
                found = trial.user_attrs[row["policy"]]
                self.assertEqual({name: found[name]["mean"] for name in judge.MEASURES}, {name: row[name]["mean"] for name in judge.MEASURES})
                self.assertEqual(found["failures"], row["failures"])
                for name, wanted, scale in zip(judge.MEASURES, trials.TARGET[row["policy"]], trials.SCALES):
                    distance += ((row[name]["mean"] - wanted) / scale) ** 2
            self.assertEqual(trial.value, distance)

    def test_figures_are_attached(self):
        self.call("calibrate", "--study", self.folder / "c.log", "--trials", 1, *self.FLAGS)
        study = self.load("c.log", "calibrate")
        trial = study.trials[0]
        files = self.artifacts(study, trial, "c.log")
        self.assertEqual(set(files), {"note.md", "figures.csv", "episodes.svg"})
        self.assertIn(f"value {trial.value:.3f}", files["note.md"])
        rows = [line.split(",") for line in files["figures.csv"].splitlines()]
        self.assertEqual(rows[0], "policy,measure,mean,low,high,wanted,scale,dynamics_version,configuration_sha256".split(","))
        self.assertEqual([row[:2] for row in rows[1:]], [[policy, name] for policy in ("random", "heuristic") for name in judge.MEASURES])
        for policy, name, mean, low, high, wanted, scale, version, digest in rows[1:]:
            self.assertEqual(trial.user_attrs[policy][name], {"mean": float(mean), "low": float(low), "high": float(high)})
            self.assertIn(f"| {policy} | {name} | {float(mean):.4f} | ", files["note.md"])
            self.assertEqual((int(version), digest), (resonetics.DYNAMICS_VERSION, trial.user_attrs["configuration_sha256"]))
        distance = sum(((float(row[2]) - float(row[5])) / float(row[6])) ** 2 for row in rows[1:])
        self.assertAlmostEqual(distance, trial.value, places=6)
        lines = xml.etree.ElementTree.fromstring(files["episodes.svg"]).findall("{*}polyline")
        self.assertEqual([len(line.get("points").split()) for line in lines], [6, 6])

    def test_constants_that_no_cluster_has_together_end_their_trial_alone(self):
        options = tune.parse(["calibrate", "--study", str(self.folder / "i.log"), "--judge-episodes", "1"])
        objective = tune.Calibration(options)
        highest = {entry["name"]: entry["high"] for entry in trials.SPACE["constants"]}
        with self.assertRaisesRegex(optuna.TrialPruned, "leak is"):
            objective(optuna.trial.FixedTrial(highest))

    def test_an_interruption_ends_a_trial_on_the_way(self):
        objective = tune.Calibration(tune.parse(["calibrate", "--study", str(self.folder / "i.log"), "--judge-episodes", "3000"]))
        played = []

        def play(policy, keys, configuration):
            played.append(len(keys))
            objective.interrupt()
            return np.zeros((len(keys), 4))

        lowest = {entry["name"]: entry["low"] for entry in trials.SPACE["constants"]}
        with unittest.mock.patch.object(judge, "play", play), self.assertRaises(KeyboardInterrupt):
            objective.attempt(optuna.trial.FixedTrial(lowest))
        self.assertEqual(played, [1024])


if __name__ == "__main__":
    unittest.main()
