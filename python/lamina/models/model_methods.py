"""What Model and Sequential share."""

import json
import re
import shutil

from lamina import _lamina
from lamina._core.console import print_text
from lamina._core.values.structures import flatten
from lamina.layers.input_spec import InputSpec
from lamina.layers.layer import LayerMethods
from lamina.models.calibration import needs_data, quantize_calibrated
from lamina.models.state_tree import StateTree
from lamina.models.step_functions import StepFunctions
from lamina.models.training import Training
from lamina.saving.files import load_weights, save_model, save_weights


class ModelMethods(Training, StepFunctions, StateTree, LayerMethods):
    """Layers, inputs and outputs, files. `self` is a ModelCore."""

    _builtin = True

    @property
    def layers(self):
        """The layers, in the order in which they were made part of the model."""
        found = list(self._sublayers())
        # Wrappers of layers made in C++ stay alive with the model, and with them what a user sets on them.
        self.__dict__["_layer_wrappers"] = found
        return list(found)

    @layers.setter
    def layers(self, _):
        raise AttributeError("`Model.layers` attribute is reserved and should not be used. Please use another name.")

    def get_layer(self, name=None, index=None):
        """One layer, by name or by its place.

        Args:
            name: the layer's name.
            index: its place in `layers`.

        Raises:
            ValueError: if there is none, or if both or neither are given.
        """
        if name is not None and index is not None:
            raise ValueError(f"Provide only a layer name or a layer index. Received: index={index}, name={name}.")
        if name is None and index is None:
            raise ValueError("Provide either a layer name or layer index at `get_layer`.")
        if name is not None and not isinstance(name, str):
            raise ValueError(
                f"No such layer: {name!r}. A layer's name is a string; to get a layer by its place, use "
                f"get_layer(index={name!r})."
            )
        return self._get_layer_by_name(name) if name is not None else self._get_layer_by_index(index)

    @property
    def inputs(self):
        """The symbolic inputs, as a flat list."""
        return flatten(self._known(self._graph_inputs(), "inputs"))

    @property
    def outputs(self):
        """The symbolic outputs, as a flat list."""
        return flatten(self._known(self._graph_outputs(), "outputs"))

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
        return self._one_or_all([t.shape for t in flatten(self._known(self._graph_inputs(), "input shape"))])

    @property
    def output_shape(self):
        """The shape of the only output, or a list of shapes."""
        return self._one_or_all([t.shape for t in flatten(self._known(self._graph_outputs(), "output shape"))])

    def _one_or_all(self, items):
        return items[0] if len(items) == 1 else items

    def _known(self, found, what):
        if found is None:
            raise AttributeError(
                f"The model '{self.name}' has no defined {what} yet. Start it with an `Input`, or build it from "
                "symbolic inputs and outputs."
            )
        return found

    @property
    def output_names(self):
        """The names of the outputs, which losses and metrics given as dicts use."""
        return self._known(self._output_names() if self._is_functional else None, "output names")

    @property
    def operations(self):
        """All nodes' operations of a functional model, in the order in which they run."""
        return self._known(self._operations if self._is_functional else None, "operations")

    @property
    def input_spec(self):
        """What a functional model takes: an InputSpec an input."""
        spec = LayerMethods.input_spec.fget(self)
        return [spec] if self._is_functional and isinstance(spec, InputSpec) else spec

    @input_spec.setter
    def input_spec(self, value):
        LayerMethods.input_spec.fset(self, value)

    def summary(
        self,
        line_length=None,
        positions=None,
        print_fn=None,
        expand_nested=False,
        show_trainable=False,
        layer_range=None,
    ):
        """Prints a table of the layers.

        Args:
            line_length: columns of a line; by default what the terminal and the table have room for.
            positions: where each cell ends, as shares of the line (the last is 1) or as columns.
            print_fn: called with the text instead of printing it.
            expand_nested: whether the layers of nested models have lines of their own.
            show_trainable: whether a column says which layers are trainable.
            layer_range: names of the first and the last layer to show, or regular expressions: the first that matches,
                the last that matches.

        Raises:
            ValueError: if no layer matches, or a cell would have no room.
        """
        if layer_range is not None and (
            len(layer_range) != 2 or not all(isinstance(name, str) for name in layer_range)
        ):
            raise ValueError(f"layer_range must be a list or tuple of two strings. Received: layer_range={layer_range}")
        columns = max(shutil.get_terminal_size().columns - 4, 40)
        text = self._summary(
            int(line_length or 0),
            columns,
            [float(p) for p in positions or ()],
            expand_nested,
            show_trainable,
            list(layer_range or ()),
        )
        if print_fn is None:
            print_text(text + "\n")
        else:
            print_fn(text)

    # ---- quantization ----
    def quantize(self, mode=None, config=None, filters=None, **kwargs):
        """Keeps the weights of all layers that have such a form in Keras in fewer bits from now on; others stay as they
        are, with a warning. GPTQ and AWQ are for the layers of the blocks that their config, or the model, names.

        Args:
            mode: "int8", "int4", "float8", "gptq" or "awq"; that of `config` by default.
            config: a QuantizationConfig; the default of the mode where None. "gptq" and "awq" have none, as they need
                data.
            filters: a regular expression or several, of which one is found in the names of the layers that are meant,
                or a function of a layer that says whether it is.
            **kwargs: type_check, whether subclasses of built-in layers are left out, True by default; all_layers,
                whether "int8" is also for convolutions, SimpleRNN, LSTM, GRU and their cells, False by default. Keras
                leaves these as they are and cannot read files of a model in which they are quantized.

        Raises:
            ValueError: if a layer is not built or quantized already, the arguments do not fit, or the blocks or the
                data of a calibration are missing.
            TypeError: if the data cannot be iterated over.
        """
        type_check = kwargs.pop("type_check", True)
        all_layers = bool(kwargs.pop("all_layers", False))
        if kwargs:
            raise ValueError(f"Unrecognized keyword arguments passed to {type(self).__name__}: {kwargs}")
        patterns = [filters] if isinstance(filters, str) else filters
        if patterns is not None and not callable(patterns) and not isinstance(patterns, (list, tuple)):
            raise ValueError(
                "The `filters` argument must be a regex string, a list of regex strings, or a callable. Received: "
                f"{type(filters)}"
            )

        def chosen(layer):
            if patterns is not None and not (
                patterns(layer) if callable(patterns) else any(re.search(p, layer.name) for p in patterns)
            ):
                return False
            if type(layer).quantize is LayerMethods.quantize or isinstance(layer, ModelMethods):
                return True
            if len(layer._flatten(True, True)) == 1:  # a user's class has a quantize() of its own
                layer.quantize(mode, type_check=type_check, config=config)
                self._invalidate()
            return False

        if needs_data(mode, config):
            if all_layers:
                raise ValueError(
                    "`all_layers` is for mode='int8': the layers beyond Keras' have no other quantized form. Received: "
                    f"mode={mode!r}"
                )
            quantize_calibrated(self, config, chosen, type_check)
        else:
            self._quantize_layers(mode, config, chosen, type_check, all_layers)

    def get_quantization_layer_structure(self, mode=None):
        """The blocks of the model that GPTQ and AWQ go through. Subclasses override it.

        Args:
            mode: "gptq" or "awq".

        Returns:
            A dict of lists of layers, "pre_block_layers" and "sequential_blocks"; here None: there is no telling.
        """
        return None

    # ---- files ----
    def save(self, filepath, overwrite=True, zipped=None, **kwargs):
        """Saves architecture, weights, and what compile() was given.

        Args:
            filepath: ends in `.keras`, or in `.h5` for the older format.
            overwrite: whether a file that is there may be replaced.
            zipped: False writes a folder instead of one file.
            **kwargs: include_optimizer, whether the optimizer's state is saved.

        Raises:
            ValueError: for another ending.
            OSError: if the file cannot be written, or is there and may not be replaced.
        """
        save_model(self, filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def save_weights(self, filepath, overwrite=True, max_shard_size=None):
        """Saves the weights alone.

        Args:
            filepath: ends in `.weights.h5`, or in `.weights.json` for several files under an index.
            overwrite: whether files that are there may be replaced.
            max_shard_size: the most gigabytes per file.

        Raises:
            ValueError: for another ending.
            OSError: if a file cannot be written, or is there and may not be replaced.
        """
        save_weights(self, filepath, overwrite=overwrite, max_shard_size=max_shard_size)

    def load_weights(self, filepath, skip_mismatch=False, **kwargs):
        """Loads weights into this model, which must be built.

        Args:
            filepath: a `.weights.h5`, `.weights.json`, `.keras` or legacy `.h5` file.
            skip_mismatch: whether layers whose shapes differ are left out with a warning.
            **kwargs: by_name, for legacy files: whether layers are found by name instead of by their place.

        Raises:
            ValueError: naming the layer, the expected and the stored shapes.
            OSError: if the file cannot be read.
        """
        load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def to_json(self, **kwargs):
        """The model's config as text, for model_from_json(); without weights.

        Args:
            **kwargs: those of json.dumps(): indent, sort_keys, separators and so on.

        Returns:
            A string.
        """
        text = _lamina.model_to_json(self)
        return json.dumps(json.loads(text), **kwargs) if kwargs else text

    def export(self, filepath, format="tf_saved_model", verbose=None, input_signature=None, **kwargs):
        """Files for other frameworks, which there are none of.

        Args:
            filepath: where to.
            format: "tf_saved_model", "onnx", "openvino", "litert" or "torch".
            verbose: as in Keras.
            input_signature: as in Keras.
            **kwargs: as in Keras.

        Raises:
            ValueError: for another format.
            NotImplementedError: for these.
        """
        formats = ("tf_saved_model", "onnx", "openvino", "litert", "torch")
        if format not in formats:
            raise ValueError(f"Unrecognized format={format!r}. Supported formats are: {list(formats)}.")
        raise NotImplementedError(
            "`export_saved_model` only currently supports the tensorflow, jax and torch backends: "
            f"export(format={format!r}) is not available. Save with model.save('model.keras'), which the C++ library "
            "loads without Python."
        )
