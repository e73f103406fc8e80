"""Layers on images against real Keras: the same transformation given to both, fixed factors, statistics and seeds."""

import json

import keras
import lamina
import numpy as np
import pytest
from layer_in_model import expect_error

RNG = np.random.default_rng(5)
IMAGES = RNG.uniform(0, 255, (4, 9, 12, 3)).astype("float32")
MASKS = RNG.integers(0, 5, (4, 9, 12, 1)).astype("float32")
BOXES = np.array(
    [
        [[1, 1, 5, 6], [0, 2, 11, 8]],
        [[3, 0, 4, 9], [2, 2, 7, 3]],
        [[0, 0, 12, 9], [5, 5, 6, 6]],
        [[1, 3, 2, 8], [8, 1, 11, 4]],
    ],
    "float32",
)
LABELS = np.array([[1, 2], [3, 4], [5, 6], [7, 8]], "int32")
FORMATS = ["xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh"]

LAYERS = [
    ("Resizing", {"height": 6, "width": 7}),
    ("Resizing", {"height": 18, "width": 7, "interpolation": "bicubic", "antialias": True}),
    ("Resizing", {"height": 6, "width": 14, "crop_to_aspect_ratio": True}),
    ("Resizing", {"height": 14, "width": 7, "pad_to_aspect_ratio": True, "fill_value": 3.0}),
    ("CenterCrop", {"height": 4, "width": 6}),
    ("CenterCrop", {"height": 7, "width": 9}),
    ("CenterCrop", {"height": 12, "width": 6}),
    ("RandomFlip", {"seed": 3}),
    ("RandomFlip", {"mode": "horizontal"}),
    ("RandomFlip", {"mode": "vertical"}),
    ("RandomRotation", {"factor": 0.2}),
    ("RandomRotation", {"factor": (-0.1, 0.3), "fill_mode": "constant", "fill_value": 9.0, "seed": 1}),
    ("RandomRotation", {"factor": 0.2, "fill_mode": "wrap", "interpolation": "nearest"}),
    ("RandomZoom", {"height_factor": 0.3}),
    ("RandomZoom", {"height_factor": (-0.4, -0.1), "width_factor": 0.3, "fill_mode": "nearest"}),
    ("RandomTranslation", {"height_factor": 0.2, "width_factor": (0.1, 0.4)}),
    ("RandomTranslation", {"height_factor": 0.5, "width_factor": 0.5, "fill_mode": "constant", "fill_value": 2.0}),
    ("RandomContrast", {"factor": 0.4}),
    ("RandomContrast", {"factor": (0.1, 0.9), "value_range": (10, 200)}),
    ("RandomBrightness", {"factor": 0.3}),
    ("RandomBrightness", {"factor": (-0.1, 0.5), "value_range": [20, 200], "seed": 4}),
    ("RandomCrop", {"height": 4, "width": 5, "seed": 2}),
    ("RandomCrop", {"height": 12, "width": 5, "seed": 2}),
]
STEADY = ("Resizing", "CenterCrop")


def plain(value):
    """A transformation or a result as arrays."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(plain(v) for v in value)
    return value if value is None or isinstance(value, (int, float)) else np.array(value)


def same(mine, theirs, **tolerance):
    if isinstance(theirs, dict):
        assert set(mine) == set(theirs)
        for key in theirs:
            same(mine[key], theirs[key], **tolerance)
        return
    a, b = np.asarray(theirs), np.asarray(mine)
    assert a.shape == b.shape and a.dtype == b.dtype, (a.shape, b.shape, a.dtype, b.dtype)
    np.testing.assert_allclose(b, a, **{"rtol": 1e-4, "atol": 2e-3, **tolerance})


def pair(name, config):
    return getattr(keras.layers, name)(**config), getattr(lamina.layers, name)(**config)


def boxes_in(format):
    return np.array(keras.utils.bounding_boxes.convert_format(BOXES, "xyxy", format, height=9, width=12))


def first(x):
    """Channels in front."""
    return np.moveaxis(x, -1, -3).copy()


@pytest.mark.parametrize("name, config", LAYERS)
def test_configs(name, config):
    theirs, mine = pair(name, {**config, "bounding_box_format": "xywh", "name": "a"})
    as_json = lambda layer: json.loads(json.dumps(layer.get_config()))
    expected = as_json(theirs)
    assert "seed" not in config or config["seed"] == mine.get_config()["seed"]
    if "seed" not in config:
        expected["seed"] = as_json(mine).get("seed")
    assert {k: v for k, v in as_json(mine).items() if v is not None} == {
        k: v for k, v in expected.items() if v is not None
    }
    assert list(mine.get_config()) and set(mine.get_config()) == set(theirs.get_config()) | (
        {"seed"} & set(mine.get_config())
    )
    lamina.layers.deserialize(keras.layers.serialize(theirs))
    again = keras.layers.deserialize(lamina.layers.serialize(mine))
    assert json.loads(json.dumps(again.get_config()))["bounding_box_format"] == "xywh"


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("name, config", LAYERS)
def test_a_given_transformation(engine, name, config, data_format):
    theirs, mine = pair(name, {**config, "data_format": data_format})
    x, masks = (IMAGES, MASKS) if data_format == "channels_last" else (first(IMAGES), first(MASKS))
    for images, marks in ((x, masks), (x[0], masks[0])):
        t = theirs.get_random_transformation(images, training=True)
        drawn = mine.get_random_transformation(images, training=True)
        assert type(drawn) is type(t)
        if isinstance(t, dict):
            assert set(drawn) == set(t)
            for key in t:
                assert np.shape(drawn[key]) == np.shape(t[key]), key
        if images.ndim == 4:
            same(mine.transform_images(images, plain(t)), theirs.transform_images(images, t))
            same(
                mine.transform_segmentation_masks(marks, plain(t)),
                theirs.transform_segmentation_masks(marks, t),
            )
            same(
                mine.transform_images(images, plain(t), training=False),
                theirs.transform_images(images, t, training=False),
            )
        else:
            same(mine.transform_single_image(images, plain(t)), theirs.transform_single_image(images, t))


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name, config", LAYERS)
def test_bounding_boxes_of_a_given_transformation(name, config, format):
    theirs, mine = pair(name, {**config, "bounding_box_format": format})
    t = theirs.get_random_transformation(IMAGES, training=True)
    given = lambda: {"boxes": boxes_in(format), "labels": LABELS.copy()}
    mine_out = mine.transform_bounding_boxes(given(), plain(t))
    theirs_out = theirs.transform_bounding_boxes(given(), t)
    same(mine_out["boxes"], theirs_out["boxes"])
    np.testing.assert_array_equal(np.asarray(mine_out["labels"]), np.asarray(theirs_out["labels"]))


@pytest.mark.parametrize("name, config", LAYERS)
def test_dicts(engine, name, config):
    theirs, mine = pair(name, {**config, "bounding_box_format": "xyxy"})
    data = lambda: {
        "images": IMAGES.copy(),
        "labels": np.arange(4),
        "segmentation_masks": MASKS.copy(),
        "bounding_boxes": {"boxes": BOXES.copy(), "labels": LABELS.copy()},
    }
    a, b = theirs(data()), mine(data())
    assert set(a) == set(b)
    for key in ("images", "labels", "segmentation_masks"):
        assert np.shape(a[key]) == np.shape(b[key]), key
        if name in STEADY or key == "labels":
            np.testing.assert_allclose(np.asarray(b[key]), np.asarray(a[key]), rtol=1e-4, atol=1e-3)
    assert np.shape(a["bounding_boxes"]["boxes"]) == np.shape(b["bounding_boxes"]["boxes"])
    one = {k: v[0] for k, v in data().items() if k != "bounding_boxes"}
    one["bounding_boxes"] = {k: v[0] for k, v in data()["bounding_boxes"].items()}
    a, b = theirs({**one, "bounding_boxes": dict(one["bounding_boxes"])}), mine(one)
    for key in ("images", "labels", "segmentation_masks"):
        assert np.shape(a[key]) == np.shape(b[key]), key
    assert np.shape(a["bounding_boxes"]["boxes"]) == np.shape(b["bounding_boxes"]["boxes"])
    assert np.shape(a["bounding_boxes"]["labels"]) == np.shape(b["bounding_boxes"]["labels"])


@pytest.mark.parametrize("name, config", LAYERS)
def test_calls_in_training_and_not(engine, name, config):
    theirs, mine = pair(name, config)
    same(mine(IMAGES, training=False), theirs(IMAGES, training=False))
    by_default, told = np.asarray(mine(IMAGES)), np.asarray(mine(IMAGES, training=True))
    assert by_default.shape == told.shape == np.shape(theirs(IMAGES))
    if name not in STEADY and name != "RandomCrop":
        assert not np.array_equal(by_default, IMAGES)
    assert tuple(mine.compute_output_shape(IMAGES.shape)) == tuple(theirs.compute_output_shape(IMAGES.shape))
    assert tuple(mine(lamina.Input((9, 12, 3))).shape) == tuple(theirs(keras.Input((9, 12, 3))).shape)


@pytest.mark.parametrize(
    "name, config",
    [
        ("RandomRotation", {"factor": (0.1, 0.1)}),
        ("RandomZoom", {"height_factor": (0.2, 0.2), "width_factor": (-0.3, -0.3)}),
        ("RandomTranslation", {"height_factor": (0.25, 0.25), "width_factor": (-0.5, -0.5)}),
        ("RandomBrightness", {"factor": (0.1, 0.1)}),
        ("RandomContrast", {"factor": (0.0, 0.0)}),
    ],
)
def test_factors_without_choice(engine, name, config):
    theirs, mine = pair(name, config)
    same(mine(IMAGES), theirs(IMAGES), atol=2e-2)
    same(mine(IMAGES[1]), theirs(IMAGES[1]), atol=2e-2)


def test_statistics():
    many = np.broadcast_to(np.arange(6, dtype="float32").reshape(1, 2, 3, 1), (4000, 2, 3, 1))
    flipped = np.asarray(lamina.layers.RandomFlip("horizontal", seed=1)(many))
    share = (flipped[:, 0, 0, 0] == 2).mean()
    assert 0.46 < share < 0.54 and ((flipped[:, 0, 0, 0] == 2) | (flipped[:, 0, 0, 0] == 0)).all()
    delta = np.asarray(lamina.layers.RandomBrightness(0.1, seed=1)(many + 100))[:, 0, 0, 0] - 100
    assert abs(delta.mean()) < 1 and 24 < delta.max() <= 25.5 and -25.5 <= delta.min() < -24
    factor = np.asarray(
        lamina.layers.RandomContrast((0.2, 0.6), seed=1).get_random_transformation(many)["contrast_factor"]
    )
    assert factor.shape == (4000, 1, 1, 1) and 0.8 <= factor.min() < 0.81 and 1.59 < factor.max() <= 1.6
    angle = np.asarray(lamina.layers.RandomRotation((0.0, 0.5), seed=1).get_random_transformation(many)["angle"])
    assert 0 <= angle.min() < 1 and 179 < angle.max() <= 180
    places = {
        tuple(int(v) for v in lamina.layers.RandomCrop(2, 2, seed=s).get_random_transformation(IMAGES[:, :4, :5]))
        for s in range(200)
    }
    assert places == {(top, left) for top in range(3) for left in range(4)}


@pytest.mark.parametrize("name, config", [row for row in LAYERS if row[0] not in STEADY])
def test_seeds(name, config):
    config = {**config, "seed": 11}
    results = []
    for engine in ("graph", "eager"):
        before = lamina.config.engine()
        lamina.config.set_engine(engine)
        layer = getattr(lamina.layers, name)(**config)
        results.append([np.asarray(layer(IMAGES)) for _ in range(3)])
        lamina.config.set_engine(before)
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-3)
    if config.get("height") != 12:  # RandomCrop of a part that is larger takes the middle
        assert any(not np.array_equal(results[0][0], r) for r in results[0][1:])
    layer = getattr(lamina.layers, name)(**config)
    t = layer.get_random_transformation(IMAGES, seed=5)
    assert json.dumps(plain(t), default=lambda a: a.tolist()) == json.dumps(
        plain(layer.get_random_transformation(IMAGES, seed=5)), default=lambda a: a.tolist()
    )


def network(k):
    return k.Sequential(
        [
            k.Input((9, 12, 3)),
            k.layers.Resizing(10, 10, name="r"),
            k.layers.RandomFlip("horizontal", seed=1, name="f"),
            k.layers.RandomRotation(0.1, seed=2, name="o"),
            k.layers.RandomZoom(0.2, seed=3, name="z"),
            k.layers.RandomTranslation(0.1, 0.1, seed=4, name="t"),
            k.layers.RandomContrast(0.2, seed=5, name="c"),
            k.layers.RandomBrightness(0.1, seed=6, name="b"),
            k.layers.RandomCrop(8, 8, seed=7, name="p"),
            k.layers.CenterCrop(8, 6, name="m"),
            k.layers.Rescaling(1 / 255, name="s"),
            k.layers.Flatten(name="l"),
            k.layers.Dense(2, name="d"),
        ]
    )


def test_in_a_model(engine, tmp_path):
    mine = network(lamina)
    mine.compile(lamina.optimizers.SGD(0.001), "mse")
    y = RNG.standard_normal((4, 2)).astype("float32")
    losses = mine.fit(IMAGES, y, epochs=3, batch_size=2, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    a, b = mine.predict(IMAGES, verbose=0), mine.predict(IMAGES, verbose=0)
    np.testing.assert_array_equal(a, b)
    mine.save(tmp_path / "mine.keras")
    np.testing.assert_allclose(
        lamina.models.load_model(tmp_path / "mine.keras").predict(IMAGES, verbose=0), a, atol=1e-5
    )
    theirs = keras.models.load_model(tmp_path / "mine.keras")
    np.testing.assert_allclose(theirs.predict(IMAGES, verbose=0), a, rtol=1e-3, atol=1e-3)
    theirs = network(keras)
    theirs.save(tmp_path / "theirs.keras")
    again = lamina.models.load_model(tmp_path / "theirs.keras")
    np.testing.assert_allclose(
        again.predict(IMAGES, verbose=0), theirs.predict(IMAGES, verbose=0), rtol=1e-3, atol=1e-3
    )


def test_a_models_call_trains_the_layers_by_default(engine):
    for k in (keras, lamina):
        model = k.Sequential([k.Input((9, 12, 3)), k.layers.RandomBrightness((0.2, 0.2))])
        assert not np.array_equal(np.asarray(model(IMAGES)), IMAGES), k.__name__
        np.testing.assert_array_equal(np.asarray(model(IMAGES, training=False)), IMAGES)


def test_unknown_sizes():
    for k in (keras, lamina):
        x = k.Input((None, None, 3))
        assert tuple(k.layers.Resizing(4, 5)(x).shape) == (None, 4, 5, 3)
        assert tuple(k.layers.RandomFlip()(x).shape) == (None, None, None, 3)
    model = lamina.Sequential([lamina.Input((None, None, 3)), lamina.layers.Resizing(4, 5)])
    assert model.predict(IMAGES, verbose=0).shape == (4, 4, 5, 3)


def test_whole_numbers(engine):
    whole = IMAGES.astype("uint8")
    for name, config in (("Resizing", {"height": 5, "width": 6}), ("CenterCrop", {"height": 5, "width": 6})):
        theirs, mine = pair(name, config)
        a, b = np.asarray(theirs(whole)), np.asarray(mine(whole))
        assert a.dtype == b.dtype and np.abs(a.astype(float) - b.astype(float)).max() <= 1
    assert np.asarray(lamina.layers.RandomContrast(0.2)(whole)).dtype == "float32"


@pytest.mark.parametrize("format", FORMATS)
def test_box_formats(format):
    for target in FORMATS:
        args = (boxes_in(format), format, target)
        a = keras.utils.bounding_boxes.convert_format(*args, height=9, width=12)
        b = lamina.utils.bounding_boxes.convert_format(*args, height=9, width=12)
        same(b, a, atol=1e-5)


def test_box_functions():
    ours, theirs = lamina.utils.bounding_boxes, keras.utils.bounding_boxes
    wild = BOXES * 1.7 - 4
    for kwargs in ({}, {"use_masking": True}, {"use_masking": True, "mask_val": -3}):
        same(
            ours.compute_iou(BOXES, wild, "xyxy", **kwargs),
            theirs.compute_iou(BOXES, wild, "xyxy", **kwargs),
            atol=1e-5,
        )
    same(ours.compute_iou(BOXES[0], wild[1], "xywh"), theirs.compute_iou(BOXES[0], wild[1], "xywh"), atol=1e-5)
    shape = (9, 12, 3)
    args = (boxes_in("rel_xyxy"), boxes_in("rel_xyxy")[::-1].copy(), "rel_xyxy")
    same(ours.compute_iou(*args, image_shape=shape), theirs.compute_iou(*args, image_shape=shape), atol=1e-5)
    same(ours.compute_ciou(BOXES, wild, "xyxy"), theirs.compute_ciou(BOXES, wild, "xyxy"), atol=1e-5)
    same(ours.crop(wild, 1, 2, 5, 6), theirs.crop(wild, 1, 2, 5, 6))
    same(ours.pad(wild, 1, 2), theirs.pad(wild, 1, 2))
    for format, sides in (("xyxy", {"height": 9, "width": 12}), ("rel_xyxy", {})):
        given = lambda: {"boxes": wild, "labels": LABELS}
        same(
            ours.clip_to_image_size(given(), bounding_box_format=format, **sides),
            theirs.clip_to_image_size(given(), bounding_box_format=format, **sides),
        )
    for variance in (None, [0.1, 0.1, 0.2, 0.2]):
        for encoding in ("center_xywh", "center_yxhw"):
            args = (BOXES, BOXES[::-1].copy(), "xyxy", "xyxy", encoding, variance)
            deltas = theirs.encode_box_to_deltas(*args)
            same(ours.encode_box_to_deltas(*args), deltas, atol=1e-4)
            args = (BOXES, np.array(deltas), "xyxy", "xywh", encoding, variance)
            same(ours.decode_deltas_to_boxes(*args), theirs.decode_deltas_to_boxes(*args), atol=1e-3)
    parts = [RNG.uniform(-0.3, 0.3, 4).astype("float32") for _ in range(6)]
    parts[0] *= 90
    parts[3] += 1
    args = (BOXES, *parts, 9, 12)
    same(ours.affine_transform(*args), theirs.affine_transform(*map(keras.ops.convert_to_tensor, args)), atol=1e-3)


ERRORS = [
    (lambda k: k.layers.RandomRotation(2), ValueError, ["`factor`", "[-1.0, 1.0]", "factor=2"]),
    (lambda k: k.layers.RandomContrast(-0.1), ValueError, ["`factor`", "[0.0, 1.0]", "-0.1"]),
    (lambda k: k.layers.RandomZoom(-1.0), ValueError, ["`height_factor`", "(-1", "1"]),
    (lambda k: k.layers.RandomZoom((0.1, 0.2, 0.3)), ValueError, ["`height_factor`", "two numbers"]),
    (lambda k: k.layers.RandomTranslation(0.1, 1.5), ValueError, ["factor", "1.5"]),
    (lambda k: k.layers.RandomRotation(0.1, fill_mode="mirror"), NotImplementedError, ["fill_mode", "mirror"]),
    (lambda k: k.layers.RandomZoom(0.1, interpolation="cubic"), NotImplementedError, ["interpolation", "cubic"]),
    (lambda k: k.layers.RandomBrightness(0.1, value_range=3), ValueError, ["`value_range`", "3"]),
    (lambda k: k.layers.RandomFlip(data_format="last"), ValueError, ["data_format", "last"]),
    (lambda k: k.layers.RandomFlip()(np.ones((3, 4), "float32")), ValueError, ["rank 3", "(3, 4)"]),
    (
        lambda k: k.layers.RandomFlip()({"images": IMAGES, "bounding_boxes": {"boxes": BOXES, "labels": LABELS}}),
        ValueError,
        ["bounding_box_format"],
    ),
    (
        lambda k: k.layers.RandomFlip(bounding_box_format="xyxy")({"images": IMAGES, "bounding_boxes": BOXES}),
        ValueError,
        ["'boxes'", "'labels'"],
    ),
    (
        lambda k: k.utils.bounding_boxes.convert_format(BOXES, "xyxy", "xxyy"),
        ValueError,
        ["Supported formats", "rel_center_xywh"],
    ),
    (
        lambda k: k.utils.bounding_boxes.convert_format(BOXES, "xyxy", "rel_xyxy"),
        ValueError,
        ["must receive", "height", "width"],
    ),
    (lambda k: k.utils.bounding_boxes.convert_format(BOXES[..., :3], "xyxy", "yxyx"), ValueError, ["(4, 2, 3)"]),
]


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_messages(case):
    expect_error(*ERRORS[case])
