"""CIFAR-10: small photographs in 10 classes."""

import os

import numpy as np

from lamina._core.public import public_module
from lamina.datasets._cifar import arranged, folder, load_batch


def load_data():
    """50,000 colour images in 10 classes to train on, 10,000 to test, with their labels.

    The classes: airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck.

    Returns:
        ((x_train, y_train), (x_test, y_test)): uint8 arrays, x of shape (samples, 32, 32, 3), or (samples, 3, 32, 32)
        where the
        image data format is "channels_first", with values 0 to 255; y of shape (samples, 1).
    """
    path = folder(
        "cifar-10-batches-py-target",
        "cifar-10-python.tar.gz",
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        "cifar-10-batches-py",
    )
    batches = [load_batch(os.path.join(path, f"data_batch_{i}")) for i in range(1, 6)]
    train = arranged(np.concatenate([x for x, _ in batches]), np.concatenate([y for _, y in batches]))
    return train, arranged(*load_batch(os.path.join(path, "test_batch")))


__getattr__, __dir__ = public_module(__name__, defined=("load_data",))
