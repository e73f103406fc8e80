"""Layer: the Python face of C++ layers, and the base of users' own."""
import inspect
import warnings

import numpy as np

from lamina import _building, _lamina
from lamina._errors import LayerType, check_layer_name, located, unknown_keyword_is_value_error
from lamina._input_spec import InputSpec
from lamina._layer_attributes import Reading
from lamina._operation import Operation
from lamina._plain import plain
from lamina._saveable import Saveable
from lamina._scopes import get_stateless_scope
from lamina._tracking import Lock, TrackedDict, TrackedList, TrackedSet, layers_only, leaves, trackable
from lamina._variable import Variable
from lamina._wrap import own, user_part

_lamina.load_numpy()  # now, rather than in the first prediction
_signatures = {}


def _signature(f):
    key = getattr(f, "__func__", f)
    if key not in _signatures:
        _signatures[key] = inspect.signature(f)
    return _signatures[key]


def _shape_tuple(x):
    """Shapes as tuples of ints and None, structures kept."""
    if isinstance(x, np.ndarray):
        x = x.tolist()
    if isinstance(x, dict):
        return {k: _shape_tuple(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        if all(d is None or isinstance(d, (int, np.integer)) for d in x):
            return tuple(None if d is None else int(d) for d in x)
        return [_shape_tuple(v) for v in x]
    return x


class _LayerMethods(Saveable):
    """What Layer and Model share. `self` is a LayerCore."""

    _builtin = True

    # ---- construction ----
    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "_builtin" not in cls.__dict__:
            _building.guard(cls)

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
        check_layer_name(config.get("name"))
        unknown_keyword_is_value_error(cls._core.__init__, name, self, name, module, plain(config))
        own(self)
        if not self.name:  # at construction: numbers follow the order in which layers are made
            self.name = _lamina.auto_name(_lamina.snake_case(type(self).__name__))

    # ---- calling ----
    def __call__(self, *args, **kwargs):
        if not self.__dict__.get("_anchor"):
            raise RuntimeError(f"In layer {type(self).__name__}, you forgot to call `super().__init__()` as the first statement in the `__init__()` method.")
        return self._invoke(*args, **kwargs)

    def call(self, *args, **kwargs):
        return self._call(*args, **kwargs)

    def symbolic_call(self, *args, **kwargs):
        return self._invoke(*args, **kwargs)

    def _hook_call(self, *args, **kwargs):
        f = self.call
        parameters = _signature(f).parameters
        if "mask" in kwargs and "mask" not in parameters and not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            kwargs.pop("mask")
        try:
            return f(*args, **kwargs)
        except Exception as e:
            located(e, self)
            raise

    def build(self, *args, **kwargs):
        if self.built:
            return
        shapes = self._shapes_dict(args, kwargs)
        if not _building.under_way(self):
            self._build_from(shapes)
            return
        self._build(shapes)
        self.built = True

    def _hook_build(self, shapes):
        with _building.building(self):
            self._call_build(shapes)

    def _call_build(self, shapes):
        own = self.__dict__.pop("_build_arguments", None) or {}  # what a build() called by hand got beside shapes
        parameters = [p for p in _signature(self.build).parameters.values() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.name not in own]
        shapes = {k: _shape_tuple(v) for k, v in shapes.items()}
        if not parameters:
            return self.build(**own)
        required = [p for p in parameters if p.default is p.empty]
        if len(required) <= 1 and not any(p.name == f"{k}_shape" for p in parameters for k in list(shapes)[1:]):
            return self.build(next(iter(shapes.values()), None), **own)
        # Several parameters: each names an argument of call().
        known = {*_signature(self.call).parameters, *self._input_arguments()}  # of a call() written in Python, of a built-in one
        for p in parameters:
            if not p.name.endswith("_shape"):
                raise ValueError(f"For a `build()` method with more than one argument, all arguments should have a `_shape` suffix and match an argument from `call()`. E.g. `build(self, foo_shape, "
                                 f"bar_shape)`. For layer '{type(self).__name__}', Received `build()` argument `{p.name}`, which does not end in `_shape`.")
            if p.name[: -len("_shape")] not in known:
                raise ValueError(f"For a `build()` method with more than one argument, all arguments should have a `_shape` suffix and match an argument from `call()`. For layer "
                                 f"'{type(self).__name__}', received `build()` argument `{p.name}`, but `call()` does not have argument `{p.name[:-6]}`.")
        self.build(**{f"{k}_shape": v for k, v in shapes.items() if any(p.name == f"{k}_shape" for p in parameters)}, **own)

    def _hook_compute_output_shape(self, shapes):
        parameters = _signature(self.compute_output_shape).parameters
        shapes = {k: _shape_tuple(v) for k, v in shapes.items()}
        if len(shapes) > 1 and any(f"{k}_shape" in parameters for k in list(shapes)[1:]):
            return self.compute_output_shape(**{f"{k}_shape": v for k, v in shapes.items() if f"{k}_shape" in parameters})
        return self.compute_output_shape(next(iter(shapes.values()), None))

    # What a recurrence layer asks of a user's cell; None where its class does not say.
    def _hook_state_size(self):
        return getattr(self, "state_size", None)

    def _hook_output_size(self):
        return getattr(self, "output_size", None)

    def _hook_initial_state(self, batch_size):
        f = getattr(self, "get_initial_state", None)
        return None if f is None else f(batch_size=batch_size)

    def _build_at_init(self):
        """Marks a layer built whose weights were made in __init__."""
        if "build" not in (user_part(type(self)) or ("", "", "", ()))[3]:
            self.built = True
            self._locked = True

    def _shapes_dict(self, args, kwargs):
        names = self._input_arguments()
        out = {}
        for name, shape in zip(names, args):
            out[name] = shape
        for key, shape in kwargs.items():
            name = key[: -len("_shape")] if key.endswith("_shape") else key
            out[names[0] if name == "input" and names else name] = shape
        return {k: _shape_tuple(v) if isinstance(v, np.ndarray) else v for k, v in out.items() if v is not None}

    def build_from_config(self, config):
        if config:
            if "input_shape" in config:
                self._build_through(config["input_shape"])
            elif "shapes_dict" in config:
                self._build_through(**config["shapes_dict"])

    def _build_through(self, *args, **kwargs):
        if not self.built and (kwargs or args[0] is not None):
            self._build_from(self._shapes_dict([_shape_tuple(a) for a in args], {k: _shape_tuple(v) for k, v in kwargs.items()}))

    def get_build_config(self):
        return self._build_config()

    def compute_output_shape(self, *args, **kwargs):
        from lamina import tree

        out = self._compute_output_shape(self._shapes_dict(args, kwargs))
        return out

    def compute_output_spec(self, *args, **kwargs):
        return self._compute_output_spec(*args, **kwargs)

    def compute_mask(self, inputs, previous_mask=None):
        return self._compute_mask(inputs, previous_mask)

    def stateless_call(self, trainable_variables, non_trainable_variables, *args, return_losses=False, **kwargs):
        """call() with these values in place of the variables': (outputs, non-trainable values[, losses])."""
        from lamina._scopes import StatelessScope

        if not self.built:
            raise ValueError(f"To call stateless_call, {type(self).__name__} must be built (i.e. its variables must have been already created).")
        if len(trainable_variables) != len(self.trainable_variables):
            raise ValueError(f"Argument `trainable_variables` must be a list of tensors corresponding 1:1 to {type(self).__name__}().trainable_variables. Received list with length {len(trainable_variables)}, but expected {len(self.trainable_variables)} variables.")
        if len(non_trainable_variables) != len(self.non_trainable_variables):
            raise ValueError(f"Argument `non_trainable_variables` must be a list of tensors corresponding 1:1 to {type(self).__name__}().non_trainable_variables. Received list with length {len(non_trainable_variables)}, but expected {len(self.non_trainable_variables)} variables.")
        mapping = list(zip(self.trainable_variables, trainable_variables)) + list(zip(self.non_trainable_variables, non_trainable_variables))
        with StatelessScope(state_mapping=mapping, collect_losses=return_losses) as scope:
            outputs = self(*args, **kwargs)
            losses = self.losses if return_losses else None
        values = [scope.get_current_value(v) for v in self.non_trainable_variables]
        return (outputs, values, losses) if return_losses else (outputs, values)

    # ---- weights ----
    def add_weight(self, *args, trainable=True, autocast=True, regularizer=None, constraint=None, aggregation="none", overwrite_with_gradient=False, name=None, **kwargs):
        """Makes a variable of this layer: add_weight(shape, initializer, dtype, ...)."""
        if args and isinstance(args[0], str):
            raise ValueError(f"The first argument of `add_weight()` is `shape`. To name the weight, pass `name` as a keyword argument: add_weight(name='{args[0]}', ...).")
        if len(args) > 3:
            raise TypeError(f"add_weight() takes at most 3 positional arguments (shape, initializer, dtype), received {len(args)}.")
        for key, value in zip(("shape", "initializer", "dtype"), args):
            if key in kwargs:
                raise ValueError(f"In layer '{self.name}', `{key}` was passed both positionally and as a keyword argument to `add_weight()`.")
            kwargs[key] = value
        shape, initializer, dtype = kwargs.pop("shape", None), kwargs.pop("initializer", None), kwargs.pop("dtype", None)
        if kwargs:
            raise TypeError(f"add_weight() got unexpected keyword arguments {sorted(kwargs)}.")
        if name is not None and "/" in name:
            raise ValueError(f"Argument `name` must not contain '/'. Received: name={name}")
        return self._add_weight(name, shape, initializer, None if dtype is None else dtype, trainable, autocast, regularizer, constraint, aggregation or "none", overwrite_with_gradient)

    def add_variable(self, shape, initializer, dtype=None, trainable=True, autocast=True, regularizer=None, constraint=None, name=None):
        return self.add_weight(shape=shape, initializer=initializer, dtype=dtype, trainable=trainable, autocast=autocast, regularizer=regularizer, constraint=constraint, name=name)

    @property
    def weights(self):
        return self._weights()

    @property
    def trainable_weights(self):
        return self._trainable_weights()

    @property
    def non_trainable_weights(self):
        return self._non_trainable_weights()

    @property
    def variables(self):
        out, seen = [], set()
        for v in self._all_variables():  # those of metrics are not among them: metrics_variables
            if v.id not in seen:
                seen.add(v.id)
                out.append(v)
        return out

    @property
    def trainable_variables(self):
        return self._trainable_weights()

    @property
    def non_trainable_variables(self):
        trainable = {v.id for v in self._trainable_weights()}
        return [v for v in self._all_variables() if v.id not in trainable]

    def get_weights(self):
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights):
        self._set_weights(weights)

    def add_loss(self, loss):
        scope = get_stateless_scope()
        if scope is not None and scope.collect_losses:
            for value in loss if isinstance(loss, (list, tuple)) else [loss]:
                scope.add_loss(value)
        self._add_loss(loss)

    def add_metric(self, *args, **kwargs):
        raise NotImplementedError("Layer `add_metric()` is deprecated. Add your metric in `Model.compile(metrics=[...])`.")

    @property
    def losses(self):
        return self._losses()

    @property
    def metrics(self):
        out = [m for m in self.__dict__.get("_own_metrics", {}).values()]
        for layer in self._sublayers():
            out.extend(m for m in layer.metrics if not any(m is o for o in out))
        return out

    @property
    def metrics_variables(self):
        return [v for m in self.metrics for v in m.variables]

    @property
    def _layers(self):
        return self._sublayers()

    @property
    def _seed_generators(self):
        return self._seeds()

    def _flatten_layers(self, include_self=True, recursive=True):
        return self._flatten(include_self, recursive)

    def save_own_variables(self, store):
        for i, v in enumerate(self._stored_values() if getattr(self, "lora_enabled", False) else self._own_variables()):
            store[str(i)] = v

    def load_own_variables(self, store):
        mine = self._stored_variables()
        if len(store.keys()) != len(mine):
            if len(mine) == 0 and not self.built:
                raise ValueError(f"Layer '{self.name}' was never built and thus it doesn't have any variables. However the weights file lists {len(store.keys())} variables for this layer.")
            raise ValueError(f"Layer '{self.name}' expected {len(mine)} variables, but received {len(store.keys())} variables during loading. Expected: {[v.name for v in mine]}")
        for i, v in enumerate(mine):
            v.assign(store[str(i)])
        self._clear_lora()

    # ---- properties ----
    @property
    def dtype(self):
        return self.variable_dtype

    @property
    def input_dtype(self):
        return self.compute_dtype

    @property
    def quantization_mode(self):
        return None

    supports_jit = True

    @property
    def input_spec(self):
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
        return [self._node(i) for i in range(self._node_count())]

    # ---- configs ----
    def get_config(self):
        config = self._get_config()
        cls = type(self)
        if cls.get_config is not Layer.get_config and not isinstance(self, _lamina.ModelCore):
            return config  # a subclass adds its arguments itself
        if isinstance(self, _lamina.ModelCore) and self._is_functional and "layers" in config:
            return config  # a subclass that hands its graph to Model.__init__
        if "_builtin" not in cls.__dict__ and "_init_arguments" in self.__dict__ and cls.__init__ is not object.__init__ and not getattr(cls.__init__, "_base_init", False) \
                and not any("_builtin" in k.__dict__ and "__init__" in k.__dict__ and cls.__init__ is k.__dict__["__init__"] for k in cls.__mro__):
            args, kwargs = self.__dict__["_init_arguments"]
            try:
                bound = inspect.signature(cls.__init__).bind(self, *args, **kwargs)
                bound.apply_defaults()
            except TypeError:
                return config
            given = dict(list(bound.arguments.items())[1:])
            for p in bound.signature.parameters.values():
                if p.kind is p.VAR_KEYWORD:
                    given.update(given.pop(p.name, {}))
                elif p.kind is p.VAR_POSITIONAL and not given.get(p.name):
                    given.pop(p.name, None)
            basic = (int, float, str, bool, type(None), list, tuple, dict, np.integer, np.floating)
            missing = [k for k, v in given.items() if not isinstance(v, basic) and k not in config]
            if missing:
                raise NotImplementedError(
                    f"Object {self.name} was created by passing non-serializable argument values in `__init__()`, and therefore the object must override `get_config()` in order to be serializable. Please implement `get_config()`.")
            for k, v in given.items():
                if k not in config:
                    config[k] = v
        return config

    @classmethod
    def from_config(cls, config):
        try:
            return cls(**config)
        except Exception as e:
            raise TypeError(f"Error when deserializing class '{cls.__name__}' using config={config}.\n\nException encountered: {e}") from e

    # ---- attributes ----
    def _track_value(self, name, value):
        own = {w.id for w in self._own_variables()}
        fresh = [v for v in leaves(value) if isinstance(v, _lamina.VariableCore) and v.id not in own]
        if self._locked:
            known = {id(layer) for layer in self._sublayers()}
            if fresh or any(isinstance(v, _lamina.LayerCore) and id(v) not in known for v in leaves(value)):
                raise ValueError("You cannot add new elements of state (variables or sub-layers) to a layer that is already built. All state must be created in the `__init__()` method or "
                                 f"in the `build()` method. Layer: {self!r}, attribute: {name}.")
        _lamina.LayerCore._track(self, name, layers_only(value))
        for v in fresh:
            self._track_variable(v)
        generators = {id(g) for g in self._seeds()}
        for leaf in leaves(value):
            if isinstance(leaf, _lamina.MetricCore):
                self.__dict__.setdefault("_own_metrics", {})[id(leaf)] = leaf
                if isinstance(self, _lamina.ModelCore):
                    self._track_metric(leaf)
            elif hasattr(type(leaf), "_seed_state") and id(leaf) not in generators:
                self._track_seed_generator(leaf, leaf._seed_state())

    def _untrack_variable(self, variable):
        locked, self._locked = self._locked, False
        self._untrack_own_variable(variable)
        self._locked = locked

    @property
    def _tracker(self):
        return Lock(self)

    def _track_early(self):
        """Attributes that a subclass set before Layer.__init__ ran."""
        for name, value in list(self.__dict__.items()):
            if name != "_init_arguments" and trackable(value):
                setattr(self, name, value)

    def __reduce__(self):
        from lamina import _pickling

        return _pickling.restore, (_pickling.pickled(self),)

    def __setattr__(self, name, value):
        if name in getattr(type(self), "_fields", ()) and "_anchor" in self.__dict__ and self._set_argument(name, plain(value)):
            return
        kind = type(value)
        if kind in (int, float, str, bool, type(None)) or name.startswith("__") or isinstance(getattr(type(self), name, None), property):
            object.__setattr__(self, name, value)
            return
        if "_anchor" not in self.__dict__:  # Layer.__init__ tracks it later
            object.__setattr__(self, name, value)
            return
        if kind is list:
            value = TrackedList(value)._attach(self, name)
        elif kind is dict:
            value = TrackedDict(value)._attach(self, name)
        elif kind is set:
            value = TrackedSet(value)._attach(self, name)
        if trackable(value):
            self._track_value(name, value)
        object.__setattr__(self, name, value)

    def __delattr__(self, name):
        if name in self.__dict__:
            _lamina.LayerCore._untrack(self, name)
        object.__delattr__(self, name)

    def __getattr__(self, name):
        found = getattr(type(self), name, None)
        if isinstance(found, property):  # which raised an AttributeError: again, for its message
            return found.fget(self)
        if isinstance(found, Reading):
            return found.read(self)
        # Arguments of built-in classes read as attributes: layer.units, layer.activation.
        if not name.startswith("_"):
            fields = getattr(type(self), "_fields", ())
            if name in fields:
                return _field_value(name, self._get_config().get(name))
            weight = next((v for v in self._own_variables() if v.name == name), None) if "_anchor" in self.__dict__ else None
            if weight is not None:
                return weight
            if name in ("kernel", "bias", "gamma", "beta", "embeddings") and fields:
                return None
        elif name in ("_kernel", "_embeddings") and getattr(type(self), "_fields", ()):
            return getattr(self, name[1:])
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    def __str__(self):
        return repr(self)


def _field_value(name, value):
    from lamina import saving

    if name.endswith("activation"):
        from lamina import activations

        return activations.get(value)
    if isinstance(value, dict) and "class_name" in value and "config" in value:
        return saving.deserialize_keras_object(value)
    if isinstance(value, list) and all(isinstance(v, int) for v in value):
        return tuple(value)
    return value


class Layer(_LayerMethods, _lamina.LayerCore, metaclass=LayerType):
    """Base of all layers.

    Args:
        activity_regularizer: a penalty on the output.
        trainable: whether its weights are updated by optimizers.
        dtype: a dtype or a DTypePolicy.
        autocast: whether float inputs are cast to the compute dtype.
        name: unique in a model; made from the class by default.
    """

    _builtin = True
    _virtual = staticmethod(lambda subclass: issubclass(subclass, _LayerMethods))  # models are layers
    _core = _lamina.LayerCore

    def __init__(self, *, activity_regularizer=None, trainable=True, dtype=None, autocast=True, name=None, **kwargs):
        config = {"activity_regularizer": activity_regularizer, "trainable": trainable, "dtype": dtype, "autocast": autocast, **kwargs}
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
