"""Control flow against real Keras on JAX: values and gradients on both engines, functional models, what goes wrong."""

import keras
import lamina
import numpy as np
import pytest

RNG = np.random.default_rng(0)
X = RNG.standard_normal((4, 3)).astype("float32")


# name -> (ops, x (4, 3), w (3, 3)) -> a structure of tensors
PROGRAMS = {
    "cond": lambda o, x, w: o.cond(
        o.sum(x) > 0, lambda: (o.matmul(x, w), o.tanh(x)), lambda: (o.matmul(x, w) * 2.0, x)
    ),
    "cond_number": lambda o, x, w: o.cond(False, lambda: {"a": x, "b": x}, lambda: {"a": o.matmul(x, w), "b": x}),
    "switch": lambda o, x, w: o.switch(
        o.argmax(o.sum(x, axis=1)), [lambda a: a * 2.0, lambda a: o.matmul(a, w), lambda a: o.exp(a)], x
    ),
    "while": lambda o, x, w: (
        o.stop_gradient(o.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, o.matmul(v, w)), (0, x))[1]) + x
    ),
    "while_most": lambda o, x, w: (
        o.stop_gradient(o.while_loop(lambda v: o.sum(o.abs(v)) < 1e6, lambda v: v * 3.0, x, maximum_iterations=4)) + x
    ),
    "fori": lambda o, x, w: o.fori_loop(1, 5, lambda i, v: o.tanh(o.matmul(v, w)) * o.cast(i, "float32"), x),
    "scan": lambda o, x, w: o.scan(lambda c, r: (o.tanh(o.matmul(c, w) + r), o.sum(c)), x[0], x),
    "scan_reverse": lambda o, x, w: o.scan(
        lambda c, r: ({"h": o.tanh(c["h"] + r["x"])}, (c["h"], r["x"] * 2.0)),
        {"h": x[0]},
        {"x": o.matmul(x, w)},
        reverse=True,
    ),
    "scan_length": lambda o, x, w: o.scan(lambda c, _: (o.matmul(c, w), None), x, length=3)[0],
    "map": lambda o, x, w: o.map(lambda r: {"a": o.sum(r * w), "b": r * r}, x),
    "vectorized_map": lambda o, x, w: o.vectorized_map(lambda r: o.matmul(w, r[0]) * r[1], [x, o.sum(x, axis=1)]),
    "associative_scan": lambda o, x, w: o.associative_scan(
        lambda a, b: (a[0] * b[0], a[1] * b[0] + b[1]), (x, o.matmul(x, w))
    ),
    "associative_scan_reverse": lambda o, x, w: o.associative_scan(lambda a, b: a + b, x, reverse=True, axis=1),
    "nested": lambda o, x, w: o.scan(
        lambda c, r: (
            o.cond(o.sum(c) > 0, lambda: o.fori_loop(0, 2, lambda i, v: o.tanh(o.matmul(v, w)), c + r), lambda: c - r),
            o.sum(r),
        ),
        x[0],
        x,
    ),
}


def layer_of(k, program):
    class Program(k.layers.Layer):
        def build(self, shape):
            self.w = self.add_weight(shape=(3, 3), name="w", initializer="zeros")

        def call(self, x):
            parts = k.tree.flatten(program(k.ops, x, self.w))
            return sum(
                k.ops.sum(k.ops.sin(k.ops.cast(p, "float32"))) for p in parts if p is not None
            ) + 0.0 * k.ops.sum(self.w)

    return Program()


def trained(k, program):
    """The loss and the weight after a step of gradient descent: values and gradients."""
    layer = layer_of(k, program)

    class Outer(k.Model):
        def __init__(self):
            super().__init__()
            self.inner = layer

        def call(self, x):
            return k.ops.reshape(self.inner(x), (1, 1)) * k.ops.ones((4, 1))

    model = Outer()
    model(X)
    model.set_weights([np.linspace(-0.7, 0.8, 9, dtype="float32").reshape(3, 3)])
    model.compile(k.optimizers.SGD(0.1), "mse")
    loss = model.fit(X, np.zeros((4, 1), "float32"), batch_size=4, shuffle=False, verbose=0).history["loss"]
    return loss, model.get_weights()[0]


@pytest.mark.parametrize("name", PROGRAMS)
def test_values_and_gradients(engine, name):
    (a, v), (b, w) = trained(keras, PROGRAMS[name]), trained(lamina, PROGRAMS[name])
    np.testing.assert_allclose(b, a, rtol=2e-5)
    np.testing.assert_allclose(w, v, rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize("name", PROGRAMS)
def test_called_by_itself(engine, name):
    w = np.linspace(-0.7, 0.8, 9, dtype="float32").reshape(3, 3)
    theirs, mine = (
        k.tree.flatten(PROGRAMS[name](k.ops, k.ops.convert_to_tensor(X), k.ops.convert_to_tensor(w)))
        for k in (keras, lamina)
    )
    for a, b in zip(theirs, mine, strict=True):
        np.testing.assert_allclose(np.asarray(b), np.asarray(a), rtol=2e-5, atol=1e-6)


def test_functional_models(engine):
    x = lamina.Input((5,))
    calls = {
        "Scan": lamina.ops.scan(lambda c, r: (c + r, c), lamina.KerasTensor((5,)), x)[1],
        "Map": lamina.ops.map(lambda r: r * 2.0, x),
        "VectorizedMap": lamina.ops.vectorized_map(lambda r: {"a": r * 2.0}, x)["a"],
        "WhileLoop": lamina.ops.while_loop(lambda v: lamina.ops.sum(v) < 9.0, lambda v: v + 1.0, x),
        "ForiLoop": lamina.ops.fori_loop(0, 3, lambda i, v: v + 1.0, x),
        "AssociativeScan": lamina.ops.associative_scan(lambda a, b: a + b, x, axis=1),
        "Switch": lamina.ops.switch(1, [lambda v: v, lambda v: v * 2.0], x),
    }
    for name, out in calls.items():
        assert out._keras_history.operation.name.startswith(lamina._lamina.snake_case(name)), name
    for name in ("Map", "VectorizedMap", "WhileLoop", "ForiLoop", "AssociativeScan", "Switch"):
        model = lamina.Model(x, calls[name])
        assert model.output_shape == (None, 5), name
        assert model.predict(np.ones((2, 5), "float32"), verbose=0).shape == (2, 5)


# the call, the kind of error, what the message says
MISUSES = [
    (lambda o: o.cond(X[0] > 0, lambda: 0, lambda: 1), TypeError, "`pred` must be a scalar, received bool"),
    (lambda o: o.cond(True, 3, lambda: 1), TypeError, "`true_fn` should be a callable"),
    (lambda o: o.scan(3, 0.0, X), TypeError, "`f` should be a callable"),
    (lambda o: o.scan(lambda c, r: (c, c), 0.0), ValueError, "to scan over and `length` is None"),
    (lambda o: o.scan(lambda c, r: (c, c), 0.0, X, length=7), ValueError, "`length`=7; received 7 and 4"),
    (lambda o: o.scan(lambda c, r: (c, c), 0.0, X, unroll=0), ValueError, "positive integer or boolean"),
    (lambda o: o.scan(lambda c, r: c, o.zeros((3,)), X), TypeError, r"must return a pair \(carry, y\)"),
    (lambda o: o.scan(lambda c, r: (o.zeros((2,)), c), o.zeros((3,)), X), TypeError, r"float32\(3,\).*float32\(2,\)"),
    (
        lambda o: o.while_loop(lambda v: v < 3.0, lambda v: o.reshape(v, (1,)), 0.0),
        TypeError,
        "must have the same structure, shapes and dtypes",
    ),
    (
        lambda o: o.while_loop(lambda v: v < 3.0, lambda v: v + 1.0, X),
        TypeError,
        "what `cond` returns must be a scalar",
    ),
    (lambda o: o.fori_loop(0, 2, lambda i, v: (v, v), 0.0), TypeError, "must have the same structure"),
    (lambda o: o.associative_scan(lambda a, b: a, (X, X[:2])), ValueError, "must have the same first dimension"),
    (lambda o: o.switch(0, [], X), ValueError, "at least one function"),
]


@pytest.mark.parametrize("which", range(len(MISUSES)))
def test_misuses(engine, which):
    misuse, kind, words = MISUSES[which]
    with pytest.raises(kind, match=words):
        misuse(lamina.ops)


def test_branches_that_differ_are_refused_in_a_compiled_model():
    layer = layer_of(lamina, lambda o, x, w: o.cond(o.sum(x) > 0, lambda: x, lambda: o.sum(x)))
    model = lamina.Sequential([layer])
    lamina.config.set_engine("graph")
    with pytest.raises((TypeError, ValueError), match=r"true_fn: float32\(4, 3\); false_fn: float32\(\)|same kind"):
        model.predict(X, verbose=0)
