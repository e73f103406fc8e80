"""x.at[...], x.view, x.choose, x.flat: what JAX's arrays, which Keras gives on JAX, have beside NumPy's methods."""

import jax.numpy as jnp
import lamina
import numpy as np
import pytest

X = np.arange(12, dtype="float32").reshape(3, 4) - 4.5
V = np.array([2.0, -1.0, 3.0, 0.5], "float32")
UPDATES = [
    ("set", 0, 7.0),
    ("set", (slice(None), 1), V[:3]),
    ("set", (..., -1), 4),
    ("set", slice(0, 2), V),
    ("add", 1, V),
    ("add", np.array([0, 0, 2]), 1.5),
    ("subtract", (slice(None, None, 2), slice(1, 3)), V[:2]),
    ("multiply", np.array([[0, 0], [1, 0]]), 2.0),
    ("mul", (np.array([0, 1, 0]), np.array([1, 1, 1])), V[:3]),
    ("divide", X > 0, 2.0),
    ("power", (2, slice(0, 2)), 2.0),
    ("min", (slice(None), 0), 0.0),
    ("max", np.array([1, 1]), np.stack([V, -V])),
    ("set", X > 100, 1.0),
    ("add", (None, 1), 1.0),
    ("set", (np.int64(1), np.array(2)), 9.0),
    ("add", (), 1.0),
    ("set", -1, 0.0),
]


@pytest.mark.parametrize("method, index, value", UPDATES, ids=[f"{m}-{i}" for i, (m, _, _) in enumerate(UPDATES)])
def test_updates(engine, method, index, value):
    x = lamina.ops.convert_to_tensor(X)
    found, expected = getattr(x.at[index], method)(value), getattr(jnp.asarray(X).at[index], method)(value)
    assert found.dtype == expected.dtype.name
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=1e-6)
    np.testing.assert_array_equal(np.asarray(x), X)
    np.testing.assert_array_equal(np.asarray(x.at[index].get()), np.asarray(jnp.asarray(X).at[index].get()))


def test_functions_and_dtypes(engine):
    x = lamina.ops.convert_to_tensor(X)
    np.testing.assert_allclose(
        np.asarray(x.at[:, 1:].apply(lamina.ops.square)), np.asarray(jnp.asarray(X).at[:, 1:].apply(jnp.square))
    )
    whole = lamina.ops.convert_to_tensor([1, 2, 3])
    assert np.asarray(whole.at[0].set(1.7)).tolist() == [1, 2, 3] and whole.at[0].set(1.7).dtype == "int32"
    assert np.asarray(whole.at[lamina.ops.convert_to_tensor([1, 1])].add(2)).tolist() == [1, 6, 3]
    assert np.asarray(lamina.ops.convert_to_tensor([True, False]).at[1].set(True)).tolist() == [True, True]


def test_gradients(engine):
    """Of sum(w * x.at[i].multiply(v)): where x was written over, its gradient is the factor's."""
    x, v = lamina.Variable(X), lamina.Variable(V)
    with lamina.GradientTape() as tape:
        loss = lamina.ops.sum(lamina.ops.convert_to_tensor(x).at[np.array([1, 1])].multiply(v))
    a, b = tape.gradient(loss, [x, v])
    want = np.ones_like(X)
    want[1] = V**2
    np.testing.assert_allclose(np.asarray(a), want, rtol=1e-6)
    np.testing.assert_allclose(np.asarray(b), 2 * V * X[1], rtol=1e-6)


def test_inside_a_model():
    class Marks(lamina.layers.Layer):
        def call(self, x):
            return x.at[:, 0].set(1.0).at[:, 1].add(x[:, 2])

    i = lamina.Input((4,), batch_size=3)
    model = lamina.Model(i, Marks()(i))
    want = X.copy()
    want[:, 0] = 1
    want[:, 1] += X[:, 2]
    np.testing.assert_allclose(model.predict(X, batch_size=3, verbose=0), want)


def test_errors():
    x = lamina.ops.convert_to_tensor(X)
    with pytest.raises(IndexError, match=r"index 5 does not fit a tensor of shape \(3, 4\)"):
        x.at[5]
    with pytest.raises(ValueError, match="do not broadcast"):
        x.at[0].set([1.0, 2.0])
    with pytest.raises(TypeError, match="non-tuple sequence"):
        x.at[[0, 1]]
    with pytest.raises(ValueError, match="sizes are known"):
        lamina.Input((4,)).at[0]


@pytest.mark.parametrize(
    "x, dtype",
    [
        (X, "int32"),
        (X, "float16"),
        (X, None),
        (np.ones((2, 4), "int8"), "int32"),
        (np.ones((2, 4), "int8"), "bool"),
        (X, "uint8"),
        (X.astype("int32"), np.float32),
    ],
)
def test_view(x, dtype):
    found, expected = lamina.ops.convert_to_tensor(x).view(dtype), jnp.asarray(x).view(dtype)
    assert found.dtype == expected.dtype.name
    np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))


def test_view_errors():
    with pytest.raises(ValueError, match="cannot be read as int32"):
        lamina.ops.ones((2, 3), "int8").view("int32")
    with pytest.raises(TypeError, match="symbolic"):
        lamina.Input((3,)).view("int32")


@pytest.mark.parametrize("mode, index", [("raise", [0, 1, 1]), ("wrap", [3, -1, 0]), ("clip", [7, -1, 1])])
def test_choose(engine, mode, index):
    choices = [[1.0, 2.0, 3.0], [[4.0], [5.0]]]
    found = lamina.ops.convert_to_tensor(index).choose(choices, mode=mode)
    np.testing.assert_array_equal(
        np.asarray(found), np.choose(np.array(index), [np.array(c) for c in choices], mode=mode)
    )


def test_choose_errors():
    x = lamina.ops.convert_to_tensor([0, 2])
    with pytest.raises(ValueError, match="invalid entry in choice array"):
        x.choose([[1, 2], [3, 4]])
    with pytest.raises(ValueError, match="mode"):
        x.choose([[1, 2], [3, 4]], mode="nearest")
    with pytest.raises(TypeError, match="integers"):
        lamina.ops.convert_to_tensor([0.5]).choose([[1]])


def test_flat_and_waiting():
    x = lamina.ops.convert_to_tensor(X)
    assert [float(v) for v in x.flat] == list(X.flat) and float(x.flat[5]) == X.flat[5]
    assert x.block_until_ready() is x
    np.testing.assert_array_equal(np.asarray(x.clone()), X)
