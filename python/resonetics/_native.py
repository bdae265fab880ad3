"""The functions of the shared library, with errors as exceptions."""

import ctypes
import pathlib

import numpy as np

ABI = 1
OBSERVATION = 35
ACTIONS = 8
FACTS = 13
#: The most environments that are stepped together.
LARGEST_BATCH = 1 << 20
CAUSES = ("none", "critical_oom", "collapse", "oom", "bankruptcy", "panic", "time_limit")

_i32, _i64, _u64, _ptr = ctypes.c_int32, ctypes.c_int64, ctypes.c_uint64, ctypes.c_void_p


class ResoneticsError(ValueError):
    """What the simulator cannot use. ``code`` is one of those in resonetics.h."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code

    def __reduce__(self):
        return ResoneticsError, (self.code, str(self))


def load(path):
    """The functions of a library. Raises OSError where there is none, ImportError where it is for another version of this package."""
    library = ctypes.CDLL(str(path))
    for name, result, *arguments in (
        ("abi_version", _i32), ("dynamics_version", _i32), ("field_count", _i32),
        ("field", ctypes.c_char_p, _i32, _ptr, _ptr, _ptr, _ptr), ("preset", _i32, ctypes.c_char_p, _ptr, _i64),
        ("create", _i32, _i32, _ptr, _i64, ctypes.c_char_p, _i64, _i32, _ptr, _ptr, _i64),
        ("destroy", _i32, _u64), ("message", ctypes.c_char_p, _u64),
        ("reset", _i32, _u64, _ptr, _i64, _ptr, _i64, _i64, _ptr, _i64),
        ("step", _i32, _u64, *([_ptr, _i64] * 6)), ("facts", _i32, _u64, _ptr, _i64, _ptr, _i64),
        ("cells", _i32, _u64, _i64, _ptr, _i64), ("digest", _i32, _u64, _i64, _ptr), ("state_size", _i64, _u64),
        ("save", _i32, _u64, _i64, _ptr, _i64), ("restore", _i32, _u64, _i64, _ptr, _i64, _ptr, _i64),
        ("fork", _i32, _u64, _i64, _i64, _ptr),
    ):
        function = getattr(library, "resonetics_" + name)
        function.restype, function.argtypes = result, arguments
    found = library.resonetics_abi_version()
    if found != ABI:
        raise ImportError(f"the library has version {found} of the interface, this package needs {ABI}: install it anew")
    return library


library = load(pathlib.Path(__file__).with_name("_core.so"))
DYNAMICS_VERSION = library.resonetics_dynamics_version()


def _pointer(array):
    return array.ctypes.data


class Batch:
    """Environments that are stepped together, into buffers that stay in place.

    ``observations`` (n, 35) float32, ``rewards`` float64, ``terminated`` and ``truncated`` bool, ``final_observations``:
    written by ``reset`` and ``step``.
    """

    def __init__(self, values, digest, count, autoreset=2):
        self._handle = 0
        values = np.ascontiguousarray(values, dtype=np.float64)
        handle, message = _u64(), ctypes.create_string_buffer(256)
        code = library.resonetics_create(
            ABI, _pointer(values), values.size, digest.encode(), count, autoreset, ctypes.byref(handle), message, 256)
        if code:
            raise ResoneticsError(code, message.value.decode())
        self._handle, self.count = handle.value, count
        self.observations = np.zeros((count, OBSERVATION), dtype=np.float32)
        self.final_observations = np.zeros((count, OBSERVATION), dtype=np.float32)
        self.rewards = np.zeros(count, dtype=np.float64)
        self.terminated = np.zeros(count, dtype=np.bool_)
        self.truncated = np.zeros(count, dtype=np.bool_)
        self._actions = np.zeros(count, dtype=np.int64)
        self._facts = np.zeros((count, FACTS), dtype=np.int64)
        self._cells, self._all_cells = int(values[0]) * int(values[1]), None
        floats = count * OBSERVATION
        # The addresses are looked up once: a step is one call.
        self._step_arguments = (
            _pointer(self._actions), count, _pointer(self.observations), floats, _pointer(self.rewards), count,
            _pointer(self.terminated), count, _pointer(self.truncated), count, _pointer(self.final_observations), floats)

    def close(self):
        if self._handle:
            library.resonetics_destroy(self._handle)
            self._handle = 0

    def __del__(self):
        self.close()

    def _check(self, code):
        if code:
            raise ResoneticsError(code, library.resonetics_message(self._handle).decode())

    def reset(self, keys=None, mask=None, level=0):
        """Starts episodes; without keys those after the present ones."""
        keys = None if keys is None else np.ascontiguousarray(keys, dtype=np.uint64)
        mask = None if mask is None else np.ascontiguousarray(mask, dtype=np.uint8)
        self._check(library.resonetics_reset(
            self._handle, None if keys is None else _pointer(keys), 0 if keys is None else keys.size,
            None if mask is None else _pointer(mask), 0 if mask is None else mask.size, level,
            _pointer(self.observations), self.observations.size))

    def step(self, actions):
        self._actions[:] = actions
        code = library.resonetics_step(self._handle, *self._step_arguments)
        if code:
            self._check(code)

    def step_one(self, action):
        """The step of a batch of one."""
        self._actions[0] = action
        code = library.resonetics_step(self._handle, *self._step_arguments)
        if code:
            self._check(code)

    def facts(self, rows=None):
        """Of environments the numbers that resonetics_facts names: of all, or of rows of int64."""
        if rows is None:
            self._check(library.resonetics_facts(self._handle, None, 0, _pointer(self._facts), self._facts.size))
            return self._facts
        facts = np.empty((rows.size, FACTS), dtype=np.int64)
        self._check(library.resonetics_facts(self._handle, _pointer(rows), rows.size, _pointer(facts), facts.size))
        return facts

    def cells(self, i):
        """CPU, memory and priority, (3, cells), in the units of the state."""
        out = np.empty((3, self._cells), dtype=np.int16)
        self._check(library.resonetics_cells(self._handle, i, _pointer(out), out.size))
        return out

    def all_cells(self):
        """The same of all environments, (n, 3, cells), in a buffer that the next call writes into."""
        if self._all_cells is None:
            self._all_cells = np.empty((self.count, 3, self._cells), dtype=np.int16)
        address, size = _pointer(self._all_cells), 3 * self._cells
        for i in range(self.count):
            code = library.resonetics_cells(self._handle, i, address + i * size * 2, size)
            if code:
                self._check(code)
        return self._all_cells

    def digest(self, i=0):
        out = np.zeros(1, dtype=np.uint64)
        self._check(library.resonetics_digest(self._handle, i, _pointer(out)))
        return int(out[0])

    def save(self, i=0):
        out = np.empty(max(library.resonetics_state_size(self._handle), 0), dtype=np.uint8)
        self._check(library.resonetics_save(self._handle, i, _pointer(out), out.size))
        return out.tobytes()

    def restore(self, state, i=0):
        state = np.frombuffer(state, dtype=np.uint8)
        row = self.observations[i:i + 1]
        self._check(library.resonetics_restore(
            self._handle, i, _pointer(state) if state.size else None, state.size,
            _pointer(row) if row.size else None, row.size))

    def fork(self, source, target, noise_key=None):
        noise = None if noise_key is None else ctypes.byref(_u64(noise_key))
        self._check(library.resonetics_fork(self._handle, source, target, noise))
