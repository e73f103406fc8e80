"""keras.metrics."""
from lamina import _lamina
from lamina._kinds import Configurable, functions, getter, serialize_any
from lamina._wrap import module_dir, module_getattr, own


class Metric(Configurable, _lamina.MetricCore):
    """Base class: make variables in __init__, override update_state() and result()."""

    _builtin = True
    _core = _lamina.MetricCore

    def __init__(self, dtype=None, name=None):
        _lamina.MetricCore.__init__(self, None, {"name": name or _lamina.auto_name(_lamina.snake_case(type(self).__name__)), "dtype": dtype})
        own(self)

    def __call__(self, *args, **kwargs):
        self.update_state(*args, **kwargs)
        return self.result()

    def update_state(self, *args, **kwargs):
        self._update_state(*args, **kwargs)

    def result(self):
        return self._result()

    def reset_state(self):
        self._reset_state()

    def add_variable(self, shape, initializer, dtype=None, aggregation="sum", name=None):
        return self._add_variable(name or _lamina.auto_name("variable"), shape, initializer, dtype)

    def add_weight(self, shape=(), initializer=None, dtype=None, name=None):
        return self.add_variable(shape, "zeros" if initializer is None else initializer, dtype=dtype, name=name)

    def __setattr__(self, name, value):
        if name in getattr(type(self), "_fields", ()) and "_anchor" in self.__dict__ and name != "name" and not self._has_attribute(name):
            raise AttributeError(f"`{name}` of {type(self).__name__} is settled when the metric is made: its variables depend on it. Make a new one, with {name}={value!r}.")
        super().__setattr__(name, value)

    def __getattr__(self, name):
        """A metric's variables by name (`true_positives`), and its arguments."""
        if not name.startswith("_"):
            for v in self._variables():
                if v.name == name:
                    return v
            found = self._attribute(name)
            if found is not None:
                return found
        return super().__getattr__(name)

    def _pickled_variables(self):
        return self.variables

    @property
    def variables(self):
        out = list(self._variables())
        for value in self.__dict__.values():
            if isinstance(value, _lamina.MetricCore):
                out.extend(value.variables)
        return out

    def stateless_update_state(self, metric_variables, *args, **kwargs):
        return self._stateless(metric_variables, lambda: self.update_state(*args, **kwargs))[1]

    def stateless_result(self, metric_variables):
        return self._stateless(metric_variables, self.result)[0]

    def stateless_reset_state(self):
        return self._stateless([v.value for v in self.variables], self.reset_state)[1]

    def _stateless(self, values, f):
        from lamina._scopes import StatelessScope

        if len(values) != len(self.variables):
            raise ValueError(f"Argument `metric_variables` must be a list of tensors corresponding 1:1 to {type(self).__name__}().variables. Received list with length {len(values)}, but expected {len(self.variables)} variables.")
        with StatelessScope(state_mapping=list(zip(self.variables, values))) as scope:
            out = f()
        return out, [scope.get_current_value(v) for v in self.variables]

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}>"

    __str__ = __repr__


def _from(f, doc):
    return property(f, doc=doc)


def _argument(name):
    return _from(lambda self: self._get_config()[name], f"The argument `{name}`.")


def _constant(value):
    return _from(lambda self: value, "The same for every metric of the class.")


def _threshold_list(self):
    given = self._get_config()["thresholds"]
    if given is None:
        return [-1e10 if self._get_config().get("top_k") is not None else 0.5]
    return list(given) if isinstance(given, (list, tuple)) else [given]


def _even_thresholds(self):
    count = self._get_config()["num_thresholds"]
    return [0.5] if count == 1 else [i / (count - 1) for i in range(count)]


_COUNTS = {"init_thresholds": _argument("thresholds"), "thresholds": _from(_threshold_list, "The thresholds, as a list.")}
_AT = lambda name: {"thresholds": _from(_even_thresholds, "The thresholds that are tried."), "value": _argument(name)}
def _matrix(self):
    return next(v for v in self._variables() if v.name == "total_confusion_matrix")


def _interpolate_pr_auc(self):
    """The area under the precision-recall curve where precision is interpolated between thresholds (Davis and Goadrich, 2006)."""
    from lamina import ops

    tp, fp, fn = (ops.convert_to_tensor(v) for v in (self.true_positives, self.false_positives, self.false_negatives))
    predicted = tp + fp
    rise = tp[:-1] - tp[1:]
    slope = ops.divide_no_nan(rise, ops.maximum(predicted[:-1] - predicted[1:], 0))
    intercept = tp[1:] - slope * predicted[1:]
    both = ops.logical_and(predicted[:-1] > 0, predicted[1:] > 0)
    ratio = ops.where(both, ops.divide_no_nan(predicted[:-1], ops.maximum(predicted[1:], 0)), ops.ones_like(predicted[1:]))
    areas = ops.divide_no_nan(slope * (rise + intercept * ops.log(ratio)), ops.maximum(tp[1:] + fn[1:], 0))
    if not self.multi_label:
        return ops.sum(areas)
    by_label, weights = ops.sum(areas, axis=0), self.label_weights
    if weights is None:
        return ops.mean(by_label)
    weights = ops.cast(ops.convert_to_tensor(weights), by_label.dtype)
    return ops.divide_no_nan(ops.sum(by_label * weights), ops.sum(weights))


_MATRIX = {"total_cm": property(_matrix, lambda self, value: _matrix(self).assign(value), doc="The confusion matrix so far.")}
_ALL_CLASSES = {"target_class_ids": _from(lambda self: list(range(self._get_config()["num_classes"])), "All classes.")}

# What built-in classes have beside their arguments and variables.
_MEMBERS = {
    **{name: _COUNTS for name in ("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives", "Precision", "Recall")},
    "PrecisionAtRecall": _AT("recall"), "RecallAtPrecision": _AT("precision"), "SensitivityAtSpecificity": _AT("specificity"), "SpecificityAtSensitivity": _AT("sensitivity"),
    "IoU": _MATRIX, "MeanIoU": {**_MATRIX, **_ALL_CLASSES}, "OneHotIoU": {**_MATRIX, "sparse_y_true": _constant(False)},
    "OneHotMeanIoU": {**_MATRIX, **_ALL_CLASSES, "sparse_y_true": _constant(False)},
    "BinaryIoU": {**_MATRIX, "axis": _constant(-1), "ignore_class": _constant(None), "num_classes": _constant(2), "sparse_y_pred": _constant(True), "sparse_y_true": _constant(True)},
    "AUC": {"interpolate_pr_auc": _interpolate_pr_auc},
    "FBetaScore": {"axis": _constant(0)}, "F1Score": {"axis": _constant(0), "beta": _constant(1.0)},
}

_FUNCTIONS = {"mse": "mean_squared_error", "MSE": "mean_squared_error", "mae": "mean_absolute_error", "MAE": "mean_absolute_error", "mape": "mean_absolute_percentage_error",
              "MAPE": "mean_absolute_percentage_error", "msle": "mean_squared_logarithmic_error", "MSLE": "mean_squared_logarithmic_error", "cosine_proximity": "cosine_similarity"}


_function = functions(_FUNCTIONS, "metrics", "losses")
get = getter("keras.metrics", Metric, "metric")


def serialize(metric):
    return serialize_any(metric)


def deserialize(config, custom_objects=None):
    from lamina import saving

    return get(config) if isinstance(config, str) else saving.deserialize_keras_object(config, custom_objects=custom_objects)


__getattr__ = module_getattr("lamina.metrics", "keras.metrics", _function)
__dir__ = module_dir("lamina.metrics", "keras.metrics")
