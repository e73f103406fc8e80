"""Namedtuples in calls and their results stay what they are."""

import collections

import lamina as keras
import numpy as np
import pytest
from lamina import layers, ops

Point = collections.namedtuple("Point", ["x", "y"])


class Turned(layers.Layer):
    """(x, y) as (-y, x)."""

    def call(self, point):
        return Point(x=-point.y, y=point.x)


def points(n=4):
    return np.arange(3.0 * n, dtype="float32").reshape(n, 3)


def same(found, x, y):
    assert type(found) is Point
    np.testing.assert_allclose(found.x, x, rtol=1e-6)
    np.testing.assert_allclose(found.y, y, rtol=1e-6)


def test_a_layers_argument_and_result(engine):
    x = points()
    same(Turned()(Point(ops.array(x), ops.array(2 * x))), -2 * x, x)
    nested = layers.Lambda(lambda p: {"point": [Point(p, p + 1)]})(ops.array(x))
    same(nested["point"][0], x, x + 1)


def test_outputs_of_functional_models(engine):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, Turned()(Point(inputs, 2 * inputs)))
    assert type(model.output) is Point and model.output.x.shape == (None, 3)
    x = points()
    same(model(x), -2 * x, x)
    same(model.predict(x, batch_size=3, verbose=0), -2 * x, x)
    same(model.predict_on_batch(x), -2 * x, x)
    same(keras.models.clone_model(model)(x), -2 * x, x)


def test_outputs_of_subclassed_models(engine):
    class Net(keras.Model):
        def call(self, x):
            return Point(x, y=x * x)

    x = points()
    net = Net()
    same(net.predict(x, batch_size=3, verbose=0), x, x**2)
    same(net(x), x, x**2)


def test_losses_and_data_by_the_names_of_fields(engine):
    inputs = keras.Input((3,))
    outputs = Point(layers.Dense(1, name="a")(inputs), layers.Dense(1, name="b")(inputs))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", loss=Point("mse", "mae"))
    x = points()
    y = Point(x[:, :1], x[:, 1:2])
    history = model.fit(x, y, epochs=1, batch_size=4, verbose=0).history
    found = model.evaluate(x, y, verbose=0, return_dict=True)
    predicted = model.predict(x, verbose=0)
    assert set(history) == {"loss", "a_loss", "b_loss"}
    np.testing.assert_allclose(found["a_loss"], np.mean((predicted.x - y.x) ** 2), rtol=1e-4)
    np.testing.assert_allclose(found["b_loss"], np.mean(np.abs(predicted.y - y.y)), rtol=1e-4)


@pytest.mark.parametrize("compiled", [False, True])
def test_ops_that_call_functions(engine, compiled):
    def f(x):
        start = Point(x, ops.zeros_like(x))
        if_true = ops.cond(ops.sum(x) > 0, lambda: start, lambda: Point(-x, x))
        looped = ops.while_loop(lambda p: ops.sum(p.x) < 100, lambda p: [Point(p.x * 2, p.y + 1)], [start])
        return if_true, looped

    if_true, looped = (keras.function(f) if compiled else f)(ops.array([1.0, 2.0]))
    same(if_true, [1, 2], [0, 0])
    same(looped[0], [64, 128], [6, 6])
