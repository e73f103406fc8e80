"""keras.backend: what Keras 3 keeps public of it; and, unlisted, what `tf.keras.backend` has beyond."""

from lamina._core.public import public_module

_CONFIG = ("backend", "epsilon", "floatx", "image_data_format", "set_epsilon", "set_floatx", "set_image_data_format")
_DTYPES = ("is_float_dtype", "is_int_dtype", "result_type", "standardize_dtype")


def _older(name):
    from lamina.legacy import _backend  # only where a program asks for such a name

    return _backend.find(name)


__getattr__, __dir__ = public_module(
    __name__,
    loaded={
        **dict.fromkeys(_CONFIG, "lamina.config"),
        **dict.fromkeys(_DTYPES, "lamina._core.values.dtypes"),
        "clear_session": "lamina._core.sessions",
        "get_uid": "lamina._core.sessions",
        "is_keras_tensor": "lamina._core.symbolic",
    },
    find=_older,
)
