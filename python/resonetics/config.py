"""The constants of a cluster: names, ranges and presets come from the library; docs/simulator.md says what each does."""

import collections.abc
import ctypes
import hashlib
import json

import numpy as np

from . import checks
from ._native import DYNAMICS_VERSION, ResoneticsError, library


def _fields():
    fields = {}
    for i in range(library.resonetics_field_count()):
        whole, low, high, value = ctypes.c_int32(), ctypes.c_double(), ctypes.c_double(), ctypes.c_double()
        name = library.resonetics_field(
            i, ctypes.byref(whole), ctypes.byref(low), ctypes.byref(high), ctypes.byref(value))
        fields[name.decode()] = (bool(whole.value), low.value, high.value, value.value)
    return fields


#: Of each constant: whether it is a whole number, the least and the largest it may be, its canonical value.
FIELDS = _fields()
PRESETS = ("calm", "canonical", "storm")


class Configuration:
    """The constants of a cluster.

    ``Configuration("storm", size=(8, 8), leak=0.0006)``
    """

    def __init__(self, preset="canonical", size=None, **constants):
        values = np.empty(len(FIELDS), dtype=np.float64)
        code = library.resonetics_preset(str(preset).encode(), values.ctypes.data, values.size)
        if code:
            raise ResoneticsError(code, f"there is no preset {preset!r}, only {', '.join(PRESETS)}")
        self._values = dict(zip(FIELDS, values.tolist()))
        if size is not None:
            self._values["height"], self._values["width"] = checks.size(size)
        self._change(constants)

    @classmethod
    def of(cls, preset, size, constants):
        """The same of a dictionary of constants, or None."""
        if not isinstance(constants, (collections.abc.Mapping, type(None))):
            checks.refuse(f"constants are {constants!r}: give a dictionary such as {{'leak': 0.0006}}")
        found = cls(preset, size)
        found._change(constants or {})
        return found

    def _change(self, constants):
        for name, value in constants.items():
            if name not in FIELDS:
                checks.refuse(f"{name} is no constant of the simulator")
            self._values[name] = checks.number(value, name)

    @property
    def values(self):
        """In the order of ``FIELDS``."""
        return list(self._values.values())

    def __getitem__(self, name):
        value = self._values[name]
        return int(value) if FIELDS[name][0] and value == value // 1 else value

    def __eq__(self, other):
        return isinstance(other, Configuration) and self._values == other._values

    def __hash__(self):
        return hash(tuple(self._values.values()))

    def as_dict(self):
        return {name: self[name] for name in self._values}

    @property
    def digest(self):
        """SHA-256 over constants and version of the dynamics, the same as ``configuration_sha256`` of ``dsl sim``."""
        whole = {"configuration": self.as_dict(), "dynamics_version": DYNAMICS_VERSION}
        return hashlib.sha256(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
