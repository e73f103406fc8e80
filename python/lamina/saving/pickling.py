"""Layers and models through pickle and copy.deepcopy: their config and values travel, as in a file."""

import os

from lamina import _lamina
from lamina._core.configs.serialized import deserialize_keras_object, serialize_keras_object
from lamina._core.public import publish
from lamina.saving.files import load_model, save_model


def reduced(obj):
    """What __reduce__() of a layer or model gives."""
    return _restored, (_pickled(obj),)


def _pickled(obj):
    """(kind, payload): what _restored() needs."""
    if isinstance(obj, _lamina.ModelCore):
        import tempfile  # here, since it loads much that others do not need

        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.keras")
            save_model(obj, path)
            with open(path, "rb") as f:
                return "model", f.read()
    return "layer", (serialize_keras_object(obj), obj.get_weights() if obj.built else None, _vocabularies(obj))


def _lookups(layer):
    """Layers with a vocabulary that is no part of their config."""
    lookups = [found for found in layer._flatten(True, True) if hasattr(found, "input_vocabulary")]
    return [found for found in lookups if found.input_vocabulary is None]


def _vocabularies(layer):
    """[(terms, weights)] of its lookups."""
    out = []
    for found in _lookups(layer):
        terms = found.get_vocabulary()
        if not found.get_vocabulary(False):
            out.append(None)
            continue
        out.append((terms, found.idf_weights.numpy()[: len(terms)] if found.output_mode == "tf_idf" else None))
    return out


def _restored(state):
    kind, payload = state
    if kind == "model":
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.keras")
            with open(path, "wb") as f:
                f.write(payload)
            return load_model(path, safe_mode=False)  # pickle itself runs code
    config, weights, vocabularies = payload
    layer = deserialize_keras_object(config, safe_mode=False)
    if weights is not None and layer.built:
        layer.set_weights(weights)
    for found, state in zip(_lookups(layer), vocabularies):
        if state is not None:
            found.set_vocabulary(*state)
    return layer


publish("lamina.saving", _restored)
