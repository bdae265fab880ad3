"""What was done in the episodes of an environment since they began: a byte a step and row, noted always, read where one failed.

Both tapes tell of the episode that the last step was of: before the first step after a start that is the episode before it. What
goes on from a saved state has no beginning that is known, and nothing is told of it.
"""

import collections

import numpy as np

from . import checks
from ._native import ResoneticsError

_TOO_EARLY = 2
#: Instead of where an episode begins on the tape: nowhere yet, not known, or among those that wait.
_NONE, _UNKNOWN, _WAITING = -1, -2, -3

Episode = collections.namedtuple("Episode", "key level actions is_present")


def _none():
    raise ResoneticsError(_TOO_EARLY, "there is nothing to tell of before the first step")


def _unknown():
    checks.refuse("the episode goes on from a saved state or a fork with other noise: its beginning is not known, start a new one")


class Track:
    """The tape of one environment. ``actions``: what was done since the start; whoever steps appends to it.

    A pickle or a copy of it is another tape.
    """

    def __init__(self, origin=None, past=None, actions=b""):
        self._origin, self._past, self.actions = origin, past, bytearray(actions)

    def __reduce__(self):
        return Track, (self._origin, self._past, bytes(self.actions))

    def start(self, key, level):
        """An episode begins."""
        if self.actions:
            self._past = (self._origin, bytes(self.actions))
        self._origin, self.actions = (key, level), bytearray()

    def forget(self):
        """What comes goes on from a state."""
        self._origin, self._past, self.actions = None, (None, b""), bytearray()

    def episode(self):
        """The key, the level and the actions of the episode of the last step, and whether it is still the present one.

        Raises ResoneticsError where there was no step, or its beginning is not known.
        """
        origin, actions = (self._origin, bytes(self.actions)) if self.actions else self._past or _none()
        if origin is None:
            _unknown()
        return Episode(*origin, actions, bool(self.actions))


class Tape:
    """The tape of ``count`` environments side by side, none of whose episodes has more than ``longest`` steps.

    A step is one row of bytes, and a start one entry in a list: neither looks at environments one by one. Rows whose episodes are
    over go on being written, with what is given for them and not done, until they start again. Bounded: when the tape is full,
    what no episode needs any more is dropped, and the rest moved to its beginning.
    """

    def __init__(self, count, longest):
        self._longest = longest
        self._actions = np.zeros((16, count), dtype=np.uint8)
        self._used = 0
        # Of each row where its episode begins, its key and its level, as it was when the tape was last cleared; and the starts since.
        self._base = np.zeros((count, 3), dtype=np.int64)
        self._base[:, 0] = _NONE
        self._starts = []
        self._waiting = {}

    def note(self, actions):
        """A step of all rows."""
        if self._used == len(self._actions):
            self._make_room()
        self._actions[self._used] = actions
        self._used += 1

    def start(self, rows, facts):
        """Episodes of rows begin with the next step, as ``Batch.facts`` of them says."""
        self._starts.append((self._used, rows, facts[:, 0:8:7].copy()))

    def forget(self, row):
        """What comes in a row goes on from a state."""
        self._starts.append((_UNKNOWN, np.array([row]), np.zeros((1, 2), dtype=np.int64)))

    def copy_row(self, source, target):
        """Lets a row be where another is."""
        begin, key, level, _ = self._present(source)
        self._starts.append((begin, np.array([target]), np.array([[key, level]])))
        if begin >= 0:
            self._actions[begin:self._used, target] = self._actions[begin:self._used, source]
        if begin == _WAITING:
            self._waiting[target] = self._waiting[source]

    def episode(self, row):
        """As :meth:`Track.episode`, of a row. The actions may go on after the episode's end."""
        begin, key, level, past = self._present(row)
        is_present, end = begin != self._used, self._used
        if not is_present:
            begin, key, level, end = past
        if begin == _NONE:
            _none()
        if begin == _UNKNOWN:
            _unknown()
        actions = self._waiting[row] if begin == _WAITING else self._cut(begin, end, row)
        return Episode(key % 2**64, level, actions, is_present)

    def _present(self, row):
        """Where the episode of a row begins, its key, its level, and the same of the one before it with its end."""
        begin, key, level = self._base[row].tolist()
        past = (_NONE, 0, 0, 0)
        for place, rows, origins in self._starts:
            for i in np.flatnonzero(rows == row):
                if begin != place:
                    past = (begin, key, level, place)
                begin, (key, level) = place, origins[i].tolist()
        return begin, key, level, past

    def _cut(self, begin, end, row):
        return self._actions[begin:min(end, begin + self._longest), row].tobytes()

    def _fold(self):
        """Of all rows where the present episode begins; what was before it is forgotten."""
        if self._starts:
            places = np.repeat([place for place, _, _ in self._starts], [len(rows) for _, rows, _ in self._starts])
            rows = np.concatenate([rows for _, rows, _ in self._starts])
            # Of what is assigned to one row several times the last stays.
            self._base[rows] = np.column_stack([places, np.concatenate([origins for _, _, origins in self._starts])])
        self._starts = []

    def _make_room(self):
        # A step comes, so that nobody asks any more for the episodes before the present ones.
        self._fold()
        begins = self._base[:, 0]
        # Longer ago than an episode lasts: it is over, and its row waits to be started again.
        for row in np.flatnonzero((begins >= 0) & (self._used - begins > self._longest)).tolist():
            self._waiting[row] = self._cut(begins[row], self._used, row)
            begins[row] = _WAITING
        self._waiting = {row: actions for row, actions in self._waiting.items() if begins[row] == _WAITING}
        on_tape = begins >= 0
        first = int(begins[on_tape].min()) if on_tape.any() else self._used
        kept = self._actions[first:self._used]
        if 2 * len(kept) >= len(self._actions):
            self._actions = np.zeros((max(2 * len(self._actions), 16), self._actions.shape[1]), dtype=np.uint8)
        self._actions[:len(kept)] = kept
        begins[on_tape] -= first
        self._used = len(kept)

    def __getstate__(self):
        return {
            **self.__dict__, "_actions": self._actions[:self._used].copy(), "_base": self._base.copy(), "_starts": [*self._starts],
            "_waiting": {**self._waiting}}
