"""The learner in this process: what the program makes of the same settings, to the bit."""

import concurrent.futures
import contextlib
import io
import os
import pathlib
import shutil
import tempfile
import unittest
import unittest.mock

import numpy as np

from resonetics import learner

#: The file that the environment names, or the one that is found.
LIBRARY = os.environ.get(learner.VARIABLE) or next(map(str, learner._places(None)), None)
SETTINGS = {"episodes": 192, "seed": 3, "n_steps": 9, "checkpoints": 0}
#: Full cells from the start, a small budget, and short: there are failures, and a training takes a moment.
CLUSTER = {
    "preset": "storm", "size": "3x4",
    "constants": {"hot_share": 0.8, "hot_memory_low": 0.97, "hot_memory_high": 0.99, "budget": 5, "max_steps": 60}}
JUDGE = {"episodes": 10, "reports": 2}


def train(by, **more):
    reports = []
    found = by.train(
        CLUSTER, {**SETTINGS, **more}, JUDGE, "trial-1.agent", lambda episodes, rows: reports.append((episodes, rows)))
    return found, reports


@unittest.skipUnless(LIBRARY and os.path.exists(LIBRARY), "the learner's library is not installed")
class LibraryTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.library = learner.Library(LIBRARY)

    @unittest.skipUnless(shutil.which("dsl"), "dsl is not installed on PATH")
    def test_the_program_makes_the_same(self):
        (here, ours), (there, theirs) = train(self.library), train(learner.Program(None))
        self.assertEqual(here.agent, there.agent)
        self.assertEqual({name: there.result[name] for name in here.result}, here.result)
        self.assertEqual(here.black_box, there.black_box)
        self.assertIsNotNone(here.black_box, "some fail")
        self.assertEqual([episodes for episodes, _ in ours], [128, 192])
        for (episodes, rows), (others, judged) in zip(ours, theirs, strict=True):
            self.assertEqual(episodes, others)
            np.testing.assert_array_equal(rows, judged)
        self.assertEqual(here.result["episodes_done"], here.curve[-1]["episodes"])

    def test_trainings_side_by_side_share_nothing(self):
        alone = [train(self.library, seed=seed)[0].agent for seed in range(4)]
        self.assertEqual(len(set(alone)), 4)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            beside = list(pool.map(lambda seed: train(self.library, seed=seed % 4)[0].agent, range(8)))
        self.assertEqual(beside, alone * 2)

    def test_what_a_report_raises_ends_the_training(self):
        reports = []

        def report(episodes, rows):
            reports.append(episodes)
            raise KeyError("enough")

        with self.assertRaisesRegex(KeyError, "enough"):
            self.library.train(CLUSTER, SETTINGS, JUDGE, "q", report)
        self.assertEqual(reports, [128])

    def test_without_a_judge_nothing_is_judged(self):
        found = self.library.train({**CLUSTER, "size": None}, {**SETTINGS, "episodes": 64})
        self.assertIsNone(found.black_box)
        self.assertEqual([point["episodes"] for point in found.curve], [64])

    def test_mistakes_are_named(self):
        for cluster, settings, message in (
            ({"preset": "mild"}, {}, "preset mild"), ({"size": "6"}, {}, "size 6"), ({"hight": 3}, {}, "has a member hight"),
            ({}, {"n_step": 1}, "n_step is no setting"), ({}, {"discount": float("nan")}, "no JSON"),
        ):
            with self.assertRaisesRegex(learner.ProgramError, message) as caught:
                self.library.train(cluster, settings)
            self.assertEqual(caught.exception.status, 1)

    @unittest.skipUnless(shutil.which("dsl"), "dsl is not installed on PATH")
    def test_values_that_run_away_are_told_from_mistakes(self):
        wild = {
            "episodes": 64, "checkpoints": 0, "step_size_start": 2, "step_size_end": 2, "discount": 1, "oom_weight": 1000,
            "fatal_weight": 1000}
        for by in (self.library, learner.Program(None)):
            with self.assertRaisesRegex(learner.RanAway, "run away"):
                by.train({"size": "3x3", "constants": {"max_steps": 150}}, wild)

    def test_another_version_is_no_use(self):
        for name in ("ABI", "DYNAMICS_VERSION"):
            with unittest.mock.patch.object(learner, name, 99):
                with self.assertRaisesRegex(learner.ProgramError, "build both from one checkout"):
                    learner.Library(LIBRARY)


class FindTests(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "bin").mkdir()
        (self.folder / "lib").mkdir()
        self.dsl = self.folder / "bin" / "dsl"
        self.dsl.write_text("#!/bin/sh\n")
        self.dsl.chmod(0o755)
        environment = {name: value for name, value in os.environ.items() if name != learner.VARIABLE}
        patch = unittest.mock.patch.dict(os.environ, environment, clear=True)
        patch.start()
        self.addCleanup(patch.stop)

    def found(self, *arguments):
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            return learner.find(*arguments), said.getvalue()

    @unittest.skipUnless(LIBRARY and os.path.exists(LIBRARY), "the learner's library is not installed")
    def test_the_library_beside_the_program_is_taken(self):
        for place in ("lib", "bin"):
            path = self.folder / place / learner.LIBRARY
            path.symlink_to(pathlib.Path(LIBRARY).resolve())
            found, _ = self.found(None, str(self.dsl))
            self.assertEqual(pathlib.Path(found.path), path)
        self.assertEqual(self.found("program", str(self.dsl))[0].path, str(self.dsl))
        self.assertEqual(self.found(LIBRARY)[0].path, LIBRARY)
        os.environ[learner.VARIABLE] = "program"
        self.assertEqual(self.found(None, str(self.dsl))[0].word, "program")

    def test_what_cannot_be_used_is_passed_over_and_said(self):
        (self.folder / "bin" / learner.LIBRARY).write_text("text")
        with unittest.mock.patch.object(learner, "__file__", str(self.dsl)):
            found, said = self.found(None, str(self.dsl))
        self.assertEqual(found.word, "program")
        self.assertIn("passed over", said)
        # What was asked for by name is not.
        with self.assertRaisesRegex(learner.ProgramError, "is no library of the learner"):
            self.found(str(self.folder / "bin" / learner.LIBRARY))
        with self.assertRaisesRegex(learner.ProgramError, "--learner"):
            self.found(None, str(self.folder / "none"))


class StopTests(unittest.TestCase):
    def test_reports_are_even_and_after_whole_rounds(self):
        self.assertEqual(learner.stops(10_000, 8), [1280, 2560, 3776, 5056, 6272, 7552, 8768, 10048])
        self.assertEqual(learner.stops(128, 8), [64, 128])
        self.assertEqual(learner.stops(1, 1), [64])


if __name__ == "__main__":
    unittest.main()
