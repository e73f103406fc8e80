"""keras.layers.Wrapper, as users derive from it."""

import keras
import lamina
import numpy as np
import pytest


def doubled(k):
    @k.saving.register_keras_serializable("test", name="Doubled")
    class Doubled(k.layers.Wrapper):
        def call(self, x):
            return 2.0 * self.layer(x)

        def compute_output_shape(self, shape):
            return self.layer.compute_output_shape(shape)

    return Doubled


def test_a_users_wrapper(engine, tmp_path):
    x = np.random.default_rng(0).standard_normal((4, 3)).astype("float32")
    results, paths = [], []
    for k in (keras, lamina):
        model = k.Sequential([k.Input((3,)), doubled(k)(k.layers.Dense(2, name="inner"), name="outer")], name="model")
        weights = [
            np.arange(w.shape[0] * (w.shape[1] if len(w.shape) > 1 else 1), dtype="float32").reshape(w.shape)
            for w in model.weights
        ]
        paths.append([w.path for w in model.weights])
        model.set_weights(weights)
        model.compile("sgd", "mse")
        model.fit(x, np.ones((4, 2), "float32"), epochs=2, verbose=0)
        model.save(tmp_path / f"{k.__name__}.keras")
        results.append(model.predict(x, verbose=0))
        np.testing.assert_allclose(
            k.models.load_model(tmp_path / f"{k.__name__}.keras").predict(x, verbose=0), results[-1], rtol=1e-6
        )
    np.testing.assert_allclose(results[1], results[0], rtol=1e-4)
    assert paths[1] == paths[0]
    # Lamina reads Keras' file.
    np.testing.assert_allclose(
        lamina.models.load_model(tmp_path / "keras.keras").predict(x, verbose=0), results[0], rtol=1e-4
    )


@pytest.mark.parametrize("k", [keras, lamina])
def test_takes_layers_only(k):
    with pytest.raises(ValueError, match="isn't a supported layer type"):
        k.layers.Wrapper("dense")
