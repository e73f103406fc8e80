"""Layers on images: the parts of their calls. A transformation is what the layer's own methods agree on."""

from lamina import _lamina
from lamina._core import ops
from lamina._core.tensorflow_graphs import method_in_graphs
from lamina.layers.members.normalization import convert_weight
from lamina.layers.members.reading import Reading, constant


def get_random_transformation(self, data, training=True, seed=None):
    """What a call would do to the data: random numbers are drawn here, and applied by the transform methods.

    Args:
        data: images, or a dict with "images".
        training: whether it is training.
        seed: an int or a SeedGenerator; None takes the layer's own.

    Returns:
        What the transform methods of this layer take; None if there is nothing to apply.
    """
    return _lamina.image_layer_transformation(self, data, bool(training), seed)


def transform_images(self, images, transformation=None, training=True):
    """Images after a transformation.

    Args:
        images: a batch (batch, height, width, channels), or in the order of `data_format`.
        transformation: what get_random_transformation() gave.
        training: whether it is training.
    """
    return _lamina.image_layer_images(self, images, transformation, bool(training))


def transform_labels(self, labels, transformation=None, training=True):
    """Labels of images after a transformation.

    Args:
        labels: one for each image.
        transformation: what get_random_transformation() gave.
        training: whether it is training.
    """
    return _lamina.image_layer_labels(self, labels, transformation, bool(training))


def transform_bounding_boxes(self, bounding_boxes, transformation, training=True):
    """Bounding boxes after a transformation.

    Args:
        bounding_boxes: {"boxes": (batch, boxes, 4), "labels": (batch, boxes)}, in the layer's `bounding_box_format`.
        transformation: what get_random_transformation() gave.
        training: whether it is training.

    Raises:
        ValueError: if the layer was given no format, and for boxes of other shapes.
    """
    return _lamina.image_layer_boxes(self, bounding_boxes, transformation, bool(training))


def transform_segmentation_masks(self, segmentation_masks, transformation=None, training=True):
    """Masks after a transformation of their images; their values are never mixed.

    Args:
        segmentation_masks: one for each image, of its size.
        transformation: what get_random_transformation() gave.
        training: whether it is training.
    """
    return _lamina.image_layer_masks(self, segmentation_masks, transformation, bool(training))


def transform_single_image(self, image, transformation, training=True):
    """transform_images() of one image.

    Args:
        image: one image without a batch's axis.
        transformation: what get_random_transformation() gave.
        training: whether it is training.
    """
    return _single(self.transform_images, image, transformation, training)


def transform_single_label(self, label, transformation, training=True):
    """transform_labels() of one image's label.

    Args:
        label: the label.
        transformation: what get_random_transformation() gave.
        training: whether it is training.
    """
    return _single(self.transform_labels, label, transformation, training)


def transform_single_bounding_box(self, bounding_box, transformation, training=True):
    """transform_bounding_boxes() of one image's boxes.

    Args:
        bounding_box: {"boxes": (boxes, 4), "labels": (boxes,)}.
        transformation: what get_random_transformation() gave.
        training: whether it is training.
    """
    batch = {k: ops.expand_dims(v, 0) if k in ("boxes", "labels") else v for k, v in bounding_box.items()}
    out = self.transform_bounding_boxes(batch, transformation, training=training)
    return {k: ops.squeeze(v, axis=0) if k in ("boxes", "labels") else v for k, v in out.items()}


def transform_single_segmentation_mask(self, segmentation_mask, transformation, training=True):
    """transform_segmentation_masks() of one image's mask.

    Args:
        segmentation_mask: the mask.
        transformation: what get_random_transformation() gave.
        training: whether it is training.
    """
    return _single(self.transform_segmentation_masks, segmentation_mask, transformation, training)


def _single(transform, x, transformation, training):
    return ops.squeeze(transform(ops.expand_dims(x, 0), transformation, training=training), axis=0)


def get_elastic_transform_params(self, height, width, factor):
    """How far pixels of images move, and over how many of them the moves are smoothed.

    Args:
        height: of the images.
        width: of the images.
        factor: how strong the change is, in 0..1.

    Returns:
        (alpha, sigma) of `keras.ops.image.elastic_transform`.
    """
    return max(height, width) * 0.1 * factor, min(height, width) * 0.05 * factor


def _bound(argument, place):
    """A bound of what is drawn: a number f stands for (-f, f)."""

    def read(layer):
        factor = getattr(layer, argument)
        if isinstance(factor, (int, float)):
            factor = (max(-abs(factor), -1.0), abs(factor))
        return None if factor is None else sorted(factor)[place]

    return Reading(read, f"The {('smallest', 'largest')[place]} number that is drawn for `{argument}`.")


_METHODS = {convert_weight.__name__: convert_weight} | {
    f.__name__: method_in_graphs(f)
    for f in (
        get_random_transformation,
        transform_images,
        transform_labels,
        transform_bounding_boxes,
        transform_segmentation_masks,
        transform_single_image,
        transform_single_label,
        transform_single_bounding_box,
        transform_single_segmentation_mask,
    )
}
_GENERATOR = {
    "generator": Reading(lambda layer: next(iter(layer._seeds()), None), "Where the layer's random numbers come from.")
}
_STEADY = (
    "AutoContrast",
    "CenterCrop",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "Equalization",
    "MaxNumBoundingBoxes",
    "Resizing",
)
_RANDOM = (
    "AugMix",
    "CutMix",
    "MixUp",
    "RandAugment",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomCrop",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
    "Solarization",
)

_AXES = {
    f"{side}_axis": Reading(
        lambda layer, place=place: place if layer.data_format == "channels_last" else place + 1,
        f"Where the {side} stands in the shape of images.",
    )
    for side, place in (("height", -3), ("width", -2))
}
_PLACES = {
    **_AXES,
    "channel_axis": Reading(
        lambda layer: -1 if layer.data_format == "channels_last" else -3, "Where channels stand in the shape of images."
    ),
}


def _sublayer(name):
    return Reading(
        lambda layer: next((l for l in layer._sublayers() if l.name == name), None),
        f"The layer {name} that this one uses; None if it does without.",
    )


_CHOICE = (
    "random_shear",
    "random_translation",
    "random_rotation",
    "random_brightness",
    "random_color_degeneration",
    "random_contrast",
    "random_sharpness",
    "random_posterization",
    "solarization",
    "auto_contrast",
    "equalization",
)
_JITTER = ("random_brightness", "random_contrast", "random_saturation", "random_hue")
_NO_FACTOR = {"factor": constant((0.0, 0.0), "No strength is drawn: (0.0, 0.0).")}
_BOUNDS = {
    f"{side}_{bound}": _bound(f"{side}_factor", place)
    for side in ("height", "width")
    for place, bound in enumerate(("lower", "upper"))
}
_ADDED = {
    **dict.fromkeys(("CenterCrop", "Resizing"), _AXES),
    **dict.fromkeys(("CutMix", "RandomErasing", "RandomPerspective"), _PLACES),
    **dict.fromkeys(("ContrastLimitedAdaptiveHistogramEqualization", "Equalization", "MixUp"), _NO_FACTOR),
    "MaxNumBoundingBoxes": {
        **_NO_FACTOR,
        "fill_value": Reading(
            lambda layer: layer.get_config().get("fill_value", -1), "What stands for boxes that are missing."
        ),
    },
    **dict.fromkeys(("AugMix", "RandAugment"), {name: _sublayer(name) for name in _CHOICE}),
    "RandomElasticTransform": {
        **_PLACES,
        get_elastic_transform_params.__name__: get_elastic_transform_params,
    },
    "RandomColorJitter": {**_NO_FACTOR, **{name: _sublayer(name) for name in _JITTER}},
    "RandomCrop": {**_AXES, **_NO_FACTOR},
    "RandomTranslation": _BOUNDS,
    "RandomZoom": _BOUNDS,
}
MEMBERS = {
    **{name: {**_METHODS, **_ADDED.get(name, {})} for name in _STEADY},
    **{name: {**_METHODS, **_GENERATOR, **_ADDED.get(name, {})} for name in _RANDOM},
}
