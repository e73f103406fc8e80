"""NumPy's scalars as Python's: what is a number in an argument is one in a config, so that every Keras can read the
file."""

import numpy as np


def plain(value):
    """`value` with NumPy scalars, alone or inside lists, tuples and dicts, as plain numbers and strings; arrays
    stay."""
    kind = type(value)
    if kind in (int, float, str, bool, type(None)):
        return value
    if isinstance(value, np.generic):
        found = value.item()
        return found if isinstance(found, (bool, int, float, str)) else value
    if isinstance(value, dict):
        return {plain(k): plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if kind is tuple:
        return tuple(plain(v) for v in value)
    return value
