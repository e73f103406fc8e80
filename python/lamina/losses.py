"""keras.losses."""
from lamina import _lamina
from lamina._kinds import Configurable, serialize_any
from lamina._wrap import get_class, module_dir, own


class Loss(Configurable, _lamina.LossCore):
    """Base class: override call(y_true, y_pred), which gives one value a sample."""

    _builtin = True
    _core = _lamina.LossCore

    def __init__(self, name=None, reduction="sum_over_batch_size", dtype=None):
        _lamina.LossCore.__init__(self, None, {"name": name or _lamina.auto_name(_lamina.snake_case(type(self).__name__)), "reduction": reduction, "dtype": dtype})
        own(self)

    def __call__(self, y_true, y_pred, sample_weight=None):
        return self._apply(y_true, y_pred, sample_weight)

    def call(self, y_true, y_pred):
        return self._call(y_true, y_pred)


def get(identifier):
    """A loss from a name, a config or a callable; None stays None."""
    from lamina import saving

    if identifier is None:
        return None
    if isinstance(identifier, str):
        op = _lamina.find_op("losses." + _ALIASES.get(identifier, identifier))
        if op is not None:
            return op
        obj = _lamina.get_object(identifier, "keras.losses")
    elif isinstance(identifier, dict):
        obj = saving.deserialize_keras_object(identifier)
    else:
        obj = identifier
    if isinstance(obj, type):
        obj = obj()
    if callable(obj):
        return obj
    raise ValueError(f"Could not interpret loss identifier: {identifier}")


_ALIASES = {
    "mse": "mean_squared_error", "MSE": "mean_squared_error", "mae": "mean_absolute_error", "MAE": "mean_absolute_error", "mape": "mean_absolute_percentage_error",
    "MAPE": "mean_absolute_percentage_error", "msle": "mean_squared_logarithmic_error", "MSLE": "mean_squared_logarithmic_error", "kld": "kl_divergence", "KLD": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence", "bce": "binary_crossentropy", "BCE": "binary_crossentropy", "logcosh": "log_cosh",
}


def serialize(loss):
    return serialize_any(loss)


def deserialize(name, custom_objects=None):
    from lamina import saving

    if isinstance(name, str):
        return get(name)
    return saving.deserialize_keras_object(name, custom_objects=custom_objects)


def __getattr__(name):
    if not name.startswith("_"):
        op = _lamina.find_op("losses." + _ALIASES.get(name, name))
        if op is not None:
            globals()[name] = op
            return op
        cls = get_class(name, "keras.losses")
        if cls is not None and cls.__name__ == name:
            globals()[name] = cls
            return cls
    raise AttributeError(f"module 'lamina.losses' has no attribute {name!r}")


__dir__ = module_dir("lamina.losses", "keras.losses")
