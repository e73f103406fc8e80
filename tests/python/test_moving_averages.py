"""Moving averages of weights (use_ema): equal fits give the same bits, and the numbers that Keras' do."""

import keras
import lamina
import numpy as np
import pytest

RNG = np.random.default_rng(11)
X, Y = RNG.standard_normal((20, 6)).astype("float32"), RNG.standard_normal((20, 2)).astype("float32")
START = [RNG.standard_normal(s).astype("float32") * 0.3 for s in ((6, 5), (5,), (5, 2), (2,))]


def fitted(k, optimizer, frequency, dropout=0.0, epochs=3):
    model = k.Sequential(
        [k.Input((6,)), k.layers.Dense(5, activation="tanh"), k.layers.Dropout(dropout, seed=4), k.layers.Dense(2)]
    )
    model.set_weights(START)
    made = getattr(k.optimizers, optimizer)(0.05, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=frequency)
    model.compile(made, "mse")
    history = model.fit(X, Y, batch_size=4, epochs=epochs, shuffle=False, verbose=0).history["loss"]
    return model, history


def averages(model):
    return [np.asarray(v) for v in model.optimizer._model_variables_moving_average]


@pytest.mark.parametrize("frequency", [None, 3])
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_equal_fits_give_the_same_bits(engine, optimizer, frequency):
    runs = []
    for _ in range(2):
        model, history = fitted(lamina, optimizer, frequency, dropout=0.3)
        runs.append(
            (
                history,
                [w.tobytes() for w in model.get_weights()],
                [a.tobytes() for a in averages(model)],
                model.predict(X, verbose=0).tobytes(),
            )
        )
    assert runs[0] == runs[1]


@pytest.mark.parametrize("frequency", [None, 3])
def test_engines_agree(frequency):
    results = []
    for name in ("graph", "eager"):
        before = lamina.config.engine()
        lamina.config.set_engine(name)
        try:
            model, _ = fitted(lamina, "Adam", frequency)
        finally:
            lamina.config.set_engine(before)
        results.append(model.get_weights() + averages(model))
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("frequency", [None, 3])
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_against_keras(engine, optimizer, frequency):
    theirs, expected = fitted(keras, optimizer, frequency)
    mine, history = fitted(lamina, optimizer, frequency)
    np.testing.assert_allclose(history, expected, rtol=1e-4)
    for a, b in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
    for a, b in zip(averages(mine), averages(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
