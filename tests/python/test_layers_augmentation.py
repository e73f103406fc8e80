"""Layers that change colours and shapes of images at random, or mix them, against real Keras: the same transformation
given to both, whole calls where nothing is drawn, statistics and configs."""

import json

import keras
import lamina
import numpy as np
import pytest
from test_layers_image import BOXES, IMAGES, LABELS, MASKS, boxes_in, first, pair, plain, same

RNG = np.random.default_rng(8)

LAYERS = [
    ("AugMix", {"factor": 0.3}),
    ("AugMix", {"num_chains": 2, "chain_depth": 1, "all_ops": False, "alpha": 0.4, "seed": 2}),
    ("AutoContrast", {}),
    ("AutoContrast", {"value_range": (10, 240)}),
    ("ContrastLimitedAdaptiveHistogramEqualization", {"tile_grid_size": (2, 3)}),
    (
        "ContrastLimitedAdaptiveHistogramEqualization",
        {"clip_limit": 0.0, "tile_grid_size": (4, 11), "value_range": (0, 300)},
    ),
    ("CutMix", {}),
    ("CutMix", {"factor": (0.2, 0.7), "seed": 3}),
    ("Equalization", {}),
    ("Equalization", {"value_range": (-10, 260), "bins": 32}),
    ("MixUp", {}),
    ("MixUp", {"alpha": 0.8, "seed": 1}),
    ("RandAugment", {}),
    ("RandAugment", {"num_ops": 0}),
    ("RandAugment", {"num_ops": 3, "factor": (0.1, 0.4), "interpolation": "nearest", "seed": 5}),
    ("RandomColorDegeneration", {"factor": 0.5}),
    ("RandomColorDegeneration", {"factor": (0.2, 0.9), "value_range": (20, 200), "seed": 1}),
    ("RandomElasticTransform", {"factor": 0.6, "scale": (0.2, 0.8)}),
    ("RandomErasing", {}),
    ("RandomErasing", {"factor": (0.3, 0.8), "scale": (0.1, 0.6), "fill_value": 9}),
    ("RandomGaussianBlur", {"factor": 0.7}),
    ("RandomGaussianBlur", {"kernel_size": (3, 5), "sigma": (0.2, 0.9), "value_range": (10, 200), "seed": 3}),
    ("RandomGrayscale", {}),
    ("RandomGrayscale", {"factor": 0.9, "seed": 3}),
    ("RandomHue", {"factor": 0.5}),
    ("RandomHue", {"factor": (0.1, 0.9), "value_range": (0, 300)}),
    ("RandomInvert", {"factor": 0.5}),
    ("RandomInvert", {"factor": (0.2, 0.9), "value_range": (0, 100)}),
    ("RandomPerspective", {"factor": 0.8, "scale": 0.3}),
    ("RandomPerspective", {"scale": 0.4, "interpolation": "nearest", "fill_value": 7.0, "seed": 2}),
    ("RandomPosterization", {"factor": 5}),
    ("RandomPosterization", {"factor": (2, 7), "value_range": (0, 300)}),
    ("RandomPosterization", {"factor": (3, 3)}),
    ("RandomSaturation", {"factor": 0.5}),
    ("RandomSaturation", {"factor": (0.3, 0.8), "value_range": (0, 1), "seed": 1}),
    ("RandomSharpness", {"factor": 0.5}),
    ("RandomSharpness", {"factor": (0.5, 1.0), "value_range": (20, 200)}),
    ("RandomShear", {"x_factor": 0.3}),
    ("RandomShear", {"x_factor": (0.1, 0.4), "y_factor": 0.5, "fill_mode": "constant", "fill_value": 4.0, "seed": 2}),
    ("RandomShear", {"y_factor": 0.5, "fill_mode": "wrap", "interpolation": "nearest"}),
    ("Solarization", {"addition_factor": 0.2, "threshold_factor": 0.6}),
    ("Solarization", {"addition_factor": (0.1, 0.3), "threshold_factor": (0.2, 0.8), "value_range": (0, 300)}),
]
JITTER = ("RandomColorJitter", {"brightness_factor": 0.2, "contrast_factor": 0.3, "hue_factor": 0.1, "seed": 4})
BOX_COUNT = ("MaxNumBoundingBoxes", {"max_number": 3})
ALL = [*LAYERS, JITTER, BOX_COUNT]
FIRST = dict(reversed(LAYERS))  # of each class the first row
# Whose transformation decides what is done to masks and boxes.
MOVING = [row for row in LAYERS if row[0] in ("RandomPerspective", "RandomShear")] + [("RandAugment", {"num_ops": 4})]
STEADY = ("AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization", "Equalization", "MaxNumBoundingBoxes")


def as_json(layer):
    return json.loads(json.dumps(layer.get_config()))


@pytest.mark.parametrize("name, config", ALL)
def test_configs(name, config):
    theirs, mine = pair(name, {**config, "bounding_box_format": "xywh", "name": "a"})
    expected, own = as_json(theirs), as_json(mine)
    assert config.get("seed") == own.get("seed")
    if name == "RandomGrayscale":  # Keras' config lacks it
        own.pop("seed")
    assert {k: v for k, v in own.items() if v is not None} == {k: v for k, v in expected.items() if v is not None}
    again = as_json(lamina.layers.deserialize(keras.layers.serialize(theirs)))
    assert {k: v for k, v in again.items() if v is not None} == {k: v for k, v in own.items() if v is not None}
    if name != "RandomShear":  # Keras refuses its own (-f, f)
        again = keras.layers.deserialize(lamina.layers.serialize(mine))
        assert as_json(again)["bounding_box_format"] == "xywh"


def same_kind(drawn, theirs, name):
    """Transformations of the same shapes."""
    if isinstance(theirs, dict):
        assert set(drawn) == set(theirs)
        for key in theirs:
            if key not in ("seed", "chain_transforms"):
                same_kind(drawn[key], theirs[key], name)
    elif theirs is None:
        assert drawn is None
    else:
        assert np.shape(drawn) == np.shape(theirs), name
        assert np.asarray(drawn).dtype == np.asarray(theirs).dtype or isinstance(theirs, tuple), name


def given(transformation):
    """A transformation of Keras as arrays."""
    if isinstance(transformation, list):
        return [given(v) for v in transformation]
    if isinstance(transformation, dict):
        return {k: given(v) for k, v in transformation.items() if k != "seed"}
    return transformation if isinstance(transformation, str) else plain(transformation)


@pytest.mark.parametrize(
    "name, config, data_format",
    [(*row, "channels_last") for row in LAYERS] + [(*row, "channels_first") for row in FIRST.items()],
)
def test_a_given_transformation(name, config, data_format):
    theirs, mine = pair(name, {**config, "data_format": data_format})
    x, masks = (IMAGES, MASKS) if data_format == "channels_last" else (first(IMAGES), first(MASKS))
    single = config == FIRST[name] and data_format == "channels_last"
    for images, marks in ((x, masks), (x[0], masks[0])) if single else ((x, masks),):
        t = theirs.get_random_transformation(images, training=True)
        same_kind(mine.get_random_transformation(images, training=True), t, name)
        if name == "RandomElasticTransform":  # what it draws besides depends on the library
            continue
        if images.ndim == 4:
            same(mine.transform_images(images, given(t)), theirs.transform_images(images, t))
            if name != "MixUp" and "Limited" not in name:
                expected = theirs.transform_segmentation_masks(marks, t)
                same(mine.transform_segmentation_masks(marks, given(t)), expected)
            same(
                mine.transform_images(images, given(t), training=False),
                theirs.transform_images(images, t, training=False),
            )
        elif name not in ("CutMix", "MixUp"):
            same(mine.transform_single_image(images, given(t)), theirs.transform_single_image(images, t))


@pytest.mark.parametrize("format", ["xyxy", "rel_yxyx"])
@pytest.mark.parametrize(
    "name, config", [*MOVING, BOX_COUNT, ("RandomErasing", {}), ("MaxNumBoundingBoxes", {"max_number": 1})]
)
def test_bounding_boxes_of_a_given_transformation(name, config, format):
    theirs, mine = pair(name, {**config, "bounding_box_format": format})
    for _ in range(2):
        t = theirs.get_random_transformation(IMAGES, training=True)
        boxes = lambda: {"boxes": boxes_in(format), "labels": LABELS.copy()}
        mine_out, theirs_out = (
            mine.transform_bounding_boxes(boxes(), given(t)),
            theirs.transform_bounding_boxes(boxes(), t),
        )
        same(mine_out["boxes"], theirs_out["boxes"])
        np.testing.assert_array_equal(np.asarray(mine_out["labels"]), np.asarray(theirs_out["labels"]))


def test_labels_may_hold_for_the_boxes_of_every_image():
    theirs, mine = pair("RandomPerspective", {"factor": 1.0, "scale": 0.2, "bounding_box_format": "xyxy"})
    t = theirs.get_random_transformation(IMAGES, training=True)
    data = {"images": IMAGES, "bounding_boxes": {"boxes": BOXES, "labels": LABELS[0]}}
    out = mine(data)["bounding_boxes"]
    assert np.asarray(out["labels"]).shape == LABELS.shape
    boxes = lambda: {"boxes": boxes_in("xyxy"), "labels": LABELS[0].copy()}
    mine_out = mine.transform_bounding_boxes(boxes(), given(t))
    theirs_out = theirs.transform_bounding_boxes(boxes(), t)
    np.testing.assert_array_equal(np.asarray(mine_out["labels"]), np.asarray(theirs_out["labels"]))


def test_labels_of_mixed_images():
    labels = np.eye(4, dtype="float32")
    for name in ("CutMix", "MixUp"):
        theirs, mine = pair(name, {})
        t = theirs.get_random_transformation(IMAGES, training=True)
        same(mine.transform_labels(labels, given(t)), theirs.transform_labels(labels, t))
        np.testing.assert_array_equal(np.asarray(mine.transform_labels(labels, given(t), training=False)), labels)


def test_masks_and_boxes_of_mixed_images():
    layer = lamina.layers.MixUp(bounding_box_format="xyxy")
    order, weight = np.array([2, 3, 1, 0], "int32"), np.array([0.1, 0.5, 0.9, 0.3], "float32")
    t = {"permutation_order": order, "mix_weight": weight}
    share = weight[:, None, None, None]
    same(layer.transform_segmentation_masks(MASKS, t), share * MASKS + (1 - share) * MASKS[order])
    out = layer.transform_bounding_boxes({"boxes": BOXES, "labels": LABELS}, t)
    same(out["boxes"], np.concatenate([BOXES, BOXES[order]], 1))
    np.testing.assert_array_equal(np.asarray(out["labels"]), np.concatenate([LABELS, LABELS[order]], 1))


@pytest.mark.parametrize("name, config", ALL)
def test_calls_in_training_and_not(name, config):
    theirs, mine = pair(name, config)
    same(mine(IMAGES, training=False), theirs(IMAGES, training=False))
    by_default, told = np.asarray(mine(IMAGES)), np.asarray(mine(IMAGES, training=True))
    assert by_default.shape == told.shape == IMAGES.shape
    if name in STEADY:
        for images in (IMAGES, IMAGES[1]):
            a, b = np.asarray(theirs(images)), np.asarray(mine(images))
            # Levels of exactly k + 1/2 are rounded up where JAX multiplies by a reciprocal.
            near = np.abs(a - b) < (1.1 if name == "Equalization" else 2e-3)
            assert near.all() and (np.abs(a - b) < 2e-3).mean() > 0.95
    assert tuple(mine.compute_output_shape(IMAGES.shape)) == IMAGES.shape
    assert tuple(mine(lamina.Input((9, 12, 3))).shape) == (None, 9, 12, 3)


@pytest.mark.parametrize(
    "name, config",
    [
        ("RandomColorDegeneration", {"factor": (0.4, 0.4)}),
        ("RandomErasing", {"factor": 0.0}),
        ("RandomGrayscale", {"factor": 1.0}),
        ("RandomGrayscale", {"factor": 0.0}),
        ("RandomInvert", {"factor": (1.0, 1.0)}),
        ("RandomPosterization", {"factor": (2, 2)}),
        ("RandomSaturation", {"factor": (0.7, 0.7)}),
        ("RandomSharpness", {"factor": (0.9, 0.9)}),
        ("RandomGaussianBlur", {"factor": (1.0, 1.0), "sigma": (0.8, 0.8)}),
        ("RandomElasticTransform", {"factor": 0.0}),
        ("RandomPerspective", {"scale": 0.0}),
        ("Solarization", {"addition_factor": (0, 0), "threshold_factor": (0, 0)}),
        ("RandomColorJitter", {}),
        ("RandomColorJitter", {"saturation_factor": (0.3, 0.3), "brightness_factor": (0.1, 0.1), "hue_factor": 0.0}),
    ],
)
def test_factors_without_choice(name, config):
    theirs, mine = pair(name, config)
    same(mine(IMAGES), theirs(IMAGES), atol=2e-2)
    same(mine(IMAGES[1]), theirs(IMAGES[1]), atol=2e-2)


@pytest.mark.parametrize("name, config", [*FIRST.items(), JITTER, BOX_COUNT])
def test_whole_numbers(name, config):
    whole = IMAGES.astype("uint8")
    mine = getattr(lamina.layers, name)(**config)
    out = np.asarray(mine(whole))
    kept = ("RandomGrayscale", "ContrastLimitedAdaptiveHistogramEqualization", "MaxNumBoundingBoxes")
    assert out.shape == whole.shape and out.dtype == ("uint8" if name in kept else "float32")
    if name in STEADY:
        expected = np.asarray(getattr(keras.layers, name)(**config)(whole))
        assert out.dtype == expected.dtype and np.abs(out.astype(float) - expected.astype(float)).max() <= 1


def test_colours_that_fill():
    for data_format in ("channels_last", "channels_first"):
        x = IMAGES if data_format == "channels_last" else first(IMAGES)
        layer = lamina.layers.RandomErasing(fill_value=(1.0, 2.0, 300.0), data_format=data_format, seed=3)
        out = np.asarray(layer(x)) if data_format == "channels_last" else np.moveaxis(np.asarray(layer(x)), 1, -1)
        changed = (out != IMAGES).any(-1)
        assert changed.any((1, 2)).all()
        np.testing.assert_array_equal(out[changed], np.broadcast_to([1.0, 2.0, 255.0], out[changed].shape))


def test_images_without_contrast():
    flat = np.full((2, 6, 6, 3), 7.0, "float32")
    for name in STEADY[:3]:
        theirs, mine = pair(name, {})
        same(mine(flat), theirs(flat))


def test_histograms_of_other_sizes():
    x = RNG.uniform(0, 255, (2, 3, 5, 2)).astype("float32")
    for grid in ((8, 8), (1, 1)):
        theirs, mine = pair("ContrastLimitedAdaptiveHistogramEqualization", {"tile_grid_size": grid, "clip_limit": 2.0})
        same(mine(x), theirs(x))


def test_statistics():
    many = np.full((4000, 2, 2, 3), 100.0, "float32")
    drawn = lambda layer: {k: np.asarray(v) for k, v in layer.get_random_transformation(many).items()}
    layers = lamina.layers
    assert 0.27 < drawn(layers.RandomInvert((0.3, 0.3), seed=1))["apply_inversion"].mean() < 0.33
    assert 0.47 < drawn(layers.RandomInvert((0.0, 1.0), seed=1))["apply_inversion"].mean() < 0.53
    hue = drawn(layers.RandomHue((0.2, 0.6), seed=1))["factor"]
    assert 0.1 <= np.abs(hue).min() < 0.101 and 0.299 < np.abs(hue).max() <= 0.3 and 0.46 < (hue > 0).mean() < 0.54
    shift = drawn(layers.RandomPosterization((2, 6), seed=1))["shift_factor"]
    assert set(shift.tolist()) == {3, 4, 5, 6}
    saturation = drawn(layers.RandomSaturation((0.2, 0.5), seed=1))["factor"]
    assert 0.249 < saturation.min() < 0.251 and 0.99 < saturation.max() < 1.001
    erased = drawn(layers.RandomErasing(scale=(0.25, 0.25), fill_value=0, seed=1))["batch_masks"]
    assert erased.shape == many.shape and erased[..., 0].sum((1, 2)).max() == 1  # half of both sides of 2 x 2 pixels
    mix = drawn(layers.MixUp(0.2, seed=1))
    assert sorted(mix["permutation_order"].tolist()) == list(range(4000))
    assert 0.47 < mix["mix_weight"].mean() < 0.53 and mix["mix_weight"].std() > 0.4
    cut = drawn(layers.CutMix((1.0, 1.0), seed=1))
    assert 0.46 < cut["mix_weight"].mean() < 0.54
    perspective = drawn(layers.RandomPerspective(scale=0.5, seed=1))
    moved = perspective["end_points"] - perspective["start_points"]
    assert 0.24 < np.abs(moved).max() <= 0.25 and not moved[:, 0].any()
    x = IMAGES[:1].repeat(300, 0)
    chosen = np.stack(
        [np.asarray(layers.RandAugment(seed=s).get_random_transformation(x)["layer_idxes"]) for s in range(300)]
    )
    assert set(chosen.reshape(-1).tolist()) == set(range(11))
