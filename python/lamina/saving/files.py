"""Models and weights to files and back."""

import errno
import os

from lamina import _lamina
from lamina._core.configs.registration import CustomObjectScope
from lamina._core.configs.safe_mode import SafeModeScope
from lamina._core.public import publish


def save_model(model, filepath, overwrite=True, zipped=None, **kwargs):
    """Saves a model: to a `.keras` file, a legacy `.h5` file, or with zipped=False to a directory.

    Raises ValueError for other endings, OSError if the file cannot be written or exists and `overwrite` is false.
    """
    include_optimizer = kwargs.pop("include_optimizer", True)
    save_format = kwargs.pop("save_format", None)
    path = os.fspath(filepath)
    if save_format and not path.endswith((".h5", ".hdf5", ".keras")):
        raise ValueError(
            "The `save_format` argument is deprecated in Keras 3. Please remove this argument and pass a file path "
            f"with either `.keras` or `.h5` extension.Received: save_format={save_format}"
        )
    if kwargs:
        raise ValueError(f"The following argument(s) are not supported: {list(kwargs)}")
    _lamina.save_model(model, path, overwrite, True if zipped is None else zipped, bool(include_optimizer))


def load_model(filepath, custom_objects=None, compile=True, safe_mode=True):
    """A model from a `.keras` file, a directory of one, or a legacy `.h5` file.

    Code in the file (lambdas) only runs with safe_mode=False, said by this very call. Raises ValueError for what is not
    a model's file, TypeError for classes that are not registered.
    """
    path = os.fspath(filepath)
    if path.endswith((".h5", ".hdf5")):
        _require(path)
    with CustomObjectScope(custom_objects), SafeModeScope(safe_mode):
        return _lamina.load_model(path, compile)


def save_weights(model, filepath, overwrite=True, max_shard_size=None, **kwargs):
    """Weights to a `.weights.h5` file; with `max_shard_size` (GB) to several, under a `.weights.json` index."""
    if kwargs:
        raise TypeError(f"Invalid keyword arguments: {kwargs}")
    _lamina.save_weights(
        model, os.fspath(filepath), overwrite, None if max_shard_size is None else float(max_shard_size)
    )


def load_weights(model, filepath, skip_mismatch=False, **kwargs):
    """Weights from a `.weights.h5`, `.weights.json`, `.keras` or legacy `.h5` file (there with `by_name`, too).

    Raises ValueError naming the layer, the expected and the stored shapes; with skip_mismatch that is a warning.
    """
    by_name = kwargs.pop("by_name", None)
    if kwargs:
        raise ValueError(f"Invalid keyword arguments: {kwargs}")
    path = os.fspath(filepath)
    if path.endswith((".h5", ".hdf5", ".weights.json", ".keras")) and not by_name:
        _require(path)
    _lamina.load_weights(model, path, bool(skip_mismatch), bool(by_name))


def _require(path):
    if not os.path.exists(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


publish("lamina.saving", load_model, load_weights, save_model, save_weights)
