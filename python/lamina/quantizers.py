"""keras.quantizers."""

import functools

from lamina import _lamina
from lamina._core import ops
from lamina._core.builtin_classes import class_names, find_class
from lamina._core.configs.serialized import deserialize_keras_object, serialize_keras_object
from lamina._core.configurable import Light
from lamina._core.identifiers import NamedFunctions, by_name, deserializer
from lamina._core.public import public_module


class Quantizer(Light, _lamina.QuantizerCore):
    """Base class: override __call__(x, axis=None), which gives (integers, scale), and get_config().

    Args:
        output_dtype: the dtype of the integers.
    """

    _builtin = True
    _core = _lamina.QuantizerCore

    def __init__(self, output_dtype="int8"):
        Light.__init__(self)
        self.output_dtype = output_dtype

    def __call__(self, x):
        """The quantized tensor.

        Args:
            x: a tensor.

        Returns:
            x itself, unless a subclass overrides it.
        """
        return x

    def get_config(self):
        """The arguments from which from_config() makes a quantizer like this one.

        Returns:
            A dict of plain values.

        Raises:
            NotImplementedError: of the base class.
        """
        if "_fields" in type(self).__dict__:
            return self._get_config()
        raise NotImplementedError(f"{self} does not implement get_config()")


def _call_abs_max(self, x, axis=None, to_numpy=False):
    """Quantizes a tensor.

    Args:
        x: a tensor.
        axis: the axis or axes along which one scale holds; the quantizer's own by default.
        to_numpy: as in Keras, without effect: there is one computation, on the host.

    Returns:
        A tuple: the integers, and the scale that x was multiplied by.
    """
    return self._call(ops.convert_to_tensor(x), axis)


class QuantizationConfig(Light, _lamina.QuantizationConfigCore):
    """How a layer is to be quantized. Base class: override `mode`.

    Args:
        weight_quantizer: of weights; what a layer has for it by default.
        activation_quantizer: of activations; none by default, which leaves them as they are.
    """

    _builtin = True
    _core = _lamina.QuantizationConfigCore

    def __init__(self, weight_quantizer=None, activation_quantizer=None):
        Light.__init__(self)
        self.weight_quantizer = weight_quantizer
        self.activation_quantizer = activation_quantizer

    @property
    def mode(self):
        """How weights are kept.

        Raises:
            NotImplementedError: of the base class.
        """
        if "_fields" not in type(self).__dict__:
            raise NotImplementedError(
                "Subclasses must implement this property. Do not instantiate QuantizationConfig directly."
            )
        return self._mode()

    def get_config(self):
        """The arguments from which from_config() makes a config like this one.

        Returns:
            A dict of plain values.
        """
        if "_fields" in type(self).__dict__:
            return self._get_config()
        return {
            "weight_quantizer": serialize_keras_object(self.weight_quantizer),
            "activation_quantizer": serialize_keras_object(self.activation_quantizer),
        }

    @classmethod
    def from_config(cls, config):
        """A config from get_config().

        Args:
            config: a dict of the constructor's arguments.
        """
        given = {key: deserialize_keras_object(value) for key, value in config.items()}
        if cls.__name__ == "Int4QuantizationConfig":  # files from before there were groups
            given.setdefault("block_size", None)
        return cls(**given)

    @staticmethod
    def weight_quantizer_or_default(config, default):
        """The quantizer of weights.

        Args:
            config: a QuantizationConfig or None.
            default: what holds where it names none.
        """
        return default if config is None or config.weight_quantizer is None else config.weight_quantizer

    @staticmethod
    def activation_quantizer_or_default(config, default):
        """The quantizer of activations.

        Args:
            config: a QuantizationConfig or None.
            default: what holds where there is no config.
        """
        return default if config is None else config.activation_quantizer


def _or_wraps(init):
    """A constructor that also takes a C++ object to wrap."""

    @functools.wraps(init)
    def either(self, *args, **kwargs):
        if len(args) == 1 and isinstance(args[0], _lamina.ObjectBox):
            self._wrap_init(self, args[0])
        else:
            init(self, *args, **kwargs)

    return either


class _Calibrated(QuantizationConfig):
    """What GPTQConfig and AWQConfig share. Data, tokenizer and layers are Python's, and stay as they were given."""

    _builtin = True
    _dataset = _tokenizer = _structure = None

    @classmethod
    def _init(cls, self, arguments):
        """Makes the C++ object from the constructor's locals."""
        given = {k: v for k, v in arguments.items() if k != "self"}
        data = {k: given.pop(k) for k in ("dataset", "tokenizer", "quantization_layer_structure")}
        self._builtin_init(self, cls.__name__, "keras.quantizers", {"dataset": None, "tokenizer": None, **given})
        for name, value in data.items():
            setattr(self, name, value)

    @property
    def dataset(self):
        """Texts or tokens to calibrate with."""
        return self._dataset

    @dataset.setter
    def dataset(self, value):
        self._dataset = value

    @property
    def tokenizer(self):
        """Makes tokens of texts."""
        return self._tokenizer

    @tokenizer.setter
    def tokenizer(self, value):
        self._tokenizer = value

    @property
    def quantization_layer_structure(self):
        """The model's blocks, or None."""
        return self._structure

    @quantization_layer_structure.setter
    def quantization_layer_structure(self, value):
        self._structure = value

    @property
    def mode(self):
        """How weights are kept: "gptq" or "awq"."""
        return self._mode()

    def dtype_policy_string(self):
        """The mode as dtype policies name it: with bits and group size.

        Returns:
            A string: "gptq/4/128".
        """
        return self._policy_mode()

    def get_config(self):
        """The arguments, without data and tokenizer.

        Returns:
            A dict of plain values.
        """
        return {**self._get_config(), "quantization_layer_structure": self._structure}

    @classmethod
    def from_config(cls, config):
        """A config from get_config().

        Args:
            config: a dict of the constructor's arguments.
        """
        return cls(**config)


class GPTQConfig(_Calibrated):
    """Weights of 2, 3, 4 or 8 bits by GPTQ (Frantar et al., 2022): rounded one input after the other, where the weights
    of later inputs make up for the errors of earlier ones, as the inputs on samples of data say.

    Args:
        dataset: an iterable of texts, or of arrays of tokens.
        tokenizer: has tokenize(text), which gives tokens.
        weight_bits: 2, 3, 4 or 8.
        num_samples: samples of the data.
        per_channel: whether each output has scales of its own.
        sequence_length: tokens of a sample.
        hessian_damping: the part of the mean of the Hessian's diagonal that is added to it, 0 to 1.
        group_size: weights of an output that share a scale; -1 for all.
        symmetric: whether the range is the same on both sides of 0.
        activation_order: whether weights of greater inputs are rounded first.
        quantization_layer_structure: a dict: the model's "sequential_blocks", which are quantized one after the other,
            and the "pre_block_layers" that samples go through before; None for what the model's
            get_quantization_layer_structure() gives.

    Raises:
        ValueError: for numbers out of range.
    """

    _builtin = True

    @_or_wraps
    def __init__(
        self,
        dataset,
        tokenizer,
        *,
        weight_bits=4,
        num_samples=128,
        per_channel=True,
        sequence_length=512,
        hessian_damping=0.01,
        group_size=128,
        symmetric=False,
        activation_order=False,
        quantization_layer_structure=None,
    ):
        GPTQConfig._init(self, locals())


class AWQConfig(_Calibrated):
    """Weights of 4 bits by AWQ (Lin et al., 2023): those of inputs that are great on samples of data are multiplied by
    a scale before they are rounded.

    Args:
        dataset: an iterable of texts, or of arrays of tokens.
        tokenizer: has tokenize(text), which gives tokens.
        weight_bits: 4.
        num_samples: samples of the data.
        sequence_length: tokens of a sample.
        group_size: weights of an output that share a scale; -1 for all.
        num_grid_points: powers of the inputs' magnitudes that are tried as scales, beside 0.
        quantization_layer_structure: as of GPTQConfig.

    Raises:
        ValueError: for numbers out of range.
    """

    _builtin = True

    @_or_wraps
    def __init__(
        self,
        dataset,
        tokenizer,
        *,
        weight_bits=4,
        num_samples=128,
        sequence_length=512,
        group_size=128,
        num_grid_points=20,
        quantization_layer_structure=None,
    ):
        AWQConfig._init(self, locals())


_op = NamedFunctions({}, "quantizers").find


def abs_max_quantize(inputs, axis, value_range=(-127, 127), dtype="int8", epsilon=1e-7, to_numpy=False):
    """Integers in proportion to a tensor, the greatest of which is the end of a range.

    Args:
        inputs: a tensor.
        axis: the axis or axes along which one scale holds; None for all.
        value_range: of the integers.
        dtype: of the integers.
        epsilon: added to the greatest absolute value.
        to_numpy: as in Keras, without effect: there is one computation, on the host.

    Returns:
        A tuple: the integers, and the scale that the tensor was multiplied by.
    """
    return _op("abs_max_quantize")(ops.convert_to_tensor(inputs), axis, tuple(value_range), dtype, epsilon)


def abs_max_quantize_grouped_with_zero_point(
    inputs, block_size, value_range=(-8, 7), dtype="int8", epsilon=1e-7, to_numpy=False
):
    """Integers in proportion to a matrix, with a scale and a zero point for each group of rows and each column.

    Args:
        inputs: a matrix.
        block_size: rows of a group.
        value_range: of the integers.
        dtype: of the integers.
        epsilon: added to the width of a group's values.
        to_numpy: as in Keras, without effect: there is one computation, on the host.

    Returns:
        A tuple: the integers, the scale and the zero point (groups, columns).

    Raises:
        ValueError: if `inputs` is no matrix, or block_size not positive.
    """
    return _op("abs_max_quantize_grouped_with_zero_point")(
        ops.convert_to_tensor(inputs), block_size, tuple(value_range), dtype, epsilon
    )


def pack_int4(arr, axis=0, dtype="int8"):
    """Two values of 4 bits in a byte: the first in its low half. An axis of odd size is padded with 0.

    Args:
        arr: a tensor of bytes with values of 4 bits.
        axis: the axis along which two values become one byte.
        dtype: of the values, "int8" or "uint8".

    Returns:
        A tuple: the bytes, their shape, and the size of the axis before.

    Raises:
        ValueError: for another dtype.
        TypeError: if `arr` has another one.
    """
    arr = ops.convert_to_tensor(arr)
    packed = _op("pack_int4")(arr, axis, dtype)
    return packed, tuple(packed.shape), arr.shape[axis]


def quantize_and_dequantize(inputs, scale, quantized_dtype, compute_dtype):
    """A tensor as it is when it was float8 for a while.

    Args:
        inputs: a tensor.
        scale: what it is divided by before, and multiplied with after.
        quantized_dtype: "float8_e4m3fn" or "float8_e5m2".
        compute_dtype: of the result.

    Returns:
        A tensor.

    Raises:
        ValueError: for another dtype.
    """
    return _op("quantize_and_dequantize")(ops.convert_to_tensor(inputs), scale, str(quantized_dtype), compute_dtype)


_find = by_name("keras.quantizers", "quantizer")


def get(identifier, **kwargs):
    """A quantizer by its name or config, or itself.

    Args:
        identifier: a name, a config, a class or a quantizer; None stays None.
        **kwargs: taken as in Keras, without effect.

    Raises:
        ValueError: for anything else.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        found = deserialize(identifier)
    elif isinstance(identifier, str):
        found = {"quantizer": Quantizer, "Quantizer": Quantizer}.get(identifier) or _find(identifier)
    else:
        found = identifier
    if isinstance(found, type):
        found = found()
    if callable(found):
        return found
    raise ValueError(f"Could not interpret quantizer identifier: {identifier}")


def serialize(initializer):
    """The config of a quantizer.

    Args:
        initializer: the object.

    Returns:
        A dict of plain JSON values.
    """
    return serialize_keras_object(initializer)


deserialize = deserializer(__name__, "a quantizer")
_classes = find_class("keras.quantizers")


def _found(name):
    return _classes(name) or _op(name)


__getattr__, __dir__ = public_module(
    __name__,
    defined=(
        "AWQConfig",
        "GPTQConfig",
        "QuantizationConfig",
        "Quantizer",
        "abs_max_quantize",
        "abs_max_quantize_grouped_with_zero_point",
        "deserialize",
        "get",
        "pack_int4",
        "quantize_and_dequantize",
        "serialize",
    ),
    find=_found,
    known=lambda: [
        *class_names("keras.quantizers")(),
        "compute_float8_amax_history",
        "compute_float8_scale",
        "fake_quant_with_min_max_vars",
        "unpack_int4",
    ],
    members={"AbsMaxQuantizer": {"__call__": _call_abs_max}},
)
