"""keras.regularizers."""
from lamina import _lamina
from lamina._kinds import Light, deserializer, getter, serialize_any
from lamina._wrap import module_dir, module_getattr


class Regularizer(Light, _lamina.RegularizerCore):
    """Base class: override __call__(x) and get_config()."""

    _builtin = True
    _core = _lamina.RegularizerCore

    def __call__(self, x):
        return self._call(x)


get = getter("keras.regularizers", Regularizer, "regularizer")


def serialize(regularizer):
    return serialize_any(regularizer)


deserialize = deserializer()
__getattr__ = module_getattr("lamina.regularizers", "keras.regularizers", aliases=True)
__dir__ = module_dir("lamina.regularizers", "keras.regularizers")
