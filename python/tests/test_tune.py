"""Studies: they repeat, prune, go on after an interruption, and open as Optuna's own."""

import fcntl
import importlib.util
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest
import unittest.mock
import xml.etree.ElementTree

import numpy as np

import resonetics
from resonetics import choices, judge, learner, plots, studies, trials, tune
from study_case import PlannedLearner, StudyCase

try:
    import optuna
except ImportError:
    optuna = None
try:
    import scipy
except ImportError:
    scipy = None


@unittest.skipUnless(optuna, "Optuna is not installed")
@unittest.skipUnless(shutil.which("dsl"), "dsl is not installed on PATH")
class StudyTests(StudyCase):
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
        options = tune.parse(["tune", "--study", str(self.folder / "s"), "--episodes", "512", "--reports", "4"])
        planned = PlannedLearner(lambda trial, episodes: np.full(8, (300, 100)[trial]))
        study = optuna.create_study(direction="maximize", pruner=optuna.pruners.MedianPruner(n_startup_trials=1))
        study.optimize(tune.Tuning(planned, options), n_trials=2)
        self.assertEqual([t.state.name for t in study.trials], ["COMPLETE", "PRUNED"])
        self.assertEqual([list(t.intermediate_values) for t in study.trials], [[128, 256, 384, 512], [128]])

    def test_settings_whose_values_run_away_end_their_trial_alone(self):
        def plan(trial, episodes):
            if trial == 0:
                raise learner.RanAway("the values have run away", 8)
            return np.zeros(8)

        study = self.planned(plan, 2, "--pruner", "none")
        self.assertEqual([t.state.name for t in study.trials], ["PRUNED", "COMPLETE"])
        self.assertIn("run away", study.trials[0].user_attrs["error"])

    @unittest.skipUnless(scipy, "SciPy is not installed")
    def test_a_training_that_loses_on_the_same_keys_is_pruned(self):
        """The first trial is the best. What is a little worse on nearly all keys ends at the half; what is worse on one key alone, at
        first alone, or better, goes on."""
        rng = np.random.default_rng(7)
        keys = rng.normal(300, 100, 64)

        def plan(trial, episodes):
            noise = rng.normal(0, 1, 64)
            return keys + episodes / 100 + {
                0: 0 * noise, 1: noise - 2, 2: noise - np.where(np.arange(64) == 5, 400, 0),
                3: noise - (50 if episodes < 512 else -0.5), 4: noise + 5}[trial]

        study = self.planned(plan, 5, "--pruner", "wilcoxon")
        self.assertEqual([t.state.name for t in study.trials], ["COMPLETE", "PRUNED", "COMPLETE", "COMPLETE", "COMPLETE"])
        self.assertEqual([max(t.intermediate_values) for t in study.trials], [1024, 512, 1024, 1024, 1024])
        for trial in study.trials:
            for episodes, value in trial.intermediate_values.items():
                # Each key's value is noted beside the point of the curve.
                noted = trial.user_attrs[f"judged_{episodes}"]
                self.assertEqual(len(noted), 64)
                self.assertAlmostEqual(np.mean(noted), value, places=3)
        self.assertNotIn("judged_1024", tune.summary(optuna, study)["best"])
        # Other pruners leave single keys out.
        study = self.planned(plan, 1, "--pruner", "none")
        self.assertEqual([n for n in study.trials[0].user_attrs if n.startswith("judged_")], [])

    @unittest.skipUnless(scipy, "SciPy is not installed")
    def test_trials_without_keys_are_compared_with_nobody(self):
        """What another pruner's call tried, or the search without Python, says nothing about keys, and does not stand in the way."""
        levels = [300, 200, 100]
        study = self.planned(lambda trial, episodes: np.full(64, levels[trial]), 1, "--pruner", "none")
        study.pruner = choices.pruner(optuna, "wilcoxon", self.options("--pruner", "wilcoxon"))
        objective = tune.Tuning(PlannedLearner(lambda trial, episodes: np.full(64, levels[trial])), self.options("--pruner", "wilcoxon"))
        study.optimize(objective, n_trials=2)
        self.assertEqual([t.state.name for t in study.trials], ["COMPLETE", "COMPLETE", "PRUNED"])

    def options(self, *flags):
        return tune.parse(["tune", "--study", str(self.folder / "p"), "--episodes", "1024", "--reports", "8", *flags])

    def planned(self, plan, trials, *flags):
        options = self.options(*flags)
        study = optuna.create_study(direction="maximize", pruner=choices.pruner(optuna, options.pruner, options))
        study.optimize(tune.Tuning(PlannedLearner(plan), options), n_trials=trials)
        return study

    def test_what_a_trial_came_to_is_attached(self):
        self.call("tune", "--study", self.folder / "t.log", "--trials", 1, "--episodes", 128, "--reports", 2,
                  "--judge-episodes", 6, "--pruner", "none", "--sampler", "random")
        study = self.load("t.log")
        files = self.artifacts(study, study.trials[0], "t.log")
        boxes = [name for name in files if name.endswith(".blackbox.json")]
        self.assertEqual(set(files) - set(boxes), {"note.md", "judged.svg", "training.csv", "training.svg"})
        self.assertEqual(len(boxes), 1, "128 episodes teach nobody to survive")
        box = json.loads(files[boxes[0]])
        self.assertEqual((box["key"][0], box["cause"] != "time_limit"), ("4", True))
        self.assertIn(f"value {study.trials[0].value:.3f}", files["note.md"])
        self.assertEqual(
            files["training.csv"].splitlines()[0], "episodes,reward,steps,ooms,failures,dynamics_version,configuration_sha256")
        self.assertEqual([line.split(",")[0] for line in files["training.csv"].splitlines()[1:]], ["64", "128"])
        for name in ("judged.svg", "training.svg"):
            drawn = xml.etree.ElementTree.fromstring(files[name])
            self.assertEqual(len(drawn.findall("{*}polyline")), 1 if name == "judged.svg" else 2)
            self.assertEqual({len(line.get("points").split()) for line in drawn.findall("{*}polyline")}, {2})
        of_study = self.artifacts(study, study, "t.log")
        self.assertEqual(set(of_study), {"note.md", "study.svg", "study.csv"})
        self.assertIn(f"| 0 | {study.trials[0].value:.3f} |", of_study["note.md"])
        self.assertEqual(float(of_study["study.csv"].splitlines()[1].split(",")[1]), study.trials[0].value)

    @unittest.skipUnless(importlib.util.find_spec("optuna_dashboard"), "optuna-dashboard is not installed")
    def test_notes_stand_on_the_dashboard(self):
        from optuna_dashboard._note import get_note_from_system_attrs

        self.call("tune", "--study", self.folder / "d.log", "--trials", 1, "--episodes", 64, "--judge-episodes", 2, "--size", "3x3")
        study = self.load("d.log")
        found = study._storage.get_study_system_attrs(study._study_id)
        for trial, text in ((study.trials[0]._trial_id, "# trial 0"), (None, "# tune: the best of 1 whole trials")):
            self.assertIn(text, get_note_from_system_attrs(found, trial)["body"])

    def test_mistakes_are_named(self):
        program = ["--learner", "program"]
        self.assertIn("there is no program nowhere", self.call(
            "tune", "--study", self.folder / "x", "--dsl", "nowhere", *program, status=1))
        self.assertIn("none.so is no library of the learner", self.call(
            "tune", "--study", self.folder / "x", "--learner", "none.so", status=1))
        self.assertIn("--constant leak: expected name=value", self.call(
            "tune", "--study", self.folder / "x", "--constant", "leak", status=1))
        self.assertIn("--config none.json", self.call("tune", "--study", self.folder / "x", "--config", "none.json", status=1))
        self.assertIn("there is no study", self.call("best", "--study", self.folder / "none", status=1))
        self.assertIn("--trials has to be 1", self.call("tune", "--study", self.folder / "x", "--trials", 0, status=2))
        for flags, message in (
            (("--preset", "mild"), "no preset 'mild'"), (("--size", "6"), "size"), (("--constant", "leak=7"), "leak is 7"),
            (("--constant", "leek=7"), "leek is no constant"), (("--config", __file__), "--config"),
        ):
            self.assertIn(message, self.call("tune", "--study", self.folder / "y.log", *flags, *program, status=1))
        nested = self.folder / "nested.json"
        nested.write_text("[" * 100_000)
        for path in (nested, self.folder):
            self.assertIn(f"--config {path}: ", self.call("tune", "--study", self.folder / "y.log", "--config", path, *program, status=1))
        self.assertFalse((self.folder / "y.log").exists(), "said before there is a study")
        self.assertIn("/true is not the program dsl: what dsl sim train printed is no JSON", self.call(
            "tune", "--study", self.folder / "z.log", "--dsl", shutil.which("true"), *program, status=1))

    def test_an_interruption_ends_trials_at_their_next_report(self):
        """Those of other threads, too; the same call goes on."""
        begun = threading.Barrier(2)

        def plan(trial, episodes):
            if trial < 2 and episodes == 64:
                # Both are under way when it comes, and would report ten thousand times.
                begun.wait(60)
                if trial == 0:
                    os.kill(os.getpid(), signal.SIGINT)
            return np.zeros(4)

        flags = ["--trials", 3, "--episodes", 640_000, "--sampler", "random", "--pruner", "none"]
        with unittest.mock.patch.object(learner, "find", lambda *_: PlannedLearner(plan)):
            self.assertIn("the same call goes on", self.call(
                "tune", "--study", self.folder / "i.log", "--workers", 2, "--reports", 10_000, *flags, status=130))
            states = [t.state.name for t in self.load("i.log").trials]
            self.assertEqual(states[:2], ["FAIL", "FAIL"])
            found = self.call("tune", "--study", self.folder / "i.log", *flags)
        self.assertEqual(found["trials"], {"complete": 3, "fail": 2})

    def test_signals_end_trainings(self):
        """In the program and in this process, long before their next reports would come."""
        for where in {"program", learner.find(None).path if learner.find(None).word == "in_process" else "program"}:
            path = self.folder / f"{where == 'program'}.log"
            process = subprocess.Popen(
                [sys.executable, "-m", "resonetics.tune", "tune", "--study", str(path), "--learner", where, "--workers", "2", "--trials", "2",
                 "--episodes", "100000000", "--reports", "1", "--size", "3x3", "--sampler", "random"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.addCleanup(process.kill)
            until = time.monotonic() + 120
            # Both have their parameters.
            while not path.exists() or path.read_bytes().count(b'"fatal_weight"') < 2:
                self.assertLess(time.monotonic(), until)
                time.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 130, said)
            self.assertNotIn("Traceback", said)
            self.assertEqual([t.state.name for t in self.load(path.name).trials], ["FAIL", "FAIL"])
            self.assertFalse(pathlib.Path(f"{path}.lock").exists())

    def test_one_process_leads(self):
        with open(self.folder / "l.log.owner", "w") as owner:
            fcntl.flock(owner, fcntl.LOCK_EX)
            self.assertIn("take part with --join", self.call("calibrate", "--study", self.folder / "l.log", status=1))


@unittest.skipUnless(optuna, "Optuna is not installed")
class ThresholdTests(StudyCase):
    """Trials in this process: no program is needed."""

    @unittest.skipUnless(scipy, "SciPy is not installed")
    def test_what_loses_on_the_same_keys_is_pruned(self):
        flags = ["--judge-episodes", 96, "--sampler", "random", "--sampler-seed", 3]
        found = self.call("heuristic", "--study", self.folder / "h.log", "--trials", 8, *flags)
        self.assertEqual(found["pruner"], "wilcoxon")
        study, keys = self.load("h.log", "heuristic"), judge.keys("validation", 96, seed=1)
        pruned = [t for t in study.trials if t.state.name == "PRUNED"]
        self.assertGreater(len(pruned), 0)
        for trial in study.trials:
            values = judge.score(judge.play(judge.Heuristic(**trial.params), keys))
            self.assertEqual(len(trial.intermediate_values), trial.user_attrs["judged"])
            for number, value in trial.intermediate_values.items():
                self.assertAlmostEqual(value, values[number])
            if trial in pruned:
                self.assertLess(trial.user_attrs["judged"], 96)
                self.assertLess(values.mean(), study.best_value, "what was pruned would have lost")
            else:
                self.assertAlmostEqual(trial.value, values.mean())
        orders = [list(t.intermediate_values) for t in study.trials]
        self.assertNotEqual(orders[0][:32], orders[1][:32], "the order is shuffled for each trial")

    def test_processes_share_a_study_are_killed_and_it_goes_on(self):
        path = self.folder / "k.log"
        call = [sys.executable, "-m", "resonetics.tune", "heuristic", "--study", str(path), "--trials", "100000",
                "--judge-episodes", "32", "--pruner", "none", "--sampler", "random"]
        processes = [subprocess.Popen([*call, *more]) for more in ((), ("--join",), ("--join",))]
        self.addCleanup(lambda: [p.kill() for p in processes])
        until = time.monotonic() + 120
        workers = set()
        while len(workers) < 3:
            self.assertLess(time.monotonic(), until, "all take part")
            time.sleep(0.1)
            lines = [json.loads(line) for line in path.read_text().splitlines(True) if line.endswith("\n")] if path.exists() else []
            workers = {line["worker_id"] for line in lines if line["op_code"] == 6 and line["state"] == 1}
        for process in processes:
            process.kill()
            process.wait()
        for lock in self.folder.glob("*.lock"):
            os.utime(lock, (0, 0))
        before = path.read_bytes()
        # Killed in the middle of a line, too.
        path.write_bytes(before + b'{"op_code":4,"worker_')
        trials = self.load("k.log", "heuristic").trials
        self.none_twice([t for t in trials if t.state.name == "COMPLETE"])
        ended = sum(t.state.name == "COMPLETE" for t in trials)
        running = sum(t.state.name == "RUNNING" for t in trials)
        found = self.call("heuristic", "--study", path, "--trials", ended + 3, "--judge-episodes", 32, "--pruner", "none")
        self.assertEqual(found["recovered"], running)
        self.assertEqual(found["trials"], {"complete": ended + 3, **({"fail": running} if running else {})})
        self.assertTrue(path.read_bytes().startswith(before), "what was there stays")

    def none_twice(self, trials):
        """With one seed, whoever tried them."""
        tried = [tuple(sorted(t.params.items())) for t in trials]
        self.assertEqual(len(set(tried)), len(tried))

    @unittest.skipUnless(scipy, "SciPy is not installed")
    def test_a_study_that_goes_on_tries_nothing_twice(self):
        for name in ("random", "tpe", "qmc", "nsgaii"):
            with self.subTest(name):
                flags = ["--judge-episodes", 4, "--pruner", "none", "--sampler", name, "--sampler-seed", 5]
                for whole in ("a", "b"):
                    self.call("heuristic", "--study", self.folder / f"{whole}-{name}", "--trials", 4, *flags)
                for count in (2, 4, 6, 8):
                    self.call("heuristic", "--study", self.folder / f"c-{name}", "--trials", count, *flags)
                first, second, parts = (
                    [t.params for t in self.load(f"{whole}-{name}", "heuristic").trials] for whole in ("a", "b", "c"))
                self.assertEqual(first, second, "in one go it repeats itself")
                self.assertEqual(parts[:2], first[:2])
                self.none_twice(self.load(f"c-{name}", "heuristic").trials)

    def test_places_are_given_in_turn(self):
        """To processes: what one has, another does not get, and who has ended has none."""
        path = self.folder / "place.log"
        script = (
            "import sys, pathlib; from resonetics import studies\n"
            "place = studies.Place(pathlib.Path(sys.argv[1]), True)\nprint(place.number, flush=True)\nsys.stdin.read()")
        others = []
        for number in (1, 2, 3):
            others.append(subprocess.Popen(
                [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            self.addCleanup(others[-1].kill)
            self.assertEqual(others[-1].stdout.readline(), f"{number}\n")
        others[1].communicate()
        with studies.Place(path, True) as place:
            self.assertEqual(place.number, 2)
        with studies.Place(path, False) as place:
            self.assertEqual((place.number, place.is_alone()), (0, False))
        for other in others[::2]:
            other.communicate()
        seeds = {tune.seed_of(self.seeded(seed), begun, place) for seed in range(3) for begun in range(9) for place in range(5)}
        self.assertEqual(len(seeds), 3 * 9 * 5)
        self.assertEqual(tune.seed_of(self.seeded(7), 0, 0), 7)

    def seeded(self, seed):
        return tune.parse(["heuristic", "--study", "s", "--sampler-seed", str(seed)])

    def test_a_study_is_of_one_thing(self):
        path = self.folder / "one.log"
        flags = ["--study", path, "--pruner", "none", "--sampler", "random", "--trials", 2]
        self.call("heuristic", *flags, "--judge-episodes", 4, "--size", "2x2", "--trials", 1)
        before = path.read_bytes()
        for more, message in (
            (("--size", "6x6", "--judge-episodes", 4), "height 2, not 6; width 2, not 6"),
            (("--size", "2x2", "--judge-episodes", 4, "--preset", "storm"), "leak "),
            (("--size", "2x2", "--judge-episodes", 8), "judge_episodes 4, not 8"),
            (("--size", "2x2", "--judge-episodes", 8, "--join"), "judge_episodes 4, not 8"),
        ):
            said = self.call("heuristic", *flags, *more, status=1)
            self.assertIn(message, said)
            self.assertIn("or give another --study", said)
            self.assertEqual(path.read_bytes(), before, "nothing is written")
        found = self.call("heuristic", *flags, "--judge-episodes", 4, "--size", "2x2")
        self.assertEqual(found["trials"], {"complete": 2})
        noted = self.load("one.log", "heuristic").user_attrs
        self.assertEqual(
            {name: noted[name] for name in ("size", "constants", "judge_episodes", "objective")},
            {"size": "2x2", "constants": {"height": 2, "width": 2}, "judge_episodes": 4, "objective": "survival"})
        self.assertEqual(noted["configuration_sha256"], resonetics.Configuration(size=(2, 2)).digest)

    def test_a_study_without_notes_is_asked_for_its_trials(self):
        digest = resonetics.Configuration(size=(2, 2)).digest
        for i, (said, message) in enumerate((
            ({}, None), ({"configuration_sha256": digest}, None), ({"configuration_sha256": "0" * 64}, "configuration_sha256 000"),
            ({"configuration_sha256": digest, "settings": {"episodes": 64, "seed": 0}}, "episodes 64, not 128"),
        )):
            path = self.folder / f"{i}.log"
            study = optuna.create_study(study_name="tune", storage=studies.storage(optuna, path), direction="maximize")
            study.add_trial(optuna.trial.create_trial(value=1.0, user_attrs=said))
            options = tune.parse(["tune", "--study", str(path), "--size", "2x2", "--episodes", "128"])
            purpose = studies.purpose(options)
            if message is None:
                self.assertEqual(studies.opened(optuna, options, purpose).user_attrs, purpose)
                study = studies.opened(optuna, options, purpose)
                self.assertEqual(study.user_attrs, purpose)
                # Of what goes on without looking at the notes.
                study.add_trial(optuna.trial.create_trial(value=1.0, user_attrs={"configuration_sha256": "1" * 64}))
                with self.assertRaisesRegex(learner.ProgramError, "configuration_sha256 111"):
                    studies.opened(optuna, options, purpose)
            else:
                with self.subTest(said), self.assertRaisesRegex(learner.ProgramError, message):
                    studies.opened(optuna, options, purpose)

    def test_a_file_that_is_no_study_is_left_as_it_is(self):
        line = b'{"op_code":0,"worker_id":"a","study_name":"heuristic","directions":[2]}\n'
        for content, message in (
            (b'{"op_codegarbage\n' + line, "line 1 is none of Optuna's journal"), (line + b"\x89PNG\r\n", "line 2 is none"),
            (b"a text without an end", "line 1 is none"), (line + b"[1]\n", "line 2"), (line + b'{"op_code":77}\n', "line 2"),
            (line + b"\n", "line 2"), (b"[" * 100_000 + b"\n", "line 1"), (line + b'{"op_code":4}\n', "no study that Optuna can follow"),
        ):
            path = self.folder / "garbage"
            path.write_bytes(content)
            for command in (("heuristic", "--trials", 1, "--pruner", "none"), ("best",), ("heuristic", "--join", "--pruner", "none"), ("tune", "--learner", "program", "--pruner", "none")):
                said = self.call(*command, "--study", path, status=72)
                with self.subTest((content[:80], command)):
                    self.assertIn(message, said)
                    self.assertIn("Give another --study", said)
                    self.assertIn(str(path), said)
                    self.assertNotIn("Traceback", said)
                    self.assertEqual(path.read_bytes(), content)
        said = self.call("heuristic", "--study", self.folder, "--pruner", "none", status=1)
        self.assertIn(str(self.folder), said)

    def test_what_a_trial_came_to_is_attached(self):
        flags = ["--trials", 1, "--judge-episodes", 300, "--pruner", "none", "--sampler", "random", "--preset", "storm", "--size", "4x5"]
        self.call("heuristic", "--study", self.folder / "a.log", *flags)
        study = self.load("a.log", "heuristic")
        trial = study.trials[0]
        files = self.artifacts(study, trial, "a.log")
        rows = [line.split(",") for line in files["episodes.csv"].splitlines()[1:]]
        self.assertEqual(len(rows), 300)
        failed = [row for row in rows if row[4] == "1"]
        self.assertGreater(len(failed), 1)
        least = min(int(row[2]) for row in failed)
        first = next(row[0] for row in failed if int(row[2]) == least)
        name = f"trial-0-{first}.blackbox.json"
        self.assertEqual(set(files), {"note.md", "episodes.csv", "episodes.svg", name})
        (self.folder / name).write_text(files[name])
        box = resonetics.BlackBox.load(self.folder / name)
        self.assertEqual((box.policy, box.key, box.steps), ("heuristic-trial-0", first, least))
        self.assertNotIn(box.cause, ("none", "time_limit"))
        self.assertEqual(box.configuration.digest, trial.user_attrs["configuration_sha256"])
        drawn = xml.etree.ElementTree.fromstring(files["episodes.svg"])
        for line in drawn.findall("{*}polyline"):
            heights = [float(point.split(",")[1]) for point in line.get("points").split()]
            self.assertEqual(len(heights), trials.POINTS)
            self.assertEqual(heights, sorted(heights, reverse=True), "from the least on")
        self.assertEqual(len(drawn.findall("{*}polyline")), 2)

    def test_a_trial_without_a_failure_has_no_black_box(self):
        self.call("heuristic", "--study", self.folder / "n.log", "--trials", 1, "--judge-episodes", 1, "--pruner", "none", "--sampler", "random",
                  "--preset", "calm", "--size", "1x1")
        study = self.load("n.log", "heuristic")
        self.assertEqual(study.trials[0].user_attrs["validation"]["failures"]["mean"], 0)
        self.assertEqual(set(self.artifacts(study, study.trials[0], "n.log")), {"note.md", "episodes.csv", "episodes.svg"})

    def test_signals_end_trials_and_leave_the_study_whole(self):
        for number, workers in ((signal.SIGTERM, 1), (signal.SIGINT, 1), (signal.SIGTERM, 3)):
            with self.subTest(number=number, workers=workers):
                path = self.folder / f"{number}-{workers}.log"
                call = [sys.executable, "-m", "resonetics.tune", "heuristic", "--study", str(path), "--trials", "100000",
                        "--judge-episodes", "64", "--pruner", "none", "--sampler", "random", "--workers", str(workers)]
                process = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                self.addCleanup(process.kill)
                until = time.monotonic() + 120
                while not path.exists() or path.read_bytes().count(b'"state":1') < 3:
                    self.assertLess(time.monotonic(), until)
                    time.sleep(0.05)
                process.send_signal(number)
                out, said = process.communicate(timeout=120)
                self.assertEqual((process.returncode, out), (130, ""))
                self.assertIn("the same call goes on", said)
                self.assertNotIn("Traceback", said)
                states = {t.state.name for t in self.load(path.name, "heuristic").trials}
                self.assertLessEqual(states, {"COMPLETE", "FAIL"})
                self.assertFalse(pathlib.Path(f"{path}.lock").exists())
                ended = sum(t.state.name == "COMPLETE" for t in self.load(path.name, "heuristic").trials)
                found = self.call("heuristic", "--study", path, "--trials", ended + 1, "--judge-episodes", 64, "--pruner", "none")
                self.assertEqual((found["recovered"], found["trials"]["complete"]), (0, ended + 1))

    def test_who_leads_leaves_alone_what_others_have_begun(self):
        flags = ["--judge-episodes", 16, "--pruner", "none"]
        self.call("heuristic", "--study", self.folder / "o.log", "--trials", 1, *flags)
        begun = self.load("o.log", "heuristic").ask()
        with open(self.folder / "o.log.members", "w") as members:
            fcntl.flock(members, fcntl.LOCK_SH)
            found = self.call("heuristic", "--study", self.folder / "o.log", "--trials", 2, *flags)
        self.assertEqual((found["recovered"], found["trials"]), (0, {"complete": 2, "running": 1}))
        found = self.call("heuristic", "--study", self.folder / "o.log", "--trials", 3, *flags)
        self.assertEqual((found["recovered"], found["trials"]), (1, {"complete": 3, "fail": 1}))
        self.assertEqual(self.load("o.log", "heuristic").trials[begun.number].state.name, "FAIL")

    def test_the_result_says_what_it_is_of(self):
        path = self.folder / "of.log"
        found = self.call("heuristic", "--study", path, "--trials", 1, "--judge-episodes", 2, "--pruner", "none", "--size", "2x2")
        wanted = (resonetics.DYNAMICS_VERSION, resonetics.Configuration(size=(2, 2)).digest)
        for told in (found, found["best"], self.call("best", "--study", path)):
            self.assertEqual((told["dynamics_version"], told["configuration_sha256"]), wanted)
        # A study without notes: what its trials say, else nothing.
        for name, said, wanted in (("a", {"dynamics_version": 1, "configuration_sha256": "a" * 64}, (1, "a" * 64)), ("b", {}, (None, None))):
            study = optuna.create_study(study_name="tune", storage=studies.storage(optuna, self.folder / name), direction="maximize")
            study.add_trial(optuna.trial.create_trial(value=1.0, user_attrs=said))
            told = self.call("best", "--study", self.folder / name)
            self.assertEqual((told["dynamics_version"], told["configuration_sha256"]), wanted)
        optuna.create_study(study_name="two", storage=studies.storage(optuna, self.folder / "c"), directions=["maximize", "minimize"])
        self.assertIn("a study of 2 values, two: none of its trials is the best", self.call("best", "--study", self.folder / "c", status=1))

    def test_what_a_killed_process_left_is_mended(self):
        path = self.folder / "m.log"
        lock = self.folder / "m.log.lock"
        lock.touch()
        studies.mend(path)
        self.assertTrue(lock.exists(), "somebody may hold it")
        os.utime(lock, (0, 0))
        studies.mend(path)
        self.assertFalse(lock.exists())
        for content, left in ((b'{"a":1}\n{"b', b'{"a":1}\n'), (b'{"a":1}\n', b'{"a":1}\n'), (b'{"a', b""), (b"", b"")):
            path.write_bytes(content)
            studies.mend(path)
            self.assertEqual(path.read_bytes(), left)


class PlotTests(unittest.TestCase):
    def test_points_lie_where_they_belong(self):
        drawn = xml.etree.ElementTree.fromstring(plots.svg("a < b", [("one", [(0, 1), (5, 3), (10, 2)]), ("none", [])], "x", "y"))
        points = [tuple(map(float, p.split(","))) for p in drawn.find("{*}polyline").get("points").split()]
        self.assertEqual(points, [(48, 272), (320, 48), (592, 160)])
        self.assertIn("a < b", [text.text for text in drawn.findall("{*}text")])
        for series in ([], [("one", [(1, 1)])]):
            xml.etree.ElementTree.fromstring(plots.svg("t", series, "x", "y"))


if __name__ == "__main__":
    unittest.main()
