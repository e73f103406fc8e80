"""ConvLSTM layers against real Keras: outputs, gradients, masks, states, configs, files in both directions."""

import keras
import lamina
import numpy as np
import pytest
from layer_checks import both_ways, check_layer, misuse

CASES = {
    "1d": ("ConvLSTM1D", {"filters": 3, "kernel_size": 3}, (2, 3, 7, 2)),
    "1d_same_strides": (
        "ConvLSTM1D",
        {"filters": 3, "kernel_size": 2, "padding": "same", "strides": 2, "return_sequences": True},
        (2, 3, 7, 2),
    ),
    "2d": ("ConvLSTM2D", {"filters": 3, "kernel_size": (3, 2)}, (2, 3, 5, 4, 2)),
    "2d_sequences": (
        "ConvLSTM2D",
        {
            "filters": 3,
            "kernel_size": 3,
            "padding": "same",
            "return_sequences": True,
            "activation": "relu",
            "recurrent_activation": "hard_sigmoid",
        },
        (2, 4, 5, 4, 2),
    ),
    "2d_dilated": (
        "ConvLSTM2D",
        {
            "filters": 2,
            "kernel_size": 2,
            "dilation_rate": 2,
            "use_bias": False,
            "go_backwards": True,
            "return_sequences": True,
        },
        (2, 3, 5, 6, 2),
    ),
    "2d_no_forget": (
        "ConvLSTM2D",
        {"filters": 2, "kernel_size": 3, "unit_forget_bias": False, "bias_initializer": "ones", "unroll": True},
        (2, 3, 5, 4, 1),
    ),
    "3d": ("ConvLSTM3D", {"filters": 2, "kernel_size": 2, "padding": "same"}, (2, 2, 3, 4, 3, 2)),
}


@pytest.mark.parametrize("case", CASES)
def test_against_keras(case):
    check_layer(*CASES[case])


@pytest.mark.parametrize("case", ["2d_sequences", "2d_dilated"])
def test_against_keras_eagerly(case):
    lamina.config.set_engine("eager")
    try:
        check_layer(*CASES[case])
    finally:
        lamina.config.set_engine("graph")


def video(k, **config):
    return k.layers.ConvLSTM2D(2, 3, padding="same", **config)


X = np.random.default_rng(1).standard_normal((3, 4, 5, 4, 2)).astype("float32")


def twins(x, **config):
    theirs, mine = video(keras, **config), video(lamina, **config)
    theirs(x), mine(x)
    mine.set_weights(theirs.get_weights())
    return theirs, mine


def test_configs_hold_the_same_values():
    theirs, mine = (
        video(k, dropout=0.25, recurrent_dropout=0.5, seed=3, stateful=True).get_config() for k in (keras, lamina)
    )
    assert theirs.keys() == mine.keys()
    for key in theirs:
        if key not in ("dtype", "name") and not isinstance(theirs[key], dict):
            assert theirs[key] == mine[key], key


def test_channels_first(engine):
    x = X.transpose(0, 1, 4, 2, 3)
    plain, first = (
        video(lamina, return_sequences=True),
        video(lamina, return_sequences=True, data_format="channels_first"),
    )
    expected = np.asarray(plain(X))
    assert first.compute_output_shape(x.shape) == (3, 4, 2, 5, 4)
    first(x)
    first.set_weights(plain.get_weights())
    np.testing.assert_allclose(np.asarray(first(x)).transpose(0, 1, 3, 4, 2), expected, rtol=1e-5, atol=1e-6)


def test_masked_steps_leave_the_states(engine):
    """Keras on JAX cannot broadcast this mask: a row with masked steps equals the row without them."""
    mask = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 1, 0, 1]], bool)
    layer = video(lamina, return_sequences=True)
    whole = np.asarray(layer(X))
    masked = np.asarray(layer(X, mask=mask))
    np.testing.assert_allclose(masked[0], whole[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(masked[1, :2], whole[1, :2], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(masked[2, 1::2], np.asarray(layer(X[2:, 1::2]))[0], rtol=1e-5, atol=1e-6)
    last = video(lamina)
    last(X)
    last.set_weights(layer.get_weights())
    np.testing.assert_allclose(np.asarray(last(X, mask=mask))[2], masked[2, 3], rtol=1e-5, atol=1e-6)


def test_states_go_in_and_out(engine):
    theirs, mine = twins(X, return_state=True)
    h, c = (np.random.default_rng(i).standard_normal((3, 5, 4, 2)).astype("float32") for i in range(2))
    for a, b in zip(mine(X, initial_state=[h, c]), theirs(X, initial_state=[h, c]), strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-4, atol=1e-5)
    assert [tuple(s) for s in mine.compute_output_shape(X.shape)] == [(3, 5, 4, 2)] * 3


def test_stateful_layers_go_on(engine):
    theirs, mine = (video(k, stateful=True) for k in (keras, lamina))
    theirs(X), mine(X)
    mine.set_weights(theirs.get_weights())
    for layer in (theirs, mine):
        layer.reset_state()
    for part in (X[:, :1], X[:, 1:3], X[:, 3:]):
        np.testing.assert_allclose(np.asarray(mine(part)), np.asarray(theirs(part)), rtol=1e-4, atol=1e-5)
    whole = video(lamina)
    whole(X)
    whole.set_weights(mine.get_weights())
    mine.reset_state()
    for t in range(4):
        last = mine(X[:, t : t + 1])
    np.testing.assert_allclose(np.asarray(last), np.asarray(whole(X)), rtol=1e-5, atol=1e-6)


def test_one_mask_for_all_steps(engine):
    """Equal frames, no recurrence: c1 = i g and c2 = f c1 + i g, so that c2 / c1 - 1 is the forget gate, if i and g
    stay as they are."""
    frames = np.repeat(X[:, :1], 2, axis=1)
    cells = []
    for steps in (1, 2):
        layer = video(lamina, dropout=0.5, recurrent_initializer="zeros", return_state=True, seed=7)
        layer(frames)
        layer.cell.kernel.assign(np.random.default_rng(2).standard_normal(layer.cell.kernel.shape))
        cells.append(np.asarray(layer(frames[:, :steps], training=True)[2]))
    one, two = cells
    alive = np.abs(one) > 1e-3
    assert alive.mean() > 0.5
    forget = two[alive] / one[alive] - 1
    assert (forget > 0).all() and (forget < 1).all()


def test_dropout_draws_anew(engine):
    layer = video(lamina, dropout=0.5, recurrent_dropout=0.3, return_sequences=True, seed=7)
    first, second, off = np.asarray(layer(X, training=True)), np.asarray(layer(X, training=True)), np.asarray(layer(X))
    assert not np.allclose(first, second) and not np.allclose(first, off)
    np.testing.assert_array_equal(off, np.asarray(layer(X)))


def test_files_both_ways(tmp_path, engine):
    both_ways(
        tmp_path,
        lambda k: k.Sequential(
            [k.Input(X.shape[1:]), video(k, return_sequences=True), k.layers.ConvLSTM2D(1, 2), k.layers.Flatten()]
        ),
        X.shape,
    )


def test_misuse():
    misuse(lambda k: k.layers.ConvLSTM2D(1, 1, strides=2, dilation_rate=3), ["strides", "dilation_rate"])
    misuse(lambda k: k.layers.ConvLSTM2D(1, 3)(k.Input((4, None, 5, 2))), ["static", "None"])
    misuse(lambda k: k.layers.ConvLSTM2D(1, 3)(X[0]), ["ndim=5", "ndim=4"])
