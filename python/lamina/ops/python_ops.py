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
    """A function of single elements (or of what `signature` says) as one of tensors, as NumPy's vectorize.

    Args:
        pyfunc: takes scalar tensors, or tensors of the core shapes of the signature.
        excluded: which arguments are handed on as they are: places and names.
        signature: the core axes of arguments and results, such as "(m,n),(n)->(m)"; None for scalars.

    Returns:
        f(*args, **kwargs), which applies it over all other axes of its arguments, broadcast together. Several results
        are a tuple.

    Raises:
        TypeError: if `pyfunc` cannot be called.
        ValueError: for a signature that is none, and arguments that do not fit it.
    """
    if not callable(pyfunc):
        raise TypeError(f"`pyfunc` must be callable. Received: {pyfunc!r}")

    def on_tensors(*args, **kwargs):
        tensors = [a if isinstance(a, _Handed) else ops.convert_to_tensor(a) for a in args]
        out = pyfunc(*(t.value if isinstance(t, _Handed) else t for t in tensors), **kwargs)
        return tuple(np.asarray(o) for o in out) if isinstance(out, tuple) else np.asarray(out)

    kept = set(excluded or ())

    def f(*args, **kwargs):
        plain = {k: v for k, v in kwargs.items() if k in kept}
        arrays = [_Handed(a) if i in kept else np.asarray(a) for i, a in enumerate(args)]
        apply = np.vectorize(
            lambda *items, **named: on_tensors(*items, **named, **plain), signature=signature, excluded=kept
        )
        out = apply(*arrays, **{k: np.asarray(v) for k, v in kwargs.items() if k not in kept})
        return tuple(map(ops.convert_to_tensor, out)) if isinstance(out, tuple) else ops.convert_to_tensor(out)

    return f


class _Handed:
    """An argument that goes to the function as it is."""

    def __init__(self, value):
        self.value = value


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
