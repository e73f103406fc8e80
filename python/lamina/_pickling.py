"""Layers and models through pickle and copy.deepcopy: their config and values travel, as in a file."""
import os
import tempfile


def pickled(obj):
    """(kind, payload): what restore() needs."""
    from lamina import saving
    from lamina._lamina import ModelCore

    if isinstance(obj, ModelCore):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.keras")
            saving.save_model(obj, path)
            with open(path, "rb") as f:
                return "model", f.read()
    return "layer", (saving.serialize_keras_object(obj), obj.get_weights() if obj.built else None)


def restore(state):
    from lamina import saving

    kind, payload = state
    if kind == "model":
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.keras")
            with open(path, "wb") as f:
                f.write(payload)
            return saving.load_model(path, safe_mode=False)  # pickle itself runs code
    config, weights = payload
    layer = saving.deserialize_keras_object(config, safe_mode=False)
    if weights is not None and layer.built:
        layer.set_weights(weights)
    return layer
