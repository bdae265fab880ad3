"""The constants of a cluster: names, ranges and presets come from the library; docs/simulator.md says what each does."""

import ctypes
import hashlib
import json

import numpy as np

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
        values = np.array([field[3] for field in FIELDS.values()], dtype=np.float64)
        code = library.resonetics_preset(str(preset).encode(), values.ctypes.data, values.size)
        if code:
            raise ResoneticsError(code, f"there is no preset {preset!r}, only {', '.join(PRESETS)}")
        self._values = dict(zip(FIELDS, values.tolist()))
        if size is not None:
            try:
                self._values["height"], self._values["width"] = (float(n) for n in size)
            except (TypeError, ValueError):
                raise ResoneticsError(1, f"size is {size!r}: give rows and columns such as (8, 8)") from None
        for name, value in constants.items():
            if name not in FIELDS:
                raise ResoneticsError(1, f"{name} is no constant of the simulator")
            try:
                self._values[name] = float(value)
            except (TypeError, ValueError):
                raise ResoneticsError(1, f"{name} is {value!r}: give a number") from None

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
