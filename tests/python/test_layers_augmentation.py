"""Layers that change colours and shapes of images at random, or mix them, against real Keras: the same transformation
given to both, whole calls where nothing is drawn, statistics, seeds, models and files."""

import copy
import json

import keras
import lamina
import numpy as np
import pytest
from layer_in_model import expect_error
from test_layers_image import BOXES, FORMATS, IMAGES, LABELS, MASKS, boxes_in, first, pair, plain, same

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
# Whose transformation decides what is done to masks and boxes.
MOVING = [row for row in LAYERS if row[0] in ("RandAugment", "RandomPerspective", "RandomShear")]
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


FIRST = dict(reversed(LAYERS))  # of each class the first row


@pytest.mark.parametrize(
    "name, config, data_format",
    [(*row, "channels_last") for row in LAYERS] + [(*row, "channels_first") for row in FIRST.items()],
)
def test_a_given_transformation(name, config, data_format):
    theirs, mine = pair(name, {**config, "data_format": data_format})
    x, masks = (IMAGES, MASKS) if data_format == "channels_last" else (first(IMAGES), first(MASKS))
    for images, marks in ((x, masks), (x[0], masks[0])):
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


@pytest.mark.parametrize("format", ["xyxy", "xywh", "rel_yxyx"])
@pytest.mark.parametrize(
    "name, config", [*MOVING, BOX_COUNT, ("RandomErasing", {}), ("MaxNumBoundingBoxes", {"max_number": 1})]
)
def test_bounding_boxes_of_a_given_transformation(name, config, format):
    theirs, mine = pair(name, {**config, "bounding_box_format": format})
    for _ in range(3):
        t = theirs.get_random_transformation(IMAGES, training=True)
        boxes = lambda: {"boxes": boxes_in(format), "labels": LABELS.copy()}
        mine_out, theirs_out = (
            mine.transform_bounding_boxes(boxes(), given(t)),
            theirs.transform_bounding_boxes(boxes(), t),
        )
        same(mine_out["boxes"], theirs_out["boxes"])
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


def data():
    return {
        "images": IMAGES.copy(),
        "labels": np.eye(4, dtype="float32"),
        "segmentation_masks": MASKS.copy(),
        "bounding_boxes": {"boxes": BOXES.copy(), "labels": LABELS.copy()},
    }


@pytest.mark.parametrize("name, config", ALL)
def test_dicts(name, config):
    layer = getattr(lamina.layers, name)(**config, bounding_box_format="xyxy")
    whole = data()
    if name == "CutMix":
        with pytest.raises(NotImplementedError, match="bounding boxes"):
            layer(whole)
        del whole["bounding_boxes"]
    out = layer(copy.deepcopy(whole))
    assert set(out) == set(whole)
    for key in ("images", "labels"):
        assert np.shape(out[key]) == np.shape(whole[key]), key
    channels = 3 if name == "CutMix" else 1  # the part's mask has the images' channels, as in Keras
    assert np.shape(out["segmentation_masks"]) == (*MASKS.shape[:3], channels)
    if "bounding_boxes" in out:
        count = {"MixUp": 4, "MaxNumBoundingBoxes": 3}.get(name, 2)
        assert np.shape(out["bounding_boxes"]["boxes"]) == (4, count, 4)
        assert np.shape(out["bounding_boxes"]["labels"]) == (4, count)
    one = {k: v[0] for k, v in whole.items() if k != "bounding_boxes"}
    assert np.shape(layer(one)["images"]) == IMAGES.shape[1:]


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


@pytest.mark.parametrize("name, config", ALL)
def test_whole_numbers(name, config):
    whole = IMAGES.astype("uint8")
    theirs, mine = pair(name, config)
    out = np.asarray(mine(whole))
    assert out.shape == whole.shape
    if name in ("RandomSaturation", "RandomColorJitter"):  # Keras' rgb_to_hsv and clip refuse whole numbers
        return
    expected = np.asarray(theirs(whole))
    assert out.dtype == expected.dtype
    if name in STEADY and config.get("value_range") != (0, 300):  # 300 is no uint8
        assert np.abs(out.astype(float) - expected.astype(float)).max() <= 1


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


@pytest.mark.parametrize("name, config", [row for row in [*LAYERS, JITTER] if row[0] not in STEADY])
def test_seeds(name, config):
    config = {**config, "seed": 11}
    results, before = [], lamina.config.engine()
    for engine in ("graph", "eager"):
        lamina.config.set_engine(engine)
        layer = getattr(lamina.layers, name)(**config)
        results.append([np.asarray(layer(IMAGES)) for _ in range(3)])
    lamina.config.set_engine(before)
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-3)
    if config.get("factor") != (3, 3):
        assert any(not np.array_equal(results[0][0], r) for r in results[0][1:])
    layer = getattr(lamina.layers, name)(**config)
    text = lambda t: json.dumps(given(t), default=lambda a: np.asarray(a).tolist())
    drawn = [layer.get_random_transformation(IMAGES, seed=5) for _ in range(2)]
    if name == "RandomGrayscale":
        np.testing.assert_array_equal(*(np.asarray(t) for t in drawn))
    else:
        assert text(drawn[0]) == text(drawn[1])


def network(k, classes):
    layers = [getattr(k.layers, name)(**config, name=f"l{i}") for i, (name, config) in enumerate(classes)]
    return k.Sequential([k.Input((9, 12, 3)), *layers, k.layers.Flatten(), k.layers.Dense(2, name="d")])


# A model has each class once; what mixes images of a batch is for data. Keras cannot have Equalization in a model: its
# symbolic output is its input.
ONCE = list(
    dict(reversed([row for row in [*LAYERS, JITTER] if row[0] not in ("CutMix", "MixUp", "Equalization")])).items()
)


@pytest.mark.parametrize("classes", [ONCE[:8], ONCE[8:]])
def test_in_a_model(engine, tmp_path, classes):
    mine = network(lamina, classes)
    mine.compile(lamina.optimizers.SGD(1e-7), "mse")
    y = RNG.standard_normal((4, 2)).astype("float32")
    losses = mine.fit(IMAGES, y, epochs=2, batch_size=2, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    a, b = mine.predict(IMAGES, verbose=0), mine.predict(IMAGES, verbose=0)
    np.testing.assert_array_equal(a, b)
    mine.save(tmp_path / "mine.keras")
    again = lamina.models.load_model(tmp_path / "mine.keras")
    np.testing.assert_allclose(again.predict(IMAGES, verbose=0), a, rtol=1e-4, atol=1e-3)
    shear = [row for row in classes if row[0] == "RandomShear"]  # whose configs Keras itself cannot read
    theirs = network(keras, classes)
    theirs.save(tmp_path / "theirs.keras")
    expected = np.asarray(theirs(IMAGES, training=False))
    loaded = lamina.models.load_model(tmp_path / "theirs.keras")
    np.testing.assert_allclose(loaded.predict(IMAGES, verbose=0), expected, rtol=1e-3, atol=1e-2)
    if not shear:
        other = keras.models.load_model(tmp_path / "mine.keras")
        np.testing.assert_allclose(np.asarray(other(IMAGES, training=False)), a, rtol=1e-3, atol=1e-2)


def test_equalization_in_a_model(engine):
    model = lamina.Sequential([lamina.Input((9, 12, 3)), lamina.layers.Equalization()])
    same(model(IMAGES), keras.layers.Equalization()(IMAGES), atol=1.1)
    np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), IMAGES)


def test_in_a_dataset():
    before, results = lamina.config.threads(), []
    for threads in (1, 4):
        lamina.config.set_threads(threads)
        mix = lamina.layers.MixUp(seed=1)
        change = lamina.layers.Pipeline([lamina.layers.RandAugment(seed=2), lamina.layers.RandomErasing(seed=3)])
        pairs = lamina.data.Dataset.from_tensor_slices({"images": IMAGES, "labels": np.eye(4, dtype="float32")})
        batches = list(pairs.batch(2).map(mix).map(lambda d: {**d, "images": change(d["images"])}))
        assert [b["images"].shape for b in batches] == [(2, 9, 12, 3)] * 2
        np.testing.assert_allclose(np.asarray(batches[0]["labels"]).sum(1), 1, rtol=1e-6)
        results.append([np.asarray(b["images"]) for b in batches])
    lamina.config.set_threads(before)
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_pipeline(engine, tmp_path):
    make = lambda k: k.layers.Pipeline(
        [
            k.layers.AutoContrast(name="a"),
            k.layers.RandomBrightness((0.1, 0.1), name="b"),
            k.layers.Rescaling(1 / 255, name="c"),
        ],
        name="p",
    )
    theirs, mine = make(keras), make(lamina)
    for training in (True, False):
        same(mine(IMAGES, training=training), theirs(IMAGES, training=training))
    same(mine(IMAGES), theirs(IMAGES))
    assert [layer.name for layer in mine.layers] == ["a", "b", "c"]
    assert set(mine.get_config()) == set(theirs.get_config())
    again = lamina.layers.deserialize(keras.layers.serialize(theirs))
    same(again(IMAGES), theirs(IMAGES))
    same(keras.layers.deserialize(lamina.layers.serialize(mine))(IMAGES), theirs(IMAGES))
    model = lamina.Sequential([lamina.Input((9, 12, 3)), make(lamina), lamina.layers.Conv2D(2, 3)])
    model.save(tmp_path / "m.keras")
    out = model.predict(IMAGES, verbose=0)
    for k in (lamina, keras):
        loaded = k.models.load_model(tmp_path / "m.keras")
        np.testing.assert_allclose(np.asarray(loaded(IMAGES, training=False)), out, rtol=1e-3, atol=1e-4)
    boxes = lamina.layers.Pipeline(
        [
            lamina.layers.RandomShear(0.2, bounding_box_format="xyxy"),
            lamina.layers.MaxNumBoundingBoxes(5, bounding_box_format="xyxy"),
        ]
    )
    assert np.shape(boxes(data())["bounding_boxes"]["boxes"]) == (4, 5, 4)


def test_boxes_that_are_missing():
    layer = lamina.layers.MaxNumBoundingBoxes(3, fill_value=-7, bounding_box_format="xyxy")
    out = layer(data())["bounding_boxes"]
    assert (np.asarray(out["boxes"])[:, 2] == -7).all() and (np.asarray(out["labels"])[:, 2] == -7).all()
    assert lamina.layers.MaxNumBoundingBoxes.from_config(layer.get_config()).fill_value == -7


L = lambda name, *args, **kwargs: lambda k: getattr(k.layers, name)(*args, **kwargs)
ERRORS = [
    (L("RandomHue", 1.5), ValueError, ["factor", "1.5"]),
    (L("RandomInvert", "all"), ValueError, ["factor", "all"]),
    (L("RandomColorDegeneration", (2.0, 3.0)), ValueError, ["factor", "[-1", "2.0"]),
    (L("RandomColorDegeneration", 0.5, value_range=3), ValueError, ["value_range", "3"]),
    (L("RandomSaturation", 0.5, value_range=(1, 2, 3)), ValueError, ["value_range", "(1, 2, 3)"]),
    (L("RandomPosterization", 9), ValueError, ["factor", "9"]),
    (L("RandomSharpness", -0.5), ValueError, ["factor", "-0.5"]),
    (L("RandomGrayscale", 1.5), ValueError, ["factor", "1.5"]),
    (L("RandomGaussianBlur", kernel_size=4), ValueError, ["kernel_size", "4", "odd"]),
    (L("RandomGaussianBlur", sigma=2.0), ValueError, ["sigma", "2.0"]),
    (L("RandomShear", 1.5), ValueError, ["x_factor", "1.5"]),
    (L("RandomShear", y_factor=(-0.5, 0.2)), ValueError, ["y_factor", "-0.5"]),
    (L("RandomShear", 0.1, fill_mode="mean"), NotImplementedError, ["fill_mode", "mean"]),
    (L("RandomPerspective", scale=2.0), ValueError, ["scale", "2.0"]),
    (L("RandomPerspective", interpolation="cubic"), NotImplementedError, ["interpolation", "cubic"]),
    (L("RandomElasticTransform", fill_mode="mean"), NotImplementedError, ["fill_mode", "mean"]),
    (L("RandomElasticTransform", scale=3.0), ValueError, ["scale", "3.0"]),
    (L("RandomErasing", scale=(0.5, 0.7, 0.9)), ValueError, ["scale", "0.9"]),
    (L("CutMix", 2.0), ValueError, ["factor", "2.0"]),
    (L("Solarization", addition_factor=-0.1), ValueError, ["addition_factor", "-0.1"]),
    (L("AutoContrast", 255), ValueError, ["value_range", "255"]),
    (L("RandAugment", factor=1.5), ValueError, ["factor", "1.5"]),
    (L("AugMix", factor=(0.1,)), ValueError, ["factor", "0.1"]),
    (lambda k: k.layers.RandomInvert()(np.ones((2, 3), "float32")), ValueError, ["rank 3", "(2, 3)"]),
    (lambda k: k.layers.RandomShear(0.1)(data()), ValueError, ["bounding_box_format"]),
    (lambda k: k.layers.Pipeline.from_config({"name": "a"}), ValueError, ["layers"]),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_messages(case):
    expect_error(*ERRORS[case])


CLAHE = lamina.layers.ContrastLimitedAdaptiveHistogramEqualization


def test_messages_of_our_own():
    for make, words in (
        (lambda: lamina.layers.RandomErasing(fill_value="red"), "fill_value"),
        (lambda: lamina.layers.MixUp(-1.0), "alpha"),
        (lambda: lamina.layers.Equalization((0, 1, 2)), "value_range"),
        (lambda: lamina.layers.MaxNumBoundingBoxes(0), "max_number"),
        (lambda: lamina.layers.RandAugment(num_ops=0), "num_ops"),
        (lambda: lamina.layers.AugMix(num_chains=10**6, chain_depth=10**6), "num_chains"),
        (lambda: CLAHE(tile_grid_size=(0, 2)), "tile_grid_size"),
        (lambda: CLAHE(tile_grid_size=(10**6, 10**6))(IMAGES), "32 bits"),
        (lambda: lamina.layers.RandomErasing(fill_value=(1, 2, 3))(IMAGES[..., :1]), "3 channels"),
        (lambda: lamina.layers.RandomInvert().transform_images(IMAGES, {"angle": 1.0}), "apply_inversion"),
        (lambda: lamina.layers.Pipeline([3]), "list of layers"),
    ):  # fmt: skip
        with pytest.raises((ValueError, TypeError), match=words):
            make()


def test_all_box_formats_of_shears():
    for format in FORMATS:
        layer = lamina.layers.RandomShear((0.0, 0.0), bounding_box_format=format)
        out = layer({"images": IMAGES, "bounding_boxes": {"boxes": boxes_in(format), "labels": LABELS}})
        same(out["bounding_boxes"]["boxes"], boxes_in(format))
