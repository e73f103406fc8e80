"""keras.layers."""

from lamina._core.builtin_classes import class_names, find_class
from lamina._core.configs.serialized import deserialize_keras_object, serialize_keras_object
from lamina._core.public import public_module
from lamina.layers.layer import Layer
from lamina.layers.members import MEMBERS

_MERGING = ("add", "average", "concatenate", "dot", "maximum", "minimum", "multiply", "subtract")


def serialize(layer):
    """The config of a layer.

    Args:
        layer: the object.

    Returns:
        A dict of plain JSON values; of a built-in function its name.
    """
    return serialize_keras_object(layer)


def deserialize(config, custom_objects=None):
    """A layer from its config.

    Args:
        config: what serialize() gave.
        custom_objects: {name: class or function} that the config may name beside the registered ones.

    Raises:
        ValueError: for the config of something else.
        TypeError: for a class that is not known.
    """
    obj = deserialize_keras_object(config, custom_objects=custom_objects)
    if not isinstance(obj, Layer):
        raise ValueError(
            f"`keras.layers.deserialize` was passed a `config` object that is not a `keras.Layer`. Received: {config}"
        )
    return obj


__getattr__, __dir__ = public_module(
    __name__,
    defined=("Layer", "deserialize", "serialize"),
    loaded={
        **dict.fromkeys(_MERGING, "lamina.layers.merging"),
        **dict.fromkeys(("FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"), "lamina.layers.foreign"),
        "Input": "lamina.layers.input",
        "InputSpec": "lamina.layers.input_spec",
        "Wrapper": "lamina.layers.wrapper",
    },
    find=find_class("keras.layers", aliases=True),
    known=class_names("keras.layers"),
    members=MEMBERS,
)
