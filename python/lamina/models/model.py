"""Model: layers trained together."""

import inspect
import warnings

from lamina import _lamina
from lamina._core.configs.build_by_run import run_on_shapes
from lamina._core.configs.registration import CustomObjectScope
from lamina._core.errors import check_layer_name
from lamina._core.hierarchy import LayerType
from lamina._core.public import publish
from lamina._core.user_classes import own
from lamina.models.model_methods import ModelMethods


class Model(ModelMethods, _lamina.ModelCore, metaclass=LayerType):
    """Layers trained together.

    Model(inputs, outputs) is made from symbolic tensors; a subclass has layers as attributes and a call() of its own.

    Args:
        *args: inputs, outputs and a name: KerasTensors or structures of them.
        **kwargs: the same by name, and trainable; of a subclass those of Layer.

    Raises:
        TypeError: for other arguments by position.
        ValueError: if outputs do not follow from inputs.
    """

    _builtin = True
    _virtual = staticmethod(lambda subclass: issubclass(subclass, ModelMethods))
    _core = _lamina.ModelCore

    def __new__(cls, *args, **kwargs):
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, *args, **kwargs):
        if len(args) == 1 and isinstance(args[0], _lamina.ObjectBox):
            self._wrap_init(self, args[0])
            return
        functional = (
            len(args) >= 2 or (len(args) == 1 and "outputs" in kwargs) or ("inputs" in kwargs and "outputs" in kwargs)
        )
        if functional:
            names = ("inputs", "outputs", "name")
            for key, value in zip(names, args):
                kwargs[key] = value
            inputs, outputs = kwargs.pop("inputs"), kwargs.pop("outputs")
        elif args:
            raise TypeError("Model() takes symbolic `inputs` and `outputs`, or keyword arguments in a subclass.")
        name = kwargs.get("name")
        check_layer_name(name)
        config = {k: v for k, v in kwargs.items() if v is not None}
        _lamina.ModelCore.__init__(self, None, config)
        own(self)
        if functional:
            self._set_graph(inputs, outputs)
            if kwargs.get("trainable") is not None:
                self.trainable = kwargs["trainable"]
        elif name is None:
            self.name = _lamina.auto_name(_lamina.snake_case(type(self).__name__))

    __init__._base_init = True

    def call(self, *args, **kwargs):
        """What the model computes. Subclasses override it.

        Args:
            *args: tensors, or structures of tensors.
            **kwargs: `training` and `mask`, if the method names them.

        Returns:
            A tensor or a structure of tensors.
        """
        return self._call(*args, **kwargs)

    def build(self, *shapes, **named):
        """Makes the weights for inputs of these shapes. A subclass without a build() of its own runs its call() on them
        (where Keras only warns, and leaves its layers without weights).

        Args:
            *shapes: one shape, with None for unknown sizes, or a structure of shapes.
            **named: shapes by the names of call()'s arguments.
        """
        if (
            type(self).build is Model.build
            and not self._is_functional
            and not self.built
            and (named or len(shapes) == 1)
        ):
            try:
                return run_on_shapes(self, named or {"inputs": shapes[0]})
            except Exception as e:
                warnings.warn(
                    f"Model '{self.name}' could not be built from the shapes {named or shapes[0]}: its call() failed "
                    f"on them. Call it on some data instead. ({type(e).__name__}: {e})",
                    stacklevel=2,
                )
        super().build(*shapes, **named)

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """A model from get_config().

        Args:
            config: of a functional model its layers and how they are connected, else the constructor's arguments.
            custom_objects: {name: class or function} that the config may name beside the registered ones.

        Raises:
            TypeError: if the constructor fails on the config.
        """
        graph_keys = ("name", "trainable", "dtype", "layers", "input_layers", "output_layers")
        if "layers" in config and "input_layers" in config:
            graph = {k: v for k, v in config.items() if k in graph_keys}
            with CustomObjectScope(custom_objects):
                made = _lamina.get_object(
                    {"class_name": "Functional", "module": "keras.models", "config": graph, "registered_name": None},
                    "keras.models",
                )
            if "_builtin" in cls.__dict__:
                return made
            own_arguments = {k: v for k, v in config.items() if k not in graph_keys}
            parameters = inspect.signature(cls.__init__).parameters
            if "inputs" in parameters or any(
                p.kind is p.VAR_POSITIONAL or p.kind is p.VAR_KEYWORD for p in parameters.values()
            ):
                own_arguments.update(inputs=made._graph_inputs(), outputs=made._graph_outputs())
            if config.get("name") is not None:
                own_arguments["name"] = config["name"]
            try:
                return cls(**own_arguments)
            except TypeError:  # it makes its graph itself
                return cls(**{k: v for k, v in own_arguments.items() if k not in ("inputs", "outputs")})
        try:
            return cls(**config)
        except TypeError as e:
            raise TypeError(
                "Unable to revive model from config. When overriding the `get_config()` method, make sure that the "
                f"returned config contains all items used as arguments in the constructor to {cls}. Error "
                f"encountered during deserialization: {e}"
            ) from e


def model_from_json(json_string, custom_objects=None):
    """A model from to_json()'s text.

    Args:
        json_string: the text.
        custom_objects: {name: class or function} that it may name beside the registered ones.

    Raises:
        ValueError: for text that describes no model.
    """
    with CustomObjectScope(custom_objects):
        return _lamina.model_from_json(json_string)


Functional = Model
publish("lamina.models", Model, model_from_json)
