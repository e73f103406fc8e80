"""keras.regularizers."""

from lamina import _lamina
from lamina._core.builtin_classes import class_names, find_class
from lamina._core.configs.serialized import serialize_keras_object
from lamina._core.configurable import Light
from lamina._core.identifiers import deserializer, getter
from lamina._core.public import public_module


class Regularizer(Light, _lamina.RegularizerCore):
    """Base class: override __call__(x) and get_config()."""

    _builtin = True
    _core = _lamina.RegularizerCore

    def __call__(self, x):
        return self._call(x)


get = getter(__name__, "keras.regularizers", Regularizer, "regularizer")


def serialize(regularizer):
    """The config of a regularizer.

    Args:
        regularizer: the object.

    Returns:
        A dict of plain JSON values; of a built-in function its name.
    """
    return serialize_keras_object(regularizer)


deserialize = deserializer(__name__, "a regularizer")
__getattr__, __dir__ = public_module(
    __name__,
    defined=("Regularizer", "deserialize", "get", "serialize"),
    find=find_class("keras.regularizers", aliases=True),
    known=class_names("keras.regularizers"),
)
