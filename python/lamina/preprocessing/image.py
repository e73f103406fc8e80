"""keras.preprocessing.image: images as arrays and files."""

from lamina._core.public import public_module

_KERAS_2 = (
    "DirectoryIterator",
    "ImageDataGenerator",
    "Iterator",
    "NumpyArrayIterator",
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "random_brightness",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
)


def _of_keras_2(name):
    """tf.keras.preprocessing.image has it, keras.preprocessing.image does not: it is no name that dir() shows."""
    if name not in _KERAS_2:
        return None
    from lamina.legacy.preprocessing import image

    return getattr(image, name)


__getattr__, __dir__ = public_module(
    __name__,
    loaded=dict.fromkeys(
        ("array_to_img", "img_to_array", "load_img", "save_img", "smart_resize"), "lamina.utils.images"
    ),
    find=_of_keras_2,
)
