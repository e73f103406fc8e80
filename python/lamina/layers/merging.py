"""add(), concatenate() and so on: the merging layers as functions."""

import inspect

from lamina._core.builtin_classes import get_class
from lamina._core.public import publish

_CLASSES = {
    "add": "Add",
    "average": "Average",
    "maximum": "Maximum",
    "minimum": "Minimum",
    "multiply": "Multiply",
    "subtract": "Subtract",
}


def _merge(name, cls_name):
    def merge(inputs, **kwargs):
        return get_class(cls_name, "keras.layers")(**kwargs)(inputs)

    merge.__name__ = merge.__qualname__ = name
    merge.__doc__ = f"""Functional form of {cls_name}.

    Args:
        inputs: a list of tensors.
        **kwargs: arguments of {cls_name}.

    Returns:
        A tensor.
    """
    parameter = inspect.Parameter
    merge.__signature__ = inspect.Signature(
        [parameter("inputs", parameter.POSITIONAL_OR_KEYWORD), parameter("kwargs", parameter.VAR_KEYWORD)]
    )
    return merge


add, average, maximum, minimum, multiply, subtract = (_merge(name, cls) for name, cls in _CLASSES.items())


def concatenate(inputs, axis=-1, **kwargs):
    """Functional form of Concatenate.

    Args:
        inputs: tensors.
        axis: the axis along which they are put one behind the other.
        **kwargs: further arguments of Concatenate.

    Returns:
        A tensor.
    """
    return get_class("Concatenate", "keras.layers")(axis=axis, **kwargs)(inputs)


def dot(inputs, axes=-1, **kwargs):
    """Functional form of Dot.

    Args:
        inputs: two tensors.
        axes: the axis or the axes (one per input) along which products are summed.
        **kwargs: further arguments of Dot.

    Returns:
        A tensor.
    """
    return get_class("Dot", "keras.layers")(axes=axes, **kwargs)(inputs)


publish("lamina.layers", add, average, concatenate, dot, maximum, minimum, multiply, subtract)
