"""keras.metrics."""

from lamina._core.builtin_classes import class_names, find_class
from lamina._core.configs.serialized import deserialize_keras_object, serialize_keras_object
from lamina._core.identifiers import NamedFunctions, getter
from lamina._core.public import public_module
from lamina.metrics.members import MEMBERS
from lamina.metrics.metric import Metric

_ALIASES = {
    "mse": "mean_squared_error",
    "MSE": "mean_squared_error",
    "mae": "mean_absolute_error",
    "MAE": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "MAPE": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "MSLE": "mean_squared_logarithmic_error",
    "cosine_proximity": "cosine_similarity",
}
_FUNCTIONS = NamedFunctions(_ALIASES, "metrics", "losses")
_find_class = find_class("keras.metrics")
_class_names = class_names("keras.metrics")

get = getter(__name__, "keras.metrics", Metric, "metric")


def serialize(metric):
    """The config of a metric.

    Args:
        metric: the object, or a function.

    Returns:
        A dict of plain JSON values; of a built-in function its name.
    """
    return serialize_keras_object(metric)


def deserialize(config, custom_objects=None):
    """A metric from its config or by its name.

    Args:
        config: what serialize() gave, or a name.
        custom_objects: {name: class or function} that the config may name beside the registered ones.

    Raises:
        ValueError: for names that are not known.
        TypeError: for a class that is not known.
    """
    return get(config) if isinstance(config, str) else deserialize_keras_object(config, custom_objects=custom_objects)


__getattr__, __dir__ = public_module(
    __name__,
    defined=("Metric", "deserialize", "get", "serialize"),
    find=lambda name: _FUNCTIONS.find(name) or _find_class(name),
    known=lambda: [*_class_names(), *_FUNCTIONS.names()],
    members=MEMBERS,
)
