"""Studies: they repeat, prune, go on after an interruption, and open as Optuna's own."""

import contextlib
import fcntl
import io
import json
import pathlib
import shutil
import tempfile
import unittest

from resonetics import tune

try:
    import optuna
except ImportError:
    optuna = None


@unittest.skipUnless(optuna, "Optuna is not installed")
@unittest.skipUnless(shutil.which("dsl"), "dsl is not installed on PATH")
class StudyTests(unittest.TestCase):
    def setUp(self):
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def call(self, command, *arguments, status=0):
        """In this process: starting Optuna takes longer than these studies."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                found = tune.main([command, *map(str, arguments)])
            except SystemExit as exit:
                found = exit.code
        self.assertEqual(found, status, err.getvalue())
        return json.loads(out.getvalue()) if status == 0 else err.getvalue()

    def load(self, name, study="tune"):
        from optuna.storages.journal import JournalFileBackend
        storage = optuna.storages.JournalStorage(JournalFileBackend(str(self.folder / name)))
        return optuna.load_study(study_name=study, storage=storage)

    def test_a_study_goes_on_repeats_and_is_optunas(self):
        flags = ["--episodes", 128, "--reports", 2, "--judge-episodes", 4, "--size", "3x3", "--sampler", "random"]
        whole = self.call("tune", "--study", self.folder / "a.log", "--trials", 1, "--pruner", "none", *flags)
        self.assertEqual(whole["trials"], {"complete": 1})
        # Interrupted: a trial, and one whose process did not live to end it.
        self.call("tune", "--study", self.folder / "b.log", "--trials", 1, "--pruner", "none", *flags)
        study = self.load("b.log")
        lost = study.ask()
        lost.suggest_float("discount", 0.95, 0.998)
        parts = self.call("tune", "--study", self.folder / "b.log", "--trials", 2, "--pruner", "none", *flags)
        self.assertEqual((parts["recovered"], parts["trials"]), (1, {"complete": 2, "fail": 1}))
        first, trials = self.load("a.log").trials[0], self.load("b.log").trials
        self.assertEqual((first.params, first.value), (trials[0].params, trials[0].value))
        self.assertEqual(trials[2].params["discount"], trials[1].params["discount"], "what was lost is tried again")
        trials = [trials[0], trials[2]]
        self.assertEqual([len(t.intermediate_values) for t in trials], [2, 2])
        for trial in trials:
            self.assertEqual(trial.value, trial.intermediate_values[max(trial.intermediate_values)])
            self.assertEqual(len(trial.user_attrs["configuration_sha256"]), 64)
            self.assertEqual(trial.user_attrs["settings"]["discount"], trial.params["discount"])
        found = self.call("best", "--study", self.folder / "b.log")["best"]
        self.assertEqual(found["value"], max(t.value for t in trials))

    def test_what_is_hopeless_is_pruned(self):
        """A pruner that sees the values of the trial before, and a trial that is worse: training ends early."""
        calls = []

        class Fake:
            def __call__(self, command, *arguments):
                calls.append(command)
                if command == "train":
                    self.done = self.done + 100 if "--resume" in arguments else 100
                    return {"episodes_done": self.done, "done": self.done >= 400, "dynamics_version": 1,
                            "configuration_sha256": "", "settings": {}, "values_sha256": "", "steps_per_second": 1}
                mean = {"mean": self.level, "low": 0, "high": 0}
                return {"policies": [{"steps": mean, "reward": mean, "ooms": {"mean": 0}, "failures": {"mean": 0}}]}

        options = tune.parse(["tune", "--study", str(self.folder / "s"), "--episodes", "400", "--reports", "4"])
        program = Fake()
        objective = tune.Tuning(program, options)
        study = optuna.create_study(direction="maximize", pruner=optuna.pruners.MedianPruner(n_startup_trials=1))
        program.level = 300
        study.optimize(objective, n_trials=1)
        before = calls.count("train")
        program.level = 100
        study.optimize(objective, n_trials=1)
        self.assertEqual([t.state.name for t in study.trials], ["COMPLETE", "PRUNED"])
        self.assertLess(calls.count("train") - before, before)

    def test_calibration_looks_at_no_learner(self):
        found = self.call("calibrate", "--study", self.folder / "c.log", "--trials", 4, "--judge-episodes", 4, "--workers", 2)
        self.assertEqual(sum(found["trials"].values()), 4)
        self.assertLessEqual(set(found["trials"]), {"complete", "pruned"})
        self.assertEqual(set(found["best"]) & {"random", "heuristic", "settings"}, {"random", "heuristic"})

    def test_constants_that_no_cluster_has_together_end_their_trial_alone(self):
        options = tune.parse(["calibrate", "--study", str(self.folder / "i.log"), "--judge-episodes", "1"])
        judge = tune.Calibration(tune.Program(None), options)
        highest = {name: high for name, (_, _, high, _) in tune.CONSTANTS.items()}
        with self.assertRaisesRegex(optuna.TrialPruned, "leak is"):
            judge(optuna.trial.FixedTrial(highest))
        lowest = {name: low for name, (_, low, _, _) in tune.CONSTANTS.items()}
        self.assertGreater(judge(optuna.trial.FixedTrial(lowest)), 0)

    def test_mistakes_are_named(self):
        self.assertIn("there is no program nowhere", self.call("tune", "--study", self.folder / "x", "--dsl", "nowhere", status=1))
        self.assertIn("there is no study", self.call("best", "--study", self.folder / "none", status=1))
        self.assertIn("--trials has to be 1", self.call("tune", "--study", self.folder / "x", "--trials", 0, status=2))
        self.assertIn("ended with 65", self.call(
            "tune", "--study", self.folder / "y.log", "--trials", 1, "--preset", "mild", "--sampler", "random", status=1))

    def test_one_process_leads(self):
        with open(self.folder / "l.log.owner", "w") as owner:
            fcntl.flock(owner, fcntl.LOCK_EX)
            self.assertIn("take part with --join", self.call("calibrate", "--study", self.folder / "l.log", status=1))


if __name__ == "__main__":
    unittest.main()
