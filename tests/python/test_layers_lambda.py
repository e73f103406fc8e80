"""Lambda layers from configs: code only where it is allowed."""

import keras as real_keras
import lamina as keras
import numpy as np
import pytest
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
        from lamina._core.configs import safe_mode as settings

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


@pytest.mark.parametrize("shape", ["sequential", "functional"])
def test_models_with_lambdas_in_files(tmp_path, shape):
    """Both libraries run the other's code where they are told to, and else refuse."""
    real = pytest.importorskip("keras")
    factor = 3.0
    models = []
    for k in (keras, real):
        layer = k.layers.Lambda(lambda x, plus=1.0: x * factor + plus, output_shape=lambda s: s)
        x = k.Input((3,))
        models.append(k.Sequential([x, layer]) if shape == "sequential" else k.Model(x, layer(x)))
    for model in models:
        model.save(tmp_path / "m.keras")
        for k in (keras, real):
            with pytest.raises((ValueError, TypeError), match="arbitrary code execution"):
                k.models.load_model(tmp_path / "m.keras")
        # Keras gives the code no values of its closure, but cells that hold cells.
        again = keras.models.load_model(tmp_path / "m.keras", safe_mode=False)
        np.testing.assert_allclose(np.asarray(again.predict(X, verbose=0)), X * 3 + 1)


def test_a_lambda_as_activation_in_a_file(tmp_path):
    model = keras.Sequential(
        [keras.Input((3,)), layers.Dense(3, activation=lambda x: x * x, kernel_initializer="identity")]
    )
    model.save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match="arbitrary code execution"):
        keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(
        np.asarray(keras.models.load_model(tmp_path / "m.keras", safe_mode=False).predict(X, verbose=0)), X * X
    )


def test_a_declared_shape_is_taken_as_it_is():
    for library in (keras, real_keras):
        of_length = lambda x, k_ops=library.ops: k_ops.arange(x.shape[1])[None] * x  # fails where that is not known
        given = library.Input((None,))
        for shape in ((None,), lambda s: s):
            out = library.layers.Lambda(of_length, output_shape=shape)(given)
            assert out.shape == (None, None) and out.dtype == "float32"
            model = library.Model(given, out)
            np.testing.assert_array_equal(np.asarray(model(np.ones((2, 3)))), [[0, 1, 2]] * 2)
