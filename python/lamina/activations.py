"""keras.activations."""

from lamina import _lamina
from lamina._core.configs.registration import lookup
from lamina._core.configs.serialized import deserialize_keras_object
from lamina._core.errors import suggestion
from lamina._core.identifiers import serializer
from lamina._core.public import public_module

_OTHER = {
    "swish": "silu",
    "hard_swish": "hard_silu",
    "exponential": "exp",
    "hard_sigmoid_keras2": "activations.hard_sigmoid_keras2",
}


def linear(x):
    """x itself."""
    return x


def exponential(x):
    """exp(x)."""
    return _lamina.find_op("exp")(x)


def relu(x, negative_slope=0.0, max_value=None, threshold=0.0):
    """max(x, 0) by default; x above `threshold`, at most `max_value`, and negative_slope * (x - threshold) up to it."""
    return _lamina.find_op("activations.relu")(x, negative_slope, max_value, threshold)


def gelu(x, approximate=False):
    """x * P(X <= x) of a standard normal X; by a tanh if `approximate`. Exact unless asked, where ops.gelu is the other
    way round."""
    return _lamina.find_op("gelu")(x, approximate)


def mish(x):
    """x * tanh(softplus(x)) (Misra, 2019)."""
    return _lamina.find_op("activations.mish")(x)


def softmax(x, axis=-1):
    """exp(x) / sum(exp(x)) along `axis`."""
    return _lamina.find_op("softmax")(x, axis)


def log_softmax(x, axis=-1):
    return _lamina.find_op("log_softmax")(x, axis)


def elu(x, alpha=1.0):
    return _lamina.find_op("elu")(x, alpha)


def get(identifier):
    """A function from a name or a config; None gives linear."""
    if identifier is None:
        return linear
    if isinstance(identifier, dict):
        obj = deserialize_keras_object(identifier)
    elif isinstance(identifier, str):
        obj = globals()[identifier] if identifier in _DEFINED else _find(identifier)
        obj = lookup(identifier) if obj is None else obj
    else:
        obj = identifier
    if callable(obj):
        return obj
    near = suggestion(identifier, __dir__()) if isinstance(identifier, str) else ""
    raise ValueError(f"Could not interpret activation function identifier: {identifier}" + ("." + near if near else ""))


serialize = serializer(__name__, "an activation function")


def deserialize(config, custom_objects=None):
    if isinstance(config, str):
        return get(config)
    return deserialize_keras_object(config, custom_objects=custom_objects)


_NAMES = (
    "celu",
    "elu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
)


_DEFINED = (
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "linear",
    "log_softmax",
    "mish",
    "relu",
    "serialize",
    "softmax",
)


def _find(name):
    return _lamina.find_op(_OTHER.get(name, name)) if name in _NAMES or name in _OTHER else None


__getattr__, __dir__ = public_module(
    __name__,
    defined=_DEFINED,
    find=_find,
    known=lambda: _NAMES,
)
