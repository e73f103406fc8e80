"""One seed for all random numbers."""

import random
import sys

import numpy as np

from lamina import _lamina
from lamina._core.public import publish


def set_random_seed(seed):
    """Seeds Python, NumPy, lamina, and TensorFlow if that was imported: initial weights, dropout masks and shuffling.

    Args:
        seed: an int.

    Raises:
        ValueError: for anything else.
    """
    if not isinstance(seed, int):
        raise ValueError(f"Expected `seed` argument to be an integer. Received: seed={seed} (of type {type(seed)})")
    random.seed(seed)
    np.random.seed(seed % 2**32)
    _lamina.set_random_seed(seed)
    theirs = getattr(getattr(sys.modules.get("tensorflow"), "random", None), "set_seed", None)
    if theirs is not None and not theirs.__module__.startswith("lamina."):  # what stands in for it calls us
        theirs(seed)  # the order of tf.data's shuffled datasets


publish("lamina.utils", set_random_seed)
