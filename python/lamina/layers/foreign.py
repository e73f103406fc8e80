"""Keras' layers around other frameworks' models, which refuse: those frameworks run none of this library's engines."""

from lamina._core.public import publish
from lamina.layers.layer import Layer


def _refusing(name, what, instead, signature):
    def __init__(self, *args, **kwargs):
        raise NotImplementedError(f"{name} runs {what}, which Lamina's engines do not run. {instead}")

    doc = f"""Refuses: it runs {what}, which Lamina's engines do not run. {instead}

    Args:
        *args: {signature}
        **kwargs: arguments of every layer.

    Raises:
        NotImplementedError: always.
    """
    return type(name, (Layer,), {"__init__": __init__, "__doc__": doc, "__module__": "lamina.layers"})


_WEIGHTS = "Build the model from Lamina's layers and copy its weights with `set_weights`."
TFSMLayer = _refusing(
    "TFSMLayer",
    "a TensorFlow SavedModel",
    "Save the model as a `.keras` or `.h5` file and load that.",
    "filepath, call_endpoint, call_training_endpoint.",
)
JaxLayer = _refusing("JaxLayer", "a JAX function", _WEIGHTS, "call_fn, init_fn, params, state, seed.")
FlaxLayer = _refusing("FlaxLayer", "a Flax module", _WEIGHTS, "module, method, variables.")
TorchModuleWrapper = _refusing("TorchModuleWrapper", "a PyTorch module", _WEIGHTS, "module, name, output_shape.")

publish("lamina.layers", TFSMLayer, JaxLayer, FlaxLayer, TorchModuleWrapper)
