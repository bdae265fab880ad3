"""What callers pass: anything of another kind is refused, and not rounded, cut, or read as something else."""

import collections.abc
import numbers
import operator
import os
import re

from ._native import ResoneticsError

_INVALID = 1


def refuse(message):
    raise ResoneticsError(_INVALID, message)


def whole(value, what, low, high):
    """A whole number of any type, within bounds."""
    try:
        found = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        found = None
    if found is None or not low <= found <= high:
        refuse(f"{what} is {value!r}, not a whole number from {low} to {high}")
    return found


def number(value, what):
    """A number of any type, which may be NaN: what it may be is said by who takes it."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        refuse(f"{what} is {value!r}: give a number")
    return float(value)


def size(value):
    """Rows and columns."""
    try:
        if isinstance(value, (str, bytes, collections.abc.Mapping, collections.abc.Set)):
            raise TypeError
        rows, columns = value
    except (TypeError, ValueError):
        refuse(f"size is {value!r}: give rows and columns such as (8, 8)")
    return number(rows, "size[0]"), number(columns, "size[1]")


def mapping(value, what, known):
    """Names and values; None is none of them."""
    if value is None:
        return {}
    if not isinstance(value, collections.abc.Mapping):
        refuse(f"{what} are {value!r}: give a dictionary")
    for name in value:
        if name not in known:
            refuse(f"{what} have {name!r}: there is {', '.join(known)}")
    return dict(value)


def key(value, what="key"):
    """The key of an episode: 64 bits, or up to 16 hexadecimal digits as ``dsl sim`` writes them."""
    if isinstance(value, str):
        if not re.fullmatch("[0-9a-fA-F]{1,16}", value):
            refuse(f"{what} is {value!r}: give 16 hexadecimal digits, or a number")
        return int(value, 16)
    return whole(value, what, 0, 2**64 - 1)


def action(value):
    """A whole number of 64 bits; which of them are actions the library says."""
    return whole(value, "action", -2**63, 2**63 - 1)


def policy(value):
    """A name that stands in a file and in its name."""
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value.encode()) <= 150:
        refuse(f"the policy's name is {value!r}: give up to 150 characters that can be printed")
    return value


def directory(value, what):
    """A directory that can be written into, made where there is none."""
    try:
        path = os.fspath(value)
        if not isinstance(path, str):
            raise TypeError
        os.makedirs(path, exist_ok=True)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError("it may not be written into")
    except TypeError:
        refuse(f"{what} is {value!r}: give the name of a directory")
    except (OSError, ValueError) as error:
        refuse(f"{what} is {value!r}: {getattr(error, 'strerror', None) or error}; give a directory that can be written into")
    return path


def plain(spec):
    """The specification of an environment with arguments that JSON has: names of files are kept as they were given."""
    if spec is not None and isinstance(spec.kwargs.get("black_boxes"), os.PathLike):
        spec.kwargs["black_boxes"] = os.fspath(spec.kwargs["black_boxes"])
    return spec
