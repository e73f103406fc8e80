"""keras.preprocessing: older names for what keras.utils has."""

from lamina._core.public import public_module


def _of_keras_2(name):
    """tf.keras.preprocessing has it, keras.preprocessing does not: it is no name that dir() shows."""
    if name != "text":
        return None
    from lamina.legacy.preprocessing import text

    return text


__getattr__, __dir__ = public_module(
    __name__,
    modules=("image", "sequence"),
    loaded={
        "image_dataset_from_directory": "lamina.utils.image_directories",
        "text_dataset_from_directory": "lamina.utils.text_directories",
        "timeseries_dataset_from_array": "lamina.utils.timeseries",
    },
    find=_of_keras_2,
)
