"""Convolutions against real Keras: outputs, gradients, configs, files in both directions, on both engines; and
misuse."""

import keras
import lamina
import numpy as np
import pytest
from layer_checks import both_ways, check_layer, misuse

CASES = [
    ("Conv1D", {"filters": 4, "kernel_size": 3}, (2, 9, 3)),
    (
        "Conv1D",
        {"filters": 4, "kernel_size": 3, "padding": "causal", "dilation_rate": 2, "activation": "relu"},
        (2, 9, 3),
    ),
    ("Conv1D", {"filters": 4, "kernel_size": 2, "strides": 2, "padding": "same", "groups": 2}, (2, 9, 4)),
    ("Conv1D", {"filters": 4, "kernel_size": 3, "padding": "causal", "data_format": "channels_first"}, (2, 3, 9)),
    ("Conv2D", {"filters": 4, "kernel_size": 3}, (2, 7, 8, 3)),
    (
        "Conv2D",
        {"filters": 8, "kernel_size": (3, 2), "strides": (2, 1), "padding": "same", "activation": "tanh"},
        (2, 7, 8, 3),
    ),
    ("Conv2D", {"filters": 6, "kernel_size": 3, "groups": 3, "use_bias": False}, (2, 7, 8, 6)),
    (
        "Conv2D",
        {"filters": 4, "kernel_size": 3, "dilation_rate": 2, "padding": "same", "data_format": "channels_first"},
        (2, 3, 7, 8),
    ),
    ("Conv2D", {"filters": 8, "kernel_size": 1, "kernel_regularizer": "l2", "bias_initializer": "ones"}, (2, 4, 4, 8)),
    ("Conv2D", {"filters": 16, "kernel_size": 3, "padding": "same", "activation": "relu"}, (3, 8, 8, 16)),
    ("Conv3D", {"filters": 3, "kernel_size": 2}, (2, 4, 5, 3, 2)),
    (
        "Conv3D",
        {
            "filters": 2,
            "kernel_size": (1, 2, 3),
            "strides": (1, 2, 1),
            "padding": "same",
            "data_format": "channels_first",
        },
        (2, 3, 4, 5, 3),
    ),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2}, (2, 5, 4)),
    (
        "Conv1DTranspose",
        {"filters": 3, "kernel_size": 2, "strides": 3, "padding": "same", "output_padding": 1},
        (2, 5, 4),
    ),
    (
        "Conv2DTranspose",
        {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "relu"},
        (2, 4, 5, 4),
    ),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": (2, 3), "dilation_rate": 2}, (2, 4, 5, 4)),
    (
        "Conv2DTranspose",
        {"filters": 3, "kernel_size": 2, "strides": (3, 2), "output_padding": (2, 1), "data_format": "channels_first"},
        (2, 4, 5, 3),
    ),
    ("Conv3DTranspose", {"filters": 2, "kernel_size": 2, "strides": 2}, (2, 2, 3, 2, 3)),
    ("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 2}, (2, 8, 3)),
    ("DepthwiseConv2D", {"kernel_size": 3, "padding": "same", "activation": "relu6"}, (2, 7, 6, 8)),
    (
        "DepthwiseConv2D",
        {"kernel_size": 3, "strides": 2, "depth_multiplier": 2, "data_format": "channels_first"},
        (2, 3, 7, 7),
    ),
    ("DepthwiseConv2D", {"kernel_size": (2, 3), "dilation_rate": (2, 1)}, (2, 7, 7, 3)),
    ("SeparableConv1D", {"filters": 4, "kernel_size": 3, "padding": "same"}, (2, 8, 3)),
    ("SeparableConv2D", {"filters": 4, "kernel_size": 3, "depth_multiplier": 2, "strides": 2}, (2, 7, 8, 3)),
    (
        "SeparableConv2D",
        {"filters": 4, "kernel_size": 2, "data_format": "channels_first", "use_bias": False},
        (2, 3, 6, 6),
    ),
]


@pytest.mark.parametrize("name, config, shape", CASES)
def test_layers(engine, name, config, shape):
    check_layer(name, config, shape)


@pytest.mark.parametrize("name, config, shape", [CASES[i] for i in (1, 5, 14, 19, 23)])
def test_files(tmp_path, name, config, shape):
    both_ways(
        tmp_path,
        lambda k: k.Sequential(
            [k.Input(shape[1:]), getattr(k.layers, name)(**config), k.layers.Flatten(), k.layers.Dense(2)]
        ),
        shape,
    )


def test_names_of_old():
    for name in (
        "Convolution1D",
        "Convolution2D",
        "Convolution3D",
        "Convolution1DTranspose",
        "Convolution2DTranspose",
        "Convolution3DTranspose",
        "SeparableConvolution1D",
        "SeparableConvolution2D",
    ):
        assert getattr(lamina.layers, name).__name__ == getattr(keras.layers, name).__name__


def test_unknown_sizes(engine):
    """An image of any size, as in fully convolutional networks."""
    models = []
    for k in (keras, lamina):
        x = k.Input((None, None, 3))
        y = k.layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(x)
        y = k.layers.Conv2DTranspose(2, 3, strides=2, padding="same")(y)
        assert y.shape == (None, None, None, 2)
        models.append(k.Model(x, y))
    models[1].set_weights(models[0].get_weights())
    for size in ((6, 9), (5, 4)):
        x = np.random.default_rng(0).standard_normal((2, *size, 3)).astype("float32")
        np.testing.assert_allclose(
            models[1].predict(x, verbose=0), models[0].predict(x, verbose=0), rtol=1e-4, atol=1e-5
        )


def test_operation_nodes_in_files(tmp_path):
    """ops called on symbolic tensors are nodes under Keras' class names."""
    kernel = np.random.default_rng(0).standard_normal((3, 3, 2, 4)).astype("float32")
    x = np.random.default_rng(1).standard_normal((2, 8, 8, 2)).astype("float32")
    for k, other in ((keras, lamina), (lamina, keras)):
        a = k.Input((8, 8, 2))
        b = k.layers.Conv2D(4, 3, name="c")(a)
        b = k.ops.average_pool(k.ops.max_pool(b, 2, strides=1, padding="same"), 2, strides=2)
        model = k.Model(a, b)
        model.layers[1].set_weights([kernel, np.zeros(4, "float32")])
        path = tmp_path / f"{k.__name__}.keras"
        model.save(path)
        again = other.models.load_model(path)
        np.testing.assert_allclose(
            np.asarray(again.predict(x, verbose=0)), np.asarray(model.predict(x, verbose=0)), rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", "float64"])
def test_dtype_policies(policy):
    x = np.random.default_rng(0).standard_normal((2, 8, 8, 4)).astype("float32")
    theirs, mine = (k.layers.Conv2D(8, 3, dtype=policy, activation="relu") for k in (keras, lamina))
    a = theirs(x)
    mine(x)
    mine.set_weights(theirs.get_weights())
    b = mine(x)
    if policy != "float64":  # JAX has no float64 unless told
        assert str(b.dtype) == str(a.dtype)
    np.testing.assert_allclose(
        np.asarray(lamina.ops.cast(b, "float32")), np.asarray(keras.ops.cast(a, "float32")), rtol=2e-2, atol=2e-2
    )


def test_training_gives_keras_numbers(engine):
    def build(k):
        return k.Sequential(
            [
                k.Input((12, 12, 1)),
                k.layers.Conv2D(8, 3, activation="relu"),
                k.layers.MaxPooling2D(),
                k.layers.Conv2D(16, 3, activation="relu"),
                k.layers.MaxPooling2D(),
                k.layers.Flatten(),
                k.layers.Dense(3),
            ]
        )

    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((24, 12, 12, 1)).astype("float32"), rng.integers(0, 3, 24)
    theirs, mine = build(keras), build(lamina)
    mine.set_weights(theirs.get_weights())
    losses = []
    for k, m in ((keras, theirs), (lamina, mine)):
        m.compile(k.optimizers.SGD(0.05, momentum=0.9), k.losses.SparseCategoricalCrossentropy(from_logits=True))
        losses.append(m.fit(x, y, batch_size=8, epochs=4, shuffle=False, verbose=0).history["loss"])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-3)
    for a, b in zip(theirs.get_weights(), mine.get_weights()):
        np.testing.assert_allclose(b, a, rtol=1e-2, atol=1e-4)


ONES = np.ones((2, 8, 8, 3), "float32")
MISUSES = [
    (lambda k: k.layers.Conv2D(0, 3), ["filters", "strictly positive", "filters=0"]),
    (lambda k: k.layers.Conv2D(4, (3, 3, 3)), ["kernel_size", "tuple of 2 integers", "(3, 3, 3)"]),
    (lambda k: k.layers.Conv2D(4, (3, 0)), ["kernel_size=(3, 0)", "value > 0"]),
    (lambda k: k.layers.Conv2D(4, "a"), ["kernel_size", "tuple of 2 integers"]),
    (lambda k: k.layers.Conv2D(4, 3, strides=0), ["strides", "value > 0"]),
    (lambda k: k.layers.Conv2D(4, 3, strides=2, dilation_rate=2), ["strides", "dilation_rate"]),
    (lambda k: k.layers.Conv2D(4, 3, padding="full"), ["padding", "full", "same"]),
    (lambda k: k.layers.Conv2D(4, 3, padding="causal"), ["padding", "causal"]),
    (lambda k: k.layers.Conv2D(4, 3, data_format="last"), ["data_format", "channels_last", "last"]),
    (lambda k: k.layers.Conv2D(4, 3, groups=0), ["groups", "positive"]),
    (lambda k: k.layers.Conv2D(4, 3, groups=3), ["groups=3", "filters=4"]),
    (lambda k: k.layers.Conv2D(4, 3, groups=2)(ONES), ["groups=2", "3 channels"]),
    (lambda k: k.layers.Conv2D(4, 9)(ONES), ["zero or negative", "(2, 8, 8, 3)"]),
    (lambda k: k.layers.Conv2D(4, 3)(ONES[0]), ["min_ndim=4", "ndim=3"]),
    (lambda k: k.layers.Conv2DTranspose(4, 3, strides=2, output_padding=2), ["output_padding", "strictly less"]),
    (lambda k: k.layers.DepthwiseConv2D(3, depth_multiplier=0), ["depth_multiplier", "strictly positive"]),
    (lambda k: k.layers.SeparableConv2D(0, 3), ["filters", "strictly positive"]),
    (lambda k: k.ops.conv(ONES, np.ones((3, 3, 2, 4), "float32")), ["input channels", "3", "2"]),
    (lambda k: k.ops.depthwise_conv(ONES, np.ones((3, 3, 2, 4), "float32")), ["input channels", "3", "2"]),
    (lambda k: k.ops.conv_transpose(ONES, np.ones((3, 3, 4, 2), "float32")), ["input channels", "3", "2"]),
]


@pytest.mark.parametrize("number", range(len(MISUSES)))
def test_misuse(number):
    misuse(*MISUSES[number])
