"""Tensors and variables among NumPy arrays: operators give tensors, NumPy's functions give arrays."""

import lamina as keras
import numpy as np
import pytest

T = keras.ops.ones((3,), dtype="float32")
A = np.arange(3, dtype="float32")


@pytest.mark.parametrize(
    "value",
    [
        lambda: A + T,
        lambda: T + A,
        lambda: A > T,
        lambda: np.float32(2) * T,
        lambda: np.ones((2, 3), "float32") @ T,
        lambda: A * keras.Variable(A),
    ],
)
def test_operators_give_tensors(value):
    assert isinstance(value(), keras.Tensor)


def test_functions_of_numpy_give_arrays():
    v = keras.Variable(A)
    assert np.min(v) == 0 and np.max(T) == 1
    np.testing.assert_array_equal(np.exp(v), np.exp(A))
    np.testing.assert_array_equal(np.stack([T, T]), np.ones((2, 3)))


@pytest.mark.parametrize("layer", ["identity", "reshape", "relu", "kept"])
def test_predictions_have_memory_of_their_own(engine, layer):
    """predict_on_batch reads the array where it lies; what it gives must not."""
    make = {
        "identity": lambda: keras.layers.Activation("linear"),
        "reshape": lambda: keras.layers.Reshape((2, 3)),
        "relu": lambda: keras.layers.ReLU(),
        "kept": lambda: keras.layers.Identity(),
    }[layer]
    model = keras.Sequential([keras.Input((6,)), make()])
    x = np.arange(24, dtype="float32").reshape(4, 6)
    for _ in range(3):
        first = model.predict_on_batch(x)
        want = first.copy()
        x += 1
        np.testing.assert_array_equal(first, want)
        first[:] = -1
        np.testing.assert_array_equal(model.predict_on_batch(x).reshape(4, 6), x)


class Remembering(keras.Model):
    """Keeps the last batch in a variable."""

    def __init__(self):
        super().__init__()
        self.last = self.add_weight(shape=(4, 6), initializer="zeros", trainable=False)
        self.dense = keras.layers.Dense(6)

    def call(self, x):
        return self.dense(x)

    def train_step(self, data):
        self.last.assign(data[0])
        return {"loss": keras.ops.sum(self(data[0]))}

    def predict_step(self, x):
        self.last.assign(x)
        return self(x)


def test_variables_have_memory_of_their_own(engine):
    model = Remembering()
    model.compile("sgd", "mse")
    x = np.arange(24, dtype="float32").reshape(4, 6)
    steps = [
        lambda: model.predict_on_batch(x),
        lambda: model.train_on_batch(x, x),
        lambda: model.fit(x, x, batch_size=4, shuffle=False, verbose=0),
        lambda: model.predict(x, verbose=0),
    ]
    for step in steps * 2:
        step()
        want = x.copy()
        x += 1
        np.testing.assert_array_equal(np.asarray(model.last), want)
    tensor = keras.ops.convert_to_tensor(x)
    variable = keras.Variable(tensor)
    want = x.copy()
    x += 1
    np.testing.assert_array_equal(np.asarray(variable), want)
