"""Gradients of gradients, as a gradient penalty takes them: the example on both engines, and its numbers against
JAX."""

import importlib.util
import os
import pathlib
import subprocess
import sys

import jax
import jax.numpy as jnp
import lamina
import numpy as np
import pytest
from lamina import ops

EXAMPLE = pathlib.Path(__file__).parents[2] / "examples/python/gradient_penalty.py"


def example():
    spec = importlib.util.spec_from_file_location("gradient_penalty", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_example_gives_the_same_numbers_on_both_engines(tmp_path):
    printed = {}
    for backend in ("graph", "eager"):
        env = {
            **os.environ,
            "LAMINA_BACKEND": backend,
            "PYTHONPATH": str(pathlib.Path(lamina._lamina.__file__).parents[1]),
        }
        done = subprocess.run([sys.executable, str(EXAMPLE)], cwd=tmp_path, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        first, *rest = done.stdout.splitlines()
        assert first == f"engine: {backend}"
        printed[backend] = [
            float(word) for line in rest for word in line.split() if word[0].isdigit() or word[0] == "-"
        ]
    assert len(printed["graph"]) == 16
    np.testing.assert_allclose(printed["graph"], printed["eager"], rtol=1e-4, atol=1e-5)


def test_the_example_learns(engine, capsys):
    history = example().main()
    assert history["distance"][0] < 0 and history["distance"][-1] > 1
    assert history["penalty"][-1] < 0.1
    assert f"engine: {engine}" in capsys.readouterr().out


def test_without_the_penalty_gradients_grow(engine, capsys):
    """Or the penalty would do nothing."""
    module = example()
    module.PENALTY = 0.0
    assert module.main()["penalty"][-1] > 10


def weights():
    random = np.random.default_rng(1)
    return [random.normal(0, 0.5, shape).astype("float32") for shape in [(2, 8), (8,), (8, 8), (8,), (8, 1)]]


X = np.random.default_rng(2).normal(size=(16, 2)).astype("float32")


def reference(order):
    """The penalty's value and its gradients for the weights, by JAX."""

    def critic(w, x):
        h = jnp.tanh(x @ w[0] + w[1])
        h = jnp.tanh(h @ w[2] + w[3])
        return jnp.sum(h @ w[4])

    def penalty(w):
        slope = jax.grad(critic, argnums=1)(w, X)
        return jnp.mean((jnp.linalg.norm(slope, axis=1) - 1) ** 2)

    value, gradients = jax.value_and_grad(penalty)(weights())
    if order == 2:
        return value, gradients
    return jax.value_and_grad(lambda w: sum(jnp.sum(g**2) for g in jax.grad(penalty)(w)))(weights())


def penalty(variables):
    w = variables

    def critic(x):
        h = ops.tanh(ops.matmul(x, w[0]) + w[1])
        h = ops.tanh(ops.matmul(h, w[2]) + w[3])
        return ops.sum(ops.matmul(h, w[4]))

    slope = lamina.grad(critic)(X)
    return ops.mean(ops.square(ops.sqrt(ops.sum(ops.square(slope), axis=1)) - 1))


def agree(mine, theirs):
    np.testing.assert_allclose(float(mine[0]), float(theirs[0]), rtol=1e-5)
    for a, b in zip(mine[1], theirs[1]):
        np.testing.assert_allclose(np.asarray(a), b, rtol=1e-4, atol=1e-5 * np.abs(b).max())


@pytest.mark.parametrize("compiled", [False, True])
def test_second_order_against_jax(engine, compiled):
    variables = [lamina.Variable(w) for w in weights()]
    f = lambda: lamina.value_and_grad(lambda: penalty(variables), variables)()
    agree((lamina.function(f) if compiled else f)(), reference(2))


@pytest.mark.parametrize("compiled", [False, True])
def test_third_order_against_jax(engine, compiled):
    """The gradient of the squared length of the penalty's gradient."""
    variables = [lamina.Variable(w) for w in weights()]

    def squared_length():
        return sum(ops.sum(ops.square(g)) for g in lamina.grad(lambda: penalty(variables), variables)())

    f = lambda: lamina.value_and_grad(squared_length, variables)()
    agree((lamina.function(f) if compiled else f)(), reference(3))


def gamma_slope(alpha, x, step=1e-5):
    """dx / dalpha with the distribution function's value held, by central differences of its inverse."""
    from scipy import special

    def moved(a):  # from the side that keeps digits
        return np.where(
            x < alpha,
            special.gammaincinv(a, special.gammainc(alpha, x)),
            special.gammainccinv(a, special.gammaincc(alpha, x)),
        )

    h = step * alpha
    return (moved(alpha + h) - moved(alpha - h)) / (2 * h)


def test_gradient_of_gamma_by_its_parameter(engine):
    alpha = np.repeat(np.array([0.05, 0.3, 1, 2.5, 20, 300, 5000]), 200).astype("float32")
    draw = keras_ops_gamma(alpha)
    x, grad = lamina.value_and_grad(lambda a: lamina.ops.sum(draw(a)))(alpha)
    drawn = np.asarray(draw(alpha), "float64")
    used = drawn > 1e-30  # smaller ones lose their digits in float32
    want = gamma_slope(alpha.astype("float64"), np.where(used, drawn, 1))
    np.testing.assert_allclose(np.asarray(grad)[used], want[used], rtol=2e-4)
    assert used.mean() > 0.9 and np.isfinite(np.asarray(grad)).all()


def keras_ops_gamma(alpha):
    return lambda a: lamina.random.gamma(alpha.shape, a, seed=3)


def test_gradient_of_beta_by_its_parameters(engine):
    """The mean of many moves as alpha / (alpha + beta) does; of gamma as alpha."""
    a, b = np.float32(2), np.float32(3)

    def mean(ab):
        return lamina.ops.mean(lamina.random.beta((200000,), ab[0], ab[1], seed=5))

    grad = np.asarray(lamina.grad(mean)(np.array([a, b])))
    np.testing.assert_allclose(grad, [b / (a + b) ** 2, -a / (a + b) ** 2], rtol=0.02)


def test_second_derivative_of_gamma_is_refused(engine):
    def first(a):
        return lamina.ops.sum(lamina.grad(lambda v: lamina.ops.sum(lamina.random.gamma((3,), v, seed=1)))(a))

    with pytest.raises(NotImplementedError, match="second derivative"):
        lamina.grad(first)(np.array([1.0, 2.0, 3.0], "float32"))


def test_sources_that_no_tape_records():
    with lamina.GradientTape() as tape:
        loss = lamina.ops.sum(lamina.ops.ones(2))
    with pytest.raises(TypeError, match="The sources of a gradient are keras.Variables and tensors"):
        tape.gradient(loss, [np.ones(2)])
