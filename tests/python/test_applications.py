"""keras.applications: the models are Keras', layer by layer, and give what Keras' give."""

import inspect
import json
import pickle
from pathlib import Path

import keras
import lamina
import numpy as np
import pytest
from application_cases import (
    CASES,
    GAINS,
    OUTPUTS,
    data_format,
    fill,
    images,
    key,
    plain,
    structure,
    weights,
    without_values,
)
from lamina import _lamina

RESULTS = json.loads((Path(__file__).parents[1] / "data" / "applications.json").read_text())
FUNCTIONS = [name for name in dir(keras.applications) if inspect.isfunction(getattr(keras.applications, name))]


@pytest.fixture
def no_weights(monkeypatch):
    """Models of Keras get no weights; the list has the (name, address, hash) of those that they would."""
    from keras.src.models import Functional
    from keras.src.utils import file_utils

    asked = []

    def get_file(name, origin, cache_subdir=None, file_hash=None):
        assert cache_subdir == "models"
        asked.append((name, origin, file_hash or ""))

    monkeypatch.setattr(file_utils, "get_file", get_file)
    monkeypatch.setattr(Functional, "load_weights", lambda self, path: None)
    return asked


def theirs(function, arguments):
    with without_values(keras):
        return getattr(keras.applications, function)(**arguments)


def same_structure(ours, theirs):
    a, b = plain(ours.get_config()), plain(theirs.get_config())
    for one, other in zip(a["layers"], b["layers"]):
        assert one == other
    assert a == b
    for kind in ("weights", "trainable_weights"):
        assert weights(ours, kind) == weights(theirs, kind)
    assert [t.shape for t in ours.outputs] == [t.shape for t in theirs.outputs]


@pytest.mark.parametrize("case", CASES, ids=key)
def test_structure(case, no_weights):
    function, arguments, layout = case
    with data_format(keras, layout):
        other = theirs(function, arguments)
    with data_format(lamina, layout):
        if "weights" in arguments:
            model, file = getattr(lamina.applications, function)(**arguments), None
        else:
            model, file = _lamina.build_model(function, arguments)
    assert [file] == (no_weights or [None])
    same_structure(model, other)


LARGE = {
    "ConvNeXtLarge",
    "ConvNeXtXLarge",
    "NASNetLarge",
    *(f"EfficientNet{s}" for s in ["B5", "B6", "B7", "V2S", "V2M", "V2L"]),
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_structure_in_short(function):
    with data_format(lamina, "channels_last"):
        model, file = _lamina.build_model(function, {})
    expected = RESULTS["structures"][function]
    assert {**structure(model), "files": expected["files"]} == expected
    assert file == tuple(expected["files"][0])
    if function not in LARGE:
        arguments = {"include_top": False, "input_shape": (224, 224, 3)}
        assert _lamina.build_model(function, arguments)[1] == tuple(expected["files"][1])


@pytest.mark.parametrize("case", OUTPUTS, ids=key)
def test_outputs(case):
    function, arguments, layout = case
    with data_format(lamina, layout):
        model = getattr(lamina.applications, function)(**arguments)
        fill(model, GAINS.get(function, 1.0))
        got = model.predict(images(model.input_shape), verbose=0)[:, :10]
    expected = np.array(RESULTS["outputs"][key(case)])
    assert np.abs(expected[0] - expected[1]).max() > 0.01 * np.abs(expected).max()  # it shows the image
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("function", ["MobileNet", "MobileNetV3Small", "EfficientNetB0", "NASNetMobile"])
def test_outputs_on_the_eager_engine(function):
    case = next(c for c in OUTPUTS if c[0] == function)
    lamina.config.set_engine("eager")
    try:
        model = getattr(lamina.applications, function)(**case[1])
        fill(model, GAINS.get(function, 1.0))
        got = np.asarray(model(images(model.input_shape)))
    finally:
        lamina.config.set_engine("graph")
    expected = np.array(RESULTS["outputs"][key(case)])
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


INPUTS = {
    "an op's result": lambda k: k.layers.Rescaling(2.0)(k.Input((40, 40, 3))),
    "two inputs": lambda k: k.layers.Add()([k.Input((40, 40, 3)), k.Input((40, 40, 3))]),
    "an input of another dtype": lambda k: k.Input((40, 40, 3), dtype="uint8", name="pixels"),
}


@pytest.mark.parametrize("function", ["MobileNetV3Large", "EfficientNetB0"])
@pytest.mark.parametrize("tensor", INPUTS)
def test_input_tensor(function, tensor):
    arguments = {"weights": None, "include_top": False}
    models = []
    for library in (keras, lamina):
        with data_format(library, "channels_last"):
            x = INPUTS[tensor](library)
            if library is keras:
                models.append(theirs(function, {**arguments, "input_tensor": x}))
            else:
                models.append(getattr(lamina.applications, function)(**arguments, input_tensor=x))
    same_structure(models[1], models[0])
    assert len(models[1].inputs) == (2 if tensor == "two inputs" else 1)


# Arguments that are mistakes, and words of the message.
MISTAKES = {
    "no such file": ("ResNet50", {"weights": "nowhere.h5"}, "nowhere.h5"),
    "classes of imagenet": ("VGG16", {"classes": 10}, "`classes` should be 1000"),
    "too small": ("ResNet50", {"weights": None, "include_top": False, "input_shape": (31, 40, 3)}, "at least 32x32"),
    "too small for V3": ("MobileNetV3Small", {"weights": None, "input_shape": (31, 40, 3)}, "at least 32x32"),
    "too small for inception": ("InceptionV3", {"weights": None, "input_shape": (74, 75, 3)}, "at least 75x75"),
    "rank": ("Xception", {"weights": None, "input_shape": (99, 99)}, "three integers"),
    "channels of imagenet": ("DenseNet121", {"include_top": False, "input_shape": (32, 32, 1)}, "3 channels"),
    "shape of imagenet": ("VGG19", {"input_shape": (64, 64, 3)}, "(224, 224, 3)"),
    "unknown size": ("MobileNet", {"weights": None, "input_shape": (None, None, 3)}, "static"),
    "unknown size of NASNet": ("NASNetLarge", {"include_top": False, "input_shape": (None, 99, 3)}, "static"),
    "alpha of imagenet": ("MobileNet", {"alpha": 0.3}, "alpha"),
    "depth multiplier of imagenet": ("MobileNet", {"depth_multiplier": 2}, "depth"),
    "alpha of V2": ("MobileNetV2", {"alpha": 0.25}, "alpha"),
    "alpha of V3": ("MobileNetV3Large", {"alpha": 0.5}, "alpha"),
    "alpha of minimalistic V3": ("MobileNetV3Large", {"alpha": 0.75, "minimalistic": True}, "alpha"),
    "alpha that leaves nothing": ("MobileNet", {"weights": None, "alpha": 0.01}, "filters"),
    "activation of imagenet": ("EfficientNetB0", {"classifier_activation": "relu"}, "softmax"),
    "no classes": ("MobileNet", {"weights": None, "classes": 0}, ""),
    "an array": ("MobileNet", {"weights": None, "input_tensor": np.zeros((1, 224, 224, 3), "float32")}, "KerasTensor"),
    "other sizes than the tensor's": (
        "MobileNetV2",
        {"weights": None, "input_shape": (40, 48, 3), "input_tensor": "Input"},
        "input_tensor",
    ),
    "an unknown argument": ("ResNet50", {"weights": None, "clases": 3}, "classes"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(mistake):
    function, arguments, words = MISTAKES[mistake]
    kinds = []
    for library in (lamina, keras):
        given = dict(arguments)
        if given.get("input_tensor") is not None and isinstance(given["input_tensor"], str):
            given["input_tensor"] = library.Input((40, 40, 3))
        with pytest.raises((ValueError, TypeError)) as error, without_values(keras):
            getattr(library.applications, function)(**given)
        kinds.append(error.type)
        if library is lamina:
            assert words in str(error.value), str(error.value)
    assert kinds[0] is kinds[1]


@pytest.mark.parametrize("function", ["ConvNeXtTiny", "DenseNet121", "NASNetMobile"])
def test_channels_first_is_refused_where_keras_refuses_it(function):
    for library in (lamina, keras):
        with data_format(library, "channels_first"), pytest.raises(ValueError, match="channels_first"):
            getattr(library.applications, function)(weights=None)


def test_other_mistakes():
    with pytest.raises(ValueError, match="'avg' or 'max'"):  # Keras gives the features without a word
        lamina.applications.ResNet50(weights=None, include_top=False, pooling="mean")
    with pytest.raises(ValueError, match="between 0 and"):
        lamina.applications.MobileNet(weights=None, alpha=float("nan"))
    with pytest.raises(ValueError, match="between 0 and"):
        lamina.applications.MobileNetV2(weights=None, alpha=1e300)
    with pytest.raises(TypeError, match="at most 8 arguments"):
        lamina.applications.ResNet50(True, None, None, None, None, 10, None, "name", "more")
    with pytest.raises(TypeError, match="multiple values for argument 'weights'"):
        lamina.applications.ResNet50(False, None, weights=None)
    with pytest.raises(ValueError, match="rank 4"):
        lamina.applications.ResNet50(weights=None, include_top=False, input_tensor=lamina.Input((3,)))
    with pytest.raises(ValueError, match="no file"):
        lamina.applications.ResNet50(weights="")


@pytest.mark.parametrize("channels", [4, None])
def test_a_number_of_channels_that_is_not_usual_is_told(channels):
    arguments = {"weights": None, "include_top": False, "input_shape": (32, 32, channels or 5)}
    with pytest.warns(UserWarning, match="1 or 3 input channels"):
        lamina.applications.VGG16(**arguments)


def test_functions_are_described():
    for name in FUNCTIONS:
        f = getattr(lamina.applications, name)
        assert f.__name__ == f.__qualname__ == name and f.__module__ == "lamina.applications"
        assert all(f"    {argument}: " in f.__doc__ for argument in inspect.signature(f).parameters), name
        assert "Returns:" in f.__doc__ and "Raises:" in f.__doc__ and "Reference:" in f.__doc__
        assert pickle.loads(pickle.dumps(f)) is f
    assert lamina.applications.resnet50.ResNet50 is lamina.applications.ResNet50
    module = lamina.applications.vgg16
    assert pickle.loads(pickle.dumps(module.preprocess_input)) is module.preprocess_input


def test_names_of_activations_are_those_of_keras_functions():
    """Which files hold."""
    for name in ("swish", "silu", "hard_swish", "hard_silu", "exponential", "relu", "linear"):
        for make in (lambda k, n: k.layers.Activation(n), lambda k, n: k.layers.Dense(2, activation=n)):
            assert make(lamina, name).get_config()["activation"] == make(keras, name).get_config()["activation"]


def test_modules_are_those_of_keras():
    for name in ("", *(n for n in dir(keras.applications) if inspect.ismodule(getattr(keras.applications, n)))):
        ours = getattr(lamina.applications, name) if name else lamina.applications
        other = getattr(keras.applications, name) if name else keras.applications
        assert set(dir(ours)) == {n for n in dir(other) if not n.startswith("_")}
