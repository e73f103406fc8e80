"""keras.utils.bounding_boxes: formats of boxes, and how far they overlap.

Formats: xyxy, yxyx, xywh, center_xywh, center_yxhw in pixels; rel_xyxy, rel_yxyx, rel_xywh, rel_center_xywh as shares
of the image's sides.
"""

import math

from lamina import _lamina
from lamina._core import ops
from lamina._core.public import public_module


def _epsilon():
    from lamina.config import epsilon

    return epsilon()


def _sides(image_shape):
    if image_shape is None:
        return None, None
    height, width, _ = image_shape
    return height, width


def _only_corners(name, bounding_box_format):
    if bounding_box_format != "xyxy":
        raise NotImplementedError(
            f"`{name}` takes boxes in the format 'xyxy'. Received: bounding_box_format={bounding_box_format!r}. "
            "Convert them with `convert_format()` first."
        )


def _corners(boxes):
    return ops.split(boxes, 4, axis=-1)


def convert_format(boxes, source, target, height=None, width=None, dtype="float32"):
    """Boxes in another format.

    Args:
        boxes: (..., 4), or a dict with them under "boxes", which is changed.
        source: their format.
        target: the format wanted.
        height: the image's, for relative formats.
        width: the image's.
        dtype: of the result.

    Raises:
        ValueError: for unknown formats, other shapes, and where a size is missing.
    """
    if isinstance(boxes, dict):
        boxes["boxes"] = convert_format(boxes["boxes"], source, target, height=height, width=width, dtype=dtype)
        return boxes
    return _lamina.convert_boxes(boxes, source, target, height, width, dtype)


def clip_to_image_size(bounding_boxes, height=None, width=None, bounding_box_format="xyxy"):
    """The parts of boxes that are within the image. Boxes without such a part have the label -1.

    Args:
        bounding_boxes: {"boxes": (..., 4), "labels": (...)}; labels may be missing.
        height: the image's.
        width: the image's.
        bounding_box_format: "xyxy" or "rel_xyxy".

    Returns:
        Another dict.

    Raises:
        NotImplementedError: for other formats.
        ValueError: if a size is missing.
    """
    result = dict(bounding_boxes)
    result["boxes"] = _lamina.clip_boxes(bounding_boxes["boxes"], height, width, bounding_box_format)
    if result.get("labels") is not None:
        result["labels"] = _lamina.labels_of_visible_boxes(result["labels"], result["boxes"])
    return result


def affine_transform(
    boxes,
    angle,
    translate_x,
    translate_y,
    scale,
    shear_x,
    shear_y,
    height,
    width,
    center_x=None,
    center_y=None,
    bounding_box_format="xyxy",
):
    """The boxes around boxes that were moved with their image.

    Args:
        boxes: (batch, boxes, 4).
        angle: degrees, one for each sample.
        translate_x: shares of the width.
        translate_y: shares of the height.
        scale: factors.
        shear_x: degrees.
        shear_y: degrees.
        height: the image's.
        width: the image's.
        center_x: what stays in place, as a share of the width; None is the middle.
        center_y: as a share of the height.
        bounding_box_format: "xyxy".

    Raises:
        NotImplementedError: for other formats.
    """
    _only_corners("affine_transform", bounding_box_format)
    return _lamina.affine_boxes(
        boxes,
        [angle, translate_x, translate_y, scale, shear_x, shear_y],
        height,
        width,
        0.5 if center_x is None else center_x,
        0.5 if center_y is None else center_y,
    )


def crop(boxes, top, left, height, width, bounding_box_format="xyxy"):
    """Boxes in a part of their image.

    Args:
        boxes: (..., 4).
        top: where the part begins.
        left: where the part begins.
        height: the part's.
        width: the part's.
        bounding_box_format: "xyxy".

    Raises:
        NotImplementedError: for other formats.
    """
    _only_corners("crop", bounding_box_format)
    x1, y1, x2, y2 = _corners(boxes)
    xs = [ops.clip(x - left, 0, width) for x in (x1, x2)]
    ys = [ops.clip(y - top, 0, height) for y in (y1, y2)]
    return ops.concatenate([xs[0], ys[0], xs[1], ys[1]], axis=-1)


def pad(boxes, top, left, height=None, width=None, bounding_box_format="xyxy"):
    """Boxes in an image with a frame around.

    Args:
        boxes: (..., 4).
        top: how far the image is from the upper side.
        left: how far it is from the left.
        height: of the larger image; the boxes do not depend on it.
        width: of the larger image; the boxes do not depend on it.
        bounding_box_format: "xyxy".

    Raises:
        NotImplementedError: for other formats.
    """
    _only_corners("pad", bounding_box_format)
    x1, y1, x2, y2 = _corners(boxes)
    return ops.concatenate([x1 + left, y1 + top, x2 + left, y2 + top], axis=-1)


def _variances(variance):
    if variance is None:
        return None
    variance = ops.convert_to_tensor(variance, "float32")
    if not variance.shape or variance.shape[-1] != 4:
        raise ValueError(f"`variance` must be length 4, got {variance}")
    return variance


def _check_encoding(name, encoding):
    if encoding not in ("center_xywh", "center_yxhw"):
        raise ValueError(f"`{name}` should be one of 'center_xywh' or 'center_yxhw', got {encoding}")


def encode_box_to_deltas(
    anchors, boxes, anchor_format, box_format, encoding_format="center_yxhw", variance=None, image_shape=None
):
    """How far boxes are from anchors: distances of the centres in anchors' sizes, and logarithms of the sizes' ratios.

    Args:
        anchors: (..., 4).
        boxes: (..., 4).
        anchor_format: the anchors' format.
        box_format: the boxes' format.
        encoding_format: "center_yxhw" or "center_xywh".
        variance: four numbers to divide by.
        image_shape: (height, width, channels), for relative formats.

    Raises:
        ValueError: for other encodings and variances.
    """
    variance = _variances(variance)
    _check_encoding("encoding_format", encoding_format)
    height, width = _sides(image_shape)
    anchors = convert_format(anchors, anchor_format, encoding_format, height=height, width=width)
    boxes = convert_format(boxes, box_format, encoding_format, height=height, width=width)
    anchor_sizes = ops.maximum(anchors[..., 2:], _epsilon())
    box_sizes = ops.maximum(boxes[..., 2:], _epsilon())
    deltas = ops.concatenate(
        [(boxes[..., :2] - anchors[..., :2]) / anchor_sizes, ops.log(box_sizes / anchor_sizes)], axis=-1
    )
    return deltas if variance is None else deltas / variance


def decode_deltas_to_boxes(
    anchors, boxes_delta, anchor_format, box_format, encoded_format="center_yxhw", variance=None, image_shape=None
):
    """The boxes that encode_box_to_deltas() was given.

    Args:
        anchors: (..., 4), or a dict of them.
        boxes_delta: what was made of the boxes; a dict if `anchors` is one.
        anchor_format: the anchors' format.
        box_format: the format wanted.
        encoded_format: "center_yxhw" or "center_xywh".
        variance: four numbers to multiply by.
        image_shape: (height, width, channels), for relative formats.

    Raises:
        ValueError: for other encodings and variances.
    """
    variance = _variances(variance)
    _check_encoding("encoded_format", encoded_format)
    height, width = _sides(image_shape)

    def decode(anchor, delta):
        anchor = convert_format(anchor, anchor_format, encoded_format, height=height, width=width)
        delta = ops.convert_to_tensor(delta) if variance is None else delta * variance
        box = ops.concatenate(
            [delta[..., :2] * anchor[..., 2:] + anchor[..., :2], ops.exp(delta[..., 2:]) * anchor[..., 2:]], axis=-1
        )
        return convert_format(box, encoded_format, box_format, height=height, width=width)

    if isinstance(anchors, dict) and isinstance(boxes_delta, dict):
        return {level: decode(anchor, boxes_delta[level]) for level, anchor in anchors.items()}
    return decode(anchors, boxes_delta)


def compute_iou(boxes1, boxes2, bounding_box_format, use_masking=False, mask_val=-1, image_shape=None):
    """Intersection over union of each box with each of others.

    Args:
        boxes1: (n, 4) or (batch, n, 4).
        boxes2: (m, 4) or (batch, m, 4).
        bounding_box_format: the format of both.
        use_masking: whether pairs with a box of negative numbers have `mask_val`.
        mask_val: the value.
        image_shape: (height, width, channels), for relative formats.

    Returns:
        (n, m) or (batch, n, m).

    Raises:
        ValueError: for other ranks, and if `image_shape` is missing.
    """
    boxes1, boxes2 = ops.convert_to_tensor(boxes1), ops.convert_to_tensor(boxes2)
    for name, boxes in (("boxes1", boxes1), ("boxes2", boxes2)):
        if len(boxes.shape) not in (2, 3):
            raise ValueError(
                f"compute_iou() expects boxes of shape (boxes, 4) or (batch, boxes, 4). Received: {name}.shape="
                f"{boxes.shape}"
            )
    if "rel" in bounding_box_format and image_shape is None:
        raise ValueError(
            f"Boxes in relative formats need `image_shape`. Received: bounding_box_format={bounding_box_format!r}, "
            "image_shape=None"
        )
    height, width = _sides(image_shape)
    boxes1, boxes2 = (
        convert_format(b, bounding_box_format, "yxyx", height=height, width=width) for b in (boxes1, boxes2)
    )

    def across(x):  # (m, 1) as (1, m)
        return ops.swapaxes(x, -1, -2)

    top1, left1, bottom1, right1 = _corners(boxes1)
    top2, left2, bottom2, right2 = (across(c) for c in _corners(boxes2))
    height = ops.maximum(ops.minimum(bottom1, bottom2) - ops.maximum(top1, top2), 0)
    width = ops.maximum(ops.minimum(right1, right2) - ops.maximum(left1, left2), 0)
    shared = height * width
    both = (bottom1 - top1) * (right1 - left1) + (bottom2 - top2) * (right2 - left2) - shared
    result = shared / (both + _epsilon())
    if not use_masking:
        return result
    absent1, absent2 = (ops.less(ops.max(b, axis=-1, keepdims=True), 0.0) for b in (boxes1, boxes2))
    return ops.where(ops.logical_or(absent1, across(absent2)), ops.cast(mask_val, result.dtype), result)


def compute_ciou(boxes1, boxes2, bounding_box_format, image_shape=None):
    """Complete intersection over union of boxes with their counterparts: less for distant centres and other shapes.

    Args:
        boxes1: (..., 4).
        boxes2: (..., 4).
        bounding_box_format: the format of both, in pixels.
        image_shape: (height, width, channels).

    Returns:
        One number for each pair.

    Raises:
        ValueError: for relative formats.
    """
    if "rel" in bounding_box_format:
        raise ValueError(
            f"compute_ciou() takes boxes in pixels. Received: bounding_box_format={bounding_box_format!r}. Convert "
            "them with `convert_format()` first."
        )
    height, width = _sides(image_shape)
    boxes1, boxes2 = (
        convert_format(b, bounding_box_format, "xyxy", height=height, width=width) for b in (boxes1, boxes2)
    )
    little = _epsilon()
    left1, top1, right1, bottom1 = _corners(boxes1)
    left2, top2, right2, bottom2 = _corners(boxes2)
    width1, height1 = right1 - left1, bottom1 - top1 + little
    width2, height2 = right2 - left2, bottom2 - top2 + little
    shared = ops.maximum(ops.minimum(right1, right2) - ops.maximum(left1, left2), 0) * ops.maximum(
        ops.minimum(bottom1, bottom2) - ops.maximum(top1, top2), 0
    )
    iou = shared / (width1 * height1 + width2 * height2 - shared + little + little)
    around_x = ops.maximum(right1, right2) - ops.minimum(left1, left2)
    around_y = ops.maximum(bottom1, bottom2) - ops.minimum(top1, top2)
    diagonal = ops.square(around_x) + ops.square(around_y) + little
    distance = ops.square((left1 + right1) / 2 - (left2 + right2) / 2) + ops.square(
        (top1 + bottom1) / 2 - (top2 + bottom2) / 2
    )
    v = 4 / math.pi**2 * ops.square(ops.arctan(width2 / height2) - ops.arctan(width1 / height1))
    weight = v / (v - iou + (1 + little))
    return ops.squeeze(iou - (distance / diagonal + v * weight), axis=-1)


__getattr__, __dir__ = public_module(
    __name__,
    defined=(
        "affine_transform",
        "clip_to_image_size",
        "compute_ciou",
        "compute_iou",
        "convert_format",
        "crop",
        "decode_deltas_to_boxes",
        "encode_box_to_deltas",
        "pad",
    ),
)
