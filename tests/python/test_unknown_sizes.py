"""Calls of users' layers that compute with the batch's size, while a functional model is made with an unknown one."""

import keras as real_keras
import lamina
import numpy as np
import pytest
from lamina import ops


def causal_mask(keras):
    """As Keras' text generation example writes it."""
    ops = keras.ops

    class Causal(keras.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.attention = keras.layers.MultiHeadAttention(2, 4)

        def call(self, x):
            batch, length = ops.shape(x)[0], ops.shape(x)[1]
            i, j = ops.arange(length)[:, None], ops.arange(length)
            mask = ops.reshape(ops.cast(i >= j, "bool"), (1, length, length))
            mask = ops.tile(mask, ops.concatenate([ops.expand_dims(batch, -1), ops.convert_to_tensor([1, 1])]))
            return self.attention(x, x, attention_mask=mask)

    return Causal()


def test_causal_mask(engine):
    x = np.random.default_rng(0).normal(size=(3, 5, 8)).astype("float32")
    inputs = lamina.Input((5, 8))
    layer = causal_mask(lamina)
    model = lamina.Model(inputs, layer(inputs))
    assert model.output_shape == (None, 5, 8)
    got = model.predict(x, verbose=0)
    changed = x.copy()
    changed[:, -1] += 1  # later places do not reach earlier ones
    np.testing.assert_array_equal(model.predict(changed, verbose=0)[:, :-1], got[:, :-1])
    assert model.predict(x[:2], verbose=0).shape == (2, 5, 8)
    model.compile("sgd", "mse")
    model.fit(x, got, batch_size=2, verbose=0)


@pytest.mark.parametrize(
    "how",
    [
        lambda x, b: ops.tile(ops.ones((1, 4)), (b, 1)) + x,
        lambda x, b: x * ops.cast(ops.arange(b), "float32")[:, None],
        lambda x, b: ops.matmul(ops.eye(b), x),
        lambda x, b: x / (b * 2),
        lambda x, b: ops.reshape(x, (b * 2, 2)),
        lambda x, b: x + ops.zeros((b, 4)),
        lambda x, b: ops.ones((b, 1), dtype="int32") * 4,  # the lengths of a CTC layer
    ],
)
def test_batch_sizes_as_values(engine, how):
    class Mine(lamina.layers.Layer):
        def call(self, x):
            return how(x, ops.shape(x)[0])

    x = np.arange(12, dtype="float32").reshape(3, 4)
    inputs = lamina.Input((4,))
    outputs = Mine()(inputs)
    want = np.asarray(Mine()(x))
    assert outputs.shape == (None, *want.shape[1:])
    np.testing.assert_array_equal(lamina.Model(inputs, outputs).predict(x, verbose=0), want)


@pytest.mark.parametrize(
    "how",
    [
        lambda x, n: ops.ones((1, n, 1)) * x,
        lambda x, n: x + ops.expand_dims(ops.arange(0, n, 1, dtype="float32"), -1),
        lambda x, n: x + ops.expand_dims(ops.arange(n, dtype="float32"), -1),
        lambda x, n: x[:, : n // 2],
    ],
    ids=["ones", "arange_from_0", "arange", "half"],
)
def test_lengths_as_values(engine, how):
    class Mine(lamina.layers.Layer):
        def call(self, x):
            return how(x, ops.shape(x)[1])

    x = np.arange(24, dtype="float32").reshape(2, 4, 3)
    want = np.asarray(Mine()(x))
    for layer in (Mine(), lamina.layers.Lambda(lambda x: how(x, ops.shape(x)[1]))):
        inputs = lamina.Input((None, 3))
        outputs = layer(inputs)
        assert outputs.shape == (None, None, 3)
        np.testing.assert_array_equal(lamina.Model(inputs, outputs).predict(x, verbose=0), want)


def test_layers_inside_do_not_remember_the_size():
    class Mine(lamina.layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense = lamina.layers.Dense(3)

        def call(self, x):
            return self.dense(x + ops.zeros((ops.shape(x)[0], 4)))

    layer = Mine()
    assert layer(lamina.Input((4,))).shape == (None, 3)
    assert layer.dense.get_build_config() == {"input_shape": (None, 4)}


def test_the_users_own_mistake_is_what_is_told():
    class Mine(lamina.layers.Layer):
        def call(self, x):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        Mine()(lamina.Input((4,)))

    class Other(lamina.layers.Layer):
        def call(self, x):
            return ops.matmul(x, ops.ones((7, 2)))

    with pytest.raises(ValueError, match="None, 4"):
        Other()(lamina.Input((4,)))


def causal(library):
    """A layer that repeats a mask for each sample of a batch, as decoders of transformers do."""
    k = library.ops

    class Causal(library.layers.Layer):
        def call(self, x, other):
            n, length = k.shape(x)[0], k.shape(x)[1]
            steps = k.arange(length)
            mask = k.reshape(k.cast(steps[:, None] >= steps, "float32"), (1, length, length))
            times = k.concatenate([k.expand_dims(n, -1), k.convert_to_tensor([1, 1])], axis=0)
            return k.matmul(k.tile(mask, times), x) + k.sum(other)

    return Causal


def test_a_model_within_a_model():
    library = lamina
    inputs = [library.Input((None, 2)), library.Input((None, 2))]
    inner = library.Model(inputs, causal(library)()(*inputs))
    for wrap in (lambda m, xs: m(xs), lambda m, xs: library.Model(inputs, m(inputs))(xs)):
        outer = [library.Input((None, 2)), library.Input((None, 2))]
        out = wrap(inner, outer)
        assert out.shape == (None, None, 2)
        x = np.ones((3, 4, 2), "float32")
        result = library.Model(outer, out).predict([x, 0 * x], verbose=0)
        np.testing.assert_array_equal(result[..., 0], [[1, 2, 3, 4]] * 3)


@pytest.mark.parametrize("library", [lamina, real_keras])
def test_a_lambda(library):
    twice = library.layers.Lambda(lambda x: library.ops.reshape(x, (library.ops.shape(x)[0] * 2, -1)))
    given = library.Input((6,))
    out = twice(given)
    assert out.shape == (None, 3)
    np.testing.assert_array_equal(
        np.asarray(library.Model(given, out)(np.arange(12.0).reshape(2, 6))), np.arange(12.0).reshape(4, 3)
    )
