"""Every activation of Keras over its arguments, at the edges: equal to a threshold, zeros of both signs, infinities,
NaN."""

import keras
import lamina
import numpy as np
import pytest

FINITE = np.array([0.0, -0.0, 1, -1, 0.5, -0.5, 2, -2, 6, -6, 3, -3, 2.5, -2.5, 1e-8, -1e-8, 100, -100], "float32")
EDGES = np.concatenate([FINITE, np.array([1e30, -1e30, np.inf, -np.inf, np.nan], "float32")])

CASES = {}
for t in (0, 0.5, 1, 2, -1):
    for s in (0, 0.1, 1):
        for m in (None, 0, 1, 6):
            CASES[f"relu-{s}-{m}-{t}"] = lambda k, x, s=s, m=m, t=t: k.activations.relu(
                x, negative_slope=s, max_value=m, threshold=t
            )
            if t >= 0:
                CASES[f"ReLU-{s}-{m}-{t}"] = lambda k, x, s=s, m=m, t=t: k.layers.ReLU(
                    negative_slope=s, max_value=m, threshold=t
                )(x)
for a in (0, 0.3, 1, 2):
    CASES[f"leaky_relu-{a}"] = lambda k, x, a=a: k.activations.leaky_relu(x, negative_slope=a)
    CASES[f"LeakyReLU-{a}"] = lambda k, x, a=a: k.layers.LeakyReLU(negative_slope=a)(x)
    CASES[f"soft_shrink-{a}"] = lambda k, x, a=a: k.activations.soft_shrink(x, threshold=a)
    CASES[f"hard_shrink-{a}"] = lambda k, x, a=a: k.activations.hard_shrink(x, threshold=a)
    CASES[f"threshold-{a}"] = lambda k, x, a=a: k.activations.threshold(x, a, -7.0)
    CASES[f"squareplus-{a}"] = lambda k, x, a=a: k.activations.squareplus(x, b=a)
for a in (0.3, 1, -1, 2):
    CASES[f"elu-{a}"] = lambda k, x, a=a: k.activations.elu(x, alpha=a)
    CASES[f"celu-{a}"] = lambda k, x, a=a: k.activations.celu(x, alpha=a)
for n in [
    "exponential",
    "gelu",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "tanh",
    "tanh_shrink",
]:
    CASES[n] = lambda k, x, n=n: getattr(k.activations, n)(x)
CASES["gelu-approximate"] = lambda k, x: k.activations.gelu(x, approximate=True)
CASES["glu"] = lambda k, x: k.activations.glu(x[..., :18])


@pytest.mark.parametrize("name", CASES)
def test_like_keras(name, engine):
    x = (FINITE if name in ("softmax", "log_softmax", "sparsemax") else EDGES)[None]
    got, want = (
        np.asarray(CASES[name](lamina, lamina.ops.convert_to_tensor(x))),
        np.asarray(CASES[name](keras, keras.ops.convert_to_tensor(x))),
    )
    assert got.dtype == want.dtype
    np.testing.assert_allclose(got, want, rtol=1e-4 if name.startswith("gelu") else 2e-5, atol=1e-7)
    if name.lower().startswith("relu"):
        np.testing.assert_array_equal(np.signbit(got[got == 0]), np.signbit(want[got == 0]))  # no negative zeros


@pytest.mark.parametrize(
    "name", ["relu-0-None-0.5", "relu-0-6-0", "relu-0.1-None-0", "relu-0.1-6-1", "relu-0-None-0", "mish"]
)
def test_integers_like_keras(name):
    x = np.array([[-3, -1, 0, 1, 2, 9]], "int32")
    got, want = (
        np.asarray(CASES[name](lamina, lamina.ops.convert_to_tensor(x))),
        np.asarray(CASES[name](keras, keras.ops.convert_to_tensor(x))),
    )
    assert got.dtype == want.dtype
    np.testing.assert_allclose(got, want, rtol=1e-6)


@pytest.mark.parametrize("name", ["relu-0.1-6-1", "relu-0-6-0", "relu-0-None-0.5", "ReLU-0.1-1-0.5", "gelu"])
def test_in_functional_models(name, engine, tmp_path):
    """The nodes are Keras' operations: files go both ways."""
    x = FINITE[None]
    want = np.asarray(CASES[name](keras, keras.ops.convert_to_tensor(x)))
    for maker, reader in ((lamina, keras), (keras, lamina)):
        i = maker.Input((FINITE.size,))
        model = maker.Model(i, CASES[name](maker, i))
        path = tmp_path / f"{maker.__name__}.keras"
        model.save(path)
        for m in (model, reader.models.load_model(path)):
            np.testing.assert_allclose(m.predict(x, verbose=0), want, rtol=1e-4, atol=1e-6)


def test_mish_in_functional_models(engine, tmp_path):
    """Keras' own takes no symbolic tensors but by a layer's name."""
    i = lamina.Input((FINITE.size,))
    lamina.Model(i, lamina.activations.mish(i)).save(tmp_path / "mish.keras")
    want = np.asarray(CASES["mish"](keras, keras.ops.convert_to_tensor(FINITE[None])))
    np.testing.assert_allclose(
        lamina.models.load_model(tmp_path / "mish.keras").predict(FINITE[None], verbose=0), want, rtol=1e-5, atol=1e-7
    )


@pytest.mark.parametrize("name", ["relu", "gelu", "mish", "softmax", "elu", "silu", "exponential"])
def test_functions_and_names_are_one(name, engine):
    x = FINITE[None]
    layers = [
        lamina.layers.Activation(a) for a in (name, getattr(lamina.activations, name), lamina.activations.get(name))
    ]
    for layer in layers:
        assert layer.get_config()["activation"] == keras.layers.Activation(name).get_config()["activation"] == name
        np.testing.assert_allclose(
            np.asarray(layer(x)), np.asarray(keras.layers.Activation(name)(x)), rtol=1e-4, atol=1e-6
        )
    assert lamina.activations.serialize(getattr(lamina.activations, name)) == keras.activations.serialize(
        getattr(keras.activations, name)
    )


@pytest.mark.parametrize("threshold", [0, 0.5])
@pytest.mark.parametrize("slope", [0, 0.25])
def test_gradients_of_relu(threshold, slope, engine):
    x = np.array([-2.0, -0.5, 0.25, 0.75, 3.0, 8.0], "float64")
    g = lamina.grad(
        lambda t: lamina.ops.sum(lamina.activations.relu(t, negative_slope=slope, max_value=6, threshold=threshold))
    )(lamina.ops.convert_to_tensor(x))
    np.testing.assert_allclose(np.asarray(g), np.where(x > 6, 0, np.where(x > threshold, 1, slope)))
