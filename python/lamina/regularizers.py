"""keras.regularizers."""
from lamina import _lamina
from lamina._kinds import Configurable, getter, serialize_any
from lamina._wrap import get_class, module_dir, own


class Regularizer(Configurable, _lamina.RegularizerCore):
    """Base class: override __call__(x) and get_config()."""

    _builtin = True
    _core = _lamina.RegularizerCore

    def __init__(self):
        _lamina.RegularizerCore.__init__(self, None, {})
        own(self)

    def __call__(self, x):
        return self._call(x)


get = getter("keras.regularizers", _lamina.RegularizerCore, "regularizer")


def serialize(regularizer):
    return serialize_any(regularizer)


def deserialize(config, custom_objects=None):
    from lamina import saving

    return saving.deserialize_keras_object(config, custom_objects=custom_objects)


def __getattr__(name):
    if not name.startswith("_"):
        cls = get_class(name, "keras.regularizers")
        if cls is not None:
            globals()[name] = cls
            return cls
    raise AttributeError(f"module 'lamina.regularizers' has no attribute {name!r}")


__dir__ = module_dir("lamina.regularizers", "keras.regularizers")
