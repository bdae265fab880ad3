"""What tests of studies have in common."""

import contextlib
import io
import json
import pathlib
import shutil
import tempfile
import unittest

import numpy as np

import resonetics
from resonetics import learner, tune

try:
    import optuna
except ImportError:
    optuna = None


class StudyCase(unittest.TestCase):
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

    def artifacts(self, study, owner, name):
        from optuna.artifacts import get_all_artifact_meta

        store = pathlib.Path(str(self.folder / name) + ".files") / "artifacts"
        return {
            meta.filename: (store / meta.artifact_id).read_text()
            for meta in get_all_artifact_meta(owner, storage=study._storage)}


class PlannedLearner:
    """Judged by steps survived that are planned: ``plan(trial, episodes)`` gives those of each key."""

    word, path = "in_process", "a plan"

    def __init__(self, plan):
        self.plan = plan

    def stop(self):
        pass

    def train(self, cluster, settings, judge, name, report):
        for episodes in learner.stops(settings["episodes"], judge["reports"]):
            steps = self.plan(int(name.split(".")[0].split("-")[1]), episodes)
            report(episodes, np.outer(steps, [0, 1, 0, 0]))
        result = {"dynamics_version": 1, "configuration_sha256": resonetics.Configuration().digest, "settings": settings, "values_sha256": "", "steps_done": 1}
        return learner.Training(b"", result, [], None, 1.0)
