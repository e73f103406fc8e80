"""keras.initializers."""

import numpy as np

from lamina import _lamina
from lamina._core.builtin_classes import class_names, find_class
from lamina._core.configs.serialized import serialize_keras_object
from lamina._core.configurable import Light
from lamina._core.identifiers import deserializer, getter
from lamina._core.public import public_module


class Initializer(Light, _lamina.InitializerCore):
    """Makes a variable's first value: override __call__(shape, dtype=None), which gives a tensor, and get_config()."""

    _builtin = True
    _core = _lamina.InitializerCore

    def __call__(self, shape, dtype=None, **kwargs):
        return self._call(shape, dtype)

    def clone(self):
        """An initializer with the same config."""
        return type(self).from_config(self.get_config())


_find = getter(__name__, "keras.initializers", Initializer, "initializer")


def get(identifier):
    """An initializer by its name or config. Tensors and arrays are themselves: the values to begin with.

    Args:
        identifier: a name, a config, a class, a callable, a tensor or an array.

    Raises:
        ValueError: if it describes no initializer.
    """
    if isinstance(identifier, (np.ndarray, np.generic, _lamina.TensorBase)):
        return identifier
    return _find(identifier)


def serialize(initializer):
    """The config of an initializer.

    Args:
        initializer: the object.

    Returns:
        A dict of plain JSON values; of a built-in function its name.
    """
    return serialize_keras_object(initializer)


deserialize = deserializer(__name__, "an initializer")
__getattr__, __dir__ = public_module(
    __name__,
    defined=("Initializer", "deserialize", "get", "serialize"),
    find=find_class("keras.initializers", aliases=True),
    known=class_names("keras.initializers"),
)
