"""keras.preprocessing.image: images as arrays and files."""

from lamina._core.public import public_module

__getattr__, __dir__ = public_module(
    __name__,
    loaded=dict.fromkeys(
        ("array_to_img", "img_to_array", "load_img", "save_img", "smart_resize"), "lamina.utils.images"
    ),
)
