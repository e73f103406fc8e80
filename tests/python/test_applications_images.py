"""What goes with the models of keras.applications: preprocess_input() and decode_predictions()."""

import json

import keras
import lamina
import numpy as np
import pytest
from application_cases import data_format

MODULES = [n for n in dir(keras.applications) if hasattr(getattr(keras.applications, n), "decode_predictions")]
PLAIN = ("convnext", "efficientnet", "efficientnet_v2", "mobilenet_v3")


def pixels(shape, dtype="float32"):
    return np.random.default_rng(3).uniform(0, 255, shape).astype(dtype)


SHAPES = {
    "channels_last": [(5, 4, 3), (2, 5, 4, 3)],
    "channels_first": [(3, 5, 4), (2, 3, 5, 4)],
}


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
@pytest.mark.parametrize("layout", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "uint8", "int32"])
def test_arrays(mode, layout, dtype):
    for shape in SHAPES[layout]:
        ours, theirs = pixels(shape, dtype), pixels(shape, dtype)
        got = lamina.applications.imagenet_utils.preprocess_input(ours, layout, mode)
        expected = keras.applications.imagenet_utils.preprocess_input(theirs, layout, mode)
        assert isinstance(got, np.ndarray) and got.dtype == expected.dtype
        eps = 2e-3 if dtype == "float16" else 1e-6
        np.testing.assert_allclose(got, expected, rtol=eps, atol=eps * 150)
        np.testing.assert_allclose(ours, theirs, rtol=eps, atol=eps * 150)  # floats are written over


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
@pytest.mark.parametrize("layout", SHAPES)
def test_tensors(mode, layout, engine):
    for shape in SHAPES[layout]:
        x = pixels(shape)
        got = lamina.applications.imagenet_utils.preprocess_input(lamina.ops.convert_to_tensor(x), layout, mode)
        expected = keras.applications.imagenet_utils.preprocess_input(keras.ops.convert_to_tensor(x), layout, mode)
        assert isinstance(got, lamina.Tensor)
        np.testing.assert_allclose(np.asarray(got), np.asarray(expected), rtol=1e-6, atol=1e-4)


def test_integer_tensors_become_floats():
    """Keras subtracts what integers hold of the means."""
    x = pixels((2, 5, 4, 3), "uint8")
    for mode in ("caffe", "tf", "torch"):
        got = lamina.applications.imagenet_utils.preprocess_input(lamina.ops.convert_to_tensor(x), mode=mode)
        expected = keras.applications.imagenet_utils.preprocess_input(x.astype("float32"), mode=mode)
        assert got.dtype == "float32"
        np.testing.assert_allclose(np.asarray(got), expected, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
@pytest.mark.parametrize("layout", SHAPES)
def test_symbolic_tensors_and_files(mode, layout, tmp_path, engine):
    """The models are the same, and each library opens the other's."""
    x = pixels((2, 3, 5, 4) if layout == "channels_first" else (2, 5, 4, 3))
    models = []
    for library in (keras, lamina):
        with data_format(library, layout):
            inputs = library.Input(x.shape[1:])
            outputs = library.applications.imagenet_utils.preprocess_input(inputs, mode=mode)
            models.append(library.Model(inputs, outputs))
    theirs, ours = models
    assert [layer["class_name"] for layer in ours.get_config()["layers"]] == [
        layer["class_name"] for layer in theirs.get_config()["layers"]
    ]
    expected = theirs.predict(x, verbose=0)
    theirs.save(tmp_path / "theirs.keras")
    ours.save(tmp_path / "ours.keras")
    for model in (
        ours,
        lamina.models.load_model(tmp_path / "theirs.keras"),
        keras.models.load_model(tmp_path / "ours.keras"),
    ):
        np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize("module", MODULES)
def test_each_module_does_what_keras_does(module):
    if module == "imagenet_utils":
        return
    ours, theirs = getattr(lamina.applications, module), getattr(keras.applications, module)
    x = pixels((2, 3, 4, 3))
    np.testing.assert_allclose(ours.preprocess_input(x.copy()), theirs.preprocess_input(x.copy()), atol=1e-4)
    assert (ours.preprocess_input(x) is x) == (theirs.preprocess_input(x) is x)
    if module in PLAIN:
        assert ours.preprocess_input(None, "no format") is None is theirs.preprocess_input(None, "no format")
    assert "Args:" in ours.preprocess_input.__doc__ and "Returns:" in ours.preprocess_input.__doc__


def test_an_array_that_cannot_be_written_is_left():
    x = pixels((2, 3, 4, 3))
    x.flags.writeable = False
    before = x.copy()
    got = lamina.applications.resnet50.preprocess_input(x)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_allclose(got, keras.applications.resnet50.preprocess_input(before), atol=1e-4)


def test_preprocessing_in_a_dataset_and_in_a_function(engine):
    x = pixels((6, 5, 4, 3))
    expected = keras.applications.vgg16.preprocess_input(x.copy())
    compiled = lamina.function(lambda t: lamina.applications.vgg16.preprocess_input(t))
    np.testing.assert_allclose(np.asarray(compiled(lamina.ops.convert_to_tensor(x))), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"mode": "other"}, "mode"),
        ({"data_format": "channels_middle"}, "data_format"),
    ],
)
def test_mistakes(arguments, words):
    for library in (lamina, keras):
        with pytest.raises(ValueError, match=words):
            library.applications.imagenet_utils.preprocess_input(pixels((2, 3, 3)), **arguments)


def test_images_that_are_none():
    tensor = lamina.ops.convert_to_tensor
    for shape in ((4, 3), (1, 2, 3, 4, 3)):
        with pytest.raises(ValueError, match="rank 3"):
            lamina.applications.resnet.preprocess_input(tensor(pixels(shape)))
    with pytest.raises(ValueError, match="3 channels"):
        lamina.applications.resnet.preprocess_input(tensor(pixels((4, 4, 1))))


@pytest.fixture
def class_index(tmp_path, monkeypatch):
    """A stand-in for the file of the classes' names, as both libraries find it."""
    from keras.src.applications import imagenet_utils

    names = {str(i): [f"n{i:08d}", f"class_{i}"] for i in range(1000)}
    path = tmp_path / "index.json"
    path.write_text(json.dumps(names))
    monkeypatch.setattr(imagenet_utils, "CLASS_INDEX", names)
    asked = []

    def fetch(*file):
        asked.append(file)
        return str(path)

    monkeypatch.setattr(lamina.applications.imagenet_utils, "fetch", fetch)
    return asked, path


def test_decode_predictions(class_index):
    scores = np.random.default_rng(0).dirichlet(np.ones(1000), 3).astype("float32")
    for top in (1, 5, 7, 2000):
        ours = lamina.applications.imagenet_utils.decode_predictions(scores, top)
        assert ours == keras.applications.imagenet_utils.decode_predictions(scores, top)
        assert type(ours[0][0][2]) is np.float32
    tensor = lamina.ops.convert_to_tensor(scores)
    assert lamina.applications.vgg16.decode_predictions(tensor) == keras.applications.vgg16.decode_predictions(scores)
    assert lamina.applications.mobilenet_v3.decode_predictions is lamina.applications.vgg16.decode_predictions
    name, address, digest = class_index[0][0]
    assert (name, digest) == ("imagenet_class_index.json", "c2c37ea517e94d9795004a39431a14cb")
    assert address == "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json"


def test_mistakes_in_predictions(class_index):
    for shape in ((2, 10), (1000,), (2, 2, 1000)):
        for library in (lamina, keras):
            with pytest.raises(ValueError, match="2D array of shape"):
                library.applications.imagenet_utils.decode_predictions(np.ones(shape, "float32"))
    with pytest.raises(ValueError, match="`top` should be at least 1"):  # of which Keras gives all classes
        lamina.applications.imagenet_utils.decode_predictions(np.ones((1, 1000), "float32"), top=0)
    assert class_index[0] == []  # nothing was downloaded


@pytest.mark.parametrize("text", ["[1, 2]", "{}", '{"999": "tench"}', "{", '{"999": [1, 2]}'])
def test_a_damaged_file_of_names(class_index, text):
    class_index[1].write_text(text)
    scores = np.zeros((1, 1000), "float32")
    scores[0, 999] = 1
    with pytest.raises((ValueError, TypeError)):
        lamina.applications.imagenet_utils.decode_predictions(scores, top=1)
