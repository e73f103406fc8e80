"""keras.initializers."""
from lamina import _lamina
from lamina._kinds import Light, deserializer, getter, serialize_any
from lamina._wrap import module_dir, module_getattr


class Initializer(Light, _lamina.InitializerCore):
    """Makes the first value of a variable: __call__(shape, dtype=None) -> tensor."""

    _builtin = True
    _core = _lamina.InitializerCore

    def __call__(self, shape, dtype=None, **kwargs):
        return self._call(shape, dtype)

    def clone(self):
        return type(self).from_config(self.get_config())


get = getter("keras.initializers", Initializer, "initializer")


def serialize(initializer):
    return serialize_any(initializer)


deserialize = deserializer()
__getattr__ = module_getattr("lamina.initializers", "keras.initializers", aliases=True)
__dir__ = module_dir("lamina.initializers", "keras.initializers")
