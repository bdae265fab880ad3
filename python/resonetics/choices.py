"""Samplers and pruners by name: a word, a class of Optuna, or ``MODULE:CLASS`` of one's own."""

import importlib
import importlib.util
import inspect
import warnings

from .learner import ProgramError
from .trials import suggest

#: Words for classes of ``optuna.samplers``.
SAMPLERS = {
    "tpe": "TPESampler", "random": "RandomSampler", "qmc": "QMCSampler", "cmaes": "CmaEsSampler", "gp": "GPSampler", "nsgaii": "NSGAIISampler"}
#: Words for what is made of classes of ``optuna.pruners``, some with arguments of ours.
PRUNERS = ("median", "percentile", "halving", "hyperband", "wilcoxon", "none")
#: What some of them need beside Optuna.
NEEDS = {"cmaes": ("cmaes",), "gp": ("scipy", "torch"), "qmc": ("scipy",), "wilcoxon": ("scipy",)}
#: What a command searches.
SPACES = {"tune": "settings", "heuristic": "thresholds", "calibrate": "constants"}
_WORDS = {**{name: word for word, name in SAMPLERS.items()}, "WilcoxonPruner": "wilcoxon"}


def sampler(optuna, name, seed):
    """A sampler, with the seed where its class has an argument ``seed``. Raises ProgramError where the name is none's."""
    kind = _kind("sampler", SAMPLERS.get(name, name), optuna.samplers, optuna.samplers.BaseSampler, SAMPLERS)
    return _made("sampler", name, kind, optuna, seed=seed)


def pruner(optuna, name, options):
    """A pruner. Raises ProgramError where the name is none's."""
    if name == "wilcoxon" and options.command == "tune":
        from .pruning import CommonKeys

        # Before the half of a training what learns slowly would be taken for what learns little.
        return CommonKeys(first=options.episodes / 2)
    kinds = {
        "median": optuna.pruners.MedianPruner, "halving": optuna.pruners.SuccessiveHalvingPruner,
        "hyperband": optuna.pruners.HyperbandPruner, "none": optuna.pruners.NopPruner,
        "percentile": lambda: optuna.pruners.PercentilePruner(25.0),
        # The test is made again after each chunk of keys: a small p keeps what is as good.
        "wilcoxon": lambda: optuna.pruners.WilcoxonPruner(p_threshold=0.02, n_startup_steps=32)}
    kind = kinds.get(name) or _kind("pruner", name, optuna.pruners, optuna.pruners.BasePruner, PRUNERS)
    return _made("pruner", name, kind, optuna)


def verify(optuna, options, pruner_name):
    """Raises ProgramError where the sampler or the pruner cannot be had, needs what is not installed, or cannot search the space."""
    for option, name in (("sampler", options.sampler), ("pruner", pruner_name)):
        missing = [module for module in NEEDS.get(_WORDS.get(name, name), ()) if importlib.util.find_spec(module) is None]
        if missing:
            raise ProgramError(f"--{option} {name} needs what is not installed: pip install {' '.join(missing)}")
    pruner(optuna, pruner_name, options)
    found = sampler(optuna, options.sampler, options.sampler_seed)
    if options.sampler not in SAMPLERS:
        _try(optuna, options, found)


def _try(optuna, options, found):
    """Two trials without a judge: what a sampler cannot search is said before there is a study."""
    study = optuna.create_study(sampler=found)
    try:
        for value in (1.0, 0.0):
            trial = study.ask()
            suggest(trial, SPACES[options.command])
            study.tell(trial, value)
    except Exception as error:  # whatever a class of somebody else's raises
        raise ProgramError(
            f"--sampler {options.sampler} cannot search the {SPACES[options.command]}: {type(error).__name__}: {error}") from error


def _kind(option, name, module, base, words):
    """The class of a name."""
    where, is_own, last = name.rpartition(":")
    if is_own:
        try:
            module = importlib.import_module(where)
        except Exception as error:  # whatever a module of somebody else's raises
            raise ProgramError(f"--{option} {name}: {where or 'a module without a name'} cannot be imported: {type(error).__name__}: {error}") from error
    found = getattr(module, last, None)
    if inspect.isclass(found) and issubclass(found, base) and not inspect.isabstract(found):
        return found
    if is_own:
        raise ProgramError(f"--{option} {name}: {where} has no class {last} that can be made and is a {base.__name__} of Optuna")
    raise ProgramError(
        f"--{option} {name} is none: give {', '.join(words)}, a class of optuna.{option}s, or MODULE:CLASS of your own")


def _made(option, name, kind, optuna, **offered):
    """An object of a class, of the arguments that it takes."""
    taken = inspect.signature(kind).parameters
    arguments = {name: value for name, value in offered.items() if name in taken}
    needed = [
        name for name, parameter in taken.items()
        if parameter.default is parameter.empty and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        and name not in arguments]
    if needed:
        raise ProgramError(
            f"--{option} {name} needs arguments ({', '.join(needed)}): write a class of your own that gives them, and name it MODULE:CLASS")
    with warnings.catch_warnings():
        # The interface of one or the other may change, says Optuna.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        try:
            return kind(**arguments)
        except Exception as error:  # whatever a class of somebody else's raises
            raise ProgramError(f"--{option} {name} cannot be made: {type(error).__name__}: {error}") from error
