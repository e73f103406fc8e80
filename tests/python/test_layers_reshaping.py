"""Reshaping layers against real Keras, and image resizing."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")
import lamina  # noqa: E402
from layer_in_model import compare, expect_error, inputs_for, on  # noqa: E402

FIRST = {"data_format": "channels_first"}
LAYERS = [
    ("ZeroPadding1D", {}, (2, 3, 4)),
    ("ZeroPadding1D", {"padding": (2, 1)}, (2, 3, 4)),
    ("ZeroPadding1D", dict(padding=2, **FIRST), (2, 3, 4)),
    ("ZeroPadding2D", {}, (2, 3, 4, 5)),
    ("ZeroPadding2D", {"padding": ((1, 0), (2, 3))}, (2, 3, 4, 5)),
    ("ZeroPadding2D", dict(padding=(2, 1), **FIRST), (2, 3, 4, 5)),
    ("ZeroPadding3D", {"padding": ((1, 0), (2, 3), (0, 1))}, (2, 3, 4, 2, 3)),
    ("ZeroPadding3D", dict(padding=1, **FIRST), (2, 3, 4, 2, 3)),
    ("Cropping1D", {}, (2, 5, 4)),
    ("Cropping1D", {"cropping": (0, 2)}, (2, 5, 4)),
    ("Cropping2D", {}, (2, 3, 4, 5)),
    ("Cropping2D", {"cropping": ((1, 0), (1, 2))}, (2, 3, 4, 5)),
    ("Cropping2D", dict(cropping=1, **FIRST), (2, 3, 4, 5)),
    ("Cropping3D", {}, (2, 3, 4, 5, 2)),
    ("Cropping3D", dict(cropping=((0, 1), (1, 0), (1, 1)), **FIRST), (2, 2, 3, 4, 5)),
    ("UpSampling1D", {"size": 3}, (2, 3, 4)),
    ("UpSampling2D", {}, (2, 3, 4, 2)),
    ("UpSampling2D", dict(size=(3, 1), **FIRST), (2, 2, 3, 4)),
    ("UpSampling2D", {"size": (2, 3), "interpolation": "bilinear"}, (2, 3, 4, 2)),
    ("UpSampling2D", {"interpolation": "bicubic"}, (2, 5, 4, 2)),
    ("UpSampling2D", dict(interpolation="lanczos3", **FIRST), (1, 2, 5, 6)),
    ("UpSampling2D", {"interpolation": "lanczos5"}, (1, 6, 7, 1)),
    ("UpSampling3D", {"size": (2, 1, 3)}, (2, 2, 3, 2, 2)),
    ("UpSampling3D", FIRST, (2, 2, 3, 2, 2)),
]


@pytest.mark.parametrize("engine", ["graph", "eager"])
@pytest.mark.parametrize("name, config, shape", LAYERS)
def test_layers(engine, name, config, shape, tmp_path):
    with on(engine):
        compare(name, config, shape, tmp_path)


def test_unknown_sizes():
    for name, config, shape in [
        ("ZeroPadding2D", {}, (None, None, 3)),
        ("Cropping2D", {"cropping": 1}, (None, 5, 3)),
        ("UpSampling2D", {}, (None, 4, 3)),
        ("UpSampling1D", {}, (None, 3)),
        ("Cropping1D", {}, (None, 3)),
        ("UpSampling3D", {}, (None, 2, None, 3)),
    ]:
        shapes = [tuple(getattr(k.layers, name)(**config)(k.Input(shape)).shape) for k in (keras, lamina)]
        assert shapes[0] == shapes[1]
    model = lamina.Sequential([lamina.Input((None, None, 3)), lamina.layers.UpSampling2D(interpolation="bilinear")])
    assert model.predict(inputs_for((2, 3, 5, 3)), verbose=0).shape == (2, 6, 10, 3)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"])
@pytest.mark.parametrize("size", [(9, 5), (3, 4), (7, 11)])
@pytest.mark.parametrize("antialias", [False, True])
def test_resize(interpolation, size, antialias):
    x = inputs_for((2, 7, 6, 3))
    for kwargs in ({}, {"crop_to_aspect_ratio": True}, {"pad_to_aspect_ratio": True, "fill_value": 0.5}, FIRST):
        a = keras.ops.image.resize(x, size, interpolation, antialias=antialias, **kwargs)
        b = lamina.ops.image.resize(x, size, interpolation, antialias=antialias, **kwargs)
        np.testing.assert_allclose(np.asarray(b), np.asarray(a), rtol=1e-4, atol=2e-5, err_msg=str(kwargs))
    whole = (x * 60 + 128).clip(0, 255).astype("uint8")
    a, b = (
        np.asarray(k.ops.image.resize(whole, size, interpolation, antialias=antialias)).astype(int)
        for k in (keras, lamina)
    )
    assert np.abs(a - b).max() <= 1 and (a != b).mean() < 0.05  # halves may round either way


ERRORS = [
    (lambda k: k.layers.ZeroPadding2D(padding=(1,)), ValueError, ["`padding` should have two elements", "(1,)"]),
    (lambda k: k.layers.ZeroPadding2D(padding=(1, 2, 3)), ValueError, ["`padding` should have two elements"]),
    (lambda k: k.layers.ZeroPadding2D(padding="1"), ValueError, ["`padding` should be either an int", "'1'"]),
    (lambda k: k.layers.ZeroPadding3D(padding=(1, 2)), ValueError, ["`padding` should have 3 elements"]),
    (lambda k: k.layers.Cropping2D(cropping=-1), ValueError, ["`cropping` cannot be negative", "-1"]),
    (
        lambda k: k.layers.Cropping1D(cropping=5)(np.ones((1, 4, 2), "float32")),
        ValueError,
        ["smaller than the input length", "(1, 4, 2)"],
    ),
    (
        lambda k: k.layers.Cropping2D(cropping=((2, 2), (0, 0)))(np.ones((1, 4, 4, 2), "float32")),
        ValueError,
        ["`cropping`", "smaller"],
    ),
    (lambda k: k.layers.ZeroPadding1D()(np.ones((2, 3), "float32")), ValueError, ["expected ndim=3, found ndim=2"]),
    (lambda k: k.layers.UpSampling1D(size=0), ValueError, ["`size`", "positive", "0"]),
    (lambda k: k.layers.UpSampling1D(size=1.5), TypeError, ["`size`", "integer"]),
    (lambda k: k.layers.UpSampling2D(size=(2, 0)), ValueError, ["`size`", "(2, 0)"]),
    (lambda k: k.layers.UpSampling2D(data_format="last"), ValueError, ["data_format", "last"]),
    (
        lambda k: k.ops.image.resize(np.ones((4, 4, 1), "float32"), (2, 2), "cubic"),
        ValueError,
        ["interpolation", "cubic", "bicubic"],
    ),
    (lambda k: k.ops.image.resize(np.ones((4, 4), "float32"), (2, 2)), ValueError, ["rank", "(4, 4)"]),
    (lambda k: k.ops.image.resize(np.ones((4, 4, 1), "float32"), (2, 0)), ValueError, ["`size`"]),
    (
        lambda k: k.ops.image.resize(
            np.ones((4, 4, 1), "float32"), (2, 2), crop_to_aspect_ratio=True, pad_to_aspect_ratio=True
        ),
        ValueError,
        ["Only one of"],
    ),
]


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_messages(case):
    expect_error(*ERRORS[case])
