"""Embedding against real Keras: outputs, masks and the gradient's sums, on both engines."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")
import lamina  # noqa: E402

INDEX = np.array([[1, 0, 4], [4, 4, 2]], "int32")
ROWS = np.arange(15, dtype="float32").reshape(5, 3) / 7


def test_rows_and_training(engine):
    results = []
    for k in (keras, lamina):
        model = k.Sequential(
            [
                k.Input((3,), dtype="int32"),
                k.layers.Embedding(5, 3),
                k.layers.Flatten(),
                k.layers.Dense(1, kernel_initializer="ones"),
            ]
        )
        model.layers[0].set_weights([ROWS])
        model.compile(k.optimizers.SGD(0.1), "mse")
        before = np.asarray(model.predict(INDEX, verbose=0))
        model.fit(INDEX, np.zeros((2, 1), "float32"), epochs=3, verbose=0, shuffle=False)
        results.append((before, model.get_weights()[0]))
    np.testing.assert_allclose(results[1][0], results[0][0], rtol=1e-5)
    np.testing.assert_allclose(results[1][1], results[0][1], rtol=1e-4, atol=1e-6)
    assert np.array_equal(results[1][1][3], ROWS[3])  # a row that no index named


def test_mask():
    mask = lamina.layers.Embedding(5, 3, mask_zero=True).compute_mask(INDEX)
    np.testing.assert_array_equal(np.asarray(mask), INDEX != 0)


@pytest.mark.parametrize("tied", [True, False])
def test_reversible(engine, tied, tmp_path):
    """Indices to rows and back to scores, trained; both libraries read the other's file."""
    results, models = [], []
    for k in (keras, lamina):
        index = k.Input((3,), dtype="int32")
        layer = k.layers.ReversibleEmbedding(5, 4, tie_weights=tied, mask_zero=True, logit_soft_cap=3.0, name="tokens")
        model = k.Model(index, layer(k.layers.Dense(4, name="dense")(layer(index)), reverse=True))
        random = np.random.default_rng(3)
        model.set_weights([random.standard_normal(w.shape).astype("float32") for w in model.weights])
        model.compile(k.optimizers.SGD(0.5), k.losses.SparseCategoricalCrossentropy(from_logits=True))
        before = np.asarray(model.predict(INDEX, verbose=0))
        model.fit(INDEX, INDEX, epochs=3, verbose=0, shuffle=False)
        results.append([before, *model.get_weights()])
        models.append(model)
    assert len(results[1]) == len(results[0]) == (4 if tied else 5)
    for mine, theirs in zip(results[1], results[0], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)
    for writer, reader in ((models[0], lamina), (models[1], keras)):
        writer.save(tmp_path / "m.keras")
        np.testing.assert_allclose(
            np.asarray(reader.models.load_model(tmp_path / "m.keras").predict(INDEX, verbose=0)),
            np.asarray(writer.predict(INDEX, verbose=0)),
            rtol=1e-5,
            atol=1e-6,
        )
    layer = models[1].get_layer("tokens")
    assert (
        layer(INDEX)._keras_mask is not None
        and getattr(layer(np.ones((2, 3, 4), "float32"), reverse=True), "_keras_mask", None) is None
    )
