"""keras.losses."""

from lamina._core.builtin_classes import class_names, find_class
from lamina._core.configs.serialized import deserialize_keras_object, serialize_keras_object
from lamina._core.identifiers import getter
from lamina._core.public import public_module
from lamina.losses.loss import FUNCTIONS as _FUNCTIONS
from lamina.losses.loss import Loss

get = getter(__name__, "keras.losses", Loss, "loss", _FUNCTIONS.find)


def serialize(loss):
    """The config of a loss.

    Args:
        loss: the object, or a function.

    Returns:
        A dict of plain JSON values; of a built-in function its name.
    """
    return serialize_keras_object(loss)


def deserialize(name, custom_objects=None):
    """A loss from its config or by its name.

    Args:
        name: what serialize() gave, or a name.
        custom_objects: {name: class or function} that the config may name beside the registered ones.

    Raises:
        ValueError: for names that are not known.
        TypeError: for a class that is not known.
    """
    return get(name) if isinstance(name, str) else deserialize_keras_object(name, custom_objects=custom_objects)


_find_class = find_class("keras.losses")
_class_names = class_names("keras.losses")

__getattr__, __dir__ = public_module(
    __name__,
    defined=("Loss", "deserialize", "get", "serialize"),
    find=lambda name: _FUNCTIONS.find(name) or _find_class(name),
    known=lambda: [*_class_names(), *_FUNCTIONS.names()],
)
