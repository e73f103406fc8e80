"""keras.utils for NumPy arrays, against Keras."""

import keras
import lamina
import numpy as np
import pytest

RAGGED = [[1, 2, 3, 4], [5], [], [6, 7]]
ROWS = [np.arange(6).reshape(3, 2), np.arange(2).reshape(1, 2)]


@pytest.mark.parametrize(
    "given",
    [
        ((RAGGED,), {}),
        ((RAGGED,), {"maxlen": 3}),
        ((RAGGED,), {"maxlen": 2, "padding": "post", "truncating": "post", "value": -1}),
        ((RAGGED,), {"padding": "post", "dtype": "float32", "value": 0.5}),
        ((ROWS,), {"maxlen": 2}),
        (([["a", "b"], ["c"]],), {"dtype": object, "value": "-"}),
    ],
)
def test_pad_sequences(given):
    args, kwargs = given
    mine, theirs = (k.utils.pad_sequences(*args, **kwargs) for k in (lamina, keras))
    assert mine.dtype == theirs.dtype
    np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(
    "args, kwargs",
    [
        ((3,), {}),
        (([1, 2],), {}),
        ((RAGGED,), {"padding": "both"}),
        ((RAGGED,), {"truncating": "both"}),
        (([ROWS[0], [[1, 2, 3]]],), {}),
        ((RAGGED,), {"value": "x"}),
    ],
)
def test_what_pad_sequences_refuses(args, kwargs):
    for k in (keras, lamina):
        with pytest.raises(ValueError):
            k.utils.pad_sequences(*args, **kwargs)


def test_nothing_to_pad():
    """Keras fails on these."""
    assert lamina.utils.pad_sequences([]).shape == (0, 0)
    assert lamina.utils.pad_sequences(RAGGED, maxlen=0).shape == (4, 0)


def test_standardize_dtype():
    for given in (None, int, float, bool, "half", np.float64, np.dtype("int16")):
        try:
            expected = keras.utils.standardize_dtype(given)
        except ValueError:
            continue
        assert lamina.utils.standardize_dtype(given) == expected
