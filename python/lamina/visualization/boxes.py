"""Bounding boxes on images, drawn by OpenCV."""

import numpy as np

from lamina._core.public import publish
from lamina.utils.bounding_boxes import convert_format
from lamina.visualization.pixels import batch, is_channels_first


def draw_bounding_boxes(
    images,
    bounding_boxes,
    bounding_box_format,
    class_mapping=None,
    color=(128, 128, 128),
    line_thickness=2,
    text_thickness=1,
    font_scale=1.0,
    data_format=None,
):
    """Draws bounding boxes on a batch of images.

    Args:
        images: images of shape (batch, height, width, channels), or with channels in front; floating ones have values
            from 0 to 1 or to 255.
        bounding_boxes: a dict of "boxes" (batch, boxes, 4) and "labels" (batch, boxes), where -1 marks a box that is
            none, and where wanted of "confidences" (batch, boxes).
        bounding_box_format: the format of the boxes, such as "xyxy" or "rel_yxyx".
        class_mapping: {class: text} of what is written at boxes; others have no text.
        color: red, green and blue of lines and texts.
        line_thickness: thickness of the lines.
        text_thickness: thickness of the letters; 0 or None takes that of the lines.
        font_scale: size of the letters.
        data_format: "channels_last" or "channels_first"; None is `keras.config.image_data_format()`.

    Returns:
        A uint8 array of the images' shape.

    Raises:
        ImportError: without OpenCV.
        ValueError: for images that are no batch, and without "boxes" or "labels".
        TypeError: for boxes that are no dict.
    """
    try:
        import cv2
    except ImportError as error:
        raise ImportError(
            "The `draw_bounding_boxes` function requires the `cv2` package (OpenCV). Please install it with `pip "
            "install opencv-python`."
        ) from error
    pixels = batch(images, data_format)
    if not isinstance(bounding_boxes, dict):
        raise TypeError(
            f"`bounding_boxes` should be a dict. Received: bounding_boxes={bounding_boxes} of type "
            f"{type(bounding_boxes)}"
        )
    if "boxes" not in bounding_boxes or "labels" not in bounding_boxes:
        raise ValueError(
            "`bounding_boxes` should be a dict containing 'boxes' and 'labels' keys. Received: "
            f"bounding_boxes={bounding_boxes}"
        )
    boxes = np.asarray(
        convert_format(bounding_boxes["boxes"], bounding_box_format, "xyxy", pixels.shape[1], pixels.shape[2])
    ).astype("int32")
    labels = np.asarray(bounding_boxes["labels"]).astype("int32")
    confidences = bounding_boxes.get("confidences")
    confidences = None if confidences is None else np.asarray(confidences)
    drawn = np.ascontiguousarray(_bytes(pixels))
    text_thickness = text_thickness or line_thickness
    for i, image in enumerate(drawn):
        for j, label in enumerate(labels[i].tolist()):
            if label == -1:
                continue
            x1, y1, x2, y2 = boxes[i, j].tolist()
            cv2.rectangle(image, (x1, y1), (x2, y2), color, line_thickness)
            if label in (class_mapping or {}):
                text = class_mapping[label]
                if confidences is not None:
                    text = f"{text} | {confidences[i][j]:.2f}"
                place = _text_place(x1, y1, font_scale, text_thickness)
                cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, font_scale, color, text_thickness)
    return drawn.transpose(0, 3, 1, 2) if is_channels_first(data_format) else drawn


def _bytes(pixels):
    """Values from 0 to 255; floating ones that are not above 1 are from 0 to 1."""
    if pixels.dtype.kind == "f" and pixels.size:
        pixels = np.clip(pixels, 0, 1) * 255 if pixels.max() <= 1 else np.clip(pixels, 0, 255)
    return pixels.astype("uint8")


def _text_place(x, y, font_scale, thickness):
    """Above the box's corner, or within the box where there is no room above."""
    height = 2 * int(font_scale * 12)
    return (x, y - 8) if y - 8 - height > 0 else (x + 3, y + height + thickness + 3)


publish("lamina.visualization", draw_bounding_boxes)
