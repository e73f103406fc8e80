"""keras.models: Model and Sequential."""
import inspect
import json
import shutil
import warnings

import numpy as np

from lamina import _building, _data, _lamina, print_text, tree
from lamina._errors import LayerType, check_layer_name, checked_keywords
from lamina._input_spec import InputSpec
from lamina._layer import _LayerMethods
from lamina._plain import plain
from lamina._step_functions import StepFunctions
from lamina._wrap import module_dir, own
from lamina.callbacks import History, flattened
from lamina.utils import unpack_x_y_sample_weight


class _ModelMethods(StepFunctions, _LayerMethods):
    _builtin = True

    @property
    def layers(self):
        found = [x for x in self._sublayers()]
        # Wrappers of layers made in C++ stay alive with the model, and with them what a user sets on them.
        self.__dict__["_layer_wrappers"] = found
        return list(found)

    @layers.setter
    def layers(self, _):
        raise AttributeError("`Model.layers` attribute is reserved and should not be used. Please use another name.")

    def get_layer(self, name=None, index=None):
        if name is not None and index is not None:
            raise ValueError(f"Provide only a layer name or a layer index. Received: index={index}, name={name}.")
        if name is None and index is None:
            raise ValueError("Provide either a layer name or layer index at `get_layer`.")
        if name is not None and not isinstance(name, str):
            raise ValueError(f"No such layer: {name!r}. A layer's name is a string; to get a layer by its place, use get_layer(index={name!r}).")
        return self._get_layer_by_name(name) if name is not None else self._get_layer_by_index(index)

    @property
    def inputs(self):
        """The symbolic inputs, as a flat list."""
        return tree.flatten(self._known(self._graph_inputs(), "inputs"))

    @property
    def outputs(self):
        """The symbolic outputs, as a flat list."""
        return tree.flatten(self._known(self._graph_outputs(), "outputs"))

    @property
    def input(self):
        """The symbolic inputs in the structure that they were given in."""
        return self._known(self._graph_inputs(), "input")

    @property
    def output(self):
        """The symbolic outputs in the structure that they were given in."""
        return self._known(self._graph_outputs(), "output")

    @property
    def input_shape(self):
        """The shape of the only input, or a list of shapes."""
        return self._one_or_all([t.shape for t in tree.flatten(self._known(self._graph_inputs(), "input shape"))])

    @property
    def output_shape(self):
        """The shape of the only output, or a list of shapes."""
        return self._one_or_all([t.shape for t in tree.flatten(self._known(self._graph_outputs(), "output shape"))])

    def _one_or_all(self, items):
        return items[0] if len(items) == 1 else items

    def _known(self, found, what):
        if found is None:
            raise AttributeError(f"The model '{self.name}' has no defined {what} yet. Start it with an `Input`, or build it from symbolic inputs and outputs.")
        return found

    @property
    def output_names(self):
        return self._known(self._output_names() if self._is_functional else None, "output names")

    @property
    def operations(self):
        return self._known(self._operations if self._is_functional else None, "operations")

    @property
    def input_spec(self):
        """What a functional model takes: an InputSpec an input."""
        spec = _LayerMethods.input_spec.fget(self)
        return [spec] if self._is_functional and isinstance(spec, InputSpec) else spec

    @input_spec.setter
    def input_spec(self, value):
        _LayerMethods.input_spec.fset(self, value)

    def summary(self, line_length=None, positions=None, print_fn=None, expand_nested=False, show_trainable=False, layer_range=None):
        """Prints a table of the layers.

        Args:
            line_length: columns of a line; by default what the terminal and the table have room for.
            positions: where each cell ends, as shares of the line (the last is 1) or as columns.
            print_fn: called with the text instead of printing it.
            expand_nested: whether the layers of nested models have lines of their own.
            show_trainable: whether a column says which layers are trainable.
            layer_range: names of the first and the last layer to show, or regular expressions: the first that matches, the last that matches.

        Raises:
            ValueError: if no layer matches, or a cell would have no room.
        """
        if layer_range is not None and (len(layer_range) != 2 or not all(isinstance(name, str) for name in layer_range)):
            raise ValueError(f"layer_range must be a list or tuple of two strings. Received: layer_range={layer_range}")
        columns = max(shutil.get_terminal_size().columns - 4, 40)
        text = self._summary(int(line_length or 0), columns, [float(p) for p in positions or ()], expand_nested, show_trainable, list(layer_range or ()))
        if print_fn is None:
            print_text(text + "\n")
        else:
            print_fn(text)

    # ---- training ----
    @checked_keywords("Model")
    def compile(self, optimizer="rmsprop", loss=None, loss_weights=None, metrics=None, weighted_metrics=None, run_eagerly=False, steps_per_execution=1, jit_compile="auto", auto_scale_loss=True):
        """Chooses optimizer, losses and metrics for fit() and evaluate()."""
        self.__dict__.pop("_own_loss", None)
        self._compile(dict(optimizer=optimizer, loss=loss, loss_weights=plain(loss_weights), metrics=metrics, weighted_metrics=weighted_metrics, run_eagerly=bool(run_eagerly),
                           steps_per_execution=plain(steps_per_execution), jit_compile=jit_compile, auto_scale_loss=auto_scale_loss))

    @property
    def loss(self):
        """The loss that compile() was given, or what a subclass has set since: for its own use, training keeps compile()'s."""
        return self.__dict__.get("_own_loss", self._loss_argument)

    @loss.setter
    def loss(self, loss):
        self.__dict__["_own_loss"] = loss

    @property
    def optimizer(self):
        """The optimizer that compile() was given. Another one may be set, with an effect from the next step on."""
        if not self.compiled and self._optimizer is None:
            raise AttributeError(f"The model '{self.name}' has no optimizer: it is not compiled. Call `compile()` first.")
        return self._optimizer

    @optimizer.setter
    def optimizer(self, optimizer):
        self._optimizer = optimizer

    @property
    def jit_compile(self):
        """Whether steps are compiled: what compile() was given; "auto" is yes, unless the model runs eagerly."""
        return not self.run_eagerly if self._jit_compile == "auto" else self._jit_compile

    @jit_compile.setter
    def jit_compile(self, value):
        self._jit_compile = value

    @checked_keywords("Model")
    def fit(self, x=None, y=None, batch_size=None, epochs=1, verbose="auto", callbacks=None, validation_split=0.0, validation_data=None, shuffle=True, class_weight=None,
            sample_weight=None, initial_epoch=0, steps_per_epoch=None, validation_steps=None, validation_batch_size=None, validation_freq=1):
        """Trains for `epochs` passes over the data; gives a History."""
        _check_counts(batch_size=batch_size, epochs=epochs, steps_per_epoch=steps_per_epoch, validation_steps=validation_steps, validation_batch_size=validation_batch_size, initial_epoch=initial_epoch)
        if not self.compiled:
            raise ValueError("You must call `compile()` before calling `fit()`.")
        if isinstance(validation_split, (str, bytes)) or not 0 <= (validation_split or 0) < 1:
            raise ValueError(f"`validation_split` must be a number from 0 up to, but not including, 1: the share of the data to validate on. Received: validation_split={validation_split!r}")
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = _data.split(x, y, sample_weight, validation_split)
        source = _data.source(x, y, sample_weight, batch_size=batch_size, shuffle=shuffle, class_weight=class_weight)
        validation = None
        if validation_data is not None:
            vx, vy, vw = _data.unpack(validation_data)
            validation = _data.source(vx, vy, vw, batch_size=validation_batch_size or batch_size, shuffle=False)
        options = dict(epochs=epochs, verbose=_verbose(verbose), initial_epoch=initial_epoch, steps_per_epoch=steps_per_epoch, validation_steps=validation_steps, validation_freq=validation_freq)
        callbacks = flattened(callbacks)
        history = next((c for c in callbacks if isinstance(c, History)), None)
        if history is None:
            history = History()
            callbacks.append(history)
        object.__setattr__(self, "history", history)
        self._fit(source, options, callbacks, validation)
        return history

    def evaluate(self, x=None, y=None, batch_size=None, verbose="auto", sample_weight=None, steps=None, callbacks=None, return_dict=False, **kwargs):
        """Loss and metrics on data, without training."""
        if kwargs:
            raise ValueError(f"Arguments not recognized: {kwargs}")
        _check_counts(batch_size=batch_size, steps=steps)
        source = _data.source(x, y, sample_weight, batch_size=batch_size, shuffle=False)
        return self._logs(self._evaluate(source, steps, _verbose(verbose), flattened(callbacks)), return_dict)

    @checked_keywords("Model")
    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """Outputs for data, as NumPy arrays."""
        _check_counts(batch_size=batch_size, steps=steps)
        source = _data.source(x, None, None, batch_size=batch_size, shuffle=False)
        out = self._predict(source, steps, _verbose(verbose), flattened(callbacks))
        return out if isinstance(out, np.ndarray) else tree.map_structure(np.asarray, out)

    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False):
        return self._logs(self._train_on_batch(_data.arrays(x), _data.arrays(y), _data.arrays(sample_weight), class_weight), return_dict)

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        return self._logs(self._test_on_batch(_data.arrays(x), _data.arrays(y), _data.arrays(sample_weight)), return_dict)

    def predict_on_batch(self, x):
        out = self._predict_on_batch(x)
        return out if isinstance(out, np.ndarray) else tree.map_structure(np.asarray, out)

    def _logs(self, logs, return_dict):
        if return_dict:
            return logs
        values = []
        for m in self.metrics:
            if m.name in logs:
                values.append(logs[m.name])
        rest = [v for k, v in logs.items() if k not in {m.name for m in self.metrics}]
        flat = []
        for v in values + rest:
            flat.extend(v.values() if isinstance(v, dict) else [v])
        return flat[0] if len(flat) == 1 else flat

    def train_step(self, data):
        x, y, w = unpack_x_y_sample_weight(data)
        return self._train_step(x, y, w)

    def test_step(self, data):
        x, y, w = unpack_x_y_sample_weight(data)
        return self._test_step(x, y, w)

    def predict_step(self, data):
        return self._predict_step(unpack_x_y_sample_weight(data)[0])

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return self._compute_loss(x, y, y_pred, sample_weight, training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return self._compute_metrics(x, y, y_pred, sample_weight)

    def get_metrics_result(self):
        return self._metrics_result()

    def reset_metrics(self):
        self._reset_metrics()

    @property
    def metrics(self):
        return self._metrics()

    @property
    def metrics_names(self):
        return [m.name for m in self.metrics]

    def get_compile_config(self):
        """The arguments of compile() as a config; empty if it was not called."""
        return self._compile_config() or {}

    def compile_from_config(self, config):
        """compile() with the arguments of get_compile_config()."""
        self._compile_from_config(config)

    # ---- files ----
    def save(self, filepath, overwrite=True, zipped=None, **kwargs):
        """Saves to a `.keras` file."""
        from lamina import saving

        saving.save_model(self, filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def save_weights(self, filepath, overwrite=True, max_shard_size=None):
        from lamina import saving

        saving.save_weights(self, filepath, overwrite=overwrite, max_shard_size=max_shard_size)

    def load_weights(self, filepath, skip_mismatch=False, **kwargs):
        from lamina import saving

        saving.load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def to_json(self, **kwargs):
        """The model's config as JSON; `kwargs` are json.dumps()'s: indent, sort_keys, separators, ..."""
        text = _lamina.model_to_json(self)
        return json.dumps(json.loads(text), **kwargs) if kwargs else text

    def get_state_tree(self, value_format="backend_tensor"):
        """Variables' values by path: trainable, non-trainable, optimizer and metrics variables."""

        if value_format not in ("backend_tensor", "numpy_array"):
            raise ValueError(f"Invalid `value_format` argument. Expected one of {{'numpy_array', 'backend_tensor'}}. Received: value_format={value_format}")

        def value(v):
            return v.numpy() if value_format == "numpy_array" else v.value

        def tree_of(variables):
            out = {}
            for v in variables:
                at = out
                *parents, leaf = v.path.split("/")
                for p in parents:
                    at = at.setdefault(p, {})
                if leaf in at:
                    raise ValueError(f"The following variable path is found twice in the model: '{v.path}'. `get_state_tree()` can only be called when all variable paths are unique. Make sure to give "
                                     "unique names to your layers (and other objects).")
                at[leaf] = value(v)
            return out

        return {"trainable_variables": tree_of(self.trainable_variables), "non_trainable_variables": tree_of(self.non_trainable_variables),
                "optimizer_variables": tree_of(self._optimizer.variables if self._optimizer else []), "metrics_variables": tree_of(self.metrics_variables)}

    def set_state_tree(self, state_tree):
        """Assigns values by path; `state_tree` as get_state_tree() gives it, or parts of it."""

        def assign(variables, values, path=()):
            for key, value in values.items():
                if isinstance(value, dict):
                    assign(variables, value, (*path, key))
                elif "/".join((*path, key)) in variables:
                    variables["/".join((*path, key))].assign(value)

        kinds = {"trainable_variables": lambda: self.trainable_variables, "non_trainable_variables": lambda: self.non_trainable_variables,
                 "optimizer_variables": lambda: self.optimizer.variables, "metrics_variables": lambda: self.metrics_variables}
        for kind, values in state_tree.items():
            if kind not in kinds:
                raise ValueError(f"Unknown variable name: {kind}")
            assign({v.path: v for v in kinds[kind]()}, values)

    def _get_variable_map(self):
        variables = self.variables + (self._optimizer.variables if self._optimizer else [])
        return {v.path: v for v in variables}

    def export(self, filepath, format="tf_saved_model", verbose=None, input_signature=None, **kwargs):
        formats = ("tf_saved_model", "onnx", "openvino", "litert", "torch")
        if format not in formats:
            raise ValueError(f"Unrecognized format={format!r}. Supported formats are: {list(formats)}.")
        raise NotImplementedError(f"`export_saved_model` only currently supports the tensorflow, jax and torch backends: export(format={format!r}) is not available. Save with model.save('model.keras'), which the C++ library loads without Python.")


def _check_counts(**given):
    for name, value in given.items():
        if value is not None and not hasattr(value, "__index__"):
            raise TypeError(f"`{name}` must be an integer or None. Received: {name}={value!r} (of type {type(value).__name__})")


def _verbose(v):
    from lamina import config

    if v == "auto":
        return 1 if config.is_interactive_logging_enabled() else 2
    if isinstance(v, str):
        raise ValueError(f"`verbose` must be 'auto', 0 (silent), 1 (a progress bar) or 2 (a line an epoch). Received: verbose={v!r}")
    return int(v)


class Model(_ModelMethods, _lamina.ModelCore, metaclass=LayerType):
    """Layers trained together: Model(inputs, outputs) from symbolic tensors, or a subclass with its own call()."""

    _builtin = True
    _virtual = staticmethod(lambda subclass: issubclass(subclass, _ModelMethods))
    _core = _lamina.ModelCore

    def __new__(cls, *args, **kwargs):
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, *args, **kwargs):
        if len(args) == 1 and isinstance(args[0], _lamina.ObjectBox):
            self._wrap_init(self, args[0])
            return
        functional = len(args) >= 2 or (len(args) == 1 and "outputs" in kwargs) or ("inputs" in kwargs and "outputs" in kwargs)
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
        return self._call(*args, **kwargs)

    def build(self, *shapes, **named):
        """Makes the weights for inputs of these shapes. A subclass without a build() of its own runs its call() on them
        (where Keras only warns, and leaves its layers without weights)."""
        if type(self).build is Model.build and not self._is_functional and not self.built and (named or len(shapes) == 1):
            from lamina.saving import run_on_shapes

            try:
                return run_on_shapes(self, named or {"inputs": shapes[0]})
            except Exception as e:
                warnings.warn(f"Model '{self.name}' could not be built from the shapes {named or shapes[0]}: its call() failed on them. Call it on some data instead. ({type(e).__name__}: {e})", stacklevel=2)
        super().build(*shapes, **named)

    @classmethod
    def from_config(cls, config, custom_objects=None):
        graph_keys = ("name", "trainable", "dtype", "layers", "input_layers", "output_layers")
        if "layers" in config and "input_layers" in config:
            from lamina._registration import CustomObjectScope

            graph = {k: v for k, v in config.items() if k in graph_keys}
            with CustomObjectScope(custom_objects):
                made = _lamina.get_object({"class_name": "Functional", "module": "keras.models", "config": graph, "registered_name": None}, "keras.models")
            if "_builtin" in cls.__dict__:
                return made
            own_arguments = {k: v for k, v in config.items() if k not in graph_keys}
            parameters = inspect.signature(cls.__init__).parameters
            if "inputs" in parameters or any(p.kind is p.VAR_POSITIONAL or p.kind is p.VAR_KEYWORD for p in parameters.values()):
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
            raise TypeError(f"Unable to revive model from config. When overriding the `get_config()` method, make sure that the returned config contains all items used as arguments in the constructor to {cls}. Error encountered during deserialization: {e}") from e


Functional = Model


class Sequential(_ModelMethods, _lamina.SequentialCore, metaclass=LayerType):
    """A stack of layers."""

    _builtin = True
    _core = _lamina.SequentialCore

    def __init__(self, layers=None, trainable=True, name=None):
        if isinstance(layers, _lamina.ObjectBox):
            self._wrap_init(self, layers)
            return
        check_layer_name(name)
        # Named here: C++ would take a number of the built-in class for a subclass too.
        _lamina.SequentialCore.__init__(self, None, {"trainable": trainable, "name": name or _lamina.auto_name(_lamina.snake_case(type(self).__name__))})
        own(self)
        if layers is not None:
            for layer in layers:
                self.add(layer, rebuild=False)
            self._maybe_rebuild()

    __init__._base_init = True

    @property
    def layers(self):
        """The layers that were added, without the input's."""
        return _ModelMethods.layers.fget(self)

    @layers.setter
    def layers(self, _):
        raise AttributeError("`Sequential.layers` attribute is reserved and should not be used. Use `add()` and `pop()` to change the layers in this model.")

    def _maybe_rebuild(self):
        self._checking_signatures(self._rebuild)

    def add(self, layer, rebuild=True):
        """Puts a layer, or an Input, on top of the stack. ValueError for what is no layer, and for names that are taken."""
        if isinstance(layer, _lamina.KerasTensor) and isinstance(layer._keras_history.operation, _lamina.LayerCore):  # keras.Input(...)
            layer = layer._keras_history.operation
        if not isinstance(layer, _lamina.LayerCore):
            raise ValueError(f"Only instances of `keras.Layer` can be added to a Sequential model. Received: {layer} (of type {type(layer)})")
        self._checking_signatures(self._add, layer, rebuild)

    def pop(self, rebuild=True):
        """Takes the last layer off the stack and gives it. IndexError if there is none."""
        stack = self._stack()
        self._pop(rebuild)
        return stack[-1]

    def build(self, input_shape=None):
        """Makes the weights for inputs of this shape. A list or dict of shapes is left to the first call.

        Raises:
            ValueError: if the model has no layers, or has an input of another shape.
        """
        from lamina._layer import _shape_tuple

        shape, stack = _shape_tuple(input_shape), self._stack()
        declared = stack[0].batch_shape if stack and type(stack[0]).__name__ == "InputLayer" else None
        if declared is not None and isinstance(shape, tuple) and tuple(declared) != shape:
            raise ValueError(f"Sequential model '{self.name}' has already been configured to use input shape {tuple(declared)}. You cannot build it with input_shape {shape}")
        build = self._build if _building.under_way(self) else self._build_from  # the former for a subclass' build()
        self._checking_signatures(build, {} if input_shape is None else {"inputs": shape})

    def _checking_signatures(self, f, *args):
        """f(*args), which may call the layers: a TypeError of one that does not take one tensor says so."""
        try:
            return f(*args)
        except TypeError:
            for layer in self._stack():
                parameters = [p for p in inspect.signature(layer.call).parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.VAR_POSITIONAL)]
                required = [p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_POSITIONAL]
                if not parameters:
                    raise ValueError(f"Layers added to a Sequential model should have a single positional argument, the input tensor. Layer {type(layer).__name__} has no positional arguments.") from None
                if len(required) > 1:
                    raise ValueError("Layers added to a Sequential model can only have a single required positional argument, the input tensor. Layer "
                                     f"{type(layer).__name__} has multiple required positional arguments: {required}") from None
            raise

    def compute_output_shape(self, input_shape):
        """The outputs' shape for inputs of this shape, or structure of shapes."""
        if self._is_functional:
            return super().compute_output_shape(input_shape)
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    @classmethod
    def from_config(cls, config, custom_objects=None):
        from lamina._registration import CustomObjectScope

        if "name" not in config or "layers" not in config:
            raise ValueError(f"A Sequential model configuration must be a dictionary containing the 'name' and 'layers' keys. Received: config={config}")
        with CustomObjectScope(custom_objects):
            made = _lamina.get_object({"class_name": "Sequential", "module": "keras.models", "config": config, "registered_name": None}, "keras.models")
        if "_builtin" in cls.__dict__:
            return made
        model = cls(name=config.get("name"))
        for layer in made._stack():
            model.add(layer, rebuild=False)
        model._maybe_rebuild()
        return model


def load_model(filepath, custom_objects=None, compile=True, safe_mode=True):
    from lamina import saving

    return saving.load_model(filepath, custom_objects=custom_objects, compile=compile, safe_mode=safe_mode)


def save_model(model, filepath, overwrite=True, zipped=None, **kwargs):
    from lamina import saving

    saving.save_model(model, filepath, overwrite=overwrite, zipped=zipped, **kwargs)


def model_from_json(json_string, custom_objects=None):
    """A model from to_json()'s text."""
    from lamina._registration import CustomObjectScope

    with CustomObjectScope(custom_objects):
        return _lamina.model_from_json(json_string)


def __getattr__(name):
    if name == "clone_model":
        from lamina._cloning import clone_model

        return clone_model
    raise AttributeError(f"module 'lamina.models' has no attribute {name!r}")


__dir__ = module_dir("lamina.models", "keras.models")
