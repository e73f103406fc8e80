"""CIFAR-100: small photographs in 100 classes, or 20 groups of them."""

import os

from lamina._core.public import public_module
from lamina.datasets._cifar import arranged, folder, load_batch


def load_data(label_mode="fine"):
    """50,000 colour images to train on, 10,000 to test, with their labels.

    Args:
        label_mode: "fine" for the 100 classes, "coarse" for the 20 groups.

    Returns:
        ((x_train, y_train), (x_test, y_test)): uint8 arrays, x of shape (samples, 32, 32, 3), or (samples, 3, 32, 32)
        where the
        image data format is "channels_first", with values 0 to 255; y of shape (samples, 1).

    Raises:
        ValueError: for another label mode.
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError(f'`label_mode` must be one of `"fine"`, `"coarse"`. Received: label_mode={label_mode}.')
    path = folder(
        "cifar-100-python-target",
        "cifar-100-python.tar.gz",
        "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
        "cifar-100-python",
    )
    return tuple(arranged(*load_batch(os.path.join(path, part), f"{label_mode}_labels")) for part in ("train", "test"))


__getattr__, __dir__ = public_module(__name__, defined=("load_data",))
