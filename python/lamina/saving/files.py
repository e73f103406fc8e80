"""Models and weights to files and back."""

import contextlib
import errno
import io
import os
import shutil
import tempfile

from lamina import _lamina
from lamina._core.configs.registration import CustomObjectScope
from lamina._core.configs.safe_mode import SafeModeScope
from lamina._core.errors import making_from_config
from lamina._core.public import publish


def save_model(model, filepath, overwrite=True, zipped=None, **kwargs):
    """Saves architecture, weights, and what compile() was given.

    Args:
        model: the model.
        filepath: ends in `.keras`, or in `.h5` for the older format; or a binary file object, which gets what a
            `.keras` file holds.
        overwrite: whether a file that is there may be replaced.
        zipped: False writes a folder instead of one file.
        **kwargs: include_optimizer, whether the optimizer's state is saved.

    Raises:
        ValueError: for another ending, and for unknown arguments.
        OSError: if the file cannot be written, or is there and may not be replaced.
    """
    include_optimizer = kwargs.pop("include_optimizer", True)
    save_format = kwargs.pop("save_format", None)
    if isinstance(filepath, io.IOBase):
        if kwargs or zipped is False:
            raise ValueError(f"A file object holds one zipped archive. Received: zipped={zipped}, {kwargs}")
        return _written(filepath, ".keras", lambda path: save_model(model, path))
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
    """A model from a `.keras` file, a folder of one, or a legacy `.h5` file.

    Args:
        filepath: the file; or a binary file object that stands at the beginning of what a `.keras` file holds.
        custom_objects: {name: class or function} that it may name beside the registered ones.
        compile: whether the model is compiled as it was.
        safe_mode: False lets code in the file (lambdas) run, said by this very call.

    Returns:
        The model.

    Raises:
        ValueError: for what is not a model's file, and for code where it may not run.
        TypeError: for classes that are not registered.
    """
    with _as_path(filepath, ".keras") as path, CustomObjectScope(custom_objects), SafeModeScope(safe_mode):
        if path.endswith((".h5", ".hdf5")):
            _require(path)
        with making_from_config():
            return _lamina.load_model(path, compile)


def save_weights(model, filepath, overwrite=True, max_shard_size=None, **kwargs):
    """Saves a model's weights alone.

    Args:
        model: the model.
        filepath: ends in `.weights.h5`, or in `.weights.json` for several files under an index; or a binary file
            object, which gets what a `.weights.h5` file holds.
        overwrite: whether files that are there may be replaced.
        max_shard_size: the most gigabytes per file.
        **kwargs: objects_to_skip, a list of objects that are left out.

    Raises:
        ValueError: for another ending.
        TypeError: for unknown arguments.
        OSError: if a file cannot be written, or is there and may not be replaced.
    """
    objects_to_skip = kwargs.pop("objects_to_skip", None) or ()
    if kwargs:
        raise TypeError(f"Invalid keyword arguments: {kwargs}")
    if isinstance(filepath, io.IOBase):
        if max_shard_size is not None:
            raise ValueError(f"A file object holds all weights. Received: max_shard_size={max_shard_size}")
        return _written(
            filepath, ".weights.h5", lambda path: save_weights(model, path, objects_to_skip=objects_to_skip)
        )
    size = None if max_shard_size is None else float(max_shard_size)
    _lamina.save_weights(model, os.fspath(filepath), overwrite, size, objects_to_skip)


def load_weights(model, filepath, skip_mismatch=False, **kwargs):
    """Loads weights into a model, which must be built.

    Args:
        model: the model.
        filepath: a `.weights.h5`, `.weights.json`, `.keras` or legacy `.h5` file; or a binary file object that stands
            at the beginning of what a `.weights.h5` file holds.
        skip_mismatch: whether layers whose shapes differ are left out with a warning.
        **kwargs: by_name, for legacy files: whether layers are found by name instead of by their place.
            objects_to_skip, a list of objects (of a `.weights.h5` file) that keep their values, with what only they
            lead to.

    Raises:
        ValueError: naming the layer, the expected and the stored shapes; for unknown arguments.
        OSError: if the file cannot be read.
    """
    by_name, objects_to_skip = kwargs.pop("by_name", None), kwargs.pop("objects_to_skip", None)
    if kwargs:
        raise ValueError(f"Invalid keyword arguments: {kwargs}")
    with _as_path(filepath, ".weights.h5") as path:
        weights = path.endswith((".weights.h5", ".weights.json"))
        if by_name is not None and (weights or path.endswith(".keras")):
            raise ValueError(f"`by_name` only supports loading legacy '.h5' or '.hdf5' files. Received: {path}")
        if objects_to_skip is not None and not weights:
            raise ValueError(f"`objects_to_skip` only supports loading '.weights.h5' files. Received: {path}")
        if path.endswith((".h5", ".hdf5", ".weights.json", ".keras")) and not by_name:
            _require(path)
        _lamina.load_weights(model, path, bool(skip_mismatch), bool(by_name), objects_to_skip or ())


def _written(file, ending, save):
    """Writes what `save` puts into a file of this ending into a file object."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file" + ending)
        save(path)
        with open(path, "rb") as saved:
            shutil.copyfileobj(saved, file)


@contextlib.contextmanager
def _as_path(file, ending):
    """The path of a file, or of a copy of what is left of a file object."""
    if not isinstance(file, io.IOBase):
        yield os.fspath(file)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file" + ending)
        with open(path, "wb") as copy:
            shutil.copyfileobj(file, copy)
        yield path


def _require(path):
    if not os.path.exists(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


publish("lamina.saving", load_model, load_weights, save_model, save_weights)
