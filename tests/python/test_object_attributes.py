"""What public objects have as attributes and methods: all that Keras' have, with the same plain values."""

import inspect

import keras
import lamina
import numpy as np
import object_cases
import pytest

# Names that Keras' objects have and Lamina's lack, and why. Those of layers hold for models too.
ABSENT = {
    "backend": "a layer's backend is a module of Keras' own, chosen by where the layer is called",
    "compute_loss_and_updates": "a part of Keras' training step on JAX",
    "stateless_compute_loss": "a part of Keras' training step on JAX",
    "jax_state_sync": "values live in variables, there is nothing to be written back",
    "call_signature_parameters": "Keras' notes on the signature of call()",
    "csv_file": "the file is open in C++",
    "writer": "the file is open in C++",
    "progbar": "the bar is drawn in C++",
    **dict.fromkeys(
        ("get_shifted_bbox", "get_transformed_x_y", "get_clipped_bbox"), "steps of transform_bounding_boxes()"
    ),
    "variable_serialization_spec": "what files hold of quantized layers follows from a table in C++",
}
# Values that differ, as (class, attribute), and why.
DIFFERENT = {
    ("InputLayer", "input"): "Keras gives an empty list, as its node has no inputs",
    ("Model", "supports_masking"): "a graph hands masks on",
    ("Sequential", "supports_masking"): "a graph hands masks on",
    ("Pipeline", "autocast"): "it leaves its inputs to its layers, as Keras does by another attribute",
    **{
        (name, "value_range"): "a tuple, as it was given; Keras sorts it into a list"
        for name in (
            *("AutoContrast", "Equalization", "RandomBrightness", "RandomColorDegeneration", "RandomPosterization"),
            *("RandomSaturation", "RandomSharpness", "Solarization"),
        )
    },
    **{
        (name, "supports_jit"): "the engines compile them"
        for name in (
            "RandomCrop",
            "RandomPerspective",
            "RandomRotation",
            "RandomShear",
            "RandomTranslation",
            "RandomZoom",
        )
    },
    ("CSVLogger", "keys"): "an empty list rather than None before training",
}


def plain(v):
    return (
        isinstance(v, (int, float, str, bool, type(None), np.generic))
        or isinstance(v, (tuple, list))
        and all(plain(x) for x in v)
    )


def kind(v):
    """Lists and tuples differ, subclasses of them and kinds of numbers do not."""
    return next((t for t in (bool, list, tuple) if isinstance(v, t)), None)


def compare(label, theirs, mine):
    missing, different = [], []
    for name in dir(theirs):
        if name.startswith("_") or name in ABSENT:
            continue
        try:
            value = getattr(theirs, name)
        except Exception:
            continue  # not there before it is used, or not with this configuration
        if not hasattr(mine, name):
            missing.append(name)
            continue
        found = getattr(mine, name)
        if (label, name) in DIFFERENT or name in ("name", "path", "seed", "output_names"):
            continue
        if callable(value) != callable(found) or plain(value) and (kind(value) != kind(found) or value != found):
            different.append((name, value, found))
    assert not missing, f"{label} lacks {missing}"
    assert not different, f"{label}: (attribute, Keras', Lamina's) {different}"


@pytest.mark.parametrize("name", sorted({*object_cases.LAYERS, *object_cases.MADE}))
def test_layers(name):
    compare(name, object_cases.layer(keras, name), object_cases.layer(lamina, name))


def test_no_layer_is_left_out():
    known = {*object_cases.LAYERS, *object_cases.MADE, *object_cases.NEED_TENSORFLOW}
    classes = {
        n
        for n in dir(keras.layers)
        if inspect.isclass(getattr(keras.layers, n))
        and getattr(keras.layers, n).__name__ == n
        and hasattr(lamina.layers, n)
    }
    # Those of other frameworks cannot be made.
    assert classes - known == {"InputSpec", "FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"}


@pytest.mark.parametrize("name", object_cases.NEED_TENSORFLOW)
def test_classes_that_need_tensorflow(name):
    mine = getattr(lamina.layers, name)(*object_cases.NEED_TENSORFLOW[name])
    names = {n for n in dir(getattr(keras.layers, name)) if not n.startswith("_") and n not in ABSENT}
    assert not names - set(dir(mine))


@pytest.mark.parametrize("name", object_cases.MODELS)
def test_models(name):
    compare(name, object_cases.MODELS[name](keras), object_cases.MODELS[name](lamina))


@pytest.mark.parametrize(
    "module, name", [(m, n) for m in object_cases.ARGUMENTS for n in object_cases.classes(keras, lamina, m)]
)
def test_others(module, name):
    theirs, mine = object_cases.other(keras, module, name), object_cases.other(lamina, module, name)
    compare(name, theirs, mine)
    if module == "initializers" and hasattr(theirs, "seed"):
        assert isinstance(mine.seed, int)


def test_exceptions_are_needed():
    """What is no exception any more is taken off the list."""
    names = ("EinsumDense", "Normalization", "RandomTranslation", "RandomZoom")
    layers = [(object_cases.layer(keras, n), object_cases.layer(lamina, n)) for n in names]
    models = [(make(keras), make(lamina)) for make in object_cases.MODELS.values()]
    others = [
        (object_cases.other(keras, "callbacks", n), object_cases.other(lamina, "callbacks", n))
        for n in ("CSVLogger", "ProgbarLogger")
    ]
    for name in ABSENT:
        assert any(name in dir(k) and not hasattr(m, name) for k, m in layers + models + others), name
