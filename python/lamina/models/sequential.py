"""Sequential: a stack of layers."""

import inspect

from lamina import _lamina
from lamina._core.configs.registration import CustomObjectScope
from lamina._core.errors import check_layer_name
from lamina._core.hierarchy import LayerType
from lamina._core.public import publish
from lamina._core.user_classes import own
from lamina._core.values.shapes import shape_tuple
from lamina.layers import users_build
from lamina.models.model_methods import ModelMethods


class Sequential(ModelMethods, _lamina.SequentialCore, metaclass=LayerType):
    """A stack of layers, each with one input and one output.

    Args:
        layers: the layers, from the first to the last; an Input in front makes their weights at once.
        trainable: whether its weights are updated by optimizers.
        name: made from "sequential" by default.

    Raises:
        ValueError: for what is no layer, and for names that are taken.
    """

    _builtin = True
    _core = _lamina.SequentialCore

    def __init__(self, layers=None, trainable=True, name=None):
        if isinstance(layers, _lamina.ObjectBox):
            self._wrap_init(self, layers)
            return
        check_layer_name(name)
        # Named here: C++ would take a number of the built-in class for a subclass too.
        _lamina.SequentialCore.__init__(
            self,
            None,
            {"trainable": trainable, "name": name or _lamina.auto_name(_lamina.snake_case(type(self).__name__))},
        )
        own(self)
        if layers is not None:
            for layer in layers:
                self.add(layer, rebuild=False)
            self._maybe_rebuild()

    __init__._base_init = True

    @property
    def layers(self):
        """The layers that were added, without the input's."""
        return ModelMethods.layers.fget(self)

    @layers.setter
    def layers(self, _):
        raise AttributeError(
            "`Sequential.layers` attribute is reserved and should not be used. Use `add()` and `pop()` to change the "
            "layers in this model."
        )

    def _maybe_rebuild(self):
        self._checking_signatures(self._rebuild)

    def add(self, layer, rebuild=True):
        """Puts a layer, or an Input, on top of the stack.

        Args:
            layer: a Layer.
            rebuild: whether the model is connected anew at once.

        Raises:
            ValueError: for what is no layer, and for names that are taken.
        """
        if isinstance(layer, _lamina.KerasTensor) and isinstance(
            layer._keras_history.operation, _lamina.LayerCore
        ):  # keras.Input(...)
            layer = layer._keras_history.operation
        if not isinstance(layer, _lamina.LayerCore):
            raise ValueError(
                f"Only instances of `keras.Layer` can be added to a Sequential model. Received: {layer} (of type "
                f"{type(layer)})"
            )
        self._checking_signatures(self._add, layer, rebuild)

    def pop(self, rebuild=True):
        """Takes the last layer off the stack.

        Args:
            rebuild: whether the model is connected anew at once.

        Returns:
            The layer.

        Raises:
            IndexError: if there is none.
        """
        stack = self._stack()
        self._pop(rebuild)
        return stack[-1]

    def build(self, input_shape=None):
        """Makes the weights for inputs of this shape.

        Args:
            input_shape: a tuple with None for unknown sizes. A list or dict of shapes is left to the first call.

        Raises:
            ValueError: if the model has no layers, or has an input of another shape.
        """
        shape, stack = shape_tuple(input_shape), self._stack()
        declared = stack[0].batch_shape if stack and type(stack[0]).__name__ == "InputLayer" else None
        if declared is not None and isinstance(shape, tuple) and tuple(declared) != shape:
            raise ValueError(
                f"Sequential model '{self.name}' has already been configured to use input shape {tuple(declared)}. "
                f"You cannot build it with input_shape {shape}"
            )
        build = self._build if users_build.under_way(self) else self._build_from  # the former for a subclass' build()
        self._checking_signatures(build, {} if input_shape is None else {"inputs": shape})

    def _checking_signatures(self, f, *args):
        """f(*args), which may call the layers: a TypeError of one that does not take one tensor says so."""
        try:
            return f(*args)
        except TypeError:
            for layer in self._stack():
                parameters = [
                    p
                    for p in inspect.signature(layer.call).parameters.values()
                    if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.VAR_POSITIONAL)
                ]
                required = [p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_POSITIONAL]
                if not parameters:
                    raise ValueError(
                        "Layers added to a Sequential model should have a single positional argument, the input "
                        f"tensor. Layer {type(layer).__name__} has no positional arguments."
                    ) from None
                if len(required) > 1:
                    raise ValueError(
                        "Layers added to a Sequential model can only have a single required positional argument, the "
                        "input tensor. Layer "
                        f"{type(layer).__name__} has multiple required positional arguments: {required}"
                    ) from None
            raise

    def compute_output_shape(self, input_shape):
        """The outputs' shape.

        Args:
            input_shape: the inputs' shape, or a structure of shapes.

        Returns:
            A tuple, or a structure of tuples.
        """
        if self._is_functional:
            return super().compute_output_shape(input_shape)
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """A model from get_config().

        Args:
            config: {"name": ..., "layers": [configs of layers], ...}.
            custom_objects: {name: class or function} that it may name beside the registered ones.

        Raises:
            ValueError: for another config.
        """
        with CustomObjectScope(custom_objects):
            made = _lamina.get_object(
                {"class_name": "Sequential", "module": "keras.models", "config": config, "registered_name": None},
                "keras.models",
            )
        if "_builtin" in cls.__dict__:
            return made
        model = cls(name=config.get("name"))
        for layer in made._stack():
            model.add(layer, rebuild=False)
        model._maybe_rebuild()
        return model


publish("lamina.models", Sequential)
