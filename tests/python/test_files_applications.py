"""What files of Keras 3.15 hold beyond keras.layers: the layers of keras.applications, and arguments that say
nothing."""

import keras
import lamina
import numpy as np
import pytest

X = np.random.default_rng(0).standard_normal((6, 4, 4, 3)).astype("float32")


def theirs():
    from keras.src.applications.convnext import LayerScale, StochasticDepth
    from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

    x = keras.Input((4, 4, 3))
    y = LayerScale(0.3, 3)(x)
    z = StochasticDepth(0.25)(y)
    return keras.Model(x, CustomScaleLayer(0.2)([x, z]))


def test_application_layers_in_both_directions(tmp_path, engine):
    model = theirs()
    model.layers[1].gamma.assign(np.array([0.5, -1, 2], "float32"))
    model.save(tmp_path / "theirs.keras")
    mine = lamina.models.load_model(tmp_path / "theirs.keras")
    np.testing.assert_allclose(mine.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-6)
    assert [type(l).__name__ for l in mine.layers] == [type(l).__name__ for l in model.layers]
    mine.save(tmp_path / "mine.keras")
    again = keras.models.load_model(tmp_path / "mine.keras")
    np.testing.assert_allclose(again.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-6)


def test_application_layers_in_legacy_files(tmp_path):
    model = theirs()
    model.save(tmp_path / "m.h5")
    np.testing.assert_allclose(
        lamina.models.load_model(tmp_path / "m.h5").predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-6
    )


def test_they_are_trained(tmp_path, engine):
    theirs().save(tmp_path / "m.keras")
    model = lamina.models.load_model(tmp_path / "m.keras")
    model.compile("sgd", "mse")
    before = np.asarray(model.layers[1].weights[0]).copy()
    model.fit(X, X, verbose=0)
    assert (np.asarray(model.layers[1].weights[0]) != before).all()
    x = np.ones((2000, 1, 1, 3), "float32")
    dropped = np.asarray(model.layers[2](x, training=True))
    kept = dropped[:, 0, 0, 0] != 0
    assert abs(kept.mean() - 0.75) < 0.05  # whole samples, the kept ones scaled
    np.testing.assert_allclose(dropped[kept], 1 / 0.75, rtol=1e-6)
    np.testing.assert_array_equal(np.asarray(model.layers[2](x)), x)


def test_einsum_dense_of_keras(tmp_path):
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.EinsumDense("...a,ab->...b", 5, bias_axes="b")])
    for name in ("m.keras", "m.h5"):
        model.save(tmp_path / name)
        np.testing.assert_allclose(
            lamina.models.load_model(tmp_path / name).predict(X, verbose=0),
            model.predict(X, verbose=0),
            rtol=1e-5,
            atol=1e-6,
        )


@pytest.mark.parametrize(
    "make",
    [
        lambda k: k.layers.Dense(3),
        lambda k: k.layers.Conv2D(2, 3),
        lambda k: k.layers.Dropout(0.5),
        lambda k: k.layers.LSTM(2),
        lambda k: k.layers.Rescaling(2.0),
        lambda k: k.layers.EinsumDense("ab,bc->ac", 3),
        lambda k: k.layers.Embedding(3, 2),
        lambda k: k.layers.BatchNormalization(),
    ],
)
def test_an_unknown_argument_that_says_nothing_is_none(make):
    """A later Keras writes its new arguments, None where they are not used."""
    config = lamina.saving.serialize_keras_object(make(lamina))
    config["config"]["argument_of_a_later_keras"] = None
    again = lamina.saving.deserialize_keras_object(config)
    assert "argument_of_a_later_keras" not in again.get_config()
    config["config"]["argument_of_a_later_keras"] = 1
    with pytest.raises(TypeError, match="argument_of_a_later_keras"):
        lamina.saving.deserialize_keras_object(config)


def test_a_loaded_lambda_is_saved_again(tmp_path):
    x = np.arange(6, dtype="float32").reshape(2, 3)
    model = lamina.Sequential(
        [lamina.Input((3,)), lamina.layers.Lambda(lambda v, plus=1: v * 2 + plus, output_shape=lambda s: s)]
    )
    for i in range(3):
        for ending in ("keras", "h5"):
            path = tmp_path / f"m{i}.{ending}"
            model.save(path)
            again = lamina.models.load_model(path, safe_mode=False)
            np.testing.assert_array_equal(again.predict(x, verbose=0), 2 * x + 1)
        model = again
