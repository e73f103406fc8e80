"""Fashion-MNIST: articles of clothing."""

import gzip
import os

import numpy as np

from lamina._core.public import public_module
from lamina.datasets._source import fetch


def _read(name, header):
    path = fetch(name, name, cache_subdir=os.path.join("datasets", "fashion-mnist"))
    with gzip.open(path, "rb") as f:
        return np.frombuffer(f.read(), np.uint8, offset=header)


def load_data():
    """60,000 grey images of clothing in 10 classes to train on, 10,000 to test, with their labels.

    Returns:
        ((x_train, y_train), (x_test, y_test)): uint8 arrays, x of shape (samples, 28, 28) with values 0 to 255, y of
        shape (samples,).
    """
    out = []
    for part in ("train", "t10k"):
        labels = _read(f"{part}-labels-idx1-ubyte.gz", 8)
        out.append((_read(f"{part}-images-idx3-ubyte.gz", 16).reshape(len(labels), 28, 28), labels))
    return tuple(out)


__getattr__, __dir__ = public_module(__name__, defined=("load_data",))
