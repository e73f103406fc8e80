"""House prices in California in 1990."""

import numpy as np

from lamina._core.public import public_module
from lamina.datasets._source import check_split, fetch, shuffled, train_and_test


def load_data(version="large", path="california_housing.npz", test_split=0.2, seed=113):
    """8 attributes of Californian districts (the census of 1990), and the median value of their houses in dollars.

    The attributes: median income, median age of houses, average rooms, average bedrooms, population, average
    occupants, latitude,
    longitude.

    Args:
        version: "large" for all 20,640 districts, "small" for 600.
        path: the file's name in the cache.
        test_split: the share of rows to test on.
        seed: of the order of rows.

    Returns:
        ((x_train, y_train), (x_test, y_test)): x of shape (samples, 8), y of shape (samples,).

    Raises:
        ValueError: for another version, or a share outside of [0, 1).
    """
    check_split(test_split)
    if version not in ("small", "large"):
        raise ValueError(f"Argument `version` must be one of 'small', 'large'. Received: version={version}")
    path = fetch(path, "california_housing.npz", "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f")
    with np.load(path, allow_pickle=False) as f:
        rows = slice(600 if version == "small" else None)
        return train_and_test(*shuffled(seed, f["x"][rows], f["y"][rows]), test_split)


__getattr__, __dir__ = public_module(__name__, defined=("load_data",))
