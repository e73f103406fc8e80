"""Tensors and variables among NumPy arrays: operators give tensors, NumPy's functions give arrays."""
import numpy as np
import pytest

import lamina as keras

T = keras.ops.ones((3,), dtype="float32")
A = np.arange(3, dtype="float32")


@pytest.mark.parametrize("value", [lambda: A + T, lambda: T + A, lambda: A > T, lambda: np.float32(2) * T, lambda: np.ones((2, 3), "float32") @ T, lambda: A * keras.Variable(A)])
def test_operators_give_tensors(value):
    assert isinstance(value(), keras.Tensor)


def test_functions_of_numpy_give_arrays():
    v = keras.Variable(A)
    assert np.min(v) == 0 and np.max(T) == 1
    np.testing.assert_array_equal(np.exp(v), np.exp(A))
    np.testing.assert_array_equal(np.stack([T, T]), np.ones((2, 3)))
