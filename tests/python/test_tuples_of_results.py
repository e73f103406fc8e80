"""Ops of several results give tuples where Keras does: an index of several arrays is a tuple, and a list is another."""

import keras as reference
import lamina as keras
import numpy as np
import pytest

RNG = np.random.default_rng(4)
MATRIX = (RNG.normal(size=(4, 4)) + 4 * np.eye(4)).astype("float32")
ROW = RNG.normal(size=8).astype("float32")
SPD = MATRIX @ MATRIX.T
OPS = {
    "array_split": lambda ops, of: ops.array_split(of(MATRIX), 2),
    "ctc_decode": lambda ops, of: ops.ctc_decode(of(np.zeros((2, 5, 3), "float32")), of(np.array([5, 5]))),
    "eigh": lambda ops, of: ops.eigh(of(SPD)),
    "fft": lambda ops, of: ops.fft((of(ROW), of(ROW))),
    "fft2": lambda ops, of: ops.fft2((of(MATRIX), of(MATRIX))),
    "histogram": lambda ops, of: ops.histogram(of(ROW)),
    "ifft2": lambda ops, of: ops.ifft2((of(MATRIX), of(MATRIX))),
    "lu_factor": lambda ops, of: ops.lu_factor(of(MATRIX)),
    "meshgrid": lambda ops, of: ops.meshgrid(of(ROW), of(ROW)),
    "moments": lambda ops, of: ops.moments(of(MATRIX), [0]),
    "nonzero": lambda ops, of: ops.nonzero(of(MATRIX)),
    "qr": lambda ops, of: ops.qr(of(MATRIX)),
    "rfft": lambda ops, of: ops.rfft(of(ROW)),
    "slogdet": lambda ops, of: ops.slogdet(of(MATRIX)),
    "split": lambda ops, of: ops.split(of(MATRIX), 2),
    "stft": lambda ops, of: ops.stft(of(ROW), 4, 2, 4),
    "svd": lambda ops, of: ops.svd(of(MATRIX)),
    "unravel_index": lambda ops, of: ops.unravel_index(of(np.array([1, 2])), (4, 4)),
    "unstack": lambda ops, of: ops.unstack(of(MATRIX)),
}


@pytest.mark.parametrize("name", OPS)
def test_results_are_tuples_where_those_of_keras_are(name):
    want = list if isinstance(OPS[name](reference.ops, np.asarray), list) else tuple
    assert type(OPS[name](keras.ops, np.asarray)) is want
    if name != "nonzero":
        assert type(OPS[name](keras.ops, lambda x: keras.KerasTensor(x.shape, str(x.dtype)))) is want


@pytest.mark.parametrize("places", [lambda x: keras.ops.where(x > 2), lambda x: keras.ops.nonzero(x > 2)])
def test_places_as_an_index(engine, places):
    x = keras.ops.array(np.arange(6.0).reshape(2, 3))
    np.testing.assert_array_equal(x[places(x)], [3.0, 4.0, 5.0])
