"""Layers that act in training only: configs and files against real Keras, what they draw by its properties."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")
import lamina  # noqa: E402
from layer_in_model import compare, expect_error, on  # noqa: E402

LAYERS = [
    ("Dropout", {"rate": 0.4, "noise_shape": (None, 1), "seed": 3}, (4, 5)),
    ("SpatialDropout1D", {"rate": 0.4, "seed": 3}, (2, 3, 4)),
    ("SpatialDropout2D", {"rate": 0.4}, (2, 3, 4, 5)),
    ("SpatialDropout3D", {"rate": 0.4, "data_format": "channels_first"}, (2, 3, 4, 5, 2)),
    ("AlphaDropout", {"rate": 0.3, "seed": 1}, (4, 5)),
    ("GaussianDropout", {"rate": 0.3}, (4, 5)),
    ("GaussianNoise", {"stddev": 0.3}, (4, 5)),
    ("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, (4, 5)),
]


@pytest.mark.parametrize("name, config, shape", LAYERS)
def test_inference(name, config, shape, tmp_path):
    compare(name, config, shape, tmp_path, training_step=name == "ActivityRegularization")


@pytest.mark.parametrize("engine", ["graph", "eager"])
def test_whole_channels_are_dropped(engine):
    with on(engine):
        for layer, shape, axes in [
            (lamina.layers.SpatialDropout1D(0.5, seed=1), (8, 6, 20), 1),
            (lamina.layers.SpatialDropout2D(0.5, seed=1), (8, 3, 4, 20), (1, 2)),
            (lamina.layers.SpatialDropout2D(0.5, data_format="channels_first", seed=1), (8, 20, 3, 4), (2, 3)),
            (lamina.layers.SpatialDropout3D(0.5, seed=1), (8, 2, 3, 2, 20), (1, 2, 3)),
        ]:
            y = np.asarray(layer(np.ones(shape, "float32"), training=True))
            assert set(np.unique(y)) == {0, 2}
            assert (y.min(axes) == y.max(axes)).all()
            assert 0.3 < y.mean() / 2 < 0.7


def test_alpha_dropout_keeps_the_moments():
    x = np.random.default_rng(0).standard_normal((400, 400)).astype("float32")
    y = np.asarray(lamina.layers.AlphaDropout(0.2, seed=2)(x, training=True))
    assert abs(y.mean()) < 0.02 and abs(y.std() - 1) < 0.02
    values, counts = np.unique(y, return_counts=True)
    assert len(values) > 100000 and abs(counts.max() / y.size - 0.2) < 0.01  # the dropped ones have one value
    same_row = np.asarray(lamina.layers.AlphaDropout(0.5, noise_shape=(None, 1), seed=2)(x, training=True))
    assert all(len(np.unique(r)) == 1 or len(np.unique(r)) > 300 for r in same_row)


def test_masks_travel():
    x = np.array([[1, 2, 0], [3, 0, 0]], "int32")
    for name, config, *_ in LAYERS[4:]:
        h = lamina.layers.Embedding(5, 4, mask_zero=True)(x)
        np.testing.assert_array_equal(np.asarray(getattr(lamina.layers, name)(**config)(h)._keras_mask), x != 0)


ERRORS = [
    (lambda k: k.layers.AlphaDropout(1.5), ValueError, ["`rate`", "between 0 and 1", "1.5"]),
    (lambda k: k.layers.SpatialDropout1D(-0.1), ValueError, ["`rate`", "-0.1"]),
    (lambda k: k.layers.SpatialDropout1D(0.5)(np.ones((2, 3), "float32")), ValueError, ["expected ndim=3"]),
    (lambda k: k.layers.GaussianNoise(2.0), ValueError, ["`stddev`", "2.0"]),
    (lambda k: k.layers.SpatialDropout2D(0.5, data_format="x"), ValueError, ["data_format"]),
]


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_messages(case):
    expect_error(*ERRORS[case])
