"""Tensors have the methods and protocols of arrays: NumPy's on the same values is the arbiter."""

import array
import copy
import operator
import pickle

import lamina
import numpy as np
import pytest
from lamina import ops

X = np.array([[3.0, -1.5, 2.25, 0.5], [-0.25, 4.0, -1.5, 1.0], [2.5, 0.0, -3.0, 7.0]], "float32")
WHERE = np.array([True, False, True, True])

CALLS = [
    "sum()",
    "sum(0)",
    "sum(axis=-1, keepdims=True)",
    "sum(axis=(0, 1))",
    "sum(dtype='float64')",
    "sum(initial=2.0)",
    "sum(1, where=WHERE)",
    "mean()",
    "mean(1)",
    "mean(axis=1, where=WHERE)",
    "prod()",
    "prod(0, initial=2.0)",
    "prod(1, where=WHERE)",
    "min()",
    "min(1)",
    "min(1, initial=-2.0)",
    "min(1, initial=9.0, where=WHERE)",
    "max()",
    "max(0, keepdims=True)",
    "max(1, initial=0.0, where=WHERE)",
    "std()",
    "std(0)",
    "std(1, ddof=1)",
    "std(1, where=WHERE)",
    "var()",
    "var(ddof=1)",
    "var(axis=0, correction=1)",
    "var(1, ddof=1, where=WHERE, keepdims=True)",
    "argmax()",
    "argmax(1)",
    "argmin()",
    "argmin(0, keepdims=True)",
    "any()",
    "any(1)",
    "all()",
    "all(0)",
    "all(1, where=WHERE)",
    "any(1, where=WHERE)",
    "cumsum()",
    "cumsum(1)",
    "cumprod(0)",
    "cumsum(1, dtype='float64')",
    "reshape(4, 3)",
    "reshape((2, -1))",
    "reshape(-1)",
    "reshape((6, 2), order='F')",
    "transpose()",
    "transpose(1, 0)",
    "transpose((1, 0))",
    "transpose(None)",
    "flatten()",
    "flatten('F')",
    "ravel()",
    "swapaxes(0, 1)",
    "repeat(2)",
    "repeat(2, axis=1)",
    "repeat([1, 0, 2], axis=0)",
    "take([0, 5, 2])",
    "take([2, 0], axis=1)",
    "argsort()",
    "argsort(axis=0)",
    "argsort(axis=None)",
    "round()",
    "round(1)",
    "clip(-1, 2)",
    "clip(min=0)",
    "clip(max=1)",
    "dot(X.T)",
    "diagonal()",
    "diagonal(1)",
    "trace()",
    "trace(-1)",
    "conj()",
    "conjugate()",
    "copy()",
    "astype('int32')",
    "astype(bool)",
    "astype(np.float64)",
    "compress([True, False, True], axis=0)",
    "compress([False, True])",
    "nonzero()",
    "tolist()",
    "item(5)",
    "item(1, 2)",
    "tobytes()",
    "T",
    "mT",
    "real",
    "imag",
    "nbytes",
    "itemsize",
    "size",
    "ndim",
    "shape",
]


@pytest.mark.parametrize("call", CALLS)
def test_like_numpys(call, engine):
    got, want = (
        eval(f"t.{call}", {"t": ops.convert_to_tensor(X), "X": X, "WHERE": WHERE, "np": np}),
        eval(f"t.{call.replace('correction', 'ddof')}", {"t": X, "X": X, "WHERE": WHERE, "np": np}),
    )
    if isinstance(want, tuple) and call == "nonzero()":
        assert isinstance(got, tuple) and len(got) == len(want)
        for a, b in zip(got, want):
            np.testing.assert_array_equal(np.asarray(a), b)
    elif isinstance(want, np.ndarray | np.generic):
        assert isinstance(got, lamina.Tensor)
        assert np.asarray(got).shape == want.shape
        np.testing.assert_allclose(np.asarray(got), want, rtol=1e-6, atol=1e-7)
        if want.dtype.kind != "i":
            assert np.asarray(got).dtype == want.dtype
    else:
        assert got == want and type(got) is type(want)


def test_sorting():
    t = ops.convert_to_tensor(X)
    np.testing.assert_array_equal(np.asarray(t.sort()), np.sort(X))
    np.testing.assert_array_equal(np.asarray(t.sort(0, descending=True)), -np.sort(-X, 0))
    ties = np.array([1, 3, 1, 3, 2], "int32")
    np.testing.assert_array_equal(
        np.asarray(ops.convert_to_tensor(ties).argsort(descending=True)), np.argsort(-ties, kind="stable")
    )
    np.testing.assert_array_equal(
        np.asarray(ops.convert_to_tensor(np.sort(ties)).searchsorted(np.array([2, 3], "int32"), "right")),
        np.searchsorted(np.sort(ties), [2, 3], "right"),
    )
    np.testing.assert_array_equal(np.asarray(t.ptp(0)), np.ptp(X, 0))
    part = np.asarray(t.argpartition(1))
    assert [set(r[:2]) for r in part] == [set(r[:2]) for r in np.argsort(X)]
    np.testing.assert_array_equal(np.asarray(t), X)


@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool", "bfloat16", "float64"])
def test_dtypes(dtype):
    t = ops.cast(np.abs(X), dtype)
    a = np.asarray(t)
    assert (t.itemsize, t.nbytes) == (a.dtype.itemsize, a.nbytes)
    assert t.max().dtype == dtype
    np.testing.assert_array_equal(
        np.asarray(t.max(1, where=WHERE), "float64"), np.max(a.astype("float64")[:, WHERE], 1)
    )
    np.testing.assert_array_equal(
        np.asarray(t.min(1, where=WHERE), "float64"), np.min(a.astype("float64")[:, WHERE], 1)
    )
    assert t.mean(where=WHERE).dtype == (dtype if "float" in dtype else "float32")


def test_out_is_refused():
    with pytest.raises(NotImplementedError, match="immutable"):
        ops.ones(3).sum(out=np.zeros(()))
    with pytest.raises(TypeError, match="shape"):
        ops.ones(3).reshape()


def test_symbolic_and_traced(engine):
    class Standard(lamina.layers.Layer):
        def call(self, x):
            return (
                ((x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True))
                .reshape(-1, 2, 2)
                .transpose(0, 2, 1)
                .astype("float64")
            )

    i = lamina.Input((4,))
    o = Standard()(i)
    assert o.dtype == "float64" and o.shape == (None, 2, 2)
    want = ((X - X.mean(-1, keepdims=True)) / X.std(-1, keepdims=True)).reshape(-1, 2, 2).transpose(0, 2, 1)
    np.testing.assert_allclose(lamina.Model(i, o).predict(X, verbose=0), want, rtol=1e-5)
    m = lamina.Model(i, (i * 2).sum(axis=1).clip(0, 5))
    np.testing.assert_allclose(m.predict(X, verbose=0), np.clip((X * 2).sum(1), 0, 5), rtol=1e-6)


def test_gradients_pass_through():
    x = X.astype("float64")
    g = lamina.grad(lambda t: (t.var(1, ddof=1) * np.arange(1.0, 4)).sum())(ops.convert_to_tensor(x))
    np.testing.assert_allclose(
        np.asarray(g), 2 / 3 * (x - x.mean(1, keepdims=True)) * np.arange(1.0, 4)[:, None], rtol=1e-10
    )


def test_numpys_functions_give_arrays():
    t = ops.convert_to_tensor(X)
    for f in (np.sum, np.mean, np.transpose, np.sort, np.ravel, np.argmax):
        assert isinstance(f(t), np.ndarray | np.generic)
        np.testing.assert_array_equal(f(t), f(X))
    np.testing.assert_array_equal(np.concatenate([t, X], axis=1), np.concatenate([X, X], axis=1))
    np.testing.assert_array_equal(np.where(t > 0, t, 0), np.where(X > 0, X, 0))


def test_format():
    assert f"{ops.convert_to_tensor(1.23456):.3f}" == "1.235"
    assert f"{ops.convert_to_tensor(7):05d}" == "00007"
    assert f"{ops.convert_to_tensor(0.5)}" == "0.5"
    assert f"{ops.cast(1.5, 'bfloat16'):.2f}" == "1.50"
    assert f"{ops.ones(2)}" == str(ops.ones(2))
    assert f"{lamina.Variable(2.0):.1f}" == "2.0"
    with pytest.raises(TypeError, match="format"):
        f"{ops.ones(2):.3f}"
    seen = []

    @lamina.function
    def traced(x):
        seen.append(f"{x}")
        return x

    traced(ops.ones(2))
    assert seen


def test_numbers():
    two, x = ops.convert_to_tensor(2), ops.convert_to_tensor(np.array([7, -7], "int32"))
    assert operator.index(two) == 2 and "abc"[two] == "c" and list(range(two)) == [0, 1]
    assert complex(ops.convert_to_tensor(1.5)) == 1.5
    for got, want in zip(divmod(x, 2) + divmod(9, x), divmod(np.array([7, -7]), 2) + divmod(9, np.array([7, -7]))):
        np.testing.assert_array_equal(np.asarray(got), want)
    assert [int(v) for v in reversed(x)] == [-7, 7]
    assert 7 in x and 8 not in x
    with pytest.raises(TypeError):
        operator.index(ops.convert_to_tensor(2.0))


DTYPES = [
    "bool",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "float32",
    "float64",
]


@pytest.mark.parametrize("dtype", DTYPES)
def test_dlpack_to_numpy(dtype):
    a = np.abs(X).astype(dtype)
    t = ops.convert_to_tensor(a)
    out = np.from_dlpack(t)
    np.testing.assert_array_equal(out, a)
    assert out.dtype == a.dtype and not out.flags.writeable
    own = np.from_dlpack(t, copy=True)
    own[:] = 0
    np.testing.assert_array_equal(np.asarray(t), a)
    del t
    np.testing.assert_array_equal(out, a)  # the array keeps the memory


def test_dlpack_for_others():
    t = ops.convert_to_tensor(X)
    assert t.__dlpack_device__() == (1, 0)
    t.__dlpack__()  # nobody reads it
    import jax.dlpack

    for shape in ((), (0, 3), (2, 1, 3)):
        np.testing.assert_array_equal(np.from_dlpack(ops.ones(shape)), np.ones(shape))
    j = jax.dlpack.from_dlpack(ops.cast(X, "bfloat16"))
    assert str(j.dtype) == "bfloat16"
    np.testing.assert_array_equal(np.asarray(j, "float32"), X)
    with pytest.raises(BufferError, match="read-only"):
        t.__dlpack__(copy=False)
    with pytest.raises(BufferError, match="stream"):
        t.__dlpack__(stream=1)
    with pytest.raises(BufferError, match="host"):
        t.__dlpack__(dl_device=(2, 0))


class Packed:
    """An array that is known by DLPack alone."""

    def __init__(self, a):
        self.a = a

    def __dlpack__(self, **kwargs):
        return self.a.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return self.a.__dlpack_device__()


class Interface:
    def __init__(self, a):
        self.a, self.__array_interface__ = a, a.__array_interface__


@pytest.mark.parametrize("make", [Packed, Interface, memoryview, lambda a: array.array("f", a.ravel())])
def test_arrays_of_others(make):
    a = X.copy()
    t = ops.convert_to_tensor(make(a))
    assert t.dtype == "float32"
    np.testing.assert_array_equal(np.asarray(t).ravel(), X.ravel())
    a[:] = 0
    np.testing.assert_array_equal(np.asarray(t).ravel(), X.ravel())
    np.testing.assert_array_equal(np.asarray(ops.add(make(X.copy()), 1.0)).ravel(), X.ravel() + 1)


def test_buffers():
    t = ops.convert_to_tensor(X)
    view = memoryview(t)
    assert view.shape == X.shape and view.format == "f" and view.tolist() == X.tolist()
    for a in (np.asarray(t), np.array(t), np.frombuffer(t, "float32")):
        assert a.base is not t
        np.testing.assert_array_equal(a.ravel(), X.ravel())
    changed = np.asarray(t)
    changed[:] = 0
    np.testing.assert_array_equal(np.asarray(t), X)
    assert str(np.asarray(ops.ones(2, "bfloat16")).dtype) == "bfloat16"
    with pytest.raises(BufferError):
        memoryview(ops.ones(2, "bfloat16"))


COPIES = [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]


@pytest.mark.parametrize("duplicate", COPIES)
@pytest.mark.parametrize("dtype", ["float32", "int64", "bool", "bfloat16"])
def test_copies(duplicate, dtype):
    t = ops.cast(X, dtype)
    u = duplicate(t)
    assert u.dtype == dtype
    np.testing.assert_array_equal(np.asarray(u), np.asarray(t))
    v = lamina.Variable(t, dtype=dtype, trainable=False, name="weights", aggregation="sum", autocast=False)
    w = duplicate(v)
    assert type(w) is lamina.Variable and w is not v and w.id != v.id
    for name in ("name", "path", "dtype", "shape", "trainable", "autocast", "aggregation", "synchronization"):
        assert getattr(w, name) == getattr(v, name), name
    np.testing.assert_array_equal(np.asarray(w), np.asarray(v))
    w.assign(ops.zeros_like(w))
    np.testing.assert_array_equal(np.asarray(v), np.asarray(t))


def test_copies_keep_what_belongs_to_a_variable():
    v = lamina.Variable(X, name="w")
    v.regularizer, v.constraint, v.tag = lamina.regularizers.L2(0.5), lamina.constraints.NonNeg(), [1]
    w, same = copy.deepcopy([v, v])
    assert w is same
    assert w.regularizer.get_config() == v.regularizer.get_config()
    assert type(w.constraint) is lamina.constraints.NonNeg
    assert w.tag == [1] and w.tag is not v.tag
