"""Keras' internal names, for running Keras' own unit tests against Lamina.

A runner that redirects `keras.src.*` imports asks resolve(module, name) for each name that has no public home, such as
the operation classes keras.src.ops.numpy.Add. What only those tests use is made here out of Lamina's public parts, so
that the package keeps no internals for their sake. None means: not known here.
"""

import contextlib
import functools
import importlib
import inspect
import os
import sys
import types
import warnings

import lamina
from lamina import _lamina

with contextlib.suppress(ImportError):
    import ml_dtypes  # noqa: F401  NumPy then knows "bfloat16", which every backend of Keras but NumPy's takes care of

sys.path.append(os.path.dirname(os.path.abspath(__file__)))
import training_parts  # noqa: E402  found once its folder is on the path

_HERE = {
    "keras.src.trainers.trainer.Trainer": training_parts.Trainer,
    "keras.src.trainers.compile_utils.CompileLoss": training_parts.CompileLoss,
    "keras.src.trainers.compile_utils.CompileMetrics": training_parts.CompileMetrics,
    "ArrayDataAdapter": training_parts.ArrayDataAdapter,
    "GeneratorDataAdapter": training_parts.GeneratorDataAdapter,
    "GrainDatasetAdapter": training_parts.GrainDatasetAdapter,
    "PyDatasetAdapter": training_parts.PyDatasetAdapter,
    "TFDatasetAdapter": training_parts.TFDatasetAdapter,
    "TorchDataLoaderAdapter": training_parts.TorchDataLoaderAdapter,
    "class_weight_to_sample_weights": training_parts.class_weight_to_sample_weights,
    "get_data_adapter": training_parts.get_data_adapter,
}


def resolve(module, name):
    if module.startswith("keras.src.ops"):
        made = operation_class(module, name)
        if made is not None:
            return made
    if module == "keras.src.saving.saving_lib" and name in _FILE_NAMES:
        return _FILE_NAMES[name]
    for prefix in (module + ".", ""):
        if prefix + name in _HERE:
            return _HERE[prefix + name]
    if (module, name) in _PLACES:
        home, _, attribute = _PLACES[module, name].rpartition(".")
        return getattr(importlib.import_module(home), attribute, None)
    return None


def here(*names):
    """Registers a function or class of this file under Keras' internal names."""

    def register(f):
        for name in names:
            _HERE[name] = f
        return f

    return register


_FILE_NAMES = {
    "_CONFIG_FILENAME": "config.json",
    "_METADATA_FILENAME": "metadata.json",
    "_VARS_FNAME": "model.weights",
    "_VARS_FNAME_H5": "model.weights.h5",
    "_ASSETS_DIRNAME": "assets",
}


_PLACES = {
    ("keras.src.backend.common.name_scope", "name_scope"): "lamina.name_scope",
    ("keras.src.backend.common.name_scope", "current_path"): "lamina._lamina.current_path",
    ("keras.src.saving.serialization_lib", "SafeModeScope"): "lamina._core.configs.safe_mode.SafeModeScope",
    ("keras.src.ops", "random"): "lamina.random",
    ("keras.src.utils.file_utils", "hash_file"): "lamina.utils.downloads.hash_file",
    ("keras.src.utils.file_utils", "validate_file"): "lamina.utils.downloads.validate_file",
    ("keras.src.utils.file_utils", "extract_archive"): "lamina.utils.archives.extract_archive",
    # What Keras' file functions are for paths of the disk, by which its tests prepare and look at files.
    ("keras.src.utils.file_utils", "exists"): "os.path.exists",
    ("keras.src.utils.file_utils", "isdir"): "os.path.isdir",
    ("keras.src.utils.file_utils", "join"): "os.path.join",
    ("keras.src.utils.file_utils", "listdir"): "os.listdir",
    ("keras.src.utils.file_utils", "remove"): "os.remove",
    ("keras.src.utils.file_utils", "rmtree"): "shutil.rmtree",
    ("keras.src.utils.file_utils", "copy"): "shutil.copy",
    ("keras.src.utils.file_utils", "File"): "builtins.open",
    ("keras.src.models.functional", "Functional"): "lamina.models.Functional",
    ("keras.src.models", "Functional"): "lamina.models.Functional",
    ("keras.src.losses.loss", "squeeze_or_expand_to_same_rank"): "lamina._lamina.squeeze_or_expand_to_same_rank",
    (
        "keras.src.saving.object_registration",
        "GLOBAL_CUSTOM_NAMES",
    ): "lamina._core.configs.registration.GLOBAL_CUSTOM_NAMES",
    (
        "keras.src.saving.object_registration",
        "GLOBAL_CUSTOM_OBJECTS",
    ): "lamina._core.configs.registration.GLOBAL_CUSTOM_OBJECTS",
}


# ---- operation classes ----
@functools.cache
def operation_class(module, name):
    """keras.src.ops.numpy.Sum: an Operation whose constructor takes what is no tensor, made from the op's
    description."""
    op = _lamina.find_op_class(name)
    if op is None or op.class_name != name:
        return None
    parameters = list(inspect.signature(op).parameters.values())
    in_call = [p for p in parameters if p.name in op.call_arguments]
    in_init = [p for p in parameters if p.name not in op.call_arguments]
    init_signature, call_signature = inspect.Signature(in_init), inspect.Signature(in_call)
    variadic = op.variadic_argument

    class Operation(lamina.Operation):
        def __init__(self, *args, name=None, **kwargs):
            super().__init__(name=name)
            bound = init_signature.bind(*args, **kwargs)
            bound.apply_defaults()
            self.__dict__["_arguments"] = dict(bound.arguments)
            for key, value in bound.arguments.items():
                self.__dict__[key] = value

        def _bind(self, args, kwargs):
            if variadic:  # einsum's subscripts come before the operands
                first = [p.name for p in in_init if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
                return {k: v for k, v in self._arguments.items() if k not in first}, (
                    *(self._arguments[n] for n in first),
                    *args,
                )
            bound = call_signature.bind(*args, **kwargs)
            return {**self._arguments, **dict(zip(call_signature.parameters, bound.args)), **bound.kwargs}, ()

        def call(self, *args, **kwargs):
            named, positional = self._bind(args, kwargs)
            return op(*positional, **named)

        def symbolic_call(self, *args, **kwargs):
            return self.call(*args, **kwargs)

        def compute_output_spec(self, *args, **kwargs):
            return self.call(*args, **kwargs)

        def get_config(self):
            return dict(self._arguments)

    Operation.__name__ = Operation.__qualname__ = name
    return Operation


# ---- small helpers that tests import ----
@here("keras.src.backend.AutocastScope", "keras.src.backend.common.variables.AutocastScope")
class AutocastScope:
    """Inside it float variables are read in this dtype."""

    def __init__(self, dtype):
        self.dtype = dtype

    def __enter__(self):
        self._scope = _lamina.new_autocast_scope(self.dtype)
        return self

    def __exit__(self, *exc):
        del self._scope


@here("keras.src.backend.standardize_data_format")
def standardize_data_format(data_format):
    if data_format is None:
        return lamina.config.image_data_format()
    if str(data_format).lower() not in ("channels_first", "channels_last"):
        raise ValueError(f"Unknown `data_format`. Received: data_format={data_format}")
    return str(data_format).lower()


@here("in_symbolic_scope")
def in_symbolic_scope():
    """Models see what their losses and metrics are when they train: no method is called on symbols before."""
    return False


@here("set_keras_mask")
def set_keras_mask(x, mask):
    x._keras_mask = mask


@here("get_keras_mask")
def get_keras_mask(x):
    return getattr(x, "_keras_mask", None)


@here("keras.src.layers.rnn.conv_lstm.ConvLSTM")
def conv_lstm(rank, *args, **kwargs):
    return getattr(lamina.layers, f"ConvLSTM{rank}D")(*args, **kwargs)


@here("keras.src.layers.rnn.conv_lstm.ConvLSTMCell")
def conv_lstm_cell(rank, *args, **kwargs):
    return conv_lstm(rank, *args, **kwargs).cell


@here("keras.src.layers.IndexLookup")
def index_lookup(vocabulary_dtype, **kwargs):
    """The layer that looks up what is of this dtype."""
    if vocabulary_dtype == "string":
        return lamina.layers.StringLookup(**kwargs)
    return lamina.layers.IntegerLookup(vocabulary_dtype=vocabulary_dtype, **kwargs)


@here("keras.src.utils.backend_utils.convert_tf_tensor")
def convert_tf_tensor(outputs, dtype=None):
    return lamina.ops.convert_to_tensor(outputs, dtype)


@here("keras.src.utils.file_utils.makedirs")
def makedirs(path):
    os.makedirs(path, exist_ok=True)


@here("keras.src.utils.summary_utils.print_summary")
def print_summary(model, **options):
    model.summary(**options)


@here("to_snake_case")
def to_snake_case(name):
    return _lamina.snake_case(name)


@here("auto_name")
def auto_name(prefix):
    return _lamina.auto_name(prefix)


@here("uniquify")
def uniquify(name):
    return _lamina.auto_name(name)


@here("keras.src.utils.naming.reset_uids")
def reset_uids():
    lamina.utils.clear_session()


@here("filter_safe_tarinfos")
def filter_safe_tarinfos(members, base_dir):
    """The members of an archive that are unpacked into this folder."""
    from lamina.utils import archives

    for member in members:
        if archives._safe_tar_member(member, os.path.realpath(base_dir)):
            yield member
        else:
            warnings.warn(f"Skipping invalid path during archive extraction: '{member.name}'.", stacklevel=2)


@here("any_symbolic_tensors")
def any_symbolic_tensors(args=None, kwargs=None):
    return any(isinstance(x, lamina.KerasTensor) for x in lamina.tree.flatten((args, kwargs)))


@here("shape_equal")
def shape_equal(a, b, axis=None, allow_none=True):
    """Whether two shapes agree apart from the given axes; None agrees with anything if allowed."""
    if len(a) != len(b):
        return False
    skipped = set() if axis is None else {i % len(a) for i in (axis if isinstance(axis, (list, tuple)) else [axis])}
    pairs = [(x, y) for i, (x, y) in enumerate(zip(a, b)) if i not in skipped]
    return all(x == y or (allow_none and (x is None or y is None)) for x, y in pairs)


@here("broadcast_shapes")
def broadcast_shapes(a, b):
    from lamina import ops

    return list(ops.add(lamina.KerasTensor(tuple(a)), lamina.KerasTensor(tuple(b))).shape)


@here("standardize_shape")
def standardize_shape(shape):
    """A tuple of ints and None; ValueError for anything else."""
    if shape is None:
        raise ValueError("Undefined shapes are not supported.")
    if not hasattr(shape, "__iter__"):
        raise ValueError(f"Cannot convert '{shape}' to a shape.")
    shape = tuple(shape)
    for d in shape:
        if d is not None and (isinstance(d, bool) or not hasattr(d, "__index__")):
            raise ValueError(
                f"Cannot convert '{shape}' to a shape. Found invalid dimension '{d}' of type '{type(d)}'. "
            )
        if d is not None and d < 0:
            raise ValueError(f"Cannot convert '{shape}' to a shape. Negative dimensions are not allowed.")
    return tuple(None if d is None else int(d) for d in shape)


@here("compute_output_spec")
def compute_output_spec(f, *args, **kwargs):
    from lamina._core.symbolic import compute_output_spec as compute

    return compute(f, *args, **kwargs)


@here("saving_lib.load_model", "keras.src.saving.saving_lib.load_model")
def load_model(filepath, custom_objects=None, compile=True, safe_mode=True):
    return lamina.saving.load_model(filepath, custom_objects=custom_objects, compile=compile, safe_mode=safe_mode)


@here("keras.src.saving.saving_lib.save_model")
def save_model(model, filepath, **kwargs):
    return lamina.saving.save_model(model, filepath)


@here("keras.src.legacy.saving.legacy_h5_format.save_model_to_hdf5")
def save_model_to_hdf5(model, filepath, overwrite=True, include_optimizer=True):
    return lamina.saving.save_model(model, filepath, overwrite=overwrite, include_optimizer=include_optimizer)


@here("keras.src.saving.saving_lib.save_weights_only")
def save_weights_only(model, filepath, max_shard_size=None, **kwargs):
    return lamina.saving.save_weights(model, filepath, max_shard_size=max_shard_size, **kwargs)


@here("keras.src.saving.saving_lib.load_weights_only")
def load_weights_only(model, filepath, **kwargs):
    return lamina.saving.load_weights(model, filepath, **kwargs)


@here("keras.src.regularizers.regularizers.validate_float_arg")
def validate_float_arg(value, name):
    regularizer = (
        lamina.regularizers.L2(value) if name != "factor" else lamina.regularizers.OrthogonalRegularizer(value)
    )
    return float(value) if regularizer else value


@here("keras.src.metrics.metrics_utils.AUCCurve")
class AUCCurve:
    ROC, PR, PRGAIN = "ROC", "PR", "PRGAIN"


@here("keras.src.metrics.metrics_utils.AUCSummationMethod")
class AUCSummationMethod:
    INTERPOLATION, MAJORING, MINORING = "interpolation", "majoring", "minoring"


@here("global_seed_generator")
def global_seed_generator():
    from lamina._core.tensors import seeds

    return seeds.global_seed_generator()


@here("draw_seed")
def draw_seed(seed):
    from lamina._core.tensors import seeds

    return seeds.draw_seed(seed)


@here("make_default_seed")
def make_default_seed():
    return _lamina.make_default_seed()


@here("compute_fans")
def compute_fans(shape):
    """(fan in, fan out) of a kernel."""
    shape = tuple(shape)
    if len(shape) < 1:
        return 1, 1
    if len(shape) == 1:
        return shape[0], shape[0]
    field = 1
    for n in shape[:-2]:
        field *= n
    return int(shape[-2] * field), int(shape[-1] * field)


# ---- shapes of convolutions ----
@here("keras.src.backend.common.backend_utils.compute_conv_transpose_output_shape")
def compute_conv_transpose_output_shape(
    input_shape,
    kernel_size,
    filters,
    strides,
    padding,
    output_padding=None,
    data_format="channels_last",
    dilation_rate=1,
):
    channels = input_shape[-1 if data_format == "channels_last" else 1]
    inputs, kernel = (
        lamina.KerasTensor(input_shape),
        lamina.KerasTensor((*kernel_size[: len(input_shape) - 2], filters, channels)),
    )
    return list(
        lamina.ops.conv_transpose(inputs, kernel, strides, padding, output_padding, data_format, dilation_rate).shape
    )


@here("compute_conv_transpose_padding_args_for_jax")
def compute_conv_transpose_padding_args_for_jax(
    input_shape, kernel_shape, strides, padding, output_padding, dilation_rate
):
    """(before, after) for each axis: the zeros around the spread input, as tests' own convolutions in NumPy want."""
    axes = len(input_shape) - 2
    each = lambda v: list(v) if isinstance(v, (list, tuple)) else [v] * axes
    return [
        _zeros_around((size - 1) * dilation + 1, stride, padding, more)
        for size, stride, dilation, more in zip(kernel_shape, each(strides), each(dilation_rate), each(output_padding))
    ]


def _zeros_around(size, stride, padding, more):
    if padding == "valid":
        return size - 1, size - 1 + (max(size, stride) - size if more is None else more)
    total = 2 * (size - 1 - size // 2) + (stride - size % 2 if more is None else more)
    before = size - 1 if stride > size - 1 else -(-total // 2)
    return before, total - before


# ---- quantization ----
def _int4_block_size(layer):
    """Values that share a scale; None or -1 where there are no groups."""
    if layer.quantization_mode != "int4":
        raise AttributeError("_int4_block_size")
    if layer.quantization_config is not None:
        size = layer.quantization_config.block_size
    else:
        size = getattr(layer.dtype_policy, "block_size", None)
    without = type(layer).__name__ == "EinsumDense" or layer.quantization_config is None
    return None if without and size == -1 else size


for _name in ("Dense", "EinsumDense", "Embedding", "ReversibleEmbedding"):
    _cls = getattr(lamina.layers, _name)
    _cls._int4_block_size = property(_int4_block_size)
    _cls._is_quantized = property(lambda layer: layer.quantization_mode is not None)
lamina.layers.Layer._dtype_policy = property(lambda layer: layer.dtype_policy)
lamina.layers.Dense._orig_output_dim = property(lambda layer: layer.units)


# A runner that makes one class of all backends' trainers asks for it here.
lamina.conformance = types.SimpleNamespace(resolve=resolve)


class _Calibrating:
    """One layer under calibration, by the names that Keras' own class has for it."""

    _config, _statistics = None, ""

    def __init__(self, layer, config=None):
        self.config = config or self._config(dataset=None, tokenizer=None)
        self.original_layer = self.layer = layer
        if not isinstance(layer, (lamina.layers.Dense, lamina.layers.EinsumDense)):
            raise TypeError(f"Unsupported layer type for {self.config.mode}: {type(layer)}")
        shape = tuple(layer._kernel.shape)
        split = 1 if len(shape) == 2 or shape.index(max(shape)) == 0 else 2
        self.rows, self.columns = (int(lamina.ops.prod(part)) for part in (shape[:split], shape[split:]))
        self._calibration = self.config._calibration(self.rows)

    @property
    def num_samples(self):
        return self._calibration.samples

    def _observe(self, x):
        if x is None:
            raise ValueError("The inputs to calibrate with cannot be None.")
        self._calibration.observe(x)

    def _finish(self):
        self.original_layer._finish_calibration(self._calibration)

    def free(self):
        self.layer = self._calibration = None


def _statistics(self):
    return self._calibration and self._calibration.statistics


def _set_statistics(self, x):
    self._calibration.statistics = x


@here("keras.src.quantizers.gptq.GPTQ")
class GPTQ(_Calibrating):
    _config = lamina.quantizers.GPTQConfig
    hessian = property(_statistics, _set_statistics)
    update_hessian_with_batch, quantize_and_correct_layer = _Calibrating._observe, _Calibrating._finish


@here("keras.src.quantizers.awq.AWQ")
class AWQ(_Calibrating):
    _config = lamina.quantizers.AWQConfig
    activation_magnitudes = property(_statistics, _set_statistics)
    update_activation_magnitudes, quantize_layer = _Calibrating._observe, _Calibrating._finish


@here("keras.src.quantizers.awq.awq_quantize_matrix")
def awq_quantize_matrix(weights_transpose, activation_magnitudes, *, num_grid_points=20, group_size=-1):
    config = lamina.quantizers.AWQConfig(None, None, num_grid_points=num_grid_points, group_size=group_size)
    calibration = config._calibration(weights_transpose.shape[1])
    calibration.statistics = lamina.ops.convert_to_tensor(activation_magnitudes)
    values, scale, zero, groups, scales = calibration.quantize(lamina.ops.transpose(weights_transpose))
    return values, scale, zero, scales, groups


@here("keras.src.quantizers.awq.awq_search_optimal_scales")
def awq_search_optimal_scales(weights, activation_magnitudes, **kwargs):
    return awq_quantize_matrix(weights, activation_magnitudes, **kwargs)[3]


@here("keras.src.quantizers.gptq_core.gptq_quantize")
def gptq_quantize(config, quantization_layer_structure, filters=None):
    if quantization_layer_structure is not None:
        raise NotImplementedError("Lamina quantizes models.")
    lamina.Sequential([lamina.Input((1,))]).quantize(config=config)  # which has no structure


@here("keras.src.quantizers.gptq_core.get_dataloader")
def get_dataloader(tokenizer, sequence_length, dataset, num_samples=128, *, strategy="strided", seed=42, **kwargs):
    """The samples that a model's first layer sees."""
    if strategy != "strided" or kwargs:
        raise NotImplementedError("Lamina takes samples at even distances.")
    seen = []

    class Seen(lamina.layers.Layer):
        def call(self, x):
            seen.append(lamina.ops.convert_to_numpy(x))
            return lamina.ops.zeros((1, 1))

    model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)])
    structure = {"pre_block_layers": [Seen()], "sequential_blocks": model.layers}
    model.quantize(
        config=lamina.quantizers.GPTQConfig(
            dataset,
            tokenizer,
            num_samples=num_samples,
            sequence_length=sequence_length,
            quantization_layer_structure=structure,
        )
    )
    return lamina.ops.convert_to_numpy(lamina.ops.stack(seen))
