"""House prices in Boston in the 1970s."""

import numpy as np

from lamina._core.public import public_module
from lamina.datasets._source import check_split, fetch, shuffled, train_and_test


def load_data(path="boston_housing.npz", test_split=0.2, seed=113):
    """13 attributes of houses around Boston, and the median price in thousands of dollars.

    One of the attributes ("B") assumes that segregation by race influences prices. Use `california_housing` unless
    that is what
    you study.

    Args:
        path: the file's name in the cache.
        test_split: the share of rows to test on.
        seed: of the order of rows.

    Returns:
        ((x_train, y_train), (x_test, y_test)): x of shape (samples, 13), y of shape (samples,).

    Raises:
        ValueError: for a share outside of [0, 1).
    """
    check_split(test_split)
    path = fetch(path, "boston_housing.npz", "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5")
    with np.load(path, allow_pickle=False) as f:
        return train_and_test(*shuffled(seed, f["x"], f["y"]), test_split)


__getattr__, __dir__ = public_module(__name__, defined=("load_data",))
