"""keras.constraints."""
from lamina import _lamina
from lamina._kinds import Configurable, getter, serialize_any
from lamina._wrap import get_class, module_dir, own


class Constraint(Configurable, _lamina.ConstraintCore):
    """Base class: override __call__(x) and get_config()."""

    _builtin = True
    _core = _lamina.ConstraintCore

    def __init__(self):
        _lamina.ConstraintCore.__init__(self, None, {})
        own(self)

    def __call__(self, x):
        return self._call(x)


get = getter("keras.constraints", _lamina.ConstraintCore, "constraint")


def serialize(constraint):
    return serialize_any(constraint)


def deserialize(config, custom_objects=None):
    from lamina import saving

    return saving.deserialize_keras_object(config, custom_objects=custom_objects)


def __getattr__(name):
    if not name.startswith("_"):
        cls = get_class(name, "keras.constraints")
        if cls is not None:
            globals()[name] = cls
            return cls
    raise AttributeError(f"module 'lamina.constraints' has no attribute {name!r}")


__dir__ = module_dir("lamina.constraints", "keras.constraints")
