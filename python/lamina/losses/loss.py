"""Loss: the base of all losses."""

from lamina import _lamina
from lamina._core.configurable import Configurable
from lamina._core.identifiers import NamedFunctions
from lamina._core.public import publish
from lamina._core.user_classes import own

_ALIASES = {
    "mse": "mean_squared_error",
    "MSE": "mean_squared_error",
    "mae": "mean_absolute_error",
    "MAE": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "MAPE": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "MSLE": "mean_squared_logarithmic_error",
    "kld": "kl_divergence",
    "KLD": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "bce": "binary_crossentropy",
    "BCE": "binary_crossentropy",
    "logcosh": "log_cosh",
}
FUNCTIONS = NamedFunctions(_ALIASES, "losses")


class Loss(Configurable, _lamina.LossCore):
    """What a model minimizes: override call(y_true, y_pred), which gives one value a sample.

    Args:
        name: made from the class by default.
        reduction: what becomes of the values: "sum_over_batch_size" (their mean), "sum", "mean",
            "mean_with_sample_weight", or "none" or None for the values themselves.
        dtype: what it is computed in; floatx by default.
    """

    _builtin = True
    _core = _lamina.LossCore

    def __init__(self, name=None, reduction="sum_over_batch_size", dtype=None):
        _lamina.LossCore.__init__(
            self,
            None,
            {
                "name": name or _lamina.auto_name(_lamina.snake_case(type(self).__name__)),
                "reduction": reduction,
                "dtype": dtype,
            },
        )
        own(self)

    def __call__(self, y_true, y_pred, sample_weight=None):
        return self._apply(y_true, y_pred, sample_weight)

    def call(self, y_true, y_pred):
        """The loss of each sample. Subclasses override it.

        Args:
            y_true: the targets.
            y_pred: the predictions, of the same shape.

        Returns:
            A tensor without the last axis.
        """
        return self._call(y_true, y_pred)

    @property
    def fn(self):
        """The function that a built-in class is made of."""
        function = FUNCTIONS.find(_lamina.snake_case(type(self).__name__)) if "_fields" in type(self).__dict__ else None
        if function is None:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute 'fn'")
        return function


publish("lamina.losses", Loss)
