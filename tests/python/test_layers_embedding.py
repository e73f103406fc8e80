"""Embedding against real Keras: outputs, masks and the gradient's sums, on both engines."""
import numpy as np
import pytest

keras = pytest.importorskip("keras")
import lamina  # noqa: E402

INDEX = np.array([[1, 0, 4], [4, 4, 2]], "int32")
ROWS = np.arange(15, dtype="float32").reshape(5, 3) / 7


@pytest.mark.parametrize("engine", ["graph", "eager"])
def test_rows_and_training(engine):
    lamina.config.set_engine(engine)
    try:
        results = []
        for k in (keras, lamina):
            model = k.Sequential([k.Input((3,), dtype="int32"), k.layers.Embedding(5, 3), k.layers.Flatten(), k.layers.Dense(1, kernel_initializer="ones")])
            model.layers[0].set_weights([ROWS])
            model.compile(k.optimizers.SGD(0.1), "mse")
            before = np.asarray(model.predict(INDEX, verbose=0))
            model.fit(INDEX, np.zeros((2, 1), "float32"), epochs=3, verbose=0, shuffle=False)
            results.append((before, model.get_weights()[0]))
    finally:
        lamina.config.set_engine("graph")
    np.testing.assert_allclose(results[1][0], results[0][0], rtol=1e-5)
    np.testing.assert_allclose(results[1][1], results[0][1], rtol=1e-4, atol=1e-6)
    assert np.array_equal(results[1][1][3], ROWS[3])  # a row that no index named


def test_mask():
    mask = lamina.layers.Embedding(5, 3, mask_zero=True).compute_mask(INDEX)
    np.testing.assert_array_equal(np.asarray(mask), INDEX != 0)
