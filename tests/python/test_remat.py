"""RematScope and remat: the same training from less memory."""

import lamina as keras
import numpy as np
import pytest

MODES = [
    {"mode": "full"},
    {"mode": "activations"},
    {"mode": "larger_than", "output_size_threshold": 100},
    {"mode": "larger_than", "output_size_threshold": 10**6},
    {"mode": "list_of_layers", "layer_names": ["hidden", "drop"]},
    {"mode": None},
]


def net(scope=None):
    keras.utils.set_random_seed(3)
    layers = lambda: [  # noqa: E731
        keras.layers.Dense(16, activation="tanh", name="hidden"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.3, seed=5, name="drop"),
        keras.layers.Dense(8, activation=keras.layers.LeakyReLU(0.1)),
        keras.layers.Dense(3, activation="softmax"),
    ]
    if scope is None:
        parts = layers()
    else:
        with keras.RematScope(**scope):
            parts = layers()
    model = keras.Sequential([keras.Input((6,)), *parts])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def data():
    rng = np.random.default_rng(1)
    return rng.normal(size=(40, 6)).astype("float32"), rng.integers(0, 3, 40)


@pytest.mark.parametrize("scope", MODES, ids=lambda s: f"{s['mode']}-{s.get('output_size_threshold', '')}")
def test_training_is_the_same(engine, scope):
    x, y = data()
    plain, anew = net(), net(scope)
    anew.set_weights(plain.get_weights())
    first = plain.fit(x, y, batch_size=10, epochs=3, shuffle=False, verbose=0).history["loss"]
    second = anew.fit(x, y, batch_size=10, epochs=3, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(second, first, rtol=2e-5)
    for a, b in zip(anew.get_weights(), plain.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-5)
    np.testing.assert_allclose(anew.predict(x, verbose=0), plain.predict(x, verbose=0), rtol=1e-4, atol=1e-5)


def test_users_layers_are_computed_again(engine):
    calls = []

    class Block(keras.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner = keras.layers.Dense(4, activation="tanh")

        def call(self, x):
            calls.append(1)
            return {"y": self.inner(x), "z": keras.ops.sin(x)}

    with keras.RematScope("full"):
        block = Block()
    x = keras.ops.array(np.linspace(-1, 1, 6, dtype="float32").reshape(2, 3))
    block(x)  # builds
    calls.clear()
    with keras.GradientTape() as tape:
        tape.watch(x)
        out = block(x)
        loss = keras.ops.sum(out["y"] ** 2) + keras.ops.sum(out["z"])
    g = tape.gradient(loss, [x, *block.trainable_variables])
    assert len(calls) == 1  # what is computed again are ops, not Python
    plain = np.tanh(np.asarray(x) @ np.asarray(block.inner.kernel))
    expected = (2 * plain * (1 - plain**2)) @ np.asarray(block.inner.kernel).T + np.cos(np.asarray(x))
    np.testing.assert_allclose(g[0], expected, rtol=1e-5)


class Seeing(keras.layers.Layer):
    """Notes whether results can be looked at: not where the call is traced to be computed again."""

    def call(self, x):
        y = keras.ops.sin(x)
        try:
            np.asarray(y)
            self.sees = True
        except Exception:
            self.sees = False
        return y


def test_the_innermost_scope_counts():
    made = {}
    with keras.RematScope("full"):
        made["full"] = Seeing()
        with keras.RematScope(None):
            made["none"] = Seeing()
        made["full again"] = Seeing()
        with keras.RematScope("list_of_layers", layer_names=["other", "this"]):
            made["named"], made["not named"] = Seeing(name="this"), Seeing(name="that")
    made["outside"] = Seeing()
    before = keras.config.engine()
    keras.config.set_engine("eager")
    try:
        with keras.GradientTape():
            for layer in made.values():
                layer(np.ones((2, 3), "float32"))
    finally:
        keras.config.set_engine(before)
    assert {name for name, layer in made.items() if not layer.sees} == {"full", "full again", "named"}
    with pytest.raises(ValueError, match="Invalid mode 'half'"):
        keras.RematScope("half")


def test_rematerialized_call():
    """A user's method is computed again where the scope that the layer was made in asks for it."""

    class Noting(keras.layers.Layer):
        seen = None

        def halved(self, x, *, by=2.0):
            "What it does."
            y = keras.ops.sin(x) / by
            try:
                np.asarray(y)
                self.seen = True
            except Exception:
                self.seen = False
            return {"y": y}

    before = keras.config.engine()
    keras.config.set_engine("eager")
    try:
        x = keras.ops.array([[0.5, 1.0, 1.5]])
        for scope, again in [(None, False), ("full", True), ("list_of_layers", True), ("activations", False)]:
            with keras.RematScope(scope, layer_names=["this"]):
                layer = Noting(name="this")
            f = layer.rematerialized_call(layer.halved, x)
            assert f.__doc__ == "What it does."
            with keras.GradientTape() as tape:
                tape.watch(x)
                loss = keras.ops.sum(f(x, by=4.0)["y"])
            np.testing.assert_allclose(tape.gradient(loss, x), np.cos(x) / 4, rtol=1e-6)
            assert layer.seen is not again, scope
    finally:
        keras.config.set_engine(before)


def test_remat_of_a_function(engine):
    @keras.remat
    def f(x, scale=1.0):
        "What it does."
        return keras.ops.sum(keras.ops.tanh(x * scale) ** 2)

    assert f.__doc__ == "What it does." and f.__name__ == "f"
    x = np.array([0.3, -0.7, 1.1])
    value, gradient = keras.value_and_grad(lambda x: f(x, scale=2.0))(keras.ops.array(x))
    t = np.tanh(2 * x)
    np.testing.assert_allclose(value, np.sum(t**2), rtol=1e-6)
    np.testing.assert_allclose(gradient, 4 * t * (1 - t**2), rtol=1e-6)
    np.testing.assert_allclose(f(x), np.sum(np.tanh(x) ** 2), rtol=1e-6)


def test_variables_are_assigned_in_their_own_dtype(engine):
    """In mixed precision, too, where variables are read in another one."""
    x, y = data()
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        plain, anew = net(), net({"mode": "full"})
    finally:
        keras.config.set_dtype_policy(before)
    anew.set_weights(plain.get_weights())
    for model in (plain, anew):
        model.fit(x, y, batch_size=10, epochs=1, shuffle=False, verbose=0)
    for a, b in zip(anew.non_trainable_variables, plain.non_trainable_variables):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-5)
