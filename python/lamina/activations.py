"""keras.activations."""
from lamina import _lamina
from lamina._kinds import serialize_any

_KERAS2 = "hard_sigmoid_keras2"  # which files hold as a model of this name, for Keras
_OTHER = {"swish": "silu", "hard_swish": "hard_silu", "exponential": "exp", _KERAS2: f"activations.{_KERAS2}"}


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
    """x * P(X <= x) of a standard normal X; by a tanh if `approximate`. Exact unless asked, where ops.gelu is the other way round."""
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
    from lamina import saving

    if identifier is None:
        return linear
    if isinstance(identifier, dict) and identifier.get("class_name") == "Sequential" and identifier["config"].get("name") == _KERAS2:
        return __getattr__(_KERAS2)
    if isinstance(identifier, dict):
        obj = saving.deserialize_keras_object(identifier)
    elif isinstance(identifier, str):
        try:
            obj = __getattr__(identifier) if identifier not in globals() else globals()[identifier]
        except AttributeError:
            from lamina._registration import _lookup

            obj = _lookup(identifier)
    else:
        obj = identifier
    if callable(obj):
        return obj
    from lamina._errors import suggestion

    near = suggestion(identifier, __dir__()) if isinstance(identifier, str) else ""
    raise ValueError(f"Could not interpret activation function identifier: {identifier}" + ("." + near if near else ""))


def serialize(activation):
    fn = serialize_any(activation)
    return fn


def deserialize(config, custom_objects=None):
    from lamina import saving

    if isinstance(config, str):
        return get(config)
    return saving.deserialize_keras_object(config, custom_objects=custom_objects)


_NAMES = ("celu", "elu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "leaky_relu", "log_sigmoid", "log_softmax", "relu6", "selu",
          "sigmoid", "silu", "soft_shrink", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "swish", "tanh", "tanh_shrink", "threshold")


def __getattr__(name):
    if name in _NAMES or name in _OTHER:
        op = _lamina.find_op(_OTHER.get(name, name))
        if op is not None:
            globals()[name] = op
            return op
    from lamina._errors import no_attribute

    raise no_attribute("lamina.activations", name, __dir__)


def __dir__():
    return sorted({*_NAMES, "linear", "exponential", "relu", "softmax", "log_softmax", "elu", "gelu", "mish", "get", "serialize", "deserialize"})
