"""keras.legacy.saving: keras.utils.legacy by its other name."""

from lamina._core.public import public_module

__getattr__, __dir__ = public_module(
    __name__,
    loaded=dict.fromkeys(("deserialize_keras_object", "serialize_keras_object"), "lamina.utils.legacy_configs"),
)
