"""Which sampler and which pruner: words, classes of Optuna, classes of one's own; what is none is said before there is a study."""

import sys
import unittest
import unittest.mock

import numpy as np

from resonetics import choices, learner, trials
from study_case import PlannedLearner, StudyCase

try:
    import optuna
except ImportError:
    optuna = None


@unittest.skipUnless(optuna, "Optuna is not installed")
class ChoiceTests(StudyCase):
    OWN = """
import optuna
class Middle(optuna.samplers.BaseSampler):
    made = []
    def __init__(self, seed=None, other=3):
        self.made.append(seed)
    def infer_relative_search_space(self, study, trial):
        return {}
    def sample_relative(self, study, trial, space):
        return {}
    def sample_independent(self, study, trial, name, distribution):
        return (distribution.low + distribution.high) / 2
class Lost(Middle):
    def sample_independent(self, study, trial, name, distribution):
        raise LookupError("nothing to try")
class Needs(Middle):
    def __init__(self, table):
        pass
class Broken(Middle):
    def __init__(self):
        raise OSError("no licence")
class Abstract(optuna.samplers.BaseSampler):
    pass
class Second(optuna.pruners.BasePruner):
    def prune(self, study, trial):
        return trial.number > 0 and trial.last_step >= 128
def function():
    pass
"""

    def setUp(self):
        super().setUp()
        (self.folder / "own_choices.py").write_text(self.OWN)
        (self.folder / "bad_choices.py").write_text("this is no Python")
        sys.path.insert(0, str(self.folder))
        self.addCleanup(sys.path.remove, str(self.folder))
        self.addCleanup(sys.modules.pop, "own_choices", None)

    def tried(self, name, *flags, trials=3, status=0):
        path = self.folder / f"{name.replace(':', '-')}{len(list(self.folder.iterdir()))}.log"
        found = self.call(
            "heuristic", "--study", path, "--trials", trials, "--judge-episodes", 2, "--size", "2x2", "--pruner", "none", "--sampler", name, *flags,
            status=status)
        if status:
            self.assertFalse(path.exists(), "said before there is a study")
            return found
        self.assertEqual((found["sampler"], found["trials"]), (name, {"complete": trials}))
        return [trial.params for trial in self.load(path.name, "heuristic").trials]

    def test_a_class_of_optuna(self):
        seeded = ("--sampler-seed", 7)
        self.assertEqual(self.tried("RandomSampler", *seeded), self.tried("random", *seeded), "the same class, with the seed")
        self.assertNotEqual(self.tried("RandomSampler", *seeded), self.tried("RandomSampler", "--sampler-seed", 8))
        self.assertEqual(self.tried("NSGAIIISampler", *seeded), self.tried("NSGAIIISampler", *seeded))

    def test_one_of_ones_own(self):
        middle = {entry["name"]: (entry["low"] + entry["high"]) / 2 for entry in trials.SPACE["thresholds"]}
        self.assertEqual(self.tried("own_choices:Middle", "--sampler-seed", 7), [middle] * 3)
        # Once to see whether it can search this, once for the study.
        self.assertEqual(sys.modules["own_choices"].Middle.made, [7, 7])

    def test_what_is_none_is_named(self):
        for name, message in (
            ("nonsense", "--sampler nonsense is none: give tpe, random, qmc, cmaes, gp, nsgaii, a class of optuna.samplers, or MODULE:CLASS"),
            ("", "--sampler  is none"), ("BaseSampler", "BaseSampler is none"), ("nsgaii_child_generation_strategy", "is none"),
            ("NopPruner", "NopPruner is none"), ("GridSampler", "--sampler GridSampler needs arguments (search_space)"),
            ("BruteForceSampler", "--sampler BruteForceSampler cannot search the thresholds: ValueError"),
            ("none_such:Middle", "none_such cannot be imported: ModuleNotFoundError"), (":Middle", "a module without a name cannot be imported"),
            ("bad_choices:Middle", "bad_choices cannot be imported: SyntaxError"), ("own_choices:None", "own_choices has no class None"),
            ("own_choices:function", "has no class function"), ("own_choices:Second", "has no class Second that can be made and is a BaseSampler"),
            ("own_choices:Abstract", "has no class Abstract"), ("own_choices:Needs", "needs arguments (table)"),
            ("own_choices:Broken", "cannot be made: OSError: no licence"), ("own_choices:Lost", "cannot search the thresholds: LookupError: nothing to try"),
        ):
            with self.subTest(name):
                said = self.tried(name, status=1)
                self.assertIn(message, said)
                self.assertNotIn("Traceback", said)

    def test_what_a_choice_needs_is_named_before_there_is_a_study(self):
        with unittest.mock.patch.dict(choices.NEEDS, {"qmc": ("scipy", "no_such_module")}):
            self.assertIn("--sampler qmc needs what is not installed: pip install", self.call(
                "calibrate", "--study", self.folder / "n.log", "--sampler", "qmc", status=1))
        self.assertFalse((self.folder / "n.log").exists())

    def test_pruners(self):
        for name, states in (
            ("own_choices:Second", {"complete": 1, "pruned": 2}), ("NopPruner", {"complete": 3}), ("MedianPruner", {"complete": 3}),
        ):
            with self.subTest(name):
                self.assertEqual(self.pruned(name)["trials"], states)
        for name, message in (
            ("nonsense", "--pruner nonsense is none: give median, percentile, halving, hyperband, wilcoxon, none, a class of optuna.pruners, or MODULE:CLASS"),
            ("PatientPruner", "needs arguments (wrapped_pruner"), ("own_choices:Middle", "has no class Middle that can be made and is a BasePruner"),
            ("BasePruner", "BasePruner is none"),
        ):
            with self.subTest(name):
                self.assertIn(message, self.pruned(name, status=1))

    def pruned(self, name, status=0):
        path = self.folder / f"{name.replace(':', '-')}.log"
        with unittest.mock.patch.object(learner, "find", lambda *_: PlannedLearner(lambda trial, episodes: np.full(4, episodes))):
            found = self.call(
                "tune", "--study", path, "--trials", 3, "--episodes", 256, "--reports", 4, "--sampler", "random", "--pruner", name, status=status)
        self.assertEqual(path.exists(), status == 0)
        return found


if __name__ == "__main__":
    unittest.main()
