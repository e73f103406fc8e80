"""saturate_cast reaches both ends of each integer dtype, as Keras'."""

import keras
import lamina
import numpy as np
import pytest


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32"])
def test_ends_of_integers(dtype, engine):
    x = np.array([-1e12, -3.7, 0.0, 3.7, 1e12], "float32")
    ours = lamina.function(lambda t: lamina.ops.saturate_cast(t, dtype))(lamina.ops.array(x))
    assert ours.dtype == dtype
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(keras.ops.saturate_cast(keras.ops.array(x), dtype)))
