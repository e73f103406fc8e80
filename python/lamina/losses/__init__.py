"""keras.losses."""

from lamina._core.builtin_classes import class_names, find_class
from lamina._core.configs.serialized import deserialize_keras_object
from lamina._core.identifiers import getter, serializer
from lamina._core.public import public_module
from lamina.losses.loss import FUNCTIONS as _FUNCTIONS
from lamina.losses.loss import Loss

get = getter(__name__, "keras.losses", Loss, "loss", _FUNCTIONS.find)
serialize = serializer(__name__, "a loss")


def deserialize(name, custom_objects=None):
    return get(name) if isinstance(name, str) else deserialize_keras_object(name, custom_objects=custom_objects)


_find_class = find_class("keras.losses")
_class_names = class_names("keras.losses")

__getattr__, __dir__ = public_module(
    __name__,
    defined=("Loss", "deserialize", "get", "serialize"),
    find=lambda name: _FUNCTIONS.find(name) or _find_class(name),
    known=lambda: [*_class_names(), *_FUNCTIONS.names()],
)
