"""TensorFlow's functions on tensors of ours, where it is installed: in models they are called on symbolic tensors and
on those of a function that is being traced, whose gradients its own ops would lose."""

import functools
import types

import numpy as np

from lamina import _lamina
from lamina._core.values.structures import flatten
from lamina.as_keras import tensorflow as stand_in
from lamina.as_keras.arrays import Sizes

# Whose functions take tensors. Files, texts and pipelines are TensorFlow's own.
_NAMESPACES = ("", "bitwise", "image", "linalg", "math", "nn", "random", "signal")
_OURS = (_lamina.TensorBase, _lamina.VariableCore, Sizes)
# What is drawn within a function that is being traced must be drawn anew in each of its runs.
_DRAWN = ("random.", "nn.dropout")


def install(tensorflow):
    """Gives the public functions of TensorFlow a look at their arguments.

    Args:
        tensorflow: the module.
    """
    for namespace in _NAMESPACES:
        module = tensorflow if not namespace else getattr(tensorflow, namespace, None)
        for name in dir(module):
            theirs = getattr(module, name, None)
            path = f"{namespace}.{name}".lstrip(".")
            if isinstance(theirs, types.FunctionType) and stand_in.knows(path):
                setattr(module, name, _looking(theirs, path))


def keep_from_conversion(tensorflow, in_use):
    """Makes TensorFlow's operators leave tensors to us where it would lose gradients: sums with ours are ours.

    Args:
        tensorflow: the module.
        in_use: () -> whether a tape is open.
    """
    register = getattr(tensorflow, "register_tensor_conversion_function", None)
    if register is None:
        return

    def convert(value, dtype=None, name=None, as_ref=False):
        if _lamina.tracing() or in_use() or not _lamina.has_data(value):
            raise TypeError(
                "A tensor of Lamina's is asked for its values within a function that is being traced, or under a tape. "
                "Use keras.ops on it, or TensorFlow's functions of that name."
            )
        return tensorflow.constant(np.asarray(value), dtype)

    register(_lamina.TensorBase, convert, priority=0)


def _looking(theirs, path):
    drawn = path.startswith(_DRAWN)

    @functools.wraps(theirs)
    def f(*args, **kwargs):
        ours = any(isinstance(x, _OURS) for x in (*args, *kwargs.values())) or any(
            isinstance(x, _OURS) for x in flatten((args, kwargs))
        )
        if ours or (drawn and _lamina.tracing()):
            return stand_in.find(path)(*args, **kwargs)
        return theirs(*args, **kwargs)

    return f
