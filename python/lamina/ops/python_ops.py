"""Ops that concern Python itself: conversion, tests of kind."""

import numpy as np

from lamina import _lamina
from lamina._core import ops
from lamina._core.public import publish


def convert_to_numpy(x):
    """A NumPy array of a tensor's values.

    Args:
        x: a tensor, a variable, an array or a number.
    """
    if isinstance(x, np.ndarray):
        return x
    return np.array(x)


def is_tensor(x):
    """Whether x is a tensor with values (or in a traced function); not a KerasTensor, not an array.

    Args:
        x: anything.
    """
    return isinstance(x, _lamina.Tensor)


def dtype(x):
    """The dtype's name.

    Args:
        x: a tensor, an array or a number.

    Returns:
        A string such as "float32".
    """
    return _lamina.find_op("convert_to_tensor")(x).dtype if not hasattr(x, "dtype") else str(x.dtype)


def vectorize(pyfunc, *, excluded=None, signature=None):
    """A function of single elements as one of tensors, as NumPy's vectorize.

    Args:
        pyfunc: takes scalar tensors.
        excluded: not supported.
        signature: not supported.

    Returns:
        f(*args), which applies it to each element of its arguments, over their broadcast.

    Raises:
        NotImplementedError: for `excluded` and `signature`.
    """
    if signature is not None or excluded:
        raise NotImplementedError("vectorize: `signature` and `excluded` are not supported.")

    def f(*args):
        arrays = np.broadcast_arrays(*[np.asarray(a) for a in args])
        out = [
            np.asarray(pyfunc(*(ops.convert_to_tensor(v) for v in items)))
            for items in zip(*(a.reshape(-1) for a in arrays))
        ]
        return ops.convert_to_tensor(np.stack(out).reshape(arrays[0].shape + out[0].shape))

    return f


def view(x, dtype=None):
    """The bytes of a tensor as elements of another dtype; the last axis grows or shrinks where their width differs.

    Args:
        x: a tensor with values.
        dtype: a dtype's name; None gives `x` itself.

    Returns:
        A tensor.

    Raises:
        TypeError: for a symbolic tensor, and inside compiled functions.
        ValueError: if the last axis cannot be divided so.
    """
    return ops.convert_to_tensor(x).view(dtype)


def eig(x):
    """Refuses: the eigenvalues of general matrices are complex numbers, and there is no complex dtype here. `eigh` has
    those of symmetric ones.

    Args:
        x: a matrix.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError(
        "ops.eig: the eigenvalues of general matrices are complex, and Lamina has no complex dtype. For symmetric "
        "matrices use ops.eigh; on the values alone numpy.linalg.eig(keras.ops.convert_to_numpy(x)) works."
    )


publish("lamina.ops", convert_to_numpy, dtype, eig, is_tensor, vectorize, view)
