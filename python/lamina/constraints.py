"""keras.constraints."""
from lamina import _lamina
from lamina._kinds import Light, deserializer, getter, serialize_any
from lamina._wrap import module_dir, module_getattr


class Constraint(Light, _lamina.ConstraintCore):
    """Base class: override __call__(x) and get_config()."""

    _builtin = True
    _core = _lamina.ConstraintCore

    def __call__(self, w):
        return self._call(w)


get = getter("keras.constraints", Constraint, "constraint")


def serialize(constraint):
    return serialize_any(constraint)


deserialize = deserializer()
__getattr__ = module_getattr("lamina.constraints", "keras.constraints", aliases=True)
__dir__ = module_dir("lamina.constraints", "keras.constraints")
