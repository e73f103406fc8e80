"""split_dataset: one dataset in two."""

import contextlib
import random
import sys
import time
import warnings

import numpy as np

from lamina import _lamina, tree
from lamina._core.console import print_text
from lamina.data.dataset import Dataset


def split_dataset(dataset, left_size=None, right_size=None, shuffle=False, seed=None, preferred_backend=None):
    """Two datasets: the first samples of one, and the last.

    Args:
        dataset: a `lamina.data.Dataset`, arrays, a list or tuple of arrays, a tf.data dataset, or a torch dataset.
        left_size: samples of the first, as a number (int) or a share (float in 0..1).
        right_size: samples of the second, likewise. One of the two is enough.
        shuffle: whether samples are mixed before.
        seed: of that order.
        preferred_backend: "tensorflow" for tf.data datasets, "torch" for torch's. None is that of the dataset that was
            given; of arrays it is TensorFlow, if the program has imported it. All others, and what is not installed,
            give parts that are `lamina.data.Dataset`.

    Returns:
        (left, right), two datasets of single samples.

    Raises:
        ValueError, TypeError: for sizes that do not fit.
    """
    if preferred_backend not in (None, "tensorflow", "torch", "grain"):
        raise ValueError(
            f"Unknown `preferred_backend`: {preferred_backend}. Expected 'tensorflow', 'torch', 'grain' or None."
        )
    samples = _samples(dataset)
    if not samples:
        raise ValueError("Received an empty dataset. Please provide a dataset with at least one sample.")
    left, right = _sizes(left_size, right_size, len(samples))
    if shuffle:
        random.seed(seed if seed is not None else random.randint(0, int(1e6)))
        random.shuffle(samples)
    make = _maker(preferred_backend or _backend_of(dataset))
    stacked = lambda part: tree.map_structure(lambda *leaves: np.stack([np.asarray(v) for v in leaves]), *part)
    return tuple(make(stacked(part)) for part in (samples[:left], samples[-right:]))


def _backend_of(dataset):
    """The library whose dataset this is; of arrays the one whose datasets a program with it will expect."""
    torch = sys.modules.get("torch.utils.data")
    if torch is not None and isinstance(dataset, torch.Dataset):
        return "torch"
    tf = sys.modules.get("tensorflow")
    if tf is not None and (isinstance(dataset, (tf.data.Dataset, list, tuple, np.ndarray))):
        return "tensorflow"
    return None


def _maker(backend):
    """What makes a dataset of a structure of arrays."""
    if backend == "tensorflow":
        with contextlib.suppress(ImportError):
            import tensorflow

            return tensorflow.data.Dataset.from_tensor_slices
    if backend == "torch":
        with contextlib.suppress(ImportError):
            import torch  # noqa: F401

            return _torch_dataset
    return Dataset.from_tensor_slices


def _torch_dataset(arrays):
    import torch

    class Samples(torch.utils.data.Dataset):
        """The samples of a structure of arrays."""

        def __len__(self):
            return len(tree.flatten(arrays)[0])

        def __getitem__(self, i):
            if not -len(self) <= i < len(self):
                raise IndexError(f"This dataset has {len(self)} samples; there is no sample {i}.")
            return tree.map_structure(lambda a: torch.as_tensor(a[i]), arrays)

    return Samples()


def _samples(dataset):
    """Single samples."""
    if isinstance(dataset, (np.ndarray, _lamina.TensorBase)):
        return [np.asarray(row) for row in np.asarray(dataset)]
    if isinstance(dataset, (list, tuple)) and dataset and all(hasattr(a, "__array__") for a in dataset):
        arrays = [np.asarray(a) for a in dataset]
        if len({len(a) for a in arrays}) > 1:
            raise ValueError(
                "Received a list of NumPy arrays with different lengths. Mismatch found at index 1, "
                f"Expected shape={arrays[0].shape} Received shape={arrays[1].shape}. "
                "Please provide a list of NumPy arrays of the same length."
            )
        return [tuple(a[i] for a in arrays) for i in range(len(arrays[0]))]
    if isinstance(dataset, dict):
        arrays = tree.map_structure(np.asarray, dataset)
        count = len(tree.flatten(arrays)[0])
        return [tree.map_structure(lambda a, i=i: a[i], arrays) for i in range(count)]
    if hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__"):
        return [tree.map_structure(np.asarray, dataset[i]) for i in range(len(dataset))]
    if not hasattr(dataset, "__iter__"):
        raise TypeError(
            "The `dataset` argument must be a dataset, an array, or a list or tuple of arrays. "
            f"Received: dataset={dataset} of type {type(dataset)}."
        )
    out, begun, told = [], time.time(), False
    for element in dataset:
        out.append(tree.map_structure(np.asarray, element))
        if not told and time.time() - begun > 10:
            warnings.warn("The dataset is read into memory, which takes a while; it may be large.", stacklevel=3)
            told = True
    if told:
        print_text("\n")
    return out


def _sizes(left, right, total):
    for name, size in (("left_size", left), ("right_size", right)):
        if size is not None and (isinstance(size, bool) or not isinstance(size, (int, float))):
            raise TypeError(
                f"Invalid `{name}` argument. Expected a float or an int. Received: {name}={size} of type {type(size)}."
            )
        if isinstance(size, int) and not 0 < size < total or isinstance(size, float) and not 0 < size < 1:
            raise ValueError(
                f"`{name}` should be either a positive integer and smaller than {total} or a float within the range "
                f"`[0, 1]`. Received: {name}={size}"
            )
    if left is None and right is None:
        raise ValueError(
            "At least one of the `left_size` or `right_size` must be specified. Received: left_size=None and "
            "right_size=None"
        )
    if isinstance(left, float) and isinstance(right, float) and left + right > 1:
        raise ValueError(
            "The sum of `left_size` and `right_size` is greater than 1. It must be less than or equal to 1."
        )
    left = round(left * total) if isinstance(left, float) else left
    right = round(right * total) if isinstance(right, float) else right
    left = total - right if left is None else left
    right = total - left if right is None else right
    if left + right > total:
        raise ValueError(
            f"The sum of `left_size` and `right_size` should be smaller than the {total}. Received: left_size={left} "
            f"and right_size={right}"
        )
    for name, size in (("left", left), ("right", right)):
        if size == 0:
            raise ValueError(
                f"With `dataset` of length={total}, the {name} part would be empty. Adjust `left_size` "
                "and `right_size`."
            )
    return left, right
