"""What the kinds of configurable objects share."""
from lamina import _lamina
from lamina._saveable import Saveable
from lamina._wrap import own


class Configurable(Saveable):
    """get_config/from_config, fields as attributes, construction of built-in classes."""

    _builtin = True

    @classmethod
    def _wrap_init(cls, self, box):
        cls._core.__init__(self, box)
        own(self, False)

    @classmethod
    def _builtin_init(cls, self, name, module, config):
        cls._core.__init__(self, name, config)
        own(self)

    def get_config(self):
        return self._get_config()

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def __getattr__(self, name):
        if not name.startswith("_") and name in getattr(type(self), "_fields", ()):
            from lamina._layer import _field_value

            return _field_value(name, self._get_config().get(name))
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")


def serialize_any(obj):
    from lamina import saving

    return saving.serialize_keras_object(obj)


def getter(module, core, kind):
    """get(identifier) for one kind of object."""

    def get(identifier):
        from lamina import saving

        if identifier is None:
            return None
        if isinstance(identifier, dict):
            obj = saving.deserialize_keras_object(identifier) if "class_name" in identifier else None
        elif isinstance(identifier, str):
            obj = _lamina.get_object(identifier, module)
        else:
            obj = identifier
        if isinstance(obj, type):
            obj = obj()
        if isinstance(obj, core) or callable(obj):
            return obj
        raise ValueError(f"Could not interpret {kind} identifier: {identifier}")

    return get
