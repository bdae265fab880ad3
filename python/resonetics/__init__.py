"""A cluster under entropy as a Gymnasium environment: native, batched, replayable to the bit.

``gymnasium.make("resonetics/K8sTensor-v1")`` after ``import resonetics``.
"""

import gymnasium

from ._native import CAUSES, DYNAMICS_VERSION, ResoneticsError
from .blackbox import BlackBox
from .config import FIELDS, PRESETS, Configuration
from .env import K8sEnv
from .vector import K8sVectorEnv

__all__ = [
    "CAUSES", "DYNAMICS_VERSION", "FIELDS", "PRESETS", "BlackBox", "Configuration", "K8sEnv", "K8sVectorEnv", "ResoneticsError"]

# The time limit is a constant of the cluster, which the environment keeps to by itself: one of Gymnasium's beside it would cut off
# whoever sets a longer one.
gymnasium.register(
    id="resonetics/K8sTensor-v1", entry_point="resonetics.env:K8sEnv", vector_entry_point="resonetics.vector:K8sVectorEnv",
    reward_threshold=185.0)
