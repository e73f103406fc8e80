"""When a model's compiled steps are compiled again: after changes to its own layers, and not after anything done to
others."""

import lamina as keras
import numpy as np
import pytest

X = np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4)


class Counting(keras.layers.Layer):
    """The identity; counts how often its Python code runs, which in a compiled step is once per compilation."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.calls = 0

    def call(self, x):
        self.calls += 1
        return x * 1.0


class Wrapping(keras.Model):
    """Makes its layers when it is built."""

    def __init__(self):
        super().__init__()
        self.counting = Counting()

    def build(self, shape):
        self.dense = keras.layers.Dense(2)
        self.dense.build(shape)

    def call(self, x):
        return self.dense(self.counting(x))


def functional():
    counting = Counting()
    dense = keras.layers.Dense(2)
    return keras.Sequential([keras.Input((4,)), counting, dense]), counting, dense


def nested():
    inner, counting, dense = functional()
    x = keras.Input((4,))
    return keras.Model(x, inner(x)), counting, dense


def subclassed():
    model = Wrapping()
    model.build((None, 4))
    return model, model.counting, model.dense


MODELS = pytest.mark.parametrize("make", [functional, nested, subclassed])


@MODELS
def test_other_layers_do_not_matter(make, engine):
    model, counting, _ = make()
    want = model.predict_on_batch(X)
    compiled = counting.calls
    for _ in range(3):
        other, _, dense = make()  # layers made, built, called and changed
        other.predict_on_batch(X)
        dense.activation = "relu"
        np.testing.assert_array_equal(model.predict_on_batch(X), want)
        np.testing.assert_array_equal(model.predict(X, verbose=0), want)
    assert counting.calls == compiled or engine == "eager"


@MODELS
def test_own_layers_do(make, engine):
    model, counting, dense = make()
    want = model.predict_on_batch(X)
    compiled = counting.calls
    dense.activation = "relu"
    np.testing.assert_array_equal(model.predict_on_batch(X), np.maximum(want, 0))
    assert counting.calls == compiled + 1 or engine == "eager"
    np.testing.assert_array_equal(model.predict_on_batch(X), np.maximum(want, 0))
    assert counting.calls == compiled + 1 or engine == "eager"
    dense.activation = "linear"
    np.testing.assert_array_equal(model.predict_on_batch(X), want)


@MODELS
def test_training_goes_on(make, engine):
    model, counting, dense = make()
    model.compile("sgd", "mse")
    y = np.zeros((3, 2), "float32")
    for _ in range(2):
        model.train_on_batch(X, y)
    compiled = counting.calls
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.train_on_batch(X, y)
    assert counting.calls == compiled or engine == "eager"
    dense.activation = "relu"
    model.train_on_batch(X, y)
    assert counting.calls > compiled


def test_layers_made_by_the_first_call(engine):
    model = Wrapping()
    want = model.predict_on_batch(X)
    compiled = model.counting.calls
    functional()[2].activation = "relu"
    np.testing.assert_array_equal(model.predict_on_batch(X), want)
    assert model.counting.calls == compiled or engine == "eager"
