"""&, |, ^, ~, << and >> as Keras' tensors, variables and functional tensors have them, and the protocols of Python's
numbers."""

import operator

import lamina
import numpy as np
import pytest
from lamina import ops

BITS = [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]
INTEGERS = np.array([-7, 0, 1, 2, 3, 100], "int32")


@pytest.mark.parametrize("op", BITS)
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64"])
def test_integers_are_bitwise(op, dtype, engine):
    x = np.abs(INTEGERS).astype(dtype) if dtype.startswith("u") else INTEGERS.astype(dtype)
    y = np.array([1, 2, 3, 1, 0, 2], dtype)
    np.testing.assert_array_equal(np.asarray(op(ops.convert_to_tensor(x), ops.convert_to_tensor(y))), op(x, y))
    assert (op(ops.convert_to_tensor(x), ops.convert_to_tensor(y))).dtype == dtype
    np.testing.assert_array_equal(np.asarray(op(ops.convert_to_tensor(x), 1)), op(x, np.array(1, dtype)))
    np.testing.assert_array_equal(np.asarray(op(6, ops.convert_to_tensor(y))), op(np.array(6, dtype), y))


def test_inversion():
    np.testing.assert_array_equal(np.asarray(~ops.convert_to_tensor(INTEGERS)), ~INTEGERS)
    np.testing.assert_array_equal(np.asarray(~lamina.Variable(INTEGERS, dtype="int32")), ~INTEGERS)
    bools = np.array([True, False])
    out = ~ops.convert_to_tensor(bools)
    assert out.dtype == "bool"
    np.testing.assert_array_equal(np.asarray(out), ~bools)


@pytest.mark.parametrize("op", BITS[:3])
def test_bools_are_logical(op):
    x, y = np.array([True, True, False, False]), np.array([True, False, True, False])
    for a, b in ((ops.convert_to_tensor(x), ops.convert_to_tensor(y)), (lamina.Variable(x, dtype="bool"), y)):
        out = op(a, b)
        assert out.dtype == "bool"
        np.testing.assert_array_equal(np.asarray(out), op(x, y))


@pytest.mark.parametrize("op", BITS)
def test_floats_have_no_bits(op):
    with pytest.raises(TypeError, match="integers or bools"):
        op(ops.ones(2), ops.ones(2))
    with pytest.raises(TypeError, match="integers or bools"):
        ~ops.ones(2)


@pytest.mark.parametrize("op", BITS[:3])
def test_variables_and_functional_tensors_as_in_keras(op):
    import keras

    values = np.array([0, 1, 2], "int32")
    want = op(keras.Variable(values, dtype="int32"), 2)
    got = op(lamina.Variable(values, dtype="int32"), 2)
    assert got.dtype == "bool"
    np.testing.assert_array_equal(np.asarray(got), np.asarray(want))
    for k in (keras, lamina):
        i = k.Input((3,), dtype="int32")
        for out in (op(i, 2), op(2, i)):
            assert out.dtype == "bool"
    out = lamina.Model(i, op(i, 2))(values[None])
    np.testing.assert_array_equal(np.asarray(out)[0], np.asarray(want))


def test_a_layers_call_is_bitwise_in_its_model_too(engine):
    class Odd(lamina.layers.Layer):
        def call(self, x):
            return (x & 1) + (x >> 1) + ~x

    i = lamina.Input((6,), dtype="int32")
    o = Odd()(i)
    assert o.dtype == "int32"
    want = (INTEGERS & 1) + (INTEGERS >> 1) + ~INTEGERS
    np.testing.assert_array_equal(lamina.Model(i, o).predict(INTEGERS[None], verbose=0)[0], want)
    np.testing.assert_array_equal(np.asarray(Odd()(ops.convert_to_tensor(INTEGERS))), want)
