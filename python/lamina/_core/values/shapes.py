"""Shapes as Python values."""

import numpy as np


def shape_tuple(x):
    """Shapes as tuples of ints and None, structures kept."""
    if isinstance(x, np.ndarray):
        x = x.tolist()
    if isinstance(x, dict):
        return {k: shape_tuple(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        if all(d is None or isinstance(d, (int, np.integer)) for d in x):
            return tuple(None if d is None else int(d) for d in x)
        return [shape_tuple(v) for v in x]
    return x
