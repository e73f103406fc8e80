"""Images as arrays and files. With Pillow installed images are Pillow's, without it a Picture over the C++ code; their
pixels are the same."""

import io
import os
import pathlib
import warnings

import numpy as np

from lamina import _lamina
from lamina._core import ops
from lamina._core.public import publish
from lamina._core.values.dtypes import standardize_dtype
from lamina.utils.picture import FILTERS, Picture

try:
    from PIL import Image as pillow
except ImportError:
    pillow = None


def _data_format(data_format):
    from lamina.config import image_data_format

    data_format = image_data_format() if data_format is None else data_format
    if data_format not in ("channels_first", "channels_last"):
        raise ValueError(
            "The `data_format` argument must be one of {'channels_first', 'channels_last'}. "
            f"Received: data_format={data_format}"
        )
    return data_format


def _from_pixels(pixels, mode):
    if pillow is not None:
        return pillow.fromarray(pixels, mode)
    return Picture(mode, pixels if pixels.ndim == 3 else pixels[:, :, None])


def array_to_img(x, data_format=None, scale=True, dtype=None):
    """An array as an image.

    Args:
        x: (height, width, channels), with 1, 3 or 4 channels.
        data_format: channels_last or channels_first; None is the configured one.
        scale: whether the smallest value becomes 0 and the greatest 255.
        dtype: to compute in; None is floatx.

    Returns:
        Pillow's Image, or one of our own if Pillow is not installed.

    Raises:
        ValueError: for other shapes and formats.
    """
    data_format = _data_format(data_format)
    x = np.asarray(x, dtype=standardize_dtype(dtype))
    if x.ndim != 3:
        raise ValueError(f"Expected image array to have rank 3 (single image). Got array with shape: {x.shape}")
    if data_format == "channels_first":
        x = x.transpose(1, 2, 0)
    if scale:
        x = x - np.min(x)
        greatest = np.max(x)
        if greatest != 0:
            x /= greatest
        x *= 255
    channels = x.shape[2]
    if channels in (3, 4):
        return _from_pixels(x.astype("uint8"), "RGB" if channels == 3 else "RGBA")
    if channels != 1:
        raise ValueError(f"Unsupported channel number: {channels}")
    if np.max(x) > 255:
        if pillow is None:
            return _from_pixels(np.clip(x[:, :, 0], 0, 65535).astype("uint16"), "I;16")
        return pillow.fromarray(x[:, :, 0].astype("int32"), "I")
    return _from_pixels(x[:, :, 0].astype("uint8"), "L")


def img_to_array(img, data_format=None, dtype=None):
    """An image as an array (height, width, channels).

    Args:
        img: Pillow's Image, one of load_img(), or an array of rank 2 or 3.
        data_format: channels_last or channels_first; None is the configured one.
        dtype: the array's; None is floatx.

    Raises:
        ValueError: for other shapes and formats.
    """
    data_format = _data_format(data_format)
    x = np.asarray(img, dtype=standardize_dtype(dtype))
    if x.ndim == 2:
        x = x[:, :, None]
    elif x.ndim != 3:
        raise ValueError(f"Unsupported image shape: {x.shape}")
    else:
        return x.transpose(2, 0, 1) if data_format == "channels_first" else x
    return x.reshape((1, *x.shape[:2])) if data_format == "channels_first" else x


def save_img(path, x, data_format=None, file_format=None, scale=True, **kwargs):
    """Writes an array as an image.

    Args:
        path: a path or an object with write().
        x: (height, width, channels).
        data_format: channels_last or channels_first; None is the configured one.
        file_format: "png", "jpeg" or what else Pillow writes; None takes the path's ending.
        scale: whether the smallest value becomes 0 and the greatest 255.
        **kwargs: of the image's save().

    Raises:
        ValueError: for arrays that are no images.
    """
    if file_format is None and isinstance(path, (str, pathlib.Path)):
        file_format = pathlib.Path(path).suffix[1:].lower()
    if file_format and file_format.lower() == "jpg":
        file_format = "jpeg"
    img = array_to_img(x, data_format=data_format, scale=scale)
    if img.mode == "RGBA" and file_format == "jpeg":
        warnings.warn("JPEG has no transparency: the image is written as RGB.", stacklevel=2)
        img = img.convert("RGB")
    img.save(path, format=file_format, **kwargs)


_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}


def load_img(path, color_mode="rgb", target_size=None, interpolation="nearest", keep_aspect_ratio=False):
    """The image in a file.

    Args:
        path: a path, or an io.BytesIO with the file.
        color_mode: "grayscale", "rgb" or "rgba". Grayscale images of 16 bits stay so.
        target_size: (height, width) to resize to.
        interpolation: nearest, bilinear, bicubic, hamming, box or lanczos.
        keep_aspect_ratio: whether what does not fit the target's proportions is cut off first.

    Returns:
        Pillow's Image, or one of our own if Pillow is not installed.

    Raises:
        ValueError: for other modes and interpolations, and for what is no image (without Pillow).
        TypeError: for what is no path.
    """
    if isinstance(path, io.BytesIO):
        source = path
    elif isinstance(path, (os.PathLike, bytes, str)):
        with open(path, "rb") as f:
            source = io.BytesIO(f.read())
    else:
        raise TypeError(f"path should be path-like or io.BytesIO, not {type(path)}")
    if color_mode not in _MODES:
        raise ValueError(f'color_mode must be "grayscale", "rgb", or "rgba". Received: color_mode={color_mode!r}')
    img = Picture.open(source) if pillow is None else pillow.open(source)
    kept = ("L", "I;16", "I") if color_mode == "grayscale" else (_MODES[color_mode],)
    if img.mode not in kept:
        img = img.convert(_MODES[color_mode])
    if target_size is None or img.size == (target_size[1], target_size[0]):
        return img
    return _resized(img, target_size, interpolation, keep_aspect_ratio)


def _resized(img, target_size, interpolation, keep_aspect_ratio):
    if interpolation not in FILTERS:
        raise ValueError(
            f"Invalid interpolation method {interpolation} specified. Supported methods are {', '.join(FILTERS)}"
        )
    resample = interpolation if pillow is None else getattr(pillow.Resampling, interpolation.upper())
    target_height, target_width = target_size
    box = None
    if keep_aspect_ratio:
        width, height = img.size
        part_height = min(height, width * target_height // target_width)
        part_width = min(width, height * target_width // target_height)
        top, left = (height - part_height) // 2, (width - part_width) // 2
        box = (left, top, left + part_width, top + part_height)
    return img.resize((target_width, target_height), resample, box=box)


def smart_resize(x, size, interpolation="bilinear", data_format="channels_last"):
    """Images of another size without distortion: what does not fit the proportions is cut off.

    Args:
        x: (height, width, channels) or a batch of them.
        size: (height, width).
        interpolation: as of `keras.ops.image.resize`.
        data_format: channels_last or channels_first.

    Returns:
        An array for an array, else a tensor.

    Raises:
        ValueError: for other shapes and sizes.
    """
    if len(size) != 2:
        raise ValueError(f"Expected `size` to be a tuple of 2 integers, but got: {size}.")
    img = ops.convert_to_tensor(x)
    if len(img.shape) not in (3, 4):
        raise ValueError(
            "Expected an image array with shape `(height, width, channels)`, or `(batch_size, height, width, "
            f"channels)`, but got input with incorrect rank, of shape {img.shape}."
        )
    out = _lamina.find_op("image.resize")(
        img, size, interpolation=interpolation, crop_to_aspect_ratio=True, data_format=_data_format(data_format)
    )
    return np.array(out) if isinstance(x, np.ndarray) else out


publish("lamina.utils", array_to_img, img_to_array, load_img, save_img)
publish("lamina.preprocessing.image", smart_resize)
