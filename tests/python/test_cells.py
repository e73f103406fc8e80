"""Cells and recurrence layers as their subclasses and callers see them: dropout masks, inner loops, states."""

import keras
import lamina
import numpy as np
import pytest

X = np.random.default_rng(1).standard_normal((3, 4, 5)).astype("float32")
CELLS = {"SimpleRNNCell": 1, "LSTMCell": 2, "GRUCell": 1}


def cell_of(name, k=lamina, **kwargs):
    cell = getattr(k.layers, name)(6, **kwargs)
    cell.build((3, 5))
    return cell


def states(name):
    return [np.full((3, 6), 0.5, "float32")] * CELLS[name]


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("implementation", [1, 2])
def test_masks_are_kept_until_they_are_reset(engine, name, implementation):
    extra = {} if name == "SimpleRNNCell" else {"implementation": implementation}
    mine, theirs = (cell_of(name, k, dropout=0.5, recurrent_dropout=0.4, seed=3, **extra) for k in (lamina, keras))
    for ask, like, rate in (("get_dropout_mask", X[:, 0], 0.5), ("get_recurrent_dropout_mask", states(name)[0], 0.4)):
        found, expected = getattr(mine, ask)(like), getattr(theirs, ask)(like)
        assert isinstance(found, list) == isinstance(expected, list)
        found, expected = (v if isinstance(v, list) else [v] for v in (found, expected))
        assert len(found) == len(expected)
        for mask in found:
            assert mask.shape == like.shape
            values = np.unique(np.asarray(mask))
            assert all(v == 0 or v == pytest.approx(1 / (1 - rate)) for v in values) and len(values) == 2
        again = getattr(mine, ask)(like)
        np.testing.assert_array_equal(
            np.asarray((again if isinstance(again, list) else [again])[0]), np.asarray(found[0])
        )
    first = np.asarray(mine(X[:, 0], states(name), training=True)[0])
    np.testing.assert_array_equal(np.asarray(mine(X[:, 0], states(name), training=True)[0]), first)
    mine.reset_dropout_mask(), mine.reset_recurrent_dropout_mask()
    assert (np.asarray(mine(X[:, 0], states(name), training=True)[0]) != first).any()
    assert np.asarray(mine(X[:2, 0], [s[:2] for s in states(name)], training=True)[0]).shape == (
        2,
        6,
    )  # another batch size: new masks


@pytest.mark.parametrize("name", CELLS)
def test_masks_act_as_in_keras(engine, name):
    """The same masks in both give the same step."""
    mine, theirs = (cell_of(name, k, dropout=0.5, seed=3) for k in (lamina, keras))
    mine.set_weights(theirs.get_weights())
    theirs._dropout_mask = np.asarray(mine.get_dropout_mask(X[:, 0]))
    for training in (True, False):
        a, b = (cell(X[:, 0], states(name), training=training) for cell in (mine, theirs))
        np.testing.assert_allclose(np.asarray(a[0]), np.asarray(b[0]), rtol=1e-4, atol=1e-5)


def test_no_dropout_has_no_mask():
    for k in (keras, lamina):
        cell = cell_of("LSTMCell", k)
        assert cell.get_dropout_mask(X[:, 0]) is None and cell.get_recurrent_dropout_mask(X[:, 0]) is None
        assert cell.implementation == 2 and cell_of("GRUCell", k, recurrent_dropout=0.1).implementation == 1


def test_a_layer_draws_anew_for_every_batch(engine):
    layer = lamina.layers.LSTM(6, dropout=0.5, seed=1)
    a, b = (np.asarray(layer(X, training=True)) for _ in range(2))
    assert (a != b).any()
    layer.cell.get_dropout_mask(X[:, 0])
    np.testing.assert_array_equal(np.asarray(layer(X)), np.asarray(layer(X)))  # kept masks are no matter in inference


def test_masks_of_convolutional_cells(engine):
    x = np.random.default_rng(2).standard_normal((2, 3, 6, 6, 4)).astype("float32")
    layer = lamina.layers.ConvLSTM2D(3, 2, dropout=0.5, seed=2)
    expected = np.asarray(layer(x))
    masks = layer.cell.get_dropout_mask(x[:, 0])
    assert len(masks) == 4 and masks[0].shape == (2, 6, 6, 4)
    zero = layer.get_initial_state(2)
    once = np.asarray(layer.cell(x[:, 0], zero, training=True)[0])
    np.testing.assert_array_equal(np.asarray(layer.cell(x[:, 0], zero, training=True)[0]), once)
    assert (np.asarray(layer.cell(x[:, 0], zero, training=False)[0]) != once).any()
    np.testing.assert_array_equal(np.asarray(layer(x)), expected)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
def test_the_inner_loop(engine, name, masked, backwards):
    mask = np.array([[1, 1, 0, 0], [1, 0, 1, 1], [1, 1, 1, 1]], bool) if masked else None
    results = []
    weights = None
    for k in (keras, lamina):
        layer = getattr(k.layers, name)(
            6, go_backwards=backwards, return_sequences=True
        )  # without it Keras' GRU gives no other outputs
        layer.build(X.shape)
        weights = weights or layer.get_weights()
        layer.set_weights(weights)
        out = layer.inner_loop(
            k.ops.convert_to_tensor(X),
            layer.get_initial_state(3),
            None if mask is None else k.ops.convert_to_tensor(mask),
        )
        results.append([np.asarray(v) for v in (out[0], out[1], *k.tree.flatten(list(out[2])))])
    for a, b in zip(*results, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("sequences", [False, True])
def test_a_subclass_has_a_loop_of_its_own(engine, sequences):
    """It sees each sequence twice as large, and its outputs are doubled."""
    results = []
    for k in (keras, lamina):

        class Doubled(k.layers.GRU):
            def inner_loop(self, sequences, initial_state, mask, training=False):
                last, outputs, states = super().inner_loop(sequences * 2, initial_state, mask, training)
                return last * 2, outputs * 2, states

        layer, plain = Doubled(6, return_sequences=sequences), k.layers.GRU(6, return_sequences=sequences)
        plain.build(X.shape), layer.build(X.shape)
        weights = results[0][1] if results else plain.get_weights()
        layer.set_weights(weights), plain.set_weights(weights)
        results.append((np.asarray(layer(X)), weights))
        np.testing.assert_allclose(results[-1][0], 2 * np.asarray(plain(X * 2)), rtol=1e-5, atol=1e-6)
        i = k.Input(X.shape[1:])
        np.testing.assert_allclose(k.Model(i, layer(i)).predict(X, verbose=0), results[-1][0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(results[1][0], results[0][0], rtol=1e-4, atol=1e-5)


def test_kinds_of_states():
    for k in (keras, lamina):
        assert k.layers.GRU(3).single_state and k.layers.SimpleRNN(3).single_state and not k.layers.LSTM(3).single_state
        assert k.layers.ConvLSTM2D(3, 2).state_size == [-1] and k.layers.ConvLSTM2D(3, 2).single_state
