"""Keras' layers around other frameworks' models, which refuse: this library's engines do not run those frameworks."""

from lamina._core.public import publish
from lamina._core.signatures import own_parameters
from lamina.layers.layer import Layer

_WEIGHTS = "Build the model from Lamina's layers and copy its weights with `set_weights`."


def _refuse(layer, what, instead):
    raise NotImplementedError(f"{layer} runs {what}, which Lamina's engines do not run. {instead}")


class TFSMLayer(Layer):
    """Refuses: it runs a TensorFlow SavedModel. A model saved as a `.keras` or `.h5` file can be loaded.

    Args:
        filepath: as in Keras, like the other arguments.
        call_endpoint: as in Keras.
        call_training_endpoint: as in Keras.
        trainable: as in Keras.
        name: as in Keras.
        dtype: as in Keras.

    Raises:
        NotImplementedError: always.
    """

    def __init__(
        self, filepath, call_endpoint="serve", call_training_endpoint=None, trainable=True, name=None, dtype=None
    ):
        _refuse("TFSMLayer", "a TensorFlow SavedModel", "Save the model as a `.keras` or `.h5` file and load that.")


class JaxLayer(Layer):
    """Refuses: it runs a JAX function.

    Args:
        call_fn: as in Keras, like the other arguments.
        init_fn: as in Keras.
        params: as in Keras.
        state: as in Keras.
        seed: as in Keras.
        native_serialization_platforms: as in Keras.
        **kwargs: as in Keras.

    Raises:
        NotImplementedError: always.
    """

    def __init__(
        self,
        call_fn,
        init_fn=None,
        params=None,
        state=None,
        seed=None,
        native_serialization_platforms=None,
        **kwargs,
    ):
        _refuse("JaxLayer", "a JAX function", _WEIGHTS)


class FlaxLayer(JaxLayer):
    """Refuses: it runs a Flax module.

    Args:
        module: as in Keras, like the other arguments.
        method: as in Keras.
        variables: as in Keras.
        **kwargs: as in Keras.

    Raises:
        NotImplementedError: always.
    """

    def __init__(self, module, method=None, variables=None, **kwargs):
        _refuse("FlaxLayer", "a Flax module", _WEIGHTS)


class TorchModuleWrapper(Layer):
    """Refuses: it runs a PyTorch module.

    Args:
        module: as in Keras, like the other arguments.
        name: as in Keras.
        output_shape: as in Keras.
        **kwargs: as in Keras.

    Raises:
        NotImplementedError: always.
    """

    def __init__(self, module, name=None, output_shape=None, **kwargs):
        _refuse("TorchModuleWrapper", "a PyTorch module", _WEIGHTS)


for _layer in (TFSMLayer, JaxLayer, FlaxLayer, TorchModuleWrapper):  # the class of layer classes hides their own
    _layer.__signature__ = own_parameters(_layer.__init__)
publish("lamina.layers", TFSMLayer, JaxLayer, FlaxLayer, TorchModuleWrapper)
