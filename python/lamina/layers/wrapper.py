"""keras.layers.Wrapper: the base of users' layers around another layer."""

from lamina._core.configs.serialized import deserialize_keras_object, serialize_keras_object
from lamina._core.public import publish
from lamina.layers.layer import Layer


class Wrapper(Layer):
    """A layer that holds another one, `layer`, and builds it with its own input shape.

    Subclasses write `call()`. Configs and files hold the inner layer.

    Args:
        layer: the inner layer.
        **kwargs: arguments of Layer.

    Raises:
        ValueError: if `layer` is no layer.
    """

    _virtual = staticmethod(
        lambda subclass: any(
            c.__name__ in ("TimeDistributed", "SpectralNormalization") and "_fields" in c.__dict__
            for c in subclass.__mro__
        )
    )

    def __init__(self, layer, **kwargs):
        if not isinstance(layer, Layer):
            raise ValueError(
                f"Layer {layer} supplied to Wrapper isn't a supported layer type. Please ensure wrapped layer is a "
                f"valid Keras layer. Received: {layer!r} (of type {type(layer).__name__})"
            )
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape=None):
        """Builds the inner layer.

        Args:
            input_shape: the shape of its input.
        """
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True

    def get_config(self):
        """The arguments, with the inner layer as a config.

        Returns:
            A dict of plain values.
        """
        return {**super().get_config(), "layer": serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """A wrapper from get_config().

        Args:
            config: the constructor's arguments, the layer as a config.
            custom_objects: {name: class or function} that the config may name.
        """
        config = dict(config)
        return cls(deserialize_keras_object(config.pop("layer"), custom_objects=custom_objects), **config)


publish("lamina.layers", Wrapper)
