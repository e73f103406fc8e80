"""What built-in metrics have beside their arguments and variables."""

from lamina._core import ops


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


_COUNTS = {
    "init_thresholds": _argument("thresholds"),
    "thresholds": _from(_threshold_list, "The thresholds, as a list."),
}
_AT = lambda name: {"thresholds": _from(_even_thresholds, "The thresholds that are tried."), "value": _argument(name)}


def _matrix(self):
    return next(v for v in self._variables() if v.name == "total_confusion_matrix")


def _interpolate_pr_auc(self):
    """The area under the precision-recall curve where precision is interpolated between thresholds (Davis and Goadrich,
    2006)."""
    tp, fp, fn = (ops.convert_to_tensor(v) for v in (self.true_positives, self.false_positives, self.false_negatives))
    predicted = tp + fp
    rise = tp[:-1] - tp[1:]
    slope = ops.divide_no_nan(rise, ops.maximum(predicted[:-1] - predicted[1:], 0))
    intercept = tp[1:] - slope * predicted[1:]
    both = ops.logical_and(predicted[:-1] > 0, predicted[1:] > 0)
    quotient = ops.divide_no_nan(predicted[:-1], ops.maximum(predicted[1:], 0))
    ratio = ops.where(both, quotient, ops.ones_like(predicted[1:]))
    areas = ops.divide_no_nan(slope * (rise + intercept * ops.log(ratio)), ops.maximum(tp[1:] + fn[1:], 0))
    if not self.multi_label:
        return ops.sum(areas)
    by_label, weights = ops.sum(areas, axis=0), self.label_weights
    if weights is None:
        return ops.mean(by_label)
    weights = ops.cast(ops.convert_to_tensor(weights), by_label.dtype)
    return ops.divide_no_nan(ops.sum(by_label * weights), ops.sum(weights))


_MATRIX = {
    "total_cm": property(_matrix, lambda self, value: _matrix(self).assign(value), doc="The confusion matrix so far.")
}
_ALL_CLASSES = {"target_class_ids": _from(lambda self: list(range(self._get_config()["num_classes"])), "All classes.")}

MEMBERS = {
    **dict.fromkeys(
        ("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives", "Precision", "Recall"), _COUNTS
    ),
    "PrecisionAtRecall": _AT("recall"),
    "RecallAtPrecision": _AT("precision"),
    "SensitivityAtSpecificity": _AT("specificity"),
    "SpecificityAtSensitivity": _AT("sensitivity"),
    "IoU": _MATRIX,
    "MeanIoU": {**_MATRIX, **_ALL_CLASSES},
    "OneHotIoU": {**_MATRIX, "sparse_y_true": _constant(False)},
    "OneHotMeanIoU": {**_MATRIX, **_ALL_CLASSES, "sparse_y_true": _constant(False)},
    "BinaryIoU": {
        **_MATRIX,
        "axis": _constant(-1),
        "ignore_class": _constant(None),
        "num_classes": _constant(2),
        "sparse_y_pred": _constant(True),
        "sparse_y_true": _constant(True),
    },
    "AUC": {"interpolate_pr_auc": _interpolate_pr_auc},
    "FBetaScore": {"axis": _constant(0)},
    "F1Score": {"axis": _constant(0), "beta": _constant(1.0)},
}
