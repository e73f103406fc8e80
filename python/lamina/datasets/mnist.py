"""MNIST: handwritten digits."""

import numpy as np

from lamina._core.public import public_module
from lamina.datasets._source import fetch


def load_data(path="mnist.npz"):
    """60,000 grey images of handwritten digits to train on, 10,000 to test, with their labels.

    Args:
        path: the file's name in the cache.

    Returns:
        ((x_train, y_train), (x_test, y_test)): uint8 arrays, x of shape (samples, 28, 28) with values 0 to 255, y of
        shape (samples,).
    """
    path = fetch(path, "mnist.npz", "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1")
    with np.load(path, allow_pickle=False) as f:
        return (f["x_train"], f["y_train"]), (f["x_test"], f["y_test"])


__getattr__, __dir__ = public_module(__name__, defined=("load_data",))
