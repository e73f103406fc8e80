"""build() called by hand, on built-in and users' layers, beside Keras'."""

import keras
import lamina
import numpy as np
import pytest


def _built_by_hand(k):
    class Base(k.layers.Layer):
        def build(self, input_shape):
            self.times = getattr(self, "times", 0) + 1
            self.dense = k.layers.Dense(2)
            self.dense.build(input_shape)
            self.w = self.add_weight(shape=(2,), name="w")

        def call(self, x):
            return self.dense(x) + self.w

    class Chained(Base):
        def build(self, input_shape):
            super().build(input_shape)
            self.v = self.add_weight(shape=(1,), name="v")

    class Two(k.layers.Layer):
        def build(self, a_shape, b_shape):
            self.w = self.add_weight(shape=(a_shape[-1], b_shape[-1]), name="w")

        def call(self, a, b):
            return a @ self.w * b

    class Mixin:
        def build(self, input_shape):
            self.w = self.add_weight(shape=(input_shape[-1],), name="w")

    class Mixed(Mixin, k.layers.Layer):
        def call(self, x):
            return x * self.w

    class Net(k.Model):
        def build(self, input_shape):
            self.dense = k.layers.Dense(2)
            self.dense.build(input_shape)

        def call(self, x):
            return self.dense(x)

    class Attending(k.layers.MultiHeadAttention):
        def build(self, query_shape, value_shape, key_shape=None):
            super().build(query_shape, value_shape, key_shape)
            self.w = self.add_weight(shape=(1,), name="w")

    class Wider(k.layers.Dense):
        def build(self, input_shape):
            super().build(input_shape)
            self.w = self.add_weight(shape=(1,), name="w")

    class Stack(k.Sequential):
        def build(self, input_shape=None):
            super().build(input_shape)
            self.times = getattr(self, "times", 0) + 1

    return {
        "stack": lambda: Stack([k.layers.Dense(2)], name="l"),
        "attending": lambda: Attending(2, 4, name="l"),
        "wider": lambda: Wider(2, name="l"),
        "base": lambda: Base(name="l"),
        "chained": lambda: Chained(name="l"),
        "two": lambda: Two(name="l"),
        "mixed": lambda: Mixed(name="l"),
        "net": lambda: Net(name="l"),
        "dense": lambda: k.layers.Dense(2, name="l"),
    }


@pytest.mark.parametrize("name", ["stack", "attending", "wider", "base", "chained", "two", "mixed", "net", "dense"])
def test_build_called_by_hand(name):
    """As Keras': once, with the layer's path, shapes for files, and locked afterwards."""
    seen = []
    for k in (keras, lamina):
        layer = _built_by_hand(k)[name]()
        shapes = (
            ((None, 4), (None, 3))
            if name == "two"
            else ((None, 5, 8), (None, 5, 8))
            if name == "attending"
            else ((None, 4),)
        )
        layer.build(*shapes)
        before = layer.weights
        layer(*[np.ones((2, *s[1:]), "float32") for s in shapes])
        assert len(layer.weights) == len(before) and all(a is b for a, b in zip(layer.weights, before))
        if name != "stack":  # Keras leaves those open
            with pytest.raises(ValueError):
                layer.add_weight(shape=(1,))
        seen.append(
            (
                layer.built,
                getattr(layer, "times", None),
                layer.get_build_config(),
                [(w.path.split("/")[0], w.path.split("/")[-1], tuple(w.shape)) for w in layer.weights],
            )
        )
    assert seen[0] == seen[1]


def test_further_arguments_reach_build():
    class Scaled(lamina.layers.Layer):
        def build(self, input_shape, init="zeros", *, scale=1.0):
            self.w = self.add_weight(shape=(input_shape[-1],), initializer=init, name="w")
            self.scale = scale

        def call(self, x):
            return x * self.w * self.scale

    for args, kwargs in [(("ones",), {"scale": 3.0}), ((), {"init": "ones", "scale": 3.0})]:
        layer = Scaled()
        layer.build((None, 8), *args, **kwargs)
        assert layer.built and layer.scale == 3 and layer.w.numpy().tolist() == [1.0] * 8
        assert layer.get_build_config() == {"input_shape": (None, 8)}
    plain = Scaled()
    plain(np.ones((2, 8), "float32"))
    assert plain.scale == 1 and plain.w.numpy().tolist() == [0.0] * 8
