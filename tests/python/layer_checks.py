"""What tests of a family of layers share: one layer, or a model with it, against real Keras."""

import json

import keras
import lamina
import numpy as np


def _symbolic(layer, k, shape):
    return tuple(layer.compute_output_shape(shape)), tuple(
        k.layers.deserialize(k.layers.serialize(layer))(k.Input(shape[1:])).shape[1:]
    )


def check_layer(name, config, shape):
    """Config, weights, shapes, outputs and gradients with respect to input and weights."""
    x = np.random.default_rng(3).standard_normal(shape).astype("float32")
    theirs, mine = getattr(keras.layers, name)(**config), getattr(lamina.layers, name)(**config)
    drop = lambda c: {key: v for key, v in c.items() if key not in ("name", "dtype", "kernel_initializer")}
    assert (
        json.loads(json.dumps(drop(mine.get_config()), default=str)).keys()
        == json.loads(json.dumps(drop(theirs.get_config()), default=str)).keys()
    )
    for key in (
        "kernel_size",
        "strides",
        "padding",
        "data_format",
        "dilation_rate",
        "groups",
        "output_padding",
        "pool_size",
        "output_size",
        "depth_multiplier",
        "keepdims",
    ):
        assert mine.get_config().get(key) == theirs.get_config().get(key), key
    a = np.asarray(theirs(x))
    mine(x)
    assert [(w.name, tuple(w.shape)) for w in mine.weights] == [(w.name, tuple(w.shape)) for w in theirs.weights]
    mine.set_weights(theirs.get_weights())
    np.testing.assert_allclose(np.asarray(mine(x)), a, rtol=1e-4, atol=1e-5)
    assert _symbolic(mine, lamina, shape) == _symbolic(theirs, keras, shape)

    import jax

    target = np.random.default_rng(4).standard_normal(a.shape).astype("float32")
    values, others = [w.value for w in theirs.trainable_variables], [w.value for w in theirs.non_trainable_variables]

    def loss(values, x):
        y, _ = theirs.stateless_call(values, others, x)
        return (y * target).sum()

    expected = jax.grad(loss, (0, 1))(values, x)

    def gradients(inputs):
        with lamina.GradientTape() as tape:
            tape.watch(inputs)
            y = lamina.ops.sum(mine(inputs) * target)
        return tape.gradient(y, [*mine.trainable_weights, inputs])

    found = gradients(lamina.ops.convert_to_tensor(x))
    for e, f in zip([*expected[0], expected[1]], found, strict=True):
        np.testing.assert_allclose(np.asarray(f), np.asarray(e), rtol=1e-3, atol=1e-4)
    if lamina.config.engine() == "eager":
        return
    # A compiled step, which runs through the graph's passes.
    steps = []
    for k in (keras, lamina):
        layer = theirs if k is keras else mine
        model = k.Sequential([k.Input(shape[1:]), layer])
        model.compile(k.optimizers.SGD(0.01), "mse")
        model.fit(x, target, batch_size=shape[0], epochs=2, verbose=0, shuffle=False)
        steps.append(model.get_weights())
    for e, f in zip(*steps, strict=True):
        np.testing.assert_allclose(f, e, rtol=1e-3, atol=1e-4)


def both_ways(folder, build, shape):
    """A .keras file of either is read by the other, with the same predictions."""
    x = np.random.default_rng(3).standard_normal(shape).astype("float32")
    for k, other in ((keras, lamina), (lamina, keras)):
        model = build(k)
        model.save(folder / f"{k.__name__}.keras")
        again = other.models.load_model(folder / f"{k.__name__}.keras")
        np.testing.assert_allclose(
            np.asarray(again.predict(x, verbose=0)), np.asarray(model.predict(x, verbose=0)), rtol=1e-4, atol=1e-5
        )


def misuse(do, words):
    """Keras' kind of error, with all of `words` in the message."""
    kinds = []
    for k in (keras, lamina):
        try:
            do(k)
        except Exception as e:
            kinds.append(e)
        else:
            kinds.append(None)
    theirs, mine = kinds
    assert mine is not None, "nothing was raised"
    for word in words:
        assert word in str(mine), f"{word!r} is not in {mine}"
    assert theirs is None or isinstance(mine, type(theirs)) or isinstance(theirs, type(mine)), (
        f"Keras raises {type(theirs).__name__}, here {type(mine).__name__}"
    )
