"""Batches of images as arrays with the channels behind."""

import numpy as np

from lamina import _lamina


def is_channels_first(data_format):
    """Whether that, or the global setting for None, is "channels_first"; ValueError for what is no format."""
    data_format = data_format or _lamina.image_data_format()
    if data_format not in ("channels_first", "channels_last"):
        raise ValueError(
            f"`data_format` should be 'channels_first' or 'channels_last'. Received: data_format={data_format!r}"
        )
    return data_format == "channels_first"


def batch(images, data_format):
    """An array (batch, height, width, channels) of a batch of images."""
    images = np.asarray(images)
    if images.ndim != 4:
        raise ValueError(f"`images` must be batched 4D tensor. Received: images.shape={images.shape}")
    return images.transpose(0, 2, 3, 1) if is_channels_first(data_format) else images


def rescaled(images, value_range):
    """Images of such a range of values with values from 0 to 255."""
    low, high = value_range
    if (low, high) == (0, 255):
        return images
    if not low < high:
        raise ValueError(f"`value_range` should be two numbers that rise. Received: value_range={value_range}")
    return (np.asarray(images, "float32") - low) / (high - low) * 255
