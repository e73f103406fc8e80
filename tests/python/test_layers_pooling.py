"""Poolings against real Keras: outputs, gradients, configs, masks, files in both directions, on both engines; and
misuse."""

import keras
import lamina
import numpy as np
import pytest
from layer_checks import both_ways, check_layer, misuse

CASES = [
    ("MaxPooling1D", {}, (2, 9, 3)),
    ("MaxPooling1D", {"pool_size": 3, "strides": 2, "padding": "same", "data_format": "channels_first"}, (2, 3, 9)),
    ("MaxPooling2D", {}, (2, 7, 8, 3)),
    ("MaxPooling2D", {"pool_size": (3, 2), "strides": (2, 1), "padding": "same"}, (2, 7, 8, 3)),
    ("MaxPooling2D", {"pool_size": 2, "data_format": "channels_first"}, (2, 40, 6, 6)),
    ("MaxPooling2D", {"pool_size": 2}, (2, 6, 6, 40)),
    ("MaxPooling3D", {}, (2, 4, 5, 6, 3)),
    ("AveragePooling1D", {"pool_size": 2}, (2, 9, 3)),
    ("AveragePooling2D", {"pool_size": 2, "padding": "same"}, (2, 7, 8, 3)),
    (
        "AveragePooling2D",
        {"pool_size": 3, "strides": 2, "padding": "same", "data_format": "channels_first"},
        (2, 3, 7, 8),
    ),
    ("AveragePooling3D", {"pool_size": 2, "strides": 1}, (2, 3, 4, 3, 2)),
    ("GlobalMaxPooling1D", {}, (2, 9, 3)),
    ("GlobalMaxPooling2D", {"keepdims": True}, (2, 4, 5, 3)),
    ("GlobalMaxPooling3D", {"data_format": "channels_first"}, (2, 3, 4, 5, 2)),
    ("GlobalAveragePooling1D", {"keepdims": True}, (2, 9, 3)),
    ("GlobalAveragePooling2D", {"data_format": "channels_first"}, (2, 3, 4, 5)),
    ("GlobalAveragePooling3D", {}, (2, 3, 4, 5, 2)),
    ("AdaptiveMaxPooling1D", {"output_size": 4}, (2, 9, 3)),
    ("AdaptiveMaxPooling2D", {"output_size": (3, 2)}, (2, 7, 8, 3)),
    ("AdaptiveMaxPooling3D", {"output_size": 2, "data_format": "channels_first"}, (2, 3, 4, 5, 6)),
    ("AdaptiveAveragePooling1D", {"output_size": 4}, (2, 9, 3)),
    ("AdaptiveAveragePooling2D", {"output_size": 3}, (2, 7, 8, 3)),
    ("AdaptiveAveragePooling3D", {"output_size": (2, 3, 1)}, (2, 4, 5, 6, 2)),
]


@pytest.mark.parametrize("name, config, shape", CASES)
def test_layers(engine, name, config, shape):
    check_layer(name, config, shape)


@pytest.mark.parametrize("name, config, shape", [CASES[i] for i in (3, 8, 14, 18)])
def test_files(tmp_path, name, config, shape):
    both_ways(
        tmp_path,
        lambda k: k.Sequential(
            [k.Input(shape[1:]), getattr(k.layers, name)(**config), k.layers.Flatten(), k.layers.Dense(2)]
        ),
        shape,
    )


def test_names_of_old():
    for n in "123":
        for name in ("MaxPool", "AvgPool", "GlobalMaxPool", "GlobalAvgPool"):
            assert getattr(lamina.layers, f"{name}{n}D").__name__ == getattr(keras.layers, f"{name}{n}D").__name__


@pytest.mark.parametrize("config", [{}, {"keepdims": True}, {"data_format": "channels_first"}])
def test_masked_mean(engine, config):
    x = np.random.default_rng(0).standard_normal((2, 4, 5)).astype("float32")
    mask = np.array([[1, 1, 0, 0], [1, 1, 1, 1]], bool)
    if "data_format" in config:
        x = x.transpose(0, 2, 1)
    results = [np.asarray(k.layers.GlobalAveragePooling1D(**config)(x, mask=mask)) for k in (keras, lamina)]
    np.testing.assert_allclose(results[1], results[0], rtol=1e-5)


def test_mask_ends(engine):
    """The steps that Masking hides take no part, and the mask goes no further."""
    x = np.random.default_rng(0).standard_normal((2, 4, 5)).astype("float32")
    x[0, 2:] = 0
    results = []
    for k in (keras, lamina):
        model = k.Sequential([k.Input((4, 5)), k.layers.Masking(), k.layers.GlobalAveragePooling1D()])
        results.append(np.asarray(model.predict(x, verbose=0)))
    np.testing.assert_allclose(results[1], results[0], rtol=1e-5)
    np.testing.assert_allclose(results[1][0], x[0, :2].mean(0), rtol=1e-5)


def test_ties_and_extremes(engine):
    """The first of equal maxima gets the gradient; -inf and NaN are values like others."""
    x = np.zeros((1, 4, 4, 2), "float32")
    x[0, 0, 0, 0], x[0, 2, 3, 1] = -np.inf, np.nan
    t = lamina.ops.convert_to_tensor(x)
    with lamina.GradientTape() as tape:
        tape.watch(t)
        y = lamina.ops.max_pool(t, 2)
    g = np.asarray(tape.gradient(y, t))
    np.testing.assert_array_equal(np.asarray(y), np.asarray(keras.ops.max_pool(x, 2, strides=2)))
    assert g.sum() == 8
    assert g[0, 0, 1, 0] == 1 and g[0, 0, 0, 1] == 1 and g[0, 2, 3, 1] == 1


ONES = np.ones((2, 6, 6, 3), "float32")
MISUSES = [
    (lambda k: k.layers.MaxPooling2D((2, 2, 2)), ["pool_size", "tuple of 2 integers", "(2, 2, 2)"]),
    (lambda k: k.layers.MaxPooling2D(0), ["pool_size", "value > 0"]),
    (lambda k: k.layers.MaxPooling2D(2, strides=(1, 2, 3)), ["strides", "tuple of 2 integers"]),
    (lambda k: k.layers.MaxPooling2D(2, padding="full")(ONES), ["padding", "full"]),
    (lambda k: k.layers.MaxPooling2D(2, data_format="last"), ["data_format", "last"]),
    (lambda k: k.layers.MaxPooling2D(2)(ONES[0]), ["expected ndim=4", "ndim=3"]),
    (lambda k: k.layers.AdaptiveMaxPooling1D((1, 2)), ["output_size", "length 1"]),
    (lambda k: k.layers.AdaptiveMaxPooling2D("a"), ["output_size", "(height, width)"]),
    (lambda k: k.layers.AdaptiveAveragePooling2D(2, data_format="last"), ["data_format", "last"]),
]


@pytest.mark.parametrize("number", range(len(MISUSES)))
def test_misuse(number):
    misuse(*MISUSES[number])


def test_too_large_a_window():
    with pytest.raises(ValueError, match="zero or negative.*pool_size"):
        lamina.layers.MaxPooling2D(7)(ONES)
