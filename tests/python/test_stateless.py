"""Calls as pure functions of variables' values: stateless_call and its kin, and gradients through them and through
compiled functions."""

import lamina as keras
import numpy as np
import pytest
from lamina import ops


def net():
    return keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, activation="tanh", dtype="float64"),
            keras.layers.BatchNormalization(dtype="float64"),
            keras.layers.Dense(1, dtype="float64"),
        ]
    )


def numeric(f, values, step=1e-6):
    """Central differences of a function of arrays."""
    grads = []
    for k, v in enumerate(values):
        g = np.zeros_like(v)
        for i in np.ndindex(v.shape):
            ends = []
            for sign in (1, -1):
                moved = [a.copy() for a in values]
                moved[k][i] += sign * step
                ends.append(float(f(moved)))
            g[i] = (ends[0] - ends[1]) / (2 * step)
        grads.append(g)
    return grads


def test_gradients_flow_to_the_given_values(engine):
    model = net()
    random = np.random.default_rng(1)
    x, y = random.normal(size=(6, 3)), random.normal(size=(6, 1))
    before = [w.copy() for w in model.get_weights()]
    nontrainable = [v.value for v in model.non_trainable_variables]

    def loss(values):
        out, _ = model.stateless_call(values, nontrainable, x, training=True)
        return ops.mean((out - y) ** 2)

    values = [random.normal(size=v.shape) for v in model.trainable_variables]
    value, grads = keras.value_and_grad(loss)(values)
    assert float(value) == pytest.approx(float(loss(values)))
    for got, want in zip(grads, numeric(loss, values)):
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-8)
    for w, b in zip(model.get_weights(), before):
        np.testing.assert_array_equal(w, b)


def test_a_training_loop_without_state(engine):
    """As Keras' guide for JAX writes it; the same as fit() on the variables."""
    x, y = np.ones((4, 3), "float32") * np.arange(1, 5)[:, None].astype("float32"), np.ones((4, 1), "float32")

    def fresh():
        keras.utils.set_random_seed(5)
        return keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(4), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
        ), keras.optimizers.Adam(0.1)

    model, adam = fresh()
    adam.build(model.trainable_variables)
    mean = keras.metrics.Mean()

    def loss(trainable, nontrainable, x, y):
        out, nontrainable = model.stateless_call(trainable, nontrainable, x, training=True)
        return ops.mean((out - y) ** 2), nontrainable

    step = keras.value_and_grad(loss, has_aux=True)
    tv, nv, ov, mv = (
        [v.value for v in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables, adam.variables, mean.variables)
    )
    for _ in range(3):
        (value, nv), grads = step(tv, nv, x, y)
        tv, ov = adam.stateless_apply(ov, grads, tv)
        mv = mean.stateless_update_state(mv, value)
    assert float(mean.result()) == 0  # its variables were never touched
    fitted, other = fresh()
    fitted.compile(other, "mse")
    losses = [fitted.train_on_batch(x, y) for _ in range(3)]
    for a, v in zip(tv + nv, fitted.trainable_variables + fitted.non_trainable_variables):
        np.testing.assert_allclose(a, v, rtol=1e-5, atol=1e-6)
    assert float(mean.stateless_result(mv)) > 0 and len(losses) == 3


def test_scope(engine):
    a, b = keras.Variable([1.0, 2.0], name="a"), keras.Variable(3.0)
    with keras.StatelessScope([(a, [5, 6])]) as scope:
        assert ops.convert_to_numpy(a + 0).tolist() == [5, 6] and a.dtype == "float32"
        a.assign_add([1.0, 1.0])
        b.assign(9.0)
        assert a.numpy().tolist() == [6, 7] and float(b) == 9
        with keras.StatelessScope() as inner:
            assert a.numpy().tolist() == [1, 2]
            a.assign([0.0, 0.0])
        assert inner.get_current_value(a).numpy().tolist() == [0, 0]
        assert a.numpy().tolist() == [6, 7]
    assert a.numpy().tolist() == [1, 2] and float(b) == 3
    assert scope.get_current_value(a).numpy().tolist() == [6, 7] and float(scope.get_current_value(b)) == 9
    assert scope.get_current_value(keras.Variable(0.0)) is None
    with pytest.raises(ValueError, match="shape"):
        keras.StatelessScope([(a, [1.0, 2.0, 3.0])])
    with pytest.raises(ValueError, match="must be Variable instances"):
        keras.StatelessScope([("a", 1.0)])


def test_gradient_through_compiled_functions(engine):
    w = keras.Variable(np.array([1.5, -2.0]), dtype="float64")
    x = np.array([0.5, 3.0])
    f = keras.function(lambda x: ops.sum((w * x) ** 3))
    for _ in range(2):  # compiled by then on the graph engine
        f(x)
    with keras.GradientTape() as tape:
        value = f(x)
    np.testing.assert_allclose(tape.gradient(value, [w])[0], 3 * (w.numpy() * x) ** 2 * x, rtol=1e-12)
    np.testing.assert_allclose(keras.grad(f)(x), 3 * (w.numpy() * x) ** 2 * w.numpy(), rtol=1e-12)
    np.testing.assert_allclose(keras.grad(lambda x: ops.sum(keras.grad(f)(x)))(x), 6 * w.numpy() ** 3 * x, rtol=1e-12)


def test_functions_keep_a_bounded_number_of_signatures_and_are_freed():
    import gc
    import weakref

    class Held:
        pass

    held = Held()
    f = keras.function(lambda x, k=0, held=held: x + k)
    for k in range(100):
        f(np.ones(3, "float32"), k=k)
    assert len(f._compiled) <= 64
    for n in range(1, 100):
        f(np.ones(n, "float32"))
    compiled, _ = next(reversed(f._compiled.values()))
    assert compiled.signatures() <= 64
    gone = weakref.ref(held)
    del f, held, compiled
    gc.collect()
    assert gone() is None
