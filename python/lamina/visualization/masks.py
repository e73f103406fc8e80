"""Segmentation masks on images."""

import numpy as np

from lamina._core.public import publish
from lamina.visualization.pixels import batch, is_channels_first


def draw_segmentation_masks(
    images,
    segmentation_masks,
    num_classes=None,
    color_mapping=None,
    alpha=0.8,
    blend=True,
    ignore_index=-1,
    data_format=None,
):
    """Paints the places of a batch of images in the colours of their classes.

    Args:
        images: images of shape (batch, height, width, channels), or with channels in front, with values from 0 to 255.
        segmentation_masks: the class of each place: integers of shape (batch, height, width), with an axis of size 1
            where images have their channels or without it.
        num_classes: the number of classes, from 0 on; places of others keep their colour. None is the largest class of
            the masks, which is left as it is.
        color_mapping: {class: (red, green, blue)} of the classes from 0 on; None makes colours.
        alpha: from 0 to 1: how much of the class' colour is seen.
        blend: whether colours are mixed; if not, places have their class' colour.
        ignore_index: a class whose places are left as they are when colours are mixed.
        data_format: "channels_last" or "channels_first"; None is `keras.config.image_data_format()`.

    Returns:
        An array (batch, height, width, channels): uint8, or float32 without `blend`.

    Raises:
        ValueError: for images that are no batch, and for masks of other sizes.
        TypeError: for masks that are no integers.
        KeyError: for a class without colour in `color_mapping`.
    """
    pixels = batch(images, data_format).astype("float32")
    masks = _classes(segmentation_masks, pixels.shape, data_format)
    if num_classes is None:
        num_classes = int(masks.max()) if masks.size else 0
    colors = color_mapping or _palette(num_classes)
    painted = pixels.copy()
    for i in range(num_classes):
        painted[masks == i] = colors[i]
    if not blend:
        return painted
    mixed = pixels * (1 - alpha) + painted * alpha
    return np.where((masks != ignore_index)[..., None], mixed, pixels).astype("uint8")


def _classes(masks, shape, data_format):
    """Masks of shape (batch, height, width)."""
    masks = np.asarray(masks)
    if masks.dtype.kind not in "iu":
        raise TypeError(
            f"`segmentation_masks` must be in integer dtype. Received: segmentation_masks.dtype={masks.dtype}"
        )
    channel = 1 if is_channels_first(data_format) else -1
    if masks.ndim == 4 and masks.shape[channel] == 1:
        masks = np.squeeze(masks, channel)
    if masks.shape != shape[:3]:
        raise ValueError(
            f"`segmentation_masks` should have a class for each place of the images, whose shape with the channels "
            f"behind is {shape}. Received: segmentation_masks.shape={masks.shape}"
        )
    return masks


def _palette(count):
    """As many colours that differ; the first is black."""
    steps = np.array([2**25 - 1, 2**15 - 1, 2**21 - 1])
    return [(i * steps) % 255 for i in range(count)]


publish("lamina.visualization", draw_segmentation_masks)
