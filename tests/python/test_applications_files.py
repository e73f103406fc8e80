"""Weights of models of keras.applications: Keras' files, both ways, published ones from a local server, training."""

import functools
import http.server
import shutil
import threading

import h5py
import keras
import lamina
import numpy as np
import pytest
from application_cases import GAINS, data_format, fill, images, without_values
from keras.src.legacy.saving import legacy_h5_format

TINY = {"weights": None, "input_shape": (32, 32, 3), "alpha": 0.25, "classes": 10}
X = images((None, 32, 32, 3))


def theirs(function, **arguments):
    with data_format(keras, "channels_last"), without_values(keras):
        model = getattr(keras.applications, function)(**arguments)
    fill(model, GAINS.get(function, 1.0))
    return model


def save_legacy(model, path):
    """A file as keras.applications publishes it: an .h5 file of weights alone."""
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)


def same_weights(ours, theirs):
    assert len(ours.weights) == len(theirs.weights)
    for w, a, b in zip(ours.weights, ours.get_weights(), theirs.get_weights()):
        np.testing.assert_array_equal(a, b, err_msg=w.path)


@pytest.fixture(scope="module")
def mobilenet():
    model = theirs("MobileNet", **TINY)
    return model, model.predict(X, verbose=0)


def test_models_in_both_directions(mobilenet, tmp_path, engine):
    model, expected = mobilenet
    model.save(tmp_path / "theirs.keras")
    ours = lamina.models.load_model(tmp_path / "theirs.keras")
    np.testing.assert_allclose(ours.predict(X, verbose=0), expected, rtol=1e-5, atol=1e-6)
    again = lamina.applications.MobileNet(**TINY)
    again.set_weights(ours.get_weights())
    again.save(tmp_path / "ours.keras")
    with without_values(keras):
        back = keras.models.model_from_json(again.to_json())
    back.load_weights(tmp_path / "ours.keras")
    np.testing.assert_allclose(back.predict(X, verbose=0), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("ending", [".weights.h5", ".h5"])
def test_weights_of_a_path(mobilenet, tmp_path, ending):
    model, expected = mobilenet
    path = tmp_path / ("m" + ending)
    model.save_weights(path) if ending == ".weights.h5" else save_legacy(model, path)
    for where in (path, str(path)):
        ours = lamina.applications.MobileNet(**{**TINY, "weights": where})
        np.testing.assert_allclose(ours.predict(X, verbose=0), expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="mismatch|shape"):
        lamina.applications.MobileNet(**{**TINY, "weights": path, "alpha": 0.5})
    with pytest.raises(ValueError, match="softmax"):
        lamina.applications.MobileNet(**{**TINY, "weights": path, "classifier_activation": "relu"})


# What has weights beside those that are trained, sublayers, or several in a layer.
@pytest.mark.parametrize("function", ["ConvNeXtTiny", "EfficientNetB0", "MobileNetV3Small"])
@pytest.mark.parametrize("ending", [".weights.h5", ".h5"])
def test_weights_of_other_architectures(function, ending, tmp_path):
    arguments = {"include_top": False, "input_shape": (32, 32, 3)}
    model = theirs(function, weights=None, **arguments)
    path = tmp_path / ("m" + ending)
    model.save_weights(path) if ending == ".weights.h5" else save_legacy(model, path)
    same_weights(getattr(lamina.applications, function)(weights=path, **arguments), model)


def test_keras_reads_the_weights(tmp_path):
    ours = lamina.applications.MobileNetV2(weights=None, input_shape=(32, 32, 3), alpha=0.35)
    ours.save_weights(tmp_path / "m.weights.h5")
    with without_values(keras):
        model = keras.applications.MobileNetV2(weights=None, input_shape=(32, 32, 3), alpha=0.35)
    model.load_weights(tmp_path / "m.weights.h5")
    same_weights(ours, model)


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def site(tmp_path, monkeypatch):
    """(the folder that is served, the folder of models in the cache)"""
    root, cache = tmp_path / "site", tmp_path / "cache"
    root.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("KERAS_HOME", str(cache))
    monkeypatch.setenv("LAMINA_APPLICATIONS_ORIGIN", f"http://127.0.0.1:{server.server_port}/")
    yield root, cache / "models"
    server.shutdown()
    server.server_close()


IMAGENET = {"include_top": False, "alpha": 0.25, "input_shape": (128, 128, 3)}


def test_published_weights(site):
    root, models = site
    folder = root / "tensorflow" / "keras-applications" / "mobilenet"
    folder.mkdir(parents=True)
    model = theirs("MobileNet", weights=None, **IMAGENET)
    save_legacy(model, folder / "mobilenet_2_5_128_tf_no_top.h5")
    same_weights(lamina.applications.MobileNet(**IMAGENET), model)
    assert (models / "mobilenet_2_5_128_tf_no_top.h5").exists()
    shutil.rmtree(root)  # now they come from the cache
    same_weights(lamina.applications.MobileNet(weights="imagenet", **IMAGENET), model)


def test_without_a_network_the_error_says_where_to_put_the_file(site, monkeypatch):
    monkeypatch.setenv("LAMINA_APPLICATIONS_ORIGIN", "http://127.0.0.1:9/")
    with pytest.raises(Exception, match="put the file at .*cache/models/mobilenet_2_5_128_tf_no_top.h5"):
        lamina.applications.MobileNet(**IMAGENET)
    with pytest.raises(Exception, match="put the file at .*cache/models/imagenet_class_index.json"):
        lamina.applications.mobilenet.decode_predictions(np.ones((1, 1000), "float32"))


def test_weights_that_are_not_the_published_ones(site):
    root, models = site
    folder = root / "tensorflow" / "keras-applications" / "mobilenet_v3"
    folder.mkdir(parents=True)
    (folder / "weights_mobilenet_v3_small_minimalistic_224_1.0_float.h5").write_bytes(b"something else")
    with pytest.raises(ValueError, match="hash does not match"):
        lamina.applications.MobileNetV3Small(minimalistic=True, input_shape=(224, 224, 3))
    assert not list(models.glob("*.h5"))


def fine_tuned(library, base):
    """The losses of two steps on frozen features and of two on all but the normalisations, and the model."""
    x, y = X / 127.5 - 1, np.array([0, 2])
    head = np.random.default_rng(1).standard_normal((256, 3)).astype("float32") * 0.1
    inputs = library.Input((32, 32, 3))
    model = library.Model(inputs, library.layers.Dense(3)(base(inputs)))
    model.layers[-1].set_weights([head, np.zeros(3, "float32")])
    loss = library.losses.SparseCategoricalCrossentropy(from_logits=True)
    losses = []
    for trainable in (False, True):
        base.trainable = trainable
        for layer in base.layers:
            if isinstance(layer, library.layers.BatchNormalization):
                layer.trainable = False
        assert len(model.trainable_weights) == (29 if trainable else 2)
        model.compile(library.optimizers.SGD(1e-2), loss)
        losses += [float(model.train_on_batch(x, y)) for _ in range(2)]
    return losses, model


FEATURES = {**TINY, "include_top": False, "pooling": "avg"}


@pytest.fixture(scope="module")
def fine_tuned_by_keras():
    return fine_tuned(keras, theirs("MobileNet", **FEATURES))


def test_fine_tuning(fine_tuned_by_keras, engine):
    base = lamina.applications.MobileNet(**FEATURES)
    fill(base, GAINS["MobileNet"])
    before = [np.asarray(w) for w in base.weights]
    losses, model = fine_tuned(lamina, base)
    expected, other = fine_tuned_by_keras
    assert expected[0] > expected[1] > expected[2] > expected[3]
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    for w, a, b in zip(model.weights, model.get_weights(), other.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6, err_msg=w.path)
    assert any((np.asarray(w) != v).any() for w, v in zip(base.weights, before))
