"""Long runs keep their memory: predictions, and models that come and go."""

import gc

import lamina as keras
import numpy as np
import pytest
from lamina import layers

LIMIT = 2 * 1024 * 1024  # bytes of growth after the warm-up


def resident():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * 4096


def net():
    return keras.Sequential(
        [
            keras.Input((20,)),
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.1),
            layers.BatchNormalization(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def grown(step, warm_up, rounds):
    for _ in range(warm_up):
        step()
    gc.collect()
    before = resident()
    for _ in range(rounds):
        step()
    gc.collect()
    return resident() - before


@pytest.mark.parametrize("call", ["predict_on_batch", "__call__"])
def test_ten_thousand_predictions(call):
    model = net()
    x = np.ones((4, 20), "float32")
    assert grown(lambda: getattr(model, call)(x), 500, 10_000) < LIMIT


def test_two_hundred_models():
    x, y = np.ones((32, 20), "float32"), np.zeros((32,), "int32")

    def build_fit_delete():
        model = net()
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, y, batch_size=16, verbose=0)

    assert grown(build_fit_delete, 30, 200) < LIMIT


def test_new_batch_sizes_do_not_pile_up():
    model = net()
    x = np.ones((300, 20), "float32")
    sizes = iter(range(10**9))
    assert grown(lambda: model.predict_on_batch(x[: 1 + next(sizes) % 200]), 400, 800) < LIMIT


def test_predictions_are_arrays_of_their_own():
    """An array takes over the memory of a result that nobody else has, and only of such a one."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="relu")])
    x = np.random.default_rng(0).standard_normal((5, 3), "float32")
    first = model.predict_on_batch(x)
    kept = first.copy()
    assert first.flags.writeable and first.flags.c_contiguous
    first += 1
    second, third = model.predict_on_batch(x), model.predict(x, verbose=0)
    np.testing.assert_array_equal(second, kept)
    np.testing.assert_array_equal(third, kept)
    model.predict_on_batch(x + 1)
    np.testing.assert_array_equal(first, kept + 1)
    del model
    np.testing.assert_array_equal(first, kept + 1)

    same = keras.Sequential([keras.Input((3,)), keras.layers.Identity()])
    out = same.predict_on_batch(x)
    before = x.copy()
    out += 1
    np.testing.assert_array_equal(x, before)

    class Constant(keras.layers.Layer):
        def build(self, shape):
            self.table = self.add_weight(shape=(2, 3), initializer="ones")

        def call(self, x):
            return self.table

    layer = Constant()
    given = keras.Sequential([keras.Input((3,)), layer]).predict_on_batch(x[:2])
    given += 1
    np.testing.assert_array_equal(layer.table.numpy(), np.ones((2, 3)))
