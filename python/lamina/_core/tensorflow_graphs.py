"""Layers and ops on TensorFlow's symbolic tensors: in functions that `tf.data.Dataset.map` traces.

A call becomes one node of TensorFlow's graph that calls back, with arrays. Its results have the shapes and dtypes that
the call gives for KerasTensors.
"""

import functools
import sys

import numpy as np

from lamina import _lamina
from lamina._core.values.structures import flatten, pack_sequence_as

# What dimensions of unknown size are where only a result's rank is wanted.
_SOME_SIZE = 2


def symbolic_inputs(args, kwargs):
    """Whether one of the arguments of a call is a symbolic tensor of TensorFlow."""
    tf = sys.modules.get("tensorflow")
    is_symbolic = getattr(tf, "is_symbolic_tensor", None)
    return is_symbolic is not None and any(is_symbolic(x) for x in flatten((args, kwargs)))


def call_in_graph(f, args, kwargs, spec=None):
    """The results of f(*args, **kwargs) as tensors of the graph that TensorFlow traces.

    Args:
        f: a layer or an op.
        args: its arguments, tensors of TensorFlow among them.
        kwargs: its named arguments.
        spec: what gives the results for KerasTensors; f itself by default.

    Returns:
        A symbolic tensor of TensorFlow, or f's structure of them.
    """
    import tensorflow as tf

    leaves = flatten((args, kwargs))
    places = [i for i, x in enumerate(leaves) if tf.is_tensor(x)]

    def filled(values):
        given = list(leaves)
        for i, value in zip(places, values):
            given[i] = value
        return pack_sequence_as((args, kwargs), given)

    def run(*arrays):
        positional, named = filled(arrays)
        results = flatten(f(*positional, **named))
        return [np.asarray(results[i]).astype(dtype, copy=False) for i, dtype in zip(computed, numpy_types)]

    structure = _specs(spec or f, filled, [leaves[i] for i in places])
    specs = flatten(structure)
    computed = [i for i, s in enumerate(specs) if isinstance(s, _lamina.TensorBase)]  # what else there is stays so
    if not computed:
        return structure
    types = [tf.as_dtype(str(specs[i].dtype)) for i in computed]
    numpy_types = [t.as_numpy_dtype for t in types]
    tensors = tf.numpy_function(run, [leaves[i] for i in places], types)
    for tensor, i in zip(tensors, computed):
        tensor.set_shape(specs[i].shape)
        specs[i] = tensor
    return pack_sequence_as(structure, specs)


def method_in_graphs(method):
    """A method of a layer that takes TensorFlow's symbolic tensors as well, and that need not take KerasTensors:
    its results' shapes are those of a call with zeros."""

    @functools.wraps(method)
    def call(self, *args, **kwargs):
        if not symbolic_inputs(args, kwargs):
            return method(self, *args, **kwargs)

        def run(*args, **kwargs):
            return method(self, *args, **kwargs)

        return call_in_graph(run, args, kwargs, spec=lambda *args, **kwargs: _like_a_call_with_zeros(run, args, kwargs))

    return call


def _like_a_call_with_zeros(f, args, kwargs):
    """What f gives for KerasTensors, from calls with arrays: a size that is not the same for other unknown sizes is
    unknown."""
    leaves = flatten((args, kwargs))

    def called(unknown):
        arrays = [
            np.zeros([unknown if n is None else n for n in x.shape], str(x.dtype))
            if isinstance(x, _lamina.KerasTensor)
            else x
            for x in leaves
        ]
        positional, named = pack_sequence_as((args, kwargs), arrays)
        return f(*positional, **named)

    structure = called(_SOME_SIZE)
    results = flatten(structure)
    for i, (x, other) in enumerate(zip(list(results), flatten(called(_SOME_SIZE + 1)))):
        if isinstance(x, _lamina.TensorBase):
            shape = tuple(n if n == m else None for n, m in zip(x.shape, other.shape))
            results[i] = _lamina.KerasTensor(shape, dtype=str(x.dtype))
        elif x != other:
            results[i] = None  # a size that the data have
    return pack_sequence_as(structure, results)


def call_op_in_graph(op, args, kwargs):
    """What call_in_graph() gives for an op; `shape` is TensorFlow's own, since sizes may follow from it."""
    return _shape(*args, **kwargs) if op.__name__ == "shape" else call_in_graph(op, args, kwargs)


def _shape(x):
    import tensorflow as tf

    if x.shape.rank is None:
        raise ValueError(f"The shape of {x} is not known, not even how many axes it has. Call its `set_shape` before.")
    sizes = tf.shape(x)
    return tuple(sizes[i] if size is None else size for i, size in enumerate(x.shape))


def _specs(f, filled, tensors):
    """What f gives for KerasTensors of these shapes. Where integer scalars are sizes, as in reshape(x, (n, 1)), the
    sizes of the results are not known."""
    sizes = [t.shape.rank == 0 and t.dtype.is_integer for t in tensors]
    given = [_SOME_SIZE if size else _keras_tensor(t) for size, t in zip(sizes, tensors)]
    try:
        positional, named = filled([_keras_tensor(t) for t in tensors])
        return f(*positional, **named)
    except (TypeError, ValueError, NotImplementedError):
        if not any(sizes):
            raise
    positional, named = filled(given)
    structure = f(*positional, **named)
    return pack_sequence_as(structure, [_of_rank(s) for s in flatten(structure)])


def _keras_tensor(t):
    if t.shape.rank is None:
        raise ValueError(
            f"{t} has an unknown number of axes. Call its `set_shape` before a layer or an op is called on it."
        )
    return _lamina.KerasTensor(tuple(t.shape), dtype=t.dtype.name)


def _of_rank(s):
    return _lamina.KerasTensor((None,) * len(s.shape), dtype=str(s.dtype))
