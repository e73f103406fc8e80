"""Lambda layers from configs: code only where it is allowed."""
import numpy as np
import pytest

import lamina as keras
from lamina import layers, ops

X = np.arange(6, dtype="float32").reshape(2, 3)


def test_a_python_lambda_needs_permission():
    config = layers.Lambda(lambda x: x * 3).get_config()
    with pytest.raises(ValueError, match="Lambda"):
        layers.Lambda.from_config(config)
    again = layers.Lambda.from_config(config, safe_mode=False)
    np.testing.assert_array_equal(np.asarray(again(X)), X * 3)


def test_permission_for_the_process():
    config = layers.Lambda(lambda x: x + 1).get_config()
    keras.config.enable_unsafe_deserialization()
    try:
        np.testing.assert_array_equal(np.asarray(layers.Lambda.from_config(config)(X)), X + 1)
    finally:
        from lamina import config as settings

        settings._unsafe_deserialization = False
    with pytest.raises(ValueError, match="Lambda"):
        layers.Lambda.from_config(config)


def test_an_op_needs_none():
    layer = layers.Lambda(ops.square)
    config = layer.get_config()
    assert config["function"]["config"] == "square"
    np.testing.assert_array_equal(np.asarray(layers.Lambda.from_config(config)(X)), X * X)


def test_the_function_sees_training():
    layer = layers.Lambda(lambda x, training=False: x * 2 if training else x)
    np.testing.assert_array_equal(np.asarray(layer(X, training=True)), X * 2)
    np.testing.assert_array_equal(np.asarray(layer(X)), X)


def test_output_shapes():
    assert layers.Lambda(lambda x: x, output_shape=(7,)).compute_output_shape((2, 3)) == (2, 7)
    assert layers.Lambda(lambda x: x, output_shape=lambda s: (s[0], 9)).compute_output_shape((2, 3)) == (2, 9)
