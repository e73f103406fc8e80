"""keras.activations."""

from lamina import _lamina
from lamina._core.configs.registration import lookup
from lamina._core.configs.serialized import deserialize_keras_object, serialize_keras_object
from lamina._core.errors import suggestion
from lamina._core.public import public_module

_KERAS2 = "hard_sigmoid_keras2"  # which files hold as a model of this name, for Keras
_OTHER = {
    "swish": "silu",
    "hard_swish": "hard_silu",
    "exponential": "exp",
    _KERAS2: f"activations.{_KERAS2}",
}


def linear(x):
    """x itself.

    Args:
        x: a tensor.
    """
    return x


def exponential(x):
    """exp(x).

    Args:
        x: a tensor.

    Returns:
        A tensor of x's shape and dtype.
    """
    return _lamina.find_op("exp")(x)


def relu(x, negative_slope=0.0, max_value=None, threshold=0.0):
    """max(x, 0) by default; x above `threshold`, at most `max_value`, and negative_slope * (x - threshold) up to it.

    Args:
        x: a tensor.
        negative_slope: the slope below the threshold.
        max_value: the greatest result; None is no limit.
        threshold: where x itself begins.

    Returns:
        A tensor of x's shape and dtype.
    """
    return _lamina.find_op("activations.relu")(x, negative_slope, max_value, threshold)


def gelu(x, approximate=False):
    """x * P(X <= x) of a standard normal X. Exact unless asked, where ops.gelu is the other way round.

    Args:
        x: a tensor.
        approximate: whether it is computed by a tanh.

    Returns:
        A tensor of x's shape and dtype.
    """
    return _lamina.find_op("gelu")(x, approximate)


def mish(x):
    """x * tanh(softplus(x)) (Misra, 2019).

    Args:
        x: a tensor.

    Returns:
        A tensor of x's shape and dtype.
    """
    return _lamina.find_op("activations.mish")(x)


def softmax(x, axis=-1):
    """exp(x) / sum(exp(x)) along `axis`.

    Args:
        x: a tensor.
        axis: an axis or several.

    Returns:
        A tensor of x's shape and dtype.
    """
    return _lamina.find_op("softmax")(x, axis)


def log_softmax(x, axis=-1):
    """The logarithm of softmax(x), computed without the quotient.

    Args:
        x: a tensor.
        axis: the axis along which the exponentials sum to 1.

    Returns:
        A tensor of x's shape and dtype.
    """
    return _lamina.find_op("log_softmax")(x, axis)


def elu(x, alpha=1.0):
    """x above 0 and alpha * (exp(x) - 1) below.

    Args:
        x: a tensor.
        alpha: less this is the limit on the left.

    Returns:
        A tensor of x's shape and dtype.
    """
    return _lamina.find_op("elu")(x, alpha)


def get(identifier):
    """The activation function that is meant.

    Args:
        identifier: a name, a config or a function; None gives linear.

    Raises:
        ValueError: for anything else, and for names that are not known.
    """
    if identifier is None:
        return linear
    if (
        isinstance(identifier, dict)
        and identifier.get("class_name") == "Sequential"
        and identifier["config"].get("name") == _KERAS2
    ):
        return __getattr__(_KERAS2)
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


def serialize(activation):
    """The config of an activation function.

    Args:
        activation: the function, or a name.

    Returns:
        A dict of plain JSON values; of a built-in function its name.
    """
    return serialize_keras_object(activation)


def deserialize(config, custom_objects=None):
    """An activation function from its config or by its name.

    Args:
        config: what serialize() gave.
        custom_objects: {name: function} that the config may name beside the registered ones.

    Raises:
        ValueError: for names that are not known.
    """
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
