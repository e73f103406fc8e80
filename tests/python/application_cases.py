"""Models of keras.applications that tests build with both libraries. What takes Keras minutes - the structure of all of
them, and what those of OUTPUTS give - is written by tests/data/make_applications.py."""

import contextlib
import hashlib
import json

import numpy as np

SMALL = {"weights": None, "input_shape": (32, 32, 3)}
FEATURES = {"weights": None, "include_top": False}


def _cases():
    """(function, arguments, image data format) of models whose structure is compared, layer by layer."""
    for function in ("ConvNeXtTiny", "EfficientNetB0", "MobileNet", "MobileNetV2", "MobileNetV3Small"):
        yield function, {}, "channels_last"  # without the weights themselves
    for function in ("DenseNet121", "EfficientNetV2B0", "ResNet50", "ResNet50V2", "VGG16"):
        yield function, {"include_top": False}, "channels_last"
    for function in ("InceptionV3", "Xception"):
        yield function, {"include_top": False, "input_shape": (96, 96, 3)}, "channels_last"
    for alpha, size in ((0.25, 128), (0.5, 160), (0.75, 192)):
        yield "MobileNet", {"alpha": alpha, "input_shape": (size, size, 3)}, "channels_last"
    yield "MobileNet", {"include_top": False, "input_shape": (224, 224, 3)}, "channels_last"
    yield "MobileNetV2", {"alpha": 0.35, "include_top": False, "input_shape": (96, 96, 3)}, "channels_last"
    yield "MobileNetV3Small", {"alpha": 0.75, "include_top": False, "input_shape": (224, 224, 3)}, "channels_last"
    yield "MobileNetV3Large", {"minimalistic": True, "input_shape": (224, 224, 3)}, "channels_last"
    for function in ("ConvNeXtTiny", "MobileNet", "MobileNetV3Small", "VGG16"):
        yield function, {**FEATURES, "pooling": "avg"}, "channels_last"
    for function in ("EfficientNetB0", "InceptionV3", "MobileNetV2", "Xception"):
        yield function, {**FEATURES, "pooling": "max", "name": "features"}, "channels_last"
    for function in ("EfficientNetB0", "EfficientNetV2B0", "InceptionV3", "MobileNet", "MobileNetV2"):
        yield function, {"weights": None, "classes": 7, "classifier_activation": None}, "channels_first"
    for function in ("MobileNetV3Small", "ResNet50", "ResNet50V2", "VGG16", "Xception"):
        yield function, {**FEATURES, "pooling": "avg"}, "channels_first"
    yield "ConvNeXtTiny", {**SMALL, "include_preprocessing": False, "classes": 3}, "channels_last"
    yield "EfficientNetB0", {**SMALL, "input_shape": (33, 47, 3)}, "channels_last"
    yield "EfficientNetV2B0", {**SMALL, "include_preprocessing": False, "classes": 3}, "channels_last"
    yield "EfficientNetV2B0", {"weights": None, "input_shape": (32, 32, 1)}, "channels_last"
    yield "MobileNet", {**SMALL, "alpha": 0.25, "depth_multiplier": 2, "dropout": 0.5}, "channels_last"
    yield "MobileNet", {**FEATURES, "alpha": 0.5, "input_shape": (160, 160, 3), "name": "tiny"}, "channels_last"
    yield "MobileNetV2", {"weights": None, "alpha": 1.4, "input_shape": (96, 96, 3)}, "channels_last"
    yield "MobileNetV2", {**SMALL, "input_shape": (33, 47, 3)}, "channels_last"
    yield "MobileNetV3Small", {**SMALL, "alpha": 0.75, "dropout_rate": 0, "classes": 5}, "channels_last"
    yield "MobileNetV3Large", {**SMALL, "alpha": 1.25, "include_preprocessing": False}, "channels_last"
    yield "ResNet50", {**SMALL, "name": None, "classes": 2, "classifier_activation": "sigmoid"}, "channels_last"


# Of each family, what is run: (function, arguments, image data format).
OUTPUTS = [
    ("ConvNeXtTiny", {**SMALL, "classes": 10, "classifier_activation": None}, "channels_last"),
    ("DenseNet121", {**SMALL, "classes": 10, "classifier_activation": None}, "channels_last"),
    ("EfficientNetB0", {**SMALL, "classes": 10, "classifier_activation": None}, "channels_last"),
    ("EfficientNetV2B0", {**SMALL, "classes": 10, "classifier_activation": None}, "channels_last"),
    ("EfficientNetV2S", {**SMALL, "classes": 10, "classifier_activation": None}, "channels_last"),
    (
        "InceptionResNetV2",
        {"weights": None, "input_shape": (75, 75, 3), "classes": 10, "classifier_activation": None},
        "channels_last",
    ),
    (
        "InceptionV3",
        {"weights": None, "input_shape": (75, 75, 3), "classes": 10, "classifier_activation": None},
        "channels_last",
    ),
    ("MobileNet", {**SMALL, "classes": 10, "classifier_activation": None}, "channels_last"),
    ("MobileNetV2", {**SMALL, "classes": 10, "classifier_activation": None}, "channels_last"),
    ("MobileNetV2", {"weights": None, "input_shape": (3, 33, 47), "classes": 10}, "channels_first"),
    ("MobileNetV3Small", {**SMALL, "classes": 10, "classifier_activation": None}, "channels_last"),
    ("MobileNetV3Large", {**SMALL, "classes": 10, "minimalistic": True}, "channels_last"),
    ("NASNetMobile", {**SMALL, "classes": 10, "classifier_activation": None}, "channels_last"),
    ("ResNet50", {**SMALL, "classes": 10, "classifier_activation": None}, "channels_last"),
    ("ResNet50", {**FEATURES, "input_shape": (3, 32, 40), "pooling": "max"}, "channels_first"),
    ("ResNet50V2", {**SMALL, "classes": 10, "classifier_activation": None}, "channels_last"),
    ("VGG16", {**FEATURES, "input_shape": (32, 32, 3), "pooling": "avg"}, "channels_last"),
    (
        "Xception",
        {"weights": None, "input_shape": (71, 71, 3), "classes": 10, "classifier_activation": None},
        "channels_last",
    ),
]


def key(case):
    function, arguments, data_format = case
    return f"{function}({', '.join(f'{k}={v!r}' for k, v in arguments.items())}) {data_format}"


CASES = list(_cases())


@contextlib.contextmanager
def data_format(library, name):
    """Names begin anew, so that both libraries give the same ones."""
    before = library.config.image_data_format()
    library.config.set_image_data_format(name)
    library.utils.clear_session()
    try:
        yield
    finally:
        library.config.set_image_data_format(before)


@contextlib.contextmanager
def without_values(keras):
    """Keras' variables get no initial values in here, which would take most of the time; nor later, but by
    assignment."""
    from keras.src.backend.common import global_state

    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        global_state.set_global_attribute("uninitialized_variables", [])


def plain(config):
    """A config without what Lamina leaves out, as it says nothing: shapes to build by, which tensors have, and
    arguments of calls that are the default."""
    if isinstance(config, (list, tuple)):
        return [plain(item) for item in config]
    if not isinstance(config, dict):
        return np.asarray(config).tolist()
    out = {k: plain(v) for k, v in config.items() if k != "build_config"}
    for node in out.get("inbound_nodes", []):
        node["kwargs"] = {k: v for k, v in node["kwargs"].items() if k not in ("mask", "training")}
    return out


def weights(model, kind="weights"):
    return [(w.path, list(w.shape), str(w.dtype)) for w in getattr(model, kind)]


def structure(model):
    """What a model consists of, in a few words."""
    config = plain(model.get_config())
    out = {"layers": len(config["layers"])}
    for name, part in (
        ("names", [(layer["class_name"], layer["name"]) for layer in config["layers"]]),
        ("config", config),
        ("weights", weights(model)),
        ("trainable", weights(model, "trainable_weights")),
    ):
        out[name] = hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:16]
    return out


# Of the weights, so that what the models give stays near 1 and shows what they see.
GAINS = {
    "EfficientNetB0": 2.0,
    "EfficientNetV2B0": 1.6,
    "EfficientNetV2S": 1.5,
    "InceptionV3": 1.4,
    "MobileNet": 2.0,
    "MobileNetV2": 1.5,
    "MobileNetV3Small": 1.9,
    "MobileNetV3Large": 1.5,
    "VGG16": 1.2,
}


def fill(model, gain=1.0):
    """Weights that any library draws alike."""
    values = []
    for i, w in enumerate(model.weights):
        name, shape = w.path.rpartition("/")[2], tuple(w.shape)
        rng = np.random.default_rng(i)
        if len(shape) < 2 or name == "count":
            low, high = (0.7, 1.3) if "variance" in name or name == "gamma" else (-0.1, 0.1)
            value = rng.uniform(low, high, shape)
        else:
            depthwise = len(shape) == 4 and 1 in shape[2:] or name == "depthwise_kernel"
            inputs = np.prod(shape[:2]) if depthwise else np.prod(shape[:-1])
            value = rng.uniform(-1, 1, shape) * gain * np.sqrt(2 / inputs)
        values.append(np.zeros(shape, "int32") if name == "count" else value.astype("float32"))
    model.set_weights(values)
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):  # Keras' Normalization uses its weights from then on
            layer.finalize_state()


def images(shape):
    """Two images of a model's input shape."""
    return np.random.default_rng(7).uniform(0, 255, (2, *shape[1:])).astype("float32")
