"""keras.layers."""

from lamina._core.builtin_classes import class_names, find_class
from lamina._core.configs.serialized import deserialize_keras_object
from lamina._core.identifiers import serializer
from lamina._core.public import public_module
from lamina.layers.layer import Layer
from lamina.layers.members import MEMBERS

_MERGING = ("add", "average", "concatenate", "dot", "maximum", "minimum", "multiply", "subtract")

serialize = serializer(__name__, "a layer")


def deserialize(config, custom_objects=None):
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
        "Input": "lamina.layers.input",
        "InputSpec": "lamina.layers.input_spec",
        "Wrapper": "lamina.layers.wrapper",
    },
    find=find_class("keras.layers"),
    known=class_names("keras.layers"),
    members=MEMBERS,
)
