"""Layers that augment images, in use: in dicts, models, datasets, pipelines and files; seeds and messages."""

import copy
import json

import keras
import lamina
import numpy as np
import pytest
from layer_in_model import expect_error
from test_layers_augmentation import ALL, JITTER, LAYERS, RNG, STEADY, given
from test_layers_image import BOXES, FORMATS, IMAGES, LABELS, MASKS, boxes_in, same


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
    if config.get("factor") != (3, 3) and config.get("num_ops") != 0:  # which change nothing, or always alike
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
        (lambda: lamina.layers.RandAugment(num_ops=-1), "num_ops"),
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


@pytest.mark.parametrize("name", ["RandomElasticTransform", "RandomPerspective"])
def test_a_transformation_of_one_image(name, engine):
    """By hand, as for a batch: the result has the shape of what was given."""
    mine, theirs = (getattr(library.layers, name)(1.0, seed=3) for library in (lamina, keras))
    image = np.asarray(IMAGES)[0]
    drawn = mine.get_random_transformation(image)
    drawn |= {"seed": 42} if "seed" in drawn else {}
    assert mine.transform_images(image, drawn).shape == image.shape
    assert theirs.transform_images(image, theirs.get_random_transformation(image)).shape == image.shape
    batch = mine.transform_images(image[None], drawn)
    np.testing.assert_array_equal(np.asarray(mine.transform_images(image, drawn)), np.asarray(batch)[0])
