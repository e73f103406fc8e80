"""Metrics of layers within a model: they are the model's."""

import lamina as keras
import numpy as np
import pytest
from lamina import layers

X, Y = np.ones((4, 2), "float32"), np.ones((4, 3), "float32")


def compiled(*within):
    model = keras.Sequential([keras.Input((2,)), *within, layers.Dense(3, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    return model


class Measured(layers.Layer):
    def __init__(self, name):
        super().__init__()
        self.metric = keras.metrics.Mean(name=name)

    def call(self, x):
        self.metric.update_state(x)
        return x


class Around(layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = Measured("deep")

    def call(self, x):
        return self.inner(x)


class Within(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner, self.own = Measured("in_model"), keras.metrics.Mean(name="of_model")

    def call(self, x):
        return self.inner(x)


@pytest.mark.parametrize(
    "make, names",
    [
        (lambda: Measured("a"), ["a"]),
        (Around, ["deep"]),
        (Within, ["in_model"]),
        (lambda: keras.Sequential([Measured("s")]), ["s"]),
    ],
    ids=["layer", "layer_in_layer", "layer_in_model", "layer_in_sequential"],
)
def test_metrics_of_layers_are_the_models(make, names, engine):
    model = compiled(make())
    assert [m.name for m in model.metrics if m.name not in ("loss", "compile_metrics")] == names
    logs = model.fit(2 * X, Y, verbose=0, epochs=2).history
    assert set(logs) == {"loss", *names} and logs[names[0]] == [2, 2]
    assert model.evaluate(3 * X, Y, verbose=0, return_dict=True)[names[0]] == 3
