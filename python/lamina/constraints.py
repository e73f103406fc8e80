"""keras.constraints."""

from lamina import _lamina
from lamina._core.builtin_classes import class_names, find_class
from lamina._core.configs.serialized import serialize_keras_object
from lamina._core.configurable import Light
from lamina._core.identifiers import deserializer, getter
from lamina._core.public import public_module


class Constraint(Light, _lamina.ConstraintCore):
    """Base class: override __call__(x) and get_config()."""

    _builtin = True
    _core = _lamina.ConstraintCore

    def __call__(self, w):
        return self._call(w)


get = getter(__name__, "keras.constraints", Constraint, "constraint")


def serialize(constraint):
    """The config of a constraint.

    Args:
        constraint: the object.

    Returns:
        A dict of plain JSON values; of a built-in function its name.
    """
    return serialize_keras_object(constraint)


deserialize = deserializer(__name__, "a constraint")
__getattr__, __dir__ = public_module(
    __name__,
    defined=("Constraint", "deserialize", "get", "serialize"),
    find=find_class("keras.constraints", aliases=True),
    known=class_names("keras.constraints"),
)
