"""Pruning of trainings on common keys."""

import warnings

import optuna

from .trials import JUDGED


class CommonKeys(optuna.pruners.BasePruner):
    """Optuna's ``WilcoxonPruner`` between a training and the best one, after the same number of episodes, key by key.

    A trial reports its learning curve as with any other pruner, and notes under ``judged_EPISODES`` the value of each key. Only the
    pairs of the latest report are tested: the same keys come again in each report, so that pairs of several would not be independent.

    ``first``: episodes before which nothing is pruned. ``p_threshold``: of each test; they are repeated after each report, so that a
    trial that is as good as the best is pruned with at most that probability for each.
    """

    def __init__(self, first, p_threshold=0.01):
        self.first = first
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            self._test = optuna.pruners.WilcoxonPruner(p_threshold=p_threshold, n_startup_steps=8)

    def prune(self, study, trial):
        episodes = trial.last_step
        if episodes is None or episodes < self.first:
            return False
        name = f"{JUDGED}{episodes}"
        own = trial.user_attrs.get(name)
        others = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        # What another pruner's call or the search without Python tried says nothing about single keys.
        others = [other for other in others if name in other.user_attrs]
        if own is None or not others:
            return False
        better = max if study.direction == optuna.study.StudyDirection.MAXIMIZE else min
        best = better(others, key=lambda other: other.value).user_attrs[name]
        count = min(len(own), len(best))
        return self._is_worse(study.direction, own[:count], best[:count])

    def _is_worse(self, direction, own, best):
        """What Optuna's pruner says of a trial in a study that has one other."""
        study = optuna.create_study(direction=direction)
        study.add_trial(optuna.trial.create_trial(value=sum(best) / len(best), intermediate_values=dict(enumerate(best))))
        trial = optuna.trial.create_trial(
            state=optuna.trial.TrialState.RUNNING, intermediate_values=dict(enumerate(own)))
        return self._test.prune(study, trial)
