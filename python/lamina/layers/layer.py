"""Layer: the Python face of C++ layers, and the base of users' own."""

import functools
import warnings

from lamina import _lamina
from lamina._core.errors import check_layer_name, located
from lamina._core.hierarchy import LayerType
from lamina._core.keywords import unknown_keyword_is_value_error
from lamina._core.operation import Operation
from lamina._core.public import publish
from lamina._core.saveable import Saveable
from lamina._core.stateless import StatelessScope
from lamina._core.tensorflow_graphs import call_in_graph, symbolic_inputs
from lamina._core.user_classes import own
from lamina._core.values.plain import plain
from lamina.layers import users_build
from lamina.layers.call_context import CallContext
from lamina.layers.input_spec import InputSpec
from lamina.layers.layer_attributes import LayerAttributes
from lamina.layers.layer_building import LayerBuilding, signature
from lamina.layers.layer_configs import LayerConfigs
from lamina.layers.layer_quantization import LayerQuantization
from lamina.layers.layer_variables import LayerVariables
from lamina.saving.pickling import reduced

_lamina.load_numpy()  # now, rather than in the first prediction


def _say_input_comes_first(arguments, own_arguments, stacklevel):
    """Warns of Keras 2's arguments by which a layer says what its model takes."""
    if any(name in arguments and name not in own_arguments for name in ("input_shape", "input_dim")):
        warnings.warn(
            "Do not pass an `input_shape`/`input_dim` argument to a layer: begin the model with Input(shape).",
            stacklevel=stacklevel,
        )


class LayerMethods(
    LayerBuilding, LayerVariables, LayerConfigs, LayerQuantization, LayerAttributes, CallContext, Saveable
):
    """What Layer and Model share. `self` is a LayerCore."""

    _builtin = True
    autograph_info__ = {}  # TensorFlow's autograph is to call layers as they are
    _call_on_values = None  # in layers that take TensorFlow's ragged and sparse tensors

    # ---- construction ----
    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "_builtin" not in cls.__dict__:
            users_build.guard(cls)

    def __new__(cls, *args, **kwargs):
        self = super().__new__(cls, *args, **kwargs)
        if "_builtin" not in cls.__dict__:
            object.__setattr__(self, "_init_arguments", (args, kwargs))
        return self

    @classmethod
    def _wrap_init(cls, self, box):
        cls._core.__init__(self, box)
        own(self, False)

    @classmethod
    def _builtin_init(cls, self, name, module, config):
        if "input_length" in config and "input_length" not in self._fields:  # of Keras 2's Embedding
            warnings.warn("Argument `input_length` is deprecated. Just remove it.", stacklevel=4)
            config.pop("input_length")
        if name == "InputLayer" and "input_shape" in config:
            warnings.warn("Argument `input_shape` is deprecated. Use `shape` instead.", stacklevel=4)
            config["shape"] = config.pop("input_shape")
        else:
            _say_input_comes_first(config, self._fields, 5)
        check_layer_name(config.get("name"))
        unknown_keyword_is_value_error(cls._core.__init__, name, self, name, module, plain(config))
        own(self)
        if not self.name:  # at construction: numbers follow the order in which layers are made
            self.name = _lamina.auto_name(_lamina.snake_case(type(self).__name__))

    # ---- calling ----
    def __call__(self, *args, **kwargs):
        if not self.__dict__.get("_anchor"):
            raise RuntimeError(
                f"In layer {type(self).__name__}, you forgot to call `super().__init__()` as the first statement in "
                "the `__init__()` method."
            )
        if self._call_on_values is not None and len(args) == 1:
            made = self._call_on_values(self.__call__, *args)
            if made is not None:
                return made
        try:
            if "_context_names" in self.__dict__:
                return self._call_in_context(self._invoke, args, kwargs)
            return self._invoke(*args, **kwargs)
        except NotImplementedError:  # TensorFlow's symbolic tensors have no array
            if not symbolic_inputs(args, kwargs):
                raise
        return call_in_graph(self, args, kwargs, self.compute_output_spec)

    def call(self, *args, **kwargs):
        """What the layer computes. Subclasses override it; calling the layer builds it before.

        Args:
            *args: tensors, or structures of tensors.
            **kwargs: further tensors; `training` and `mask` if the method names them.

        Returns:
            A tensor or a structure of tensors.
        """
        return self._call(*args, **kwargs)

    def rematerialized_call(self, layer_call, *args, **kwargs):
        """A part of the layer's work that is computed again for its gradient as the layer's call is.

        What holds is the `RematScope` that the layer was made in. Calling the layer does this for `call()` already.

        Args:
            layer_call: the function, such as `layer.call`.
            *args: tensors that it may be called with.
            **kwargs: further arguments that it may be called with.

        Returns:
            A function of the same arguments and results.
        """

        @functools.wraps(layer_call)
        def rematerialized(*args, **kwargs):
            return self._computed_anew(lambda: layer_call(*args, **kwargs))

        return rematerialized

    def symbolic_call(self, *args, **kwargs):
        """Calls the layer on symbolic tensors.

        Args:
            *args: KerasTensors.
            **kwargs: further arguments of call().

        Returns:
            KerasTensors that remember the call, for functional models.
        """
        return self._invoke(*args, **kwargs)

    def _hook_call(self, *args, **kwargs):
        f = self.call
        parameters = signature(f).parameters
        if (
            "mask" in kwargs
            and "mask" not in parameters
            and not any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        ):
            kwargs.pop("mask")
        if "_context_names" in self.__dict__:
            kwargs = self._with_context(parameters, args, kwargs)
        self.__dict__["_called"] = True
        try:
            return f(*args, **kwargs)
        except Exception as e:
            located(e, self)
            raise

    def compute_output_spec(self, *args, **kwargs):
        """What call() would give, without running it.

        Args:
            *args: KerasTensors.
            **kwargs: further arguments of call().

        Returns:
            KerasTensors of the outputs' shapes and dtypes.
        """
        return self._compute_output_spec(*args, **kwargs)

    def compute_mask(self, inputs, previous_mask=None, mask=None):
        """The mask of the output. Subclasses override it to change or stop the mask that layers before them made.

        Args:
            inputs: the arguments of call().
            previous_mask: bool tensors of the inputs' leading axes, or None.
            mask: the same by the name that some layers of Keras give it.

        Returns:
            A bool tensor, a structure of them, or None.
        """
        return self._compute_mask(inputs, mask if previous_mask is None else previous_mask)

    def stateless_call(self, trainable_variables, non_trainable_variables, *args, return_losses=False, **kwargs):
        """call() with these values in place of the variables'.

        Args:
            trainable_variables: a value for each of `trainable_variables`, of its shape.
            non_trainable_variables: a value for each of `non_trainable_variables`.
            *args: arguments of call().
            return_losses: whether `losses` are given, too.
            **kwargs: further arguments of call().

        Returns:
            (outputs, new values of the non-trainable variables), with the list of losses behind them if asked.

        Raises:
            ValueError: if the layer is not built, or there are more or fewer values than variables.
        """
        if not self.built:
            raise ValueError(
                f"To call stateless_call, {type(self).__name__} must be built (i.e. its variables must have been "
                "already created)."
            )
        if len(trainable_variables) != len(self.trainable_variables):
            raise ValueError(
                "Argument `trainable_variables` must be a list of tensors corresponding 1:1 to "
                f"{type(self).__name__}().trainable_variables. Received list with length {len(trainable_variables)}, "
                f"but expected {len(self.trainable_variables)} variables."
            )
        if len(non_trainable_variables) != len(self.non_trainable_variables):
            raise ValueError(
                "Argument `non_trainable_variables` must be a list of tensors corresponding 1:1 to "
                f"{type(self).__name__}().non_trainable_variables. Received list with length "
                f"{len(non_trainable_variables)}, but expected {len(self.non_trainable_variables)} variables."
            )
        mapping = list(zip(self.trainable_variables, trainable_variables)) + list(
            zip(self.non_trainable_variables, non_trainable_variables)
        )
        with StatelessScope(state_mapping=mapping, collect_losses=return_losses) as scope:
            outputs = self(*args, **kwargs)
            losses = self.losses if return_losses else None
        values = [scope.get_current_value(v) for v in self.non_trainable_variables]
        return (outputs, values, losses) if return_losses else (outputs, values)

    # ---- properties ----
    @property
    def dtype(self):
        """The dtype of the layer's variables, by name."""
        return self.variable_dtype

    @property
    def input_dtype(self):
        """The dtype that floating-point inputs are cast to, by name."""
        return self.compute_dtype

    supports_jit = True

    @property
    def input_spec(self):
        """What the layer demands of its inputs: an InputSpec, a list of them, or None. It may be set."""
        specs = self.__dict__.get("_input_spec_given")
        if specs is not None:
            return specs
        made = [InputSpec(*t) for t in self._input_specs()]
        return None if not made else made[0] if len(made) == 1 else made

    @input_spec.setter
    def input_spec(self, value):
        self.__dict__["_input_spec_given"] = value
        specs = [] if value is None else list(value) if isinstance(value, (list, tuple)) else [value]
        self._set_input_specs([s._astuple() for s in specs])

    input = Operation.input
    output = Operation.output

    @property
    def _inbound_nodes(self):
        return Operation._nodes(self)

    def __reduce__(self):
        return reduced(self)

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    def __str__(self):
        return repr(self)


class Layer(LayerMethods, _lamina.LayerCore, metaclass=LayerType):
    """Base of all layers.

    Args:
        activity_regularizer: a penalty on the output.
        trainable: whether its weights are updated by optimizers.
        dtype: a dtype or a DTypePolicy.
        autocast: whether float inputs are cast to the compute dtype.
        name: unique in a model; made from the class by default.
        **kwargs: none.
    """

    _builtin = True
    _virtual = staticmethod(lambda subclass: issubclass(subclass, LayerMethods))  # models are layers
    _core = _lamina.LayerCore

    def __init__(self, *, activity_regularizer=None, trainable=True, dtype=None, autocast=True, name=None, **kwargs):
        config = {
            "activity_regularizer": activity_regularizer,
            "trainable": trainable,
            "dtype": dtype,
            "autocast": autocast,
            **kwargs,
        }
        _say_input_comes_first(kwargs, (), 4)
        check_layer_name(name)
        if name is not None:
            config["name"] = name
        _lamina.LayerCore.__init__(self, None, plain(config))
        if name is None:
            self.name = _lamina.auto_name(_lamina.snake_case(type(self).__name__))
        own(self)
        if len(self.__dict__) > 2:
            self._track_early()

    __init__._base_init = True


LayerMethods._kind = Layer
publish("lamina.layers", Layer)
