"""keras.initializers."""
import inspect

from lamina import _lamina
from lamina._kinds import Configurable, getter, serialize_any
from lamina._wrap import get_class, module_dir, own


class Initializer(Configurable, _lamina.InitializerCore):
    """Makes the first value of a variable: __call__(shape, dtype=None) -> tensor."""

    _builtin = True
    _core = _lamina.InitializerCore

    def __init__(self):
        _lamina.InitializerCore.__init__(self, None, {})
        own(self)

    def __call__(self, shape, dtype=None, **kwargs):
        return self._call(shape, dtype)

    def clone(self):
        return type(self).from_config(self.get_config())


_get = getter("keras.initializers", _lamina.InitializerCore, "initializer")


def get(identifier):
    """An initializer from a name, a config, a class or a callable; None stays None."""
    if identifier is None:
        return None
    if isinstance(identifier, type) and issubclass(identifier, Initializer):
        return identifier()
    if callable(identifier) and not isinstance(identifier, (str, dict)):
        return identifier
    return _get(identifier)


def serialize(initializer):
    return serialize_any(initializer)


def deserialize(config, custom_objects=None):
    from lamina import saving

    return saving.deserialize_keras_object(config, custom_objects=custom_objects)


def __getattr__(name):
    if not name.startswith("_"):
        cls = get_class(name, "keras.initializers")
        if cls is not None:
            globals()[name] = cls
            return cls
    raise AttributeError(f"module 'lamina.initializers' has no attribute {name!r}")


__dir__ = module_dir("lamina.initializers", "keras.initializers")
