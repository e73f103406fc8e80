"""What CIFAR-10 and CIFAR-100 share."""

import os

import numpy as np

from lamina import config
from lamina.datasets._pickles import ArrayUnpickler
from lamina.utils.downloads import get_file

_ORIGIN = "https://www.cs.toronto.edu/~kriz/"


def folder(name, archive, file_hash, inner):
    """The folder with the batches."""
    origin = os.environ.get("LAMINA_DATASETS_ORIGIN", _ORIGIN) + archive
    return os.path.join(get_file(name, origin=origin, extract=True, file_hash=file_hash), inner)


def load_batch(path, label_key="labels"):
    """(images of shape (n, 3, 32, 32), a list of labels) of a file."""
    with open(path, "rb") as f:
        batch = {key.decode("utf8"): value for key, value in ArrayUnpickler(f, encoding="bytes").load().items()}
    return batch["data"].reshape(-1, 3, 32, 32), batch[label_key]


def arranged(x, y):
    """Images in the global data format, labels as a column of uint8."""
    if config.image_data_format() == "channels_last":
        x = x.transpose(0, 2, 3, 1)
    return x, np.reshape(np.asarray(y, dtype="uint8"), (len(y), 1))
