"""keras.layers."""
import inspect

from lamina import _lamina
from lamina._layer import InputSpec, Layer
from lamina._wrap import get_class, module_dir

_FUNCTIONS = {"add": "Add", "average": "Average", "concatenate": "Concatenate", "dot": "Dot", "maximum": "Maximum", "minimum": "Minimum", "multiply": "Multiply", "subtract": "Subtract"}


def Input(shape=None, batch_size=None, dtype=None, sparse=None, ragged=None, batch_shape=None, name=None, tensor=None, optional=False):
    """A symbolic tensor to start a functional model from. `shape` is that of one sample; None entries are unknown sizes."""
    config = {"sparse": bool(sparse), "ragged": bool(ragged), "optional": optional}
    for key, value in (("shape", shape), ("batch_size", batch_size), ("dtype", dtype), ("batch_shape", batch_shape), ("name", name), ("input_tensor", tensor)):
        if value is not None:
            config[key] = value
    return _lamina.make_input(config)


def _merge(name, cls_name):
    def merge(inputs, **kwargs):
        return get_class(cls_name, "keras.layers")(**kwargs)(inputs)

    merge.__name__ = merge.__qualname__ = name
    merge.__doc__ = f"Functional form of {cls_name}."
    return merge


def dot(inputs, axes=-1, **kwargs):
    """Functional form of Dot."""
    return get_class("Dot", "keras.layers")(axes=axes, **kwargs)(inputs)


def serialize(layer):
    from lamina import saving

    return saving.serialize_keras_object(layer)


def deserialize(config, custom_objects=None):
    from lamina import saving

    obj = saving.deserialize_keras_object(config, custom_objects=custom_objects)
    if not isinstance(obj, Layer):
        raise ValueError(f"`keras.layers.deserialize` was passed a `config` object that is not a `keras.Layer`. Received: {config}")
    return obj


def __getattr__(name):
    if name in _FUNCTIONS:
        f = _merge(name, _FUNCTIONS[name])
        f.__signature__ = inspect.Signature([inspect.Parameter("inputs", inspect.Parameter.POSITIONAL_OR_KEYWORD), inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD)])
        globals()[name] = f
        return f
    if not name.startswith("_"):
        cls = get_class(name, "keras.layers")
        if cls is not None:
            globals()[name] = cls
            return cls
    raise AttributeError(f"module 'lamina.layers' has no attribute {name!r}")


__dir__ = module_dir("lamina.layers", "keras.layers")
