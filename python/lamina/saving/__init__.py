"""keras.saving: files, configs, registration."""

from lamina._core.public import public_module

_REGISTRATION = (
    "CustomObjectScope",
    "custom_object_scope",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "register_keras_serializable",
)

__getattr__, __dir__ = public_module(
    __name__,
    loaded={
        **dict.fromkeys(_REGISTRATION, "lamina._core.configs.registration"),
        "KerasFileEditor": "lamina.saving.file_editor",
        **dict.fromkeys(("deserialize_keras_object", "serialize_keras_object"), "lamina._core.configs.serialized"),
        **dict.fromkeys(("load_model", "load_weights", "save_model", "save_weights"), "lamina.saving.files"),
        # What pickles name.
        "_op": "lamina._core.ops",
        "_rebuilt": "lamina._core.configurable",
        "_restored": "lamina.saving.pickling",
        "_restored_variable": "lamina._core.tensors.variable",
    },
)
